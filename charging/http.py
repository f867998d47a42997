"""Routes of chargers, operations, transactions, tags, reservations, tariffs and bills."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from psycopg import AsyncConnection

from charging import (
    bill_store,
    bills,
    charger_store,
    ghosts,
    order_store,
    orders,
    tag_store,
    tariffs,
    transaction_store,
)
from charging.bodies import (
    BillView,
    ChargerBody,
    ChargerChange,
    ChargerView,
    CloseBody,
    OrderView,
    ReservationView,
    SettleBody,
    TagBody,
    TagView,
    TariffBodyNamed,
    TransactionView,
)
from charging.charger_store import ChargerDetail
from charging.orders import NoSuchCharger, OrderAnswers
from charging.passwords import load_passwords
from charging.registration import register_charger, set_password
from charging.rules.transaction import NoSuchTransaction
from facility.db import notify, unit_of_work
from facility.edge import Ctx, Uow, audit, context, require
from facility.errors import Missing
from facility.identity import Person, Role

router = APIRouter(prefix="/api/v1", tags=["charging"])

Reader = Annotated[Person, Depends(require())]
Operator = Annotated[Person, Depends(require(Role.MANAGER, Role.ATTENDANT))]
Manager = Annotated[Person, Depends(require(Role.MANAGER))]

ANSWER_WITHIN_S: Final = 35.0
"""A request waits a little longer than the charger may take."""


def order_answers(request: Request) -> OrderAnswers:
    """The process's listener for finished orders, which the gateway keeps running."""
    answers: OrderAnswers = request.app.state.order_answers
    return answers


async def detail_of(conn: AsyncConnection[Any], identity: str) -> ChargerDetail:
    """A charger by its identity.

    Raises:
        NoSuchCharger: it is not registered.
    """
    found = await charger_store.read_details(conn, identity)
    if not found:
        raise NoSuchCharger(f"no charger {identity[:48]}")
    return found[0]


async def _view(conn: AsyncConnection[Any], detail: ChargerDetail) -> ChargerView:
    return ChargerView.of(detail, await charger_store.read_connectors(conn, detail.id))


@router.get("/chargers")
async def list_chargers(conn: Uow, _person: Reader) -> list[ChargerView]:
    """Every charger with its connectors."""
    return [await _view(conn, detail) for detail in await charger_store.read_details(conn)]


@router.post("/chargers", status_code=201)
async def add_charger(
    body: ChargerBody, request: Request, conn: Uow, ctx: Ctx, person: Manager
) -> ChargerView:
    """Register a charger."""
    await register_charger(
        conn,
        body.identity,
        body.password,
        load_passwords(ctx.settings.data),
        ctx.clock.now(),
        max_w=body.max_w,
        security_profile=body.security_profile,
        evse_id=body.evse_id,
    )
    await audit(request, conn, person, "charger.register", body.identity)
    return await _view(conn, await detail_of(conn, body.identity))


@router.get("/chargers/{identity}")
async def read_charger(identity: str, conn: Uow, _person: Reader) -> ChargerView:
    """One charger: connectors, boot, last sign of life, open transactions."""
    detail = await detail_of(conn, identity)
    view = await _view(conn, detail)
    running = await transaction_store.find_transactions(conn, charger_id=detail.id, is_open=True)
    view.open_transactions = [one.id for one in running]
    view.open_orders = [
        str(order.id)
        for order in await order_store.read_orders(conn, detail.id, 50)
        if order.state in ("queued", "sent")
    ]
    return view


@router.patch("/chargers/{identity}")
async def change_charger(
    identity: str, body: ChargerChange, request: Request, conn: Uow, ctx: Ctx, person: Manager
) -> ChargerView:
    """Accept or reject a charger, give it a password, say which EVSE it is."""
    detail = await detail_of(conn, identity)
    if body.registration is not None:
        await charger_store.set_registration(conn, detail.id, body.registration)
    if body.password is not None:
        await set_password(conn, detail.id, body.password, load_passwords(ctx.settings.data))
    if body.evse_id is not None:
        await charger_store.place_connector(conn, detail.id, body.connector, body.evse_id)
    await notify(conn, "charger", str(detail.id))
    changed = body.model_dump(exclude_none=True, exclude={"password"})
    await audit(request, conn, person, "charger.change", identity, **changed)
    return await _view(conn, await detail_of(conn, identity))


@router.get("/chargers/{identity}/orders")
async def read_orders(
    identity: str, conn: Uow, _person: Reader, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[OrderView]:
    """Orders to this charger, newest first."""
    detail = await detail_of(conn, identity)
    return [OrderView.of(order) for order in await order_store.read_orders(conn, detail.id, limit)]


@router.post("/chargers/{identity}/operations/{operation}")
async def operate(
    identity: str,
    operation: str,
    payload: dict[str, Any],
    request: Request,
    person: Operator,
    wait_s: Annotated[float, Query(ge=0, le=60)] = ANSWER_WITHIN_S,
) -> OrderView:
    """Send an OCPP operation and wait for the charger's answer.

    `status` is `answered`, `refused` (the charger sent an error), `timed_out`, `expired`, `cancelled`, or, where the
    charger is away or slow, `queued` or `sent`: the order stays and `GET .../orders` tells its fate.
    """
    ctx = context(request)
    async with unit_of_work(ctx.pool) as conn:
        detail = await detail_of(conn, identity)
        order_id = await orders.request_order(
            conn,
            charger_id=detail.id,
            version=orders.version_of(detail.protocol),
            action=operation,
            payload=payload,
            by=person.name,
            clock=ctx.clock,
        )
        await audit(request, conn, person, f"charger.{operation}", identity, order=str(order_id))
    waits = wait_s if detail.is_connected else min(wait_s, 1.0)
    return OrderView.of(await order_answers(request).outcome(order_id, waits))


@router.get("/orders/{order_id}")
async def read_order(order_id: UUID, conn: Uow, _person: Reader) -> OrderView:
    """An order and what became of it."""
    order = await order_store.read_order(conn, order_id)
    if order is None:
        raise Missing(f"no order {order_id}")
    return OrderView.of(order)


@router.get("/transactions")
async def list_transactions(
    conn: Uow,
    _person: Reader,
    charger: str | None = None,
    is_open: bool | None = None,
    since: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[TransactionView]:
    """Charging transactions, newest first."""
    charger_id = None if charger is None else (await detail_of(conn, charger)).id
    found = await transaction_store.find_transactions(
        conn, charger_id=charger_id, is_open=is_open, since=since, limit=limit
    )
    identities = {detail.id: detail.identity for detail in await charger_store.read_details(conn)}
    return [TransactionView.of(one, identities[one.charger_id]) for one in found]


@router.get("/transactions/{transaction_id}")
async def read_transaction(transaction_id: int, conn: Uow, ctx: Ctx, _person: Reader) -> TransactionView:
    """One transaction with its energy and cost, so far or final."""
    one = await transaction_store.lock_transaction(conn, transaction_id)
    if one is None:
        raise NoSuchTransaction(f"no transaction {transaction_id}")
    identities = {detail.id: detail.identity for detail in await charger_store.read_details(conn)}
    view = TransactionView.of(one, identities[one.charger_id])
    priced = await bills.price_charge(conn, one, ctx.clock.now())
    view.delivered_wh, view.cost_fen = priced.delivered_wh, priced.fee.total_fen
    bill = await bill_store.read_bill(conn, transaction_id)
    view.bill = None if bill is None else BillView.of(bill)
    return view


@router.post("/transactions/{transaction_id}/close")
async def close_transaction(
    transaction_id: int, body: CloseBody, request: Request, conn: Uow, ctx: Ctx, person: Operator
) -> TransactionView:
    """Close a stuck transaction, with a reason; its energy so far is billed."""
    await ghosts.close_stuck(conn, transaction_id, by=person.name, reason=body.reason, now=ctx.clock.now())
    await audit(request, conn, person, "transaction.close", str(transaction_id), reason=body.reason)
    return await read_transaction(transaction_id, conn, ctx, person)


@router.post("/transactions/{transaction_id}/settle")
async def settle_transaction(
    transaction_id: int, body: SettleBody, request: Request, conn: Uow, ctx: Ctx, person: Operator
) -> BillView:
    """Settle (paid at the counter) or waive a bill, once."""
    bill = await bills.settle_bill(
        conn,
        transaction_id,
        by=person.name,
        reference=body.reference,
        now=ctx.clock.now(),
        waive=body.waive,
    )
    await audit(request, conn, person, "bill.settle", str(transaction_id), waive=body.waive)
    return BillView.of(bill)


@router.get("/id-tags")
async def list_tags(conn: Uow, _person: Operator) -> list[TagView]:
    """Tags that may charge, or may not."""
    return [TagView.of(tag) for tag in await tag_store.read_tags(conn)]


@router.put("/id-tags/{tag}")
async def put_tag(
    tag: str, body: TagBody, request: Request, conn: Uow, ctx: Ctx, person: Operator
) -> TagView:
    """Write a tag; tags are compared without case."""
    row = body.row(tag)
    await tag_store.put_tag(conn, row, ctx.clock.now())
    await audit(request, conn, person, "id_tag.put", tag, status=body.status)
    return TagView.of(row)


@router.put("/id-tags")
async def put_tags(
    body: list[TagBody], request: Request, conn: Uow, ctx: Ctx, person: Operator
) -> list[TagView]:
    """Write several tags; each names itself in `id_tag`."""
    rows = [one.row(None) for one in body]
    for row in rows:
        await tag_store.put_tag(conn, row, ctx.clock.now())
    await audit(request, conn, person, "id_tag.put", ",".join(row.tag for row in rows)[:200])
    return [TagView.of(row) for row in rows]


@router.get("/reservations")
async def list_reservations(
    conn: Uow, _person: Reader, charger: str | None = None, is_open: bool | None = None
) -> list[ReservationView]:
    """Reservations, newest first."""
    charger_id = None if charger is None else (await detail_of(conn, charger)).id
    identities = {detail.id: detail.identity for detail in await charger_store.read_details(conn)}
    found = await tag_store.read_reservations(conn, charger_id=charger_id, is_open=is_open)
    return [ReservationView.of(one, identities[one.charger_id]) for one in found]


@router.get("/energy-tariffs")
async def list_tariffs(conn: Uow, _person: Reader) -> list[bill_store.TariffRow]:
    """Price lists, newest first."""
    return await bill_store.read_tariffs(conn)


@router.post("/energy-tariffs", status_code=201)
async def add_tariff(
    body: TariffBodyNamed, request: Request, conn: Uow, person: Manager
) -> list[bill_store.TariffRow]:
    """Add a price list; those in use are never edited."""
    tariffs.build_tariff(body.name, body.tariff)
    stored = body.tariff.model_dump(mode="json", by_alias=True)
    added = await bill_store.add_tariff(conn, body.name, body.valid_from, stored, body.source)
    if added is None:
        raise tariffs.TariffKnown(f"there is a tariff named {body.name}")
    await audit(request, conn, person, "energy_tariff.add", body.name)
    return await bill_store.read_tariffs(conn)
