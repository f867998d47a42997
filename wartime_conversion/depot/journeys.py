"""What happens in the depot: open slots, receive, release, put away, issue, count, empty.

Every change of stock is a line of the ledger with an id made by whoever records it, so that a terminal that was without
a network may send again. Whoever checks is never whoever did.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from facility.context import Context
from facility.errors import Conflict, Refused
from facility.identity import Person
from facility.ids import new_uuid
from facility.store import read_bay_uses, write_bay_use
from facility.units import SHANGHAI
from wartime_conversion.depot import store
from wartime_conversion.depot.catalogue import Catalogue, load_catalogue
from wartime_conversion.depot.layout import storage_slots
from wartime_conversion.depot.store import Conn, LotRow, MoveRow
from wartime_conversion.rules.slots import placing, suggested_slots
from wartime_conversion.rules.stock import (
    OUTSIDE,
    QUARANTINE,
    Move,
    StockLot,
    apply_move,
    shelf_life_left,
)


class NotClear(Conflict):
    """A bay has not been reported clear."""

    code = "depot.bay_not_clear"


class ForbiddenGoods(Refused):
    """Goods that must not enter the depot."""

    code = "depot.forbidden_goods"


class LotRefused(Refused):
    """A lot cannot be received or released as it is."""

    code = "depot.lot_refused"


class PlacingRefused(Refused):
    """The goods must not stand there."""

    code = "depot.placing_refused"


class DifferentWords(Conflict):
    """The same id was used for something else."""

    code = "depot.different_words"


class SlotNotEmpty(Conflict):
    """Goods still stand in a slot."""

    code = "depot.slot_not_empty"


class SamePerson(Refused):
    """The check must be made by somebody else."""

    code = "depot.same_person"


async def open_slots(conn: Conn, ctx: Context, bays: Sequence[str] | None, person: Person) -> list[str]:
    """Turn bays that are reported clear into storage slots; `None` means every such bay.

    Returns:
        The bays whose slots are new.

    Raises:
        NotClear: a named bay is not of the protective unit, or not clear.
    """
    await store.lock_depot(conn)
    now = ctx.clock.now()
    uses = await read_bay_uses(conn)
    slots = storage_slots(ctx.site, load_catalogue())
    usable = [bay for bay in slots if bay in uses and uses[bay].use in ("clear", "storage")]
    wanted = usable if bays is None else list(dict.fromkeys(bays))
    unclear = [bay for bay in wanted if bay not in usable]
    if unclear:
        raise NotClear(f"{len(unclear)} bays are not reported clear: {', '.join(unclear[:6])}", bays=unclear)
    opened = []
    for bay in wanted:
        if await store.insert_slot(conn, slots[bay], by=person.name, now=now):
            opened.append(bay)
            if uses[bay].use != "storage":
                await write_bay_use(conn, bay, "storage", by=person.name, now=now)
    return opened


async def read_balance(conn: Conn) -> dict[tuple[str, str], int]:
    """Pallets by lot and place."""
    return {(str(row.lot_id), row.place): row.pallets for row in await store.read_balances(conn)}


async def write_move(conn: Conn, row: MoveRow) -> bool:
    """Write one line of the ledger and the balances it changes; `False` where the very same line is known.

    Raises:
        DifferentWords: its id is known for something else.
        StockShort: less is there than it takes.
    """
    known = await store.read_move(conn, row.id)
    if known is not None:
        if _words(known) != _words(row):
            raise DifferentWords(f"move {row.id} is known with other words", move=str(row.id))
        return False
    move = Move(lot=str(row.lot_id), source=row.source, target=row.target, pallets=row.pallets)
    before = await read_balance(conn)
    after = apply_move(before, move)
    for place in (row.source, row.target):
        if place != OUTSIDE:
            await store.write_balance(conn, row.lot_id, place, after.get((move.lot, place), 0))
    await store.insert_move(conn, row)
    return True


def _words(row: MoveRow) -> tuple[str, UUID, str, str, int]:
    return (row.kind, row.lot_id, row.source, row.target, row.pallets)


def stock_lot(row: LotRow) -> StockLot:
    """The lot as the rules see it."""
    return StockLot(
        id=str(row.id), category=row.category, batch=row.batch, made_on=row.made_on, expires_on=row.expires_on
    )


async def receive(
    conn: Conn, ctx: Context, lot: LotRow, found_at_gate: Sequence[str], person: Person
) -> bool:
    """Take a lot into quarantine; `False` where the same receipt is known.

    Raises:
        ForbiddenGoods: the gate check found something that must not enter.
        LotRefused: goods that expire came without a date, or are past it.
        UnknownCategory: the catalogue has no such category.
        DifferentWords: the id is known for another lot.
    """
    catalogue = load_catalogue()
    category = catalogue.category(lot.category)
    bad = [catalogue.forbidden.get(name, name) for name in found_at_gate]
    if bad:
        raise ForbiddenGoods(f"found at the gate: {', '.join(bad)}", found=bad)
    today = ctx.clock.now().astimezone(SHANGHAI).date()
    if category.expires and lot.expires_on is None:
        raise LotRefused(f"{category.en} must carry an expiry date", category=category.id)
    if lot.expires_on is not None and lot.expires_on < today:
        raise LotRefused(f"batch {lot.batch} expired on {lot.expires_on}", batch=lot.batch)
    await store.lock_depot(conn)
    if not await store.insert_lot(conn, lot):
        known = await store.read_lot(conn, lot.id)
        same = ("category", "batch", "origin", "made_on", "expires_on", "received_pallets")
        if any(getattr(known, name) != getattr(lot, name) for name in same):
            raise DifferentWords(f"lot {lot.id} is known with other words", lot=str(lot.id))
        return False
    return await write_move(
        conn,
        ledger_line(
            ctx, "receive", lot.id, OUTSIDE, QUARANTINE, lot.received_pallets, person, move_id=lot.id
        ),
    )


def ledger_line(
    ctx: Context,
    kind: str,
    lot_id: UUID,
    source: str,
    target: str,
    pallets: int,
    person: Person,
    *,
    move_id: UUID | None = None,
    released_by: str | None = None,
    reference: UUID | None = None,
) -> MoveRow:
    """A line of the ledger, made now; `move_id` where the terminal made the id."""
    return MoveRow(
        id=move_id or new_uuid(),
        at=ctx.clock.now(),
        kind=kind,
        lot_id=lot_id,
        source=source,
        target=target,
        pallets=pallets,
        person=person.name,
        released_by=released_by,
        reference=reference,
    )


async def decide(
    conn: Conn, ctx: Context, lot_id: UUID, *, is_accepted: bool, remark: str, person: Person
) -> LotRow:
    """Release a lot from quarantine, or reject it, which sends its pallets out again.

    Raises:
        LotRefused: already decided, or released without a reason although under two thirds of its shelf life is left.
    """
    await store.lock_depot(conn)
    lot = await store.read_lot(conn, lot_id)
    now = ctx.clock.now()
    if lot.state != "quarantine":
        raise LotRefused(f"batch {lot.batch} is {lot.state} already", state=lot.state)
    left = shelf_life_left(stock_lot(lot), now.astimezone(SHANGHAI).date())
    least = load_catalogue().least_shelf_life_left
    if is_accepted and left is not None and left < least and not remark.strip():
        share = f"{left:.0%} of its shelf life is left, {least:.0%} wanted"
        raise LotRefused(f"batch {lot.batch}: {share}; give the reason for taking it", left=left)
    await store.decide_lot(
        conn, lot_id, "released" if is_accepted else "rejected", remark, by=person.name, now=now
    )
    if not is_accepted:
        await write_move(
            conn, ledger_line(ctx, "reject", lot_id, QUARANTINE, OUTSIDE, lot.received_pallets, person)
        )
    return await store.read_lot(conn, lot_id)


async def contents_by_slot(conn: Conn) -> dict[str, dict[str, int]]:
    """Pallets by place and category."""
    lots = {row.id: row.category for row in await store.read_lots(conn)}
    contents: dict[str, dict[str, int]] = {}
    for row in await store.read_balances(conn):
        there = contents.setdefault(row.place, {})
        there[lots[row.lot_id]] = there.get(lots[row.lot_id], 0) + row.pallets
    return contents


async def suggest(conn: Conn, lot_id: UUID, pallets: int) -> tuple[tuple[str, int], ...]:
    """Where to put pallets of a lot: `(bay, pallets)`; fewer in all than asked for where there is no room."""
    catalogue = load_catalogue()
    lot = await store.read_lot(conn, lot_id)
    return suggested_slots(
        await store.read_slots(conn),
        catalogue.category(lot.category),
        pallets,
        await contents_by_slot(conn),
        catalogue.spacing,
        catalogue.limit_kn_m2,
    )


async def _check_placing(
    conn: Conn, catalogue: Catalogue, lot: LotRow, bay_id: str, pallets: int, released_by: str | None
) -> None:
    slot = {slot.bay_id: slot for slot in await store.read_slots(conn)}.get(bay_id)
    if slot is None:
        raise PlacingRefused(f"{bay_id} is not a storage slot", faults=["not_a_slot"])
    there: Mapping[str, int] = (await contents_by_slot(conn)).get(bay_id, {})
    found = placing(
        slot, catalogue.category(lot.category), pallets, there, catalogue.spacing, catalogue.limit_kn_m2
    )
    faults = list(found.faults)
    if found.needs_release and not (released_by or "").strip():
        faults.append("engineer_release")
    if faults:
        raise PlacingRefused(
            f"{pallets} pallets of {lot.category} must not stand in {bay_id}: {', '.join(faults)}",
            faults=faults,
            local_kn_m2=round(found.local_kn_m2, 2),
            average_kn_m2=round(found.average_kn_m2, 2),
            limit_kn_m2=catalogue.limit_kn_m2,
        )


async def put_away(
    conn: Conn,
    ctx: Context,
    *,
    move_id: UUID,
    lot_id: UUID,
    source: str,
    bay_id: str,
    pallets: int,
    released_by: str | None,
    person: Person,
) -> bool:
    """Move pallets of a released lot into a slot, from quarantine or another slot; `False` where it is known.

    Raises:
        LotRefused: the lot is not released.
        PlacingRefused: the slot is none, has another category, no room, too low a ceiling, or its floor would be
            overloaded; or the load under one pallet wants an engineer's name.
        StockShort: fewer pallets are at the source.
        DifferentWords: the id is known for something else.
    """
    await store.lock_depot(conn)
    kind = "put_away" if source == QUARANTINE else "relocate"
    row = ledger_line(
        ctx, kind, lot_id, source, bay_id, pallets, person, move_id=move_id, released_by=released_by
    )
    if await store.read_move(conn, move_id) is None:
        lot = await store.read_lot(conn, lot_id)
        if lot.state != "released":
            raise LotRefused(f"batch {lot.batch} is {lot.state}, not released", state=lot.state)
        await _check_placing(conn, load_catalogue(), lot, bay_id, pallets, released_by)
    return await write_move(conn, row)


async def empty_slots(conn: Conn, ctx: Context, bays: Sequence[str] | None, person: Person) -> list[str]:
    """Close slots that hold nothing; their bays are clear again. `None` means every empty one.

    Raises:
        SlotNotEmpty: goods still stand in a named slot.
    """
    await store.lock_depot(conn)
    now: datetime = ctx.clock.now()
    held = {row.place for row in await store.read_balances(conn)}
    known = [slot.bay_id for slot in await store.read_slots(conn)]
    wanted = [bay for bay in known if bay not in held] if bays is None else [b for b in bays if b in known]
    full = [bay for bay in wanted if bay in held]
    if full:
        raise SlotNotEmpty(f"goods still stand in {', '.join(full[:6])}", bays=full)
    for bay in wanted:
        await store.delete_slot(conn, bay)
        await write_bay_use(conn, bay, "clear", by=person.name, now=now)
    return wanted


async def leave_depot(conn: Conn, ctx: Context, person: Person) -> list[str]:
    """Close every slot at the end of a restoration; returns their bays.

    Raises:
        SlotNotEmpty: stock is left, in a slot or in quarantine.
    """
    held = sorted({row.place for row in await store.read_balances(conn)})
    if held:
        raise SlotNotEmpty(f"goods are still in {', '.join(held[:6])}", places=held)
    return await empty_slots(conn, ctx, None, person)
