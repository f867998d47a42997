"""Rows of charging profiles as chargers answered them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """A profile sent to a charger and the charger's word on it."""

    evse_no: int
    purpose: str
    profile_id: int
    stack_level: int
    transaction_id: int | None
    body: dict[str, Any]
    status: str
    set_at: datetime


async def write_profile(
    conn: Connection,
    *,
    charger_id: int,
    evse_no: int,
    purpose: str,
    profile_id: int,
    stack_level: int,
    transaction_id: int | None,
    body: dict[str, Any],
    status: str,
    now: datetime,
) -> None:
    """Keep a profile and the charger's word on it."""
    await conn.execute(
        """
        insert into charging.charging_profile
            (charger_id, evse_no, purpose, profile_id, stack_level, transaction_id, body, status, set_at)
        values (%(charger_id)s, %(evse_no)s, %(purpose)s, %(profile_id)s, %(stack_level)s, %(transaction_id)s,
                %(body)s, %(status)s, %(now)s)
        on conflict (charger_id, evse_no, purpose, stack_level, profile_id) do update
        set transaction_id = excluded.transaction_id, body = excluded.body, status = excluded.status,
            set_at = excluded.set_at
        """,
        {
            "charger_id": charger_id,
            "evse_no": evse_no,
            "purpose": purpose,
            "profile_id": profile_id,
            "stack_level": stack_level,
            "transaction_id": transaction_id,
            "body": Jsonb(body),
            "status": status,
            "now": now,
        },
    )


async def clear_profiles(
    conn: Connection,
    *,
    charger_id: int,
    profile_id: int | None,
    evse_no: int | None,
    purpose: str | None,
    stack_level: int | None,
) -> None:
    """Forget the profiles that fit everything given, as the charger did."""
    await conn.execute(
        """
        delete from charging.charging_profile
        where charger_id = %(charger_id)s
          and (%(profile_id)s::int is null or profile_id = %(profile_id)s)
          and (%(evse_no)s::int is null or evse_no = %(evse_no)s)
          and (%(purpose)s::text is null or purpose = %(purpose)s)
          and (%(stack_level)s::int is null or stack_level = %(stack_level)s)
        """,
        {
            "charger_id": charger_id,
            "profile_id": profile_id,
            "evse_no": evse_no,
            "purpose": purpose,
            "stack_level": stack_level,
        },
    )


async def read_profiles(conn: Connection, charger_id: int) -> list[ProfileRow]:
    """A charger's profiles, as last sent."""
    async with conn.cursor(row_factory=class_row(ProfileRow)) as cur:
        await cur.execute(
            """
            select evse_no, purpose, profile_id, stack_level, transaction_id, body, status, set_at
            from charging.charging_profile where charger_id = %(id)s order by evse_no, purpose, stack_level
            """,
            {"id": charger_id},
        )
        return await cur.fetchall()
