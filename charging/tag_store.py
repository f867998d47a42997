"""Rows of tags (RFID cards, QR starts, plates) and reservations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTag:
    """A tag and what it may do; tags are compared without case (CiString)."""

    tag: str
    status: str = "Accepted"
    expires_at: datetime | None = None
    parent_tag: str | None = None
    kind: str = "ISO14443"
    is_master_pass: bool = False
    plate: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A charger kept free for one tag."""

    id: int
    charger_id: int
    evse_no: int
    id_tag: str
    parent_tag: str | None
    token: str
    state: str
    reserved_at: datetime
    expires_at: datetime
    transaction_id: int | None


async def find_tag(conn: Connection, tag: str) -> IdTag | None:
    """A tag, compared without case."""
    async with conn.cursor(row_factory=class_row(IdTag)) as cur:
        await cur.execute(
            """
            select tag, status, expires_at, parent_tag, kind, is_master_pass, plate, note
            from charging.id_tag where lower(tag) = lower(%(tag)s)
            """,
            {"tag": tag},
        )
        return await cur.fetchone()


async def read_tags(conn: Connection, limit: int = 1000) -> list[IdTag]:
    """Tags, newest change first."""
    async with conn.cursor(row_factory=class_row(IdTag)) as cur:
        await cur.execute(
            """
            select tag, status, expires_at, parent_tag, kind, is_master_pass, plate, note
            from charging.id_tag order by changed_at desc, tag limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()


async def put_tag(conn: Connection, tag: IdTag, now: datetime) -> None:
    """Write a tag, over an older one that differs at most in case."""
    await conn.execute(
        """
        insert into charging.id_tag
            (tag, status, expires_at, parent_tag, kind, is_master_pass, plate, note, changed_at)
        values (%(tag)s, %(status)s, %(expires_at)s, %(parent_tag)s, %(kind)s, %(is_master_pass)s, %(plate)s, %(note)s,
                %(now)s)
        on conflict (lower(tag)) do update
        set status = excluded.status, expires_at = excluded.expires_at, parent_tag = excluded.parent_tag,
            kind = excluded.kind, is_master_pass = excluded.is_master_pass, plate = excluded.plate,
            note = excluded.note, changed_at = excluded.changed_at
        """,
        {
            "tag": tag.tag,
            "status": tag.status,
            "expires_at": tag.expires_at,
            "parent_tag": tag.parent_tag,
            "kind": tag.kind,
            "is_master_pass": tag.is_master_pass,
            "plate": tag.plate,
            "note": tag.note,
            "now": now,
        },
    )


async def has_open_transaction(conn: Connection, tag: str, besides_charger: int, besides_evse: int) -> bool:
    """Whether a tag charges at another outlet now."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select exists (select from charging.transaction
                           where state in ('running', 'suspended') and not is_told_late
                             and lower(id_tag) = lower(%(tag)s)
                             and (charger_id, evse_no) <> (%(charger_id)s, %(evse_no)s))
            """,
            {"tag": tag, "charger_id": besides_charger, "evse_no": besides_evse},
        )
        return bool(await cur.fetchone())


async def add_reservation(
    conn: Connection,
    *,
    charger_id: int,
    evse_no: int,
    id_tag: str,
    token: str,
    now: datetime,
    expires_at: datetime,
) -> int | None:
    """Ask for a reservation; None where the outlet is reserved already."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into charging.reservation
                (charger_id, evse_no, id_tag, token, state, reserved_at, expires_at)
            values (%(charger_id)s, %(evse_no)s, %(id_tag)s, %(token)s, 'requested', %(now)s, %(expires_at)s)
            on conflict (charger_id, evse_no) where state in ('requested', 'active') do nothing
            returning id
            """,
            {
                "charger_id": charger_id,
                "evse_no": evse_no,
                "id_tag": id_tag,
                "token": token,
                "now": now,
                "expires_at": expires_at,
            },
        )
        return await cur.fetchone()


async def keep_reservation(
    conn: Connection,
    *,
    reservation_id: int,
    charger_id: int,
    evse_no: int,
    id_tag: str,
    parent_tag: str | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a reservation that a charger accepted, whoever asked for it; it replaces one of the same number."""
    await conn.execute(
        """
        update charging.reservation set state = 'cancelled'
        where charger_id = %(charger_id)s and evse_no = %(evse_no)s and id <> %(id)s
          and state in ('requested', 'active')
        """,
        {"id": reservation_id, "charger_id": charger_id, "evse_no": evse_no},
    )
    await conn.execute(
        """
        insert into charging.reservation
            (id, charger_id, evse_no, id_tag, parent_tag, token, state, reserved_at, expires_at)
        values (%(id)s, %(charger_id)s, %(evse_no)s, %(id_tag)s, %(parent_tag)s, '', 'active', %(now)s, %(expires_at)s)
        on conflict (charger_id, id) do update
        set state = 'active', evse_no = excluded.evse_no, id_tag = excluded.id_tag,
            parent_tag = excluded.parent_tag, expires_at = excluded.expires_at
        """,
        {
            "id": reservation_id,
            "charger_id": charger_id,
            "evse_no": evse_no,
            "id_tag": id_tag,
            "parent_tag": parent_tag,
            "now": now,
            "expires_at": expires_at,
        },
    )


async def end_reservation(
    conn: Connection, charger_id: int, reservation_id: int, state: str, transaction_id: int | None = None
) -> bool:
    """Move an open reservation to `used`, `cancelled`, `refused` or `expired`; returns whether one was open."""
    ended = await conn.execute(
        """
        update charging.reservation
        set state = %(state)s, transaction_id = coalesce(%(transaction_id)s, transaction_id)
        where id = %(id)s and charger_id = %(charger_id)s and state in ('requested', 'active')
        """,
        {"id": reservation_id, "charger_id": charger_id, "state": state, "transaction_id": transaction_id},
    )
    return bool(ended.rowcount)


async def expire_reservations(conn: Connection, now: datetime) -> int:
    """End reservations whose time is over; returns how many."""
    expired = await conn.execute(
        """
        update charging.reservation set state = 'expired'
        where state in ('requested', 'active') and expires_at <= %(now)s
        """,
        {"now": now},
    )
    return expired.rowcount


async def read_reservations(
    conn: Connection, *, charger_id: int | None = None, is_open: bool | None = None, limit: int = 500
) -> list[Reservation]:
    """Reservations, newest first."""
    async with conn.cursor(row_factory=class_row(Reservation)) as cur:
        await cur.execute(
            """
            select id, charger_id, evse_no, id_tag, parent_tag, token, state, reserved_at, expires_at, transaction_id
            from charging.reservation
            where (%(charger_id)s::int is null or charger_id = %(charger_id)s)
              and (%(is_open)s::boolean is null or (state in ('requested', 'active')) = %(is_open)s)
            order by id desc limit %(limit)s
            """,
            {"charger_id": charger_id, "is_open": is_open, "limit": limit},
        )
        return await cur.fetchall()
