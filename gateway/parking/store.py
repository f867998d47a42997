"""Rows of stays: one car inside, from entry to exit, and what people corrected about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Missing
from gateway.parking.rules.stay import StayState

Conn = AsyncConnection[Any]


class StayMissing(Missing):
    """No stay answers to this id, plate or ticket."""

    code = "stay.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One car inside, from entry to exit.

    `entered_at` is what the fee counts from: the moment the entry gate was told to open. `zone_id` is the zone
    whose count holds the car now; `None` until the entry loop confirmed it and again once it has left.
    """

    id: UUID
    plate: str | None
    plate_kind: str
    vehicle_class: str
    ticket: str | None
    state: StayState
    entry_lane: str | None
    exit_lane: str | None
    entry_read: UUID | None
    exit_read: UUID | None
    entry_how: str
    exit_how: str | None
    entered_at: datetime
    inside_at: datetime | None
    leaving_at: datetime | None
    left_at: datetime | None
    zone_id: str | None
    tariff_id: int | None
    permit_id: UUID | None
    is_simulated: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", StayState(self.state))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStay:
    """What is known of a car at the moment its stay begins."""

    id: UUID
    plate: str | None
    plate_kind: str
    vehicle_class: str
    ticket: str | None
    state: StayState
    entry_lane: str | None
    entry_read: UUID | None
    entry_how: str
    entered_at: datetime
    permit_id: UUID | None
    is_simulated: bool


async def insert_stay(conn: Conn, new: NewStay) -> bool:
    """Begin a stay under the price list in force; the plate's or ticket's open stay wins.

    Returns:
        False where the same plate or ticket is inside already: nothing was written.
    """
    async with conn.cursor() as cur:
        await cur.execute(
            """
            insert into parking.stay (id, plate, plate_kind, vehicle_class, ticket, state, entry_lane, entry_read,
                                      entry_how, entered_at, permit_id, is_simulated, tariff_id)
            values (%(id)s, %(plate)s, %(plate_kind)s, %(vehicle_class)s, %(ticket)s, %(state)s, %(entry_lane)s,
                    %(entry_read)s, %(entry_how)s, %(entered_at)s, %(permit_id)s, %(is_simulated)s,
                    (select id from parking.tariff_version
                     where in_force_from <= %(entered_at)s and withdrawn_at is null
                     order by in_force_from desc limit 1))
            on conflict do nothing
            """,
            {
                "id": new.id,
                "plate": new.plate,
                "plate_kind": new.plate_kind,
                "vehicle_class": new.vehicle_class,
                "ticket": new.ticket,
                "state": new.state,
                "entry_lane": new.entry_lane,
                "entry_read": new.entry_read,
                "entry_how": new.entry_how,
                "entered_at": new.entered_at,
                "permit_id": new.permit_id,
                "is_simulated": new.is_simulated,
            },
        )
        return cur.rowcount == 1


async def read_stay(conn: Conn, stay_id: UUID) -> Stay:
    """One stay by its id.

    Raises:
        StayMissing: there is none.
    """
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute("select * from parking.stay where id = %(id)s", {"id": stay_id})
        stay = await cur.fetchone()
    if stay is None:
        raise StayMissing(f"no stay {stay_id}")
    return stay


async def lock_stay(conn: Conn, stay_id: UUID) -> Stay:
    """One stay, held against other units of work until this one ends.

    Raises:
        StayMissing: there is none.
    """
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute("select * from parking.stay where id = %(id)s for update", {"id": stay_id})
        stay = await cur.fetchone()
    if stay is None:
        raise StayMissing(f"no stay {stay_id}")
    return stay


async def find_open_stay(conn: Conn, plate: str) -> Stay | None:
    """The open stay of exactly this plate."""
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute(
            """
            select * from parking.stay
            where plate = %(plate)s and state in ('entering', 'inside', 'leaving')
            """,
            {"plate": plate},
        )
        return await cur.fetchone()


async def find_open_ticket(conn: Conn, ticket: str) -> Stay | None:
    """The open stay of a car without a plate, by its ticket."""
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute(
            """
            select * from parking.stay
            where ticket = %(ticket)s and state in ('entering', 'inside', 'leaving')
            """,
            {"ticket": ticket},
        )
        return await cur.fetchone()


async def find_last_stay(conn: Conn, plate: str) -> Stay | None:
    """The newest stay of a plate, open or not."""
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute(
            """
            select * from parking.stay where plate = %(plate)s and state <> 'void'
            order by entered_at desc limit 1
            """,
            {"plate": plate},
        )
        return await cur.fetchone()


async def read_open_plates(conn: Conn) -> dict[str, UUID]:
    """Every plate inside and its stay: the candidates of a fuzzy match (at most the bays of the site)."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select plate, id from parking.stay
            where state in ('entering', 'inside', 'leaving') and plate is not null
            """
        )
        return {plate: stay_id for plate, stay_id in await cur.fetchall()}


async def read_open_stays(conn: Conn) -> list[Stay]:
    """Every open stay, the oldest first."""
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute(
            """
            select * from parking.stay where state in ('entering', 'inside', 'leaving') order by entered_at
            """
        )
        return await cur.fetchall()


async def write_stay_state(
    conn: Conn,
    stay_id: UUID,
    *,
    state: StayState,
    zone_id: str | None,
    inside_at: datetime | None,
    leaving_at: datetime | None,
    left_at: datetime | None,
) -> None:
    """Keep where a stay stands now; the row was locked by `lock_stay` before."""
    await conn.execute(
        """
        update parking.stay
        set state = %(state)s, zone_id = %(zone_id)s, inside_at = %(inside_at)s, leaving_at = %(leaving_at)s,
            left_at = %(left_at)s
        where id = %(id)s
        """,
        {
            "id": stay_id,
            "state": state,
            "zone_id": zone_id,
            "inside_at": inside_at,
            "leaving_at": leaving_at,
            "left_at": left_at,
        },
    )


async def write_exit(
    conn: Conn, stay_id: UUID, *, exit_lane: str | None, exit_read: UUID | None, exit_how: str
) -> None:
    """Keep by which lane and how a car leaves."""
    await conn.execute(
        """
        update parking.stay
        set exit_lane = %(exit_lane)s, exit_read = %(exit_read)s, exit_how = %(exit_how)s
        where id = %(id)s
        """,
        {"id": stay_id, "exit_lane": exit_lane, "exit_read": exit_read, "exit_how": exit_how},
    )


async def write_plate(conn: Conn, stay_id: UUID, *, plate: str, plate_kind: str) -> None:
    """Give a stay another plate; another open stay of that plate is the database's to refuse."""
    await conn.execute(
        "update parking.stay set plate = %(plate)s, plate_kind = %(plate_kind)s where id = %(id)s",
        {"id": stay_id, "plate": plate, "plate_kind": plate_kind},
    )


async def write_entered_at(conn: Conn, stay_id: UUID, entered_at: datetime) -> None:
    """Correct the moment a stay is charged from."""
    await conn.execute(
        "update parking.stay set entered_at = %(entered_at)s where id = %(id)s",
        {"id": stay_id, "entered_at": entered_at},
    )


async def search_open_stays(conn: Conn, part: str, *, limit: int) -> list[Stay]:
    """Open stays whose plate or ticket holds a text (all for an empty one); those without a plate come first."""
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute(
            """
            select * from parking.stay
            where state in ('entering', 'inside', 'leaving')
              and (plate like '%%' || %(part)s || '%%' or ticket like '%%' || %(part)s || '%%')
            order by plate is not null, entered_at limit %(limit)s
            """,
            {"part": part, "limit": limit},
        )
        return await cur.fetchall()
