"""Who signs: joining the roster, and the PIN that proves a signature."""

import dataclasses
import secrets
from datetime import datetime

from facility.errors import Missing
from facility.identity import Person
from facility.ids import PersonId
from wartime_conversion.phone.store import Conn, Member, read_member, write_member
from wartime_conversion.rules.words import PIN_ROUNDS, pin_check, pin_key


class MemberMissing(Missing):
    """Nobody of this id is on the roster."""

    code = "conversion.member_missing"


async def join(
    conn: Conn,
    person: Person,
    now: datetime,
    *,
    pin: str | None = None,
    crew: str | None = None,
    phone: str | None = None,
    is_leader: bool | None = None,
) -> Member:
    """Put a signed-in person on the roster or change what is given; what is not given stays.

    Args:
        conn: connection of the unit of work.
        person: the caller.
        now: aware UTC.
        pin: 4 to 8 digits; a new one makes earlier copies on phones useless.
        crew: the crew's id in the plan.
        phone: a number to call.
        is_leader: whether the person leads the crew.
    """
    known = await read_member(conn, person.id)
    salt = secrets.token_bytes(16) if pin else None
    key = pin_key(pin, salt) if pin and salt else None
    member = Member(
        person_id=person.id,
        name=person.name,
        account_roles=sorted(person.roles),
        crew=crew or (known.crew if known else None),
        phone=phone or (known.phone if known else None),
        is_leader=is_leader if is_leader is not None else bool(known and known.is_leader),
        pin_salt=salt.hex() if salt else None,
        pin_key=key.hex() if key else None,
        pin_check=pin_check(key) if key else None,
        pin_rounds=PIN_ROUNDS if key else None,
        changed_at=now,
    )
    await write_member(conn, member)
    return await read_member(conn, person.id) or member


async def place(
    conn: Conn, person_id: PersonId, now: datetime, *, crew: str | None, phone: str | None, is_leader: bool
) -> Member:
    """Put a person of the roster into a crew; the PIN stays. Raises `MemberMissing`."""
    known = await read_member(conn, person_id)
    if known is None:
        raise MemberMissing(f"nobody {person_id} on the roster")
    placed = dataclasses.replace(known, crew=crew, phone=phone, is_leader=is_leader, changed_at=now)
    await write_member(conn, placed)
    return placed
