"""Blind counts: counted by one, approved by another, the difference written to the ledger."""

from datetime import timedelta
from uuid import UUID

from facility.context import Context
from facility.identity import Person
from wartime_conversion.depot import count_store, store
from wartime_conversion.depot.catalogue import load_catalogue
from wartime_conversion.depot.journeys import (
    DifferentWords,
    LotRefused,
    SamePerson,
    ledger_line,
    read_balance,
    write_move,
)
from wartime_conversion.depot.store import Conn
from wartime_conversion.rules.stock import OUTSIDE, wants_recount


async def count(
    conn: Conn, ctx: Context, *, count_id: UUID, bay_id: str, lot_id: UUID, counted: int, person: Person
) -> count_store.CountRow:
    """Write a blind count: the ledger's figure is looked up here, never shown to who counts."""
    await store.lock_depot(conn)
    catalogue = load_catalogue()
    expected = (await read_balance(conn)).get((str(lot_id), bay_id), 0)
    await store.read_lot(conn, lot_id)
    row = count_store.CountRow(
        id=count_id,
        bay_id=bay_id,
        lot_id=lot_id,
        counted=counted,
        expected=expected,
        wants_recount=wants_recount(
            expected,
            counted,
            over_pallets=catalogue.recount_over_pallets,
            over_share=catalogue.recount_over_share,
        ),
        counted_at=ctx.clock.now(),
        counted_by=person.id,
        approved_at=None,
        approved_by=None,
    )
    if not await count_store.insert_count(conn, row):
        known = await count_store.read_count(conn, count_id)
        if (known.bay_id, known.lot_id, known.counted) != (bay_id, lot_id, counted):
            raise DifferentWords(f"count {count_id} is known with other words", count=str(count_id))
        return known
    return row


async def approve_count(conn: Conn, ctx: Context, count_id: UUID, person: Person) -> count_store.CountRow:
    """Accept a count and write the difference to the ledger.

    Raises:
        SamePerson: whoever approves counted this lot here within the last day.
        LotRefused: approved already, or stock moved there since it was counted.
    """
    await store.lock_depot(conn)
    row = await count_store.read_count(conn, count_id)
    if row.approved_by is not None:
        raise LotRefused("this count is approved already", count=str(count_id))
    day_before = row.counted_at - timedelta(days=1)
    if person.id in await count_store.read_count_people(conn, row.bay_id, row.lot_id, day_before):
        raise SamePerson("a count is approved by a person who did not count")
    there = (await read_balance(conn)).get((str(row.lot_id), row.bay_id), 0)
    if there != row.expected:
        raise LotRefused("stock moved there since it was counted: count again", count=str(count_id))
    if row.counted != row.expected:
        short = row.counted < row.expected
        ends = (row.bay_id, OUTSIDE) if short else (OUTSIDE, row.bay_id)
        pallets = abs(row.counted - row.expected)
        await write_move(
            conn, ledger_line(ctx, "adjust", row.lot_id, *ends, pallets, person, reference=count_id)
        )
    await count_store.approve_count(conn, count_id, by=person.id, now=ctx.clock.now())
    return await count_store.read_count(conn, count_id)
