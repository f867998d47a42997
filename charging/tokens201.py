"""Tokens of OCPP 2.x: whether one may charge, and how a charger is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from charging import tag_store
from charging.rpc import Payload
from charging.rules.authorise import fits_kind
from charging.rules.event201 import TokenTold
from charging.tags import judge_tag

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenJudged:
    """What a token is answered with."""

    status: str
    tag: tag_store.IdTag | None


async def judge_token(
    conn: Connection, token: TokenTold, charger_id: int, evse_no: int, now: datetime
) -> TokenJudged:
    """The standard's word for a token. *NoAuthorization* is accepted: nobody is asked for there (C01, C02)."""
    if token.kind == "NoAuthorization":
        return TokenJudged(status="Accepted", tag=None)
    status, tag = await judge_tag(conn, token.tag, charger_id, evse_no, now)
    if tag is not None and not fits_kind(tag.kind, token.kind):
        return TokenJudged(status="Invalid", tag=None)
    return TokenJudged(status=status, tag=tag)


def regardless_of_use(status: str) -> str:
    """A token's status where it does not matter whether it charges elsewhere, as at an end."""
    return "Accepted" if status == "ConcurrentTx" else status


MASTER_GROUP: Final = "MASTERPASS"
"""Group of a master pass without one of its own; the charger's `MasterPassGroupId` is to be set to it (C16)."""


def token_info(judged: TokenJudged) -> Payload:
    """An idTokenInfo."""
    info: Payload = {"status": judged.status}
    tag = judged.tag
    if tag is None:
        return info
    if tag.expires_at is not None:
        info["cacheExpiryDateTime"] = tag.expires_at.isoformat().replace("+00:00", "Z")
    group = tag.parent_tag or (MASTER_GROUP if tag.is_master_pass else None)
    if group:
        info["groupIdToken"] = {"idToken": group[:36], "type": "Central"}
    return info
