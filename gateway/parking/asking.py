"""A driver asks for a stay by plate or ticket: limited, and answered with a page nobody can guess."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from facility.errors import Invalid, Missing, Refused
from facility.ids import new_secret
from gateway.parking import gifts_store, lookup_store, store
from lpr.rules.plate import pattern_of, printed

Conn = AsyncConnection[Any]

# A person types a plate a few times; a script that walks through plates, or watches one, is stopped early.
ASKS_A_MINUTE_BY_ADDRESS = 12
ASKS_A_MINUTE_BY_PLATE = 6
LOOKUP_LIVES = timedelta(minutes=40)
LONGEST_TYPED = 16
TICKET_SIGNS = 6


class PlateUnreadable(Invalid):
    """What was typed is no plate and no ticket."""

    code = "plate.unreadable"


class AskedTooOften(Refused):
    """An address or a plate asked too often in one minute."""

    code = "asked_too_often"


class NotInside(Missing):
    """No car of this plate or ticket is inside."""

    code = "stay.not_inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a driver typed, understood: a plate as it is printed, or a ticket."""

    plate: str | None
    ticket: str | None


def understand(text: str) -> Typed:
    """A typed plate or ticket; letters of any case, with or without a dot.

    Raises:
        PlateUnreadable: it has the shape of neither (a new-energy plate has D or F where the rules want it).
    """
    kept = "".join(sign for sign in text.strip().upper() if sign.isalnum())
    if len(text) > LONGEST_TYPED or not kept:
        raise PlateUnreadable("this is no plate and no ticket")
    if kept[0] == "T" and len(kept) == TICKET_SIGNS + 1:
        return Typed(plate=None, ticket=kept)
    pattern = pattern_of(kept)
    if pattern is None:
        raise PlateUnreadable("this is no plate and no ticket")
    return Typed(plate=printed(kept, pattern), ticket=None)


async def may_ask(conn: Conn, keys: dict[str, int], *, now: datetime) -> bool:
    """Count one question under each key; whether every key stays within its limit of this minute.

    The caller keeps this unit of work also where the answer is no: a refused question counts.
    """
    minute = now.replace(second=0, microsecond=0)
    asked = {key: await gifts_store.count_ask(conn, key, minute) for key in sorted(keys)}
    return all(asked[key] <= most for key, most in keys.items())


async def find_stay(conn: Conn, typed: Typed) -> store.Stay:
    """The open stay of what was typed.

    Raises:
        NotInside: there is none.
    """
    if typed.ticket is not None:
        stay = await store.find_open_ticket(conn, typed.ticket)
    else:
        stay = await store.find_open_stay(conn, typed.plate or "")
    if stay is None:
        raise NotInside("no car of this plate or ticket is inside")
    return stay


async def give_lookup(conn: Conn, stay: store.Stay, *, now: datetime) -> str:
    """A token for a driver's page on a stay."""
    token = new_secret(18)
    await lookup_store.insert_lookup(
        conn, token=token, stay_id=stay.id, made_at=now, expires_at=now + LOOKUP_LIVES
    )
    return token
