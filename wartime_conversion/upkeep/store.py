"""Rows of the component ledger, inspection rounds, hazards and training."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.ids import PersonId

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """A line of the ledger as last counted."""

    id: str
    opening_id: str
    zh: str
    en: str
    kind: str
    quantity: int
    present: int
    stored_at: str
    condition: str
    last_fitted: date | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRow:
    """One round that was walked."""

    id: UUID
    round_id: str
    done_at: datetime
    done_by: str
    is_passed: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardRow:
    """A hazard in its loop; the person who re-checks is never the one who mended."""

    id: UUID
    subject: str
    words: str
    severity: str
    state: str
    found_at: datetime
    found_by: str
    owner: str | None
    due_on: date | None
    mended_by: str | None
    rechecked_by: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRow:
    """A person's training in a subject."""

    id: UUID
    person_id: PersonId
    subject: str
    trained_on: date
    valid_until: date
    recorded_by: str
    recorded_at: datetime


async def read_components(conn: Conn) -> dict[str, ComponentRow]:
    """Read the ledger by id."""
    async with conn.cursor(row_factory=class_row(ComponentRow)) as cur:
        await cur.execute("select * from conversion.component order by id")
        return {row.id: row for row in await cur.fetchall()}


async def write_component(conn: Conn, row: ComponentRow) -> None:
    """Write a line of the ledger as counted."""
    await conn.execute(
        """
        insert into conversion.component (id, opening_id, zh, en, kind, quantity, present, stored_at, condition,
            last_fitted, changed_at, changed_by)
        values (%(id)s, %(opening_id)s, %(zh)s, %(en)s, %(kind)s, %(quantity)s, %(present)s, %(stored_at)s,
            %(condition)s, %(last_fitted)s, %(changed_at)s, %(changed_by)s)
        on conflict (id) do update set quantity = excluded.quantity, present = excluded.present,
            stored_at = excluded.stored_at, condition = excluded.condition, last_fitted = excluded.last_fitted,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """,
        {name: getattr(row, name) for name in ComponentRow.__slots__},
    )


async def insert_inspection(conn: Conn, row: InspectionRow) -> None:
    """Keep a round that was walked."""
    await conn.execute(
        """
        insert into conversion.inspection (id, round_id, done_at, done_by, is_passed, note)
        values (%(id)s, %(round_id)s, %(done_at)s, %(done_by)s, %(is_passed)s, %(note)s)
        """,
        {name: getattr(row, name) for name in InspectionRow.__slots__},
    )


async def read_inspections(conn: Conn) -> list[InspectionRow]:
    """Read the newest round of each kind, passed or not, newest first."""
    async with conn.cursor(row_factory=class_row(InspectionRow)) as cur:
        await cur.execute("select * from conversion.inspection order by done_at desc limit 500")
        return await cur.fetchall()


async def read_hazards(conn: Conn) -> list[HazardRow]:
    """Read the hazards that are not struck off, then the newest that are."""
    async with conn.cursor(row_factory=class_row(HazardRow)) as cur:
        await cur.execute(
            "select * from conversion.hazard order by (state = 'struck_off'), changed_at desc limit 200"
        )
        return await cur.fetchall()


async def lock_hazard(conn: Conn, hazard_id: UUID) -> HazardRow | None:
    """Read a hazard and keep it for this unit of work."""
    async with conn.cursor(row_factory=class_row(HazardRow)) as cur:
        await cur.execute("select * from conversion.hazard where id = %(id)s for update", {"id": hazard_id})
        return await cur.fetchone()


async def write_hazard(conn: Conn, row: HazardRow) -> None:
    """Write a hazard as it now stands."""
    await conn.execute(
        """
        insert into conversion.hazard (id, subject, words, severity, state, found_at, found_by, owner, due_on,
            mended_by, rechecked_by, changed_at)
        values (%(id)s, %(subject)s, %(words)s, %(severity)s, %(state)s, %(found_at)s, %(found_by)s, %(owner)s,
            %(due_on)s, %(mended_by)s, %(rechecked_by)s, %(changed_at)s)
        on conflict (id) do update set state = excluded.state, owner = excluded.owner, due_on = excluded.due_on,
            mended_by = excluded.mended_by, rechecked_by = excluded.rechecked_by, changed_at = excluded.changed_at
        """,
        {name: getattr(row, name) for name in HazardRow.__slots__},
    )


async def insert_training(conn: Conn, row: TrainingRow) -> None:
    """Keep a training."""
    await conn.execute(
        """
        insert into conversion.training (id, person_id, subject, trained_on, valid_until, recorded_by, recorded_at)
        values (%(id)s, %(person_id)s, %(subject)s, %(trained_on)s, %(valid_until)s, %(recorded_by)s, %(recorded_at)s)
        """,
        {name: getattr(row, name) for name in TrainingRow.__slots__},
    )


async def read_training(conn: Conn) -> list[TrainingRow]:
    """Read every training that may still be in date."""
    async with conn.cursor(row_factory=class_row(TrainingRow)) as cur:
        await cur.execute("select * from conversion.training order by valid_until desc limit 5000")
        return await cur.fetchall()
