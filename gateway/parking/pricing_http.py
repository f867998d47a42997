"""Routes of price lists: save, read, try out; and the bill of a stay."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.identity import Person, Role
from facility.units import Fen, local
from gateway.parking import pricing_store
from gateway.parking.pricing import price_stay, save_price_list, withdraw_price_list
from gateway.parking.pricing_store import PriceList
from gateway.parking.rules.tariff_calendar import with_calendar
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_settlement import Settlement, settlement
from gateway.parking.rules.tariff_stay import FeeLine, PricedStay, Vehicle
from gateway.parking.rules.tariff_text import line_text
from gateway.parking.site_calendar import read_site_calendar
from gateway.parking.store import read_stay

router = APIRouter(prefix="/api/v1", tags=["price lists"])
Manager = Annotated[Person, Depends(require(Role.MANAGER))]
Staff = Annotated[Person, Depends(require(Role.MANAGER, Role.ATTENDANT))]


class PriceListBody(BaseModel):
    """A price list to save: `document` in the vocabulary of price lists, amounts in yuan."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=80)
    document: dict[str, Any]
    in_force_from: AwareDatetime


class PriceListOut(BaseModel):
    """A saved price list; `document` is JSON text."""

    id: int
    name: str
    document: str
    in_force_from: datetime
    saved_at: datetime
    saved_by: str
    withdrawn_at: datetime | None


class QuoteBody(BaseModel):
    """A stay to price by a document that need not be saved."""

    model_config = ConfigDict(extra="forbid")
    document: dict[str, Any]
    entered_at: AwareDatetime
    left_at: AwareDatetime
    vehicle_class: str = Field(default="small", max_length=20)
    is_nev: bool = False


class LineOut(BaseModel):
    """One line of a fee."""

    kind: str
    rule: str
    start_at: datetime
    end_at: datetime
    fen: Fen
    text_zh: str
    text_en: str


class FeeOut(BaseModel):
    """A fee with its lines; the lines add up to `fee_fen`."""

    fee_fen: Fen
    paid_fen: Fen
    due_fen: Fen
    overpaid_fen: Fen
    grace_until_at: datetime | None
    lines: list[LineOut]


class BillOut(BaseModel):
    """What a stay owes: parking and charging in one amount."""

    stay_id: UUID
    price_list_id: int
    priced_at: datetime
    parking: FeeOut
    charging_due_fen: Fen
    due_fen: Fen


def line_out(line: FeeLine) -> LineOut:
    """A line as the routes show it."""
    return LineOut(
        kind=line.kind.value,
        rule=line.rule,
        start_at=line.start_at,
        end_at=line.end_at,
        fen=line.fen,
        text_zh=line_text(line, "zh"),
        text_en=line_text(line, "en"),
    )


def fee_out(settled: Settlement) -> FeeOut:
    """A settlement as the routes show it."""
    return FeeOut(
        fee_fen=settled.fee.total_fen,
        paid_fen=settled.paid_fen,
        due_fen=settled.due_fen,
        overpaid_fen=settled.overpaid_fen,
        grace_until_at=settled.grace_until_at,
        lines=[line_out(line) for line in settled.fee.lines],
    )


def _list_out(one: PriceList) -> PriceListOut:
    return PriceListOut(
        id=one.id,
        name=one.name,
        document=one.body,
        in_force_from=one.in_force_from,
        saved_at=one.saved_at,
        saved_by=one.saved_by,
        withdrawn_at=one.withdrawn_at,
    )


@router.get("/price-lists")
async def list_price_lists(conn: Uow, _person: Staff) -> list[PriceListOut]:
    """Every version of the price list, the newest first."""
    return [_list_out(one) for one in await pricing_store.read_price_lists(conn)]


@router.post("/price-lists", status_code=201)
async def post_price_list(
    body: PriceListBody, request: Request, ctx: Ctx, conn: Uow, person: Manager
) -> PriceListOut:
    """Save a version; an impossible or contradictory one is refused with every place named."""
    saved = await save_price_list(
        conn,
        name=body.name,
        body=body.document,
        in_force_from=body.in_force_from,
        by=person.name,
        now=ctx.clock.now(),
    )
    await audit(request, conn, person, "price_list.saved", str(saved.id), name=saved.name)
    return _list_out(saved)


@router.delete("/price-lists/{list_id}", status_code=204)
async def delete_price_list(list_id: int, request: Request, ctx: Ctx, conn: Uow, person: Manager) -> None:
    """Withdraw a version that has not begun."""
    await withdraw_price_list(conn, list_id, by=person.name, now=ctx.clock.now())
    await audit(request, conn, person, "price_list.withdrawn", str(list_id))


@router.post("/price-lists/quote")
async def quote(body: QuoteBody, conn: Uow, _person: Staff) -> FeeOut:
    """Price a stay by a document, saved or not: what a driver would be asked."""
    stay = PricedStay(
        entered_at=body.entered_at,
        vehicle=Vehicle(vehicle_class=body.vehicle_class, is_nev=body.is_nev),
    )
    until = max(body.entered_at, body.left_at)
    calendar = await read_site_calendar(conn)
    tariff = with_calendar(
        read_tariff(body.document), calendar, local(body.entered_at).date(), local(until).date()
    )
    return fee_out(settlement(stay, until, tariff))


@router.get("/stays/{stay_id}/bill")
async def read_bill(stay_id: UUID, ctx: Ctx, conn: Uow, _person: Staff) -> BillOut:
    """What a stay owes now, with every line."""
    price = await price_stay(conn, await read_stay(conn, stay_id), now=ctx.clock.now())
    return BillOut(
        stay_id=stay_id,
        price_list_id=price.price_list_id,
        priced_at=price.priced_at,
        parking=fee_out(price.settled),
        charging_due_fen=price.charging_due_fen,
        due_fen=price.due_fen,
    )
