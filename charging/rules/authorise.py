"""May this tag charge here, now?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

CHARGEABLE: Final = "Accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFacts:
    """What is stored of a tag: `status` is the standard's word, `expires_at` aware UTC."""

    status: str
    expires_at: datetime | None
    parent_tag: str | None


def tag_status(facts: TagFacts | None, now: datetime, is_charging_elsewhere: bool) -> str:
    """The standard's word for a tag at a moment; `Invalid` where it is unknown."""
    if facts is None:
        return "Invalid"
    if facts.status == CHARGEABLE and facts.expires_at is not None and facts.expires_at <= now:
        return "Expired"
    if facts.status == CHARGEABLE and is_charging_elsewhere:
        return "ConcurrentTx"
    return facts.status


_CARDS: Final = frozenset({"iso14443", "iso15693"})


def fits_kind(stored: str, told: str) -> bool:
    """Whether a token of the type a charger tells can be the stored one: cards are cards, else the same type.

    A PIN (*KeyCode*) of the same digits as a card is not that card.
    """
    return stored.casefold() == told.casefold() or {stored.casefold(), told.casefold()} <= _CARDS


def may_stop(
    started_tag: str, started_parent: str | None, stopping_tag: str, stopping_parent: str | None
) -> bool:
    """Whether a tag may end a transaction: the same tag (without case) or one of the same group."""
    if started_tag.casefold() == stopping_tag.casefold():
        return True
    return bool(
        started_parent and stopping_parent and started_parent.casefold() == stopping_parent.casefold()
    )
