"""Tags: whether one may charge at an outlet, and how a 1.6 charger is told (2.x: `tokens201`)."""

from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from charging import tag_store
from charging.rpc import Payload
from charging.rules.authorise import TagFacts, tag_status
from charging.rules.moments import moment_text

Connection = AsyncConnection[Any]


async def judge_tag(
    conn: Connection, id_tag: str, charger_id: int, evse_no: int, now: datetime
) -> tuple[str, tag_store.IdTag | None]:
    """The standard's word for a tag at an outlet, and what is stored of it."""
    tag = await tag_store.find_tag(conn, id_tag)
    if tag is None:
        return tag_status(None, now, False), None
    facts = TagFacts(status=tag.status, expires_at=tag.expires_at, parent_tag=tag.parent_tag)
    is_busy = await tag_store.has_open_transaction(conn, id_tag, charger_id, evse_no)
    return tag_status(facts, now, is_busy), tag


_TAG_WORDS: Final = frozenset({"Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"})


def tag_info(status: str, parent_tag: str | None, expires_at: datetime | None) -> Payload:
    """An idTagInfo; a word that 1.6 does not have is told as *Invalid*."""
    info: Payload = {"status": status if status in _TAG_WORDS else "Invalid"}
    if parent_tag:
        info["parentIdTag"] = parent_tag[:20]
    if expires_at is not None:
        info["expiryDate"] = moment_text(expires_at)
    return info
