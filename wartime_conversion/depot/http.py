"""Routes of the depot."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.identity import Person, Role
from facility.units import SHANGHAI
from wartime_conversion.depot import count_store, counting, issuing, journeys, order_store, store
from wartime_conversion.depot.catalogue import load_catalogue
from wartime_conversion.rules.stock import QUARANTINE, rotation_alert, shelf_life_left

router = APIRouter(prefix="/api/v1/depot", tags=["depot"])

Keeper = Annotated[Person, Depends(require(Role.STOREKEEPER, Role.COMMANDER))]
Reader = Annotated[Person, Depends(require(Role.STOREKEEPER, Role.COMMANDER, Role.MANAGER, Role.AUDITOR))]
Pallets = Annotated[int, Field(gt=0, le=10_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BaysBody(_Body):
    """Bays by id; every suitable one where left out."""

    bays: list[str] | None = None


class ReceiptBody(_Body):
    """A lot at the gate; `id` is made by the terminal, so that sending again changes nothing."""

    id: UUID
    category: str
    batch: Annotated[str, Field(min_length=1, max_length=60)]
    origin: Annotated[str, Field(max_length=120)] = ""
    made_on: date | None = None
    expires_on: date | None = None
    pallets: Pallets
    found_at_gate: list[str] = []


class DecisionBody(_Body):
    """Released or rejected, and why."""

    accept: bool
    remark: Annotated[str, Field(max_length=500)] = ""


class PutAwayBody(_Body):
    """Pallets of a lot into a slot, from quarantine or another slot."""

    id: UUID
    lot: UUID
    source: str = QUARANTINE
    bay: str
    pallets: Pallets
    released_by: Annotated[str, Field(max_length=60)] | None = None


class OrderBody(_Body):
    """What is wanted, and where it goes."""

    id: UUID
    category: str
    pallets: Pallets
    destination: Annotated[str, Field(min_length=1, max_length=120)]


class CountBody(_Body):
    """What was counted in a slot."""

    id: UUID
    bay: str
    lot: UUID
    counted: Annotated[int, Field(ge=0, le=10_000)]


@router.get("/catalogue")
async def read_catalogue(_reader: Reader) -> dict[str, Any]:
    """Categories, distances and limits, with their sources."""
    return asdict(load_catalogue())


@router.get("/slots")
async def read_slot_list(conn: Uow, _reader: Reader) -> list[dict[str, Any]]:
    """The open slots and what stands in each, by category."""
    contents = await journeys.contents_by_slot(conn)
    return [
        asdict(slot) | {"contents": contents.get(slot.bay_id, {})} for slot in await store.read_slots(conn)
    ]


@router.post("/slots")
async def open_slots(request: Request, body: BaysBody, conn: Uow, ctx: Ctx, person: Keeper) -> dict[str, Any]:
    """Turn bays that are reported clear into storage slots."""
    opened = await journeys.open_slots(conn, ctx, body.bays, person)
    await audit(request, conn, person, "depot.slots_opened", "depot", bays=opened)
    return {"opened": opened}


@router.post("/slots/empty")
async def close_slots(
    request: Request, body: BaysBody, conn: Uow, ctx: Ctx, person: Keeper
) -> dict[str, Any]:
    """Close slots that hold nothing; their bays are clear again."""
    closed = await journeys.empty_slots(conn, ctx, body.bays, person)
    await audit(request, conn, person, "depot.slots_closed", "depot", bays=closed)
    return {"closed": closed}


@router.post("/lots", status_code=201)
async def receive_lot(
    request: Request, body: ReceiptBody, conn: Uow, ctx: Ctx, person: Keeper
) -> dict[str, Any]:
    """Take a lot into quarantine."""
    lot = store.LotRow(
        id=body.id,
        category=body.category,
        batch=body.batch,
        origin=body.origin,
        made_on=body.made_on,
        expires_on=body.expires_on,
        received_pallets=body.pallets,
        state="quarantine",
        remark="",
        received_at=ctx.clock.now(),
        received_by=person.name,
        decided_at=None,
        decided_by=None,
    )
    is_new = await journeys.receive(conn, ctx, lot, body.found_at_gate, person)
    if is_new:
        await audit(request, conn, person, "depot.lot_received", str(body.id), pallets=body.pallets)
    return {"lot": str(body.id), "new": is_new}


@router.post("/lots/{lot_id}/decision")
async def decide_lot(
    request: Request, lot_id: UUID, body: DecisionBody, conn: Uow, ctx: Ctx, person: Keeper
) -> dict[str, Any]:
    """Release a lot from quarantine, or reject it."""
    lot = await journeys.decide(conn, ctx, lot_id, is_accepted=body.accept, remark=body.remark, person=person)
    await audit(request, conn, person, "depot.lot_decided", str(lot_id), state=lot.state, remark=body.remark)
    return asdict(lot)


@router.get("/lots/{lot_id}/suggestion")
async def suggest_places(
    lot_id: UUID, conn: Uow, _reader: Reader, pallets: Annotated[int, Query(gt=0, le=10_000)]
) -> dict[str, Any]:
    """Where to put pallets of a lot."""
    places = await journeys.suggest(conn, lot_id, pallets)
    placed = sum(count for _, count in places)
    return {"places": [{"bay": bay, "pallets": count} for bay, count in places], "unplaced": pallets - placed}


@router.post("/put-aways", status_code=201)
async def put_away(body: PutAwayBody, conn: Uow, ctx: Ctx, person: Keeper) -> dict[str, Any]:
    """Put pallets of a released lot into a slot."""
    is_new = await journeys.put_away(
        conn,
        ctx,
        move_id=body.id,
        lot_id=body.lot,
        source=body.source,
        bay_id=body.bay,
        pallets=body.pallets,
        released_by=body.released_by,
        person=person,
    )
    return {"move": str(body.id), "new": is_new}


@router.get("/stock")
async def read_stock(conn: Uow, ctx: Ctx, _reader: Reader) -> list[dict[str, Any]]:
    """Every lot here, earliest expiry first: where it stands, its shelf life left and its rotation alert."""
    today = ctx.clock.now().astimezone(SHANGHAI).date()
    alerts = load_catalogue().alert_days
    places: dict[UUID, dict[str, int]] = {}
    for row in await store.read_balances(conn):
        places.setdefault(row.lot_id, {})[row.place] = row.pallets
    return [
        asdict(lot)
        | {
            "places": places.get(lot.id, {}),
            "pallets": sum(places.get(lot.id, {}).values()),
            "shelf_life_left": shelf_life_left(journeys.stock_lot(lot), today),
            "alert_days": rotation_alert(journeys.stock_lot(lot), today, alerts),
        }
        for lot in await store.read_lots(conn)
    ]


@router.get("/ledger")
async def read_ledger(
    conn: Uow, _reader: Reader, limit: Annotated[int, Query(gt=0, le=1000)] = 100
) -> list[dict[str, Any]]:
    """The newest lines of the ledger."""
    return [asdict(row) for row in await store.read_ledger(conn, limit=limit)]


@router.get("/orders")
async def read_order_list(
    conn: Uow, _reader: Reader, limit: Annotated[int, Query(gt=0, le=200)] = 50
) -> list[dict[str, Any]]:
    """Orders, open ones first, with what approved ones are to take."""
    picks: dict[UUID, list[dict[str, Any]]] = {}
    for row in await order_store.read_open_picks(conn):
        picks.setdefault(row.order_id, []).append(asdict(row))
    return [
        asdict(order) | {"picks": picks.get(order.id, [])}
        for order in await order_store.read_orders(conn, limit=limit)
    ]


@router.post("/orders", status_code=201)
async def request_order(body: OrderBody, conn: Uow, ctx: Ctx, person: Keeper) -> dict[str, Any]:
    """Ask for goods to be issued."""
    order = await issuing.request(
        conn,
        ctx,
        order_id=body.id,
        category=body.category,
        pallets=body.pallets,
        destination=body.destination,
        person=person,
    )
    return asdict(order)


@router.post("/orders/{order_id}/approve")
async def approve_order(
    request: Request, order_id: UUID, conn: Uow, ctx: Ctx, person: Keeper
) -> list[dict[str, Any]]:
    """Approve an order; answers with what to pick, earliest expiry first."""
    picks = await issuing.approve(conn, ctx, order_id, person)
    await audit(request, conn, person, "depot.order_approved", str(order_id))
    return [asdict(row) for row in picks]


@router.post("/orders/{order_id}/refuse")
async def refuse_order(
    request: Request, order_id: UUID, conn: Uow, ctx: Ctx, person: Keeper
) -> dict[str, Any]:
    """Refuse a requested order."""
    order = await issuing.refuse(conn, ctx, order_id, person)
    await audit(request, conn, person, "depot.order_refused", str(order_id))
    return asdict(order)


@router.post("/orders/{order_id}/pick")
async def pick_order(order_id: UUID, conn: Uow, ctx: Ctx, person: Keeper) -> dict[str, Any]:
    """Say that an order is picked."""
    return asdict(await issuing.pick(conn, ctx, order_id, person))


@router.post("/orders/{order_id}/load")
async def load_order(request: Request, order_id: UUID, conn: Uow, ctx: Ctx, person: Keeper) -> dict[str, Any]:
    """Check a picked order and let it leave."""
    order = await issuing.load(conn, ctx, order_id, person)
    await audit(request, conn, person, "depot.order_issued", str(order_id), pallets=order.pallets)
    return asdict(order)


@router.post("/counts", status_code=201)
async def write_count(body: CountBody, conn: Uow, ctx: Ctx, person: Keeper) -> dict[str, Any]:
    """Write a blind count; the answer says only whether to count again."""
    row = await counting.count(
        conn, ctx, count_id=body.id, bay_id=body.bay, lot_id=body.lot, counted=body.counted, person=person
    )
    return {"count": str(row.id), "wants_recount": row.wants_recount}


@router.get("/counts")
async def read_count_list(conn: Uow, _keeper: Keeper) -> list[dict[str, Any]]:
    """Counts that differ from the ledger and wait for approval."""
    return [asdict(row) for row in await count_store.read_open_counts(conn)]


@router.post("/counts/{count_id}/approve")
async def approve_count(
    request: Request, count_id: UUID, conn: Uow, ctx: Ctx, person: Keeper
) -> dict[str, Any]:
    """Accept a count and write the difference to the ledger."""
    row = await counting.approve_count(conn, ctx, count_id, person)
    await audit(
        request, conn, person, "depot.count_approved", str(count_id), difference=row.counted - row.expected
    )
    return asdict(row)
