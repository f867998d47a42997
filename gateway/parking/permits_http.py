"""Routes of permits, allow, deny and emergency lists, visitor passes and shops' coupons."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from psycopg import errors
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from facility.edge import Ctx, Uow, audit, require
from facility.errors import Conflict
from facility.identity import Person, Role
from facility.ids import BayId, new_uuid
from gateway.parking import asking, gifts_store, lists_store
from gateway.parking.gifts_store import Coupon
from gateway.parking.lists_store import ListEntry, ListRowMissing, Permit, VisitorPass

router = APIRouter(prefix="/api/v1", tags=["permits and lists"])
Manager = Annotated[Person, Depends(require(Role.MANAGER))]
Staff = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER, Role.AUDITOR))]


AtTheBooth = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER))]


class BayTaken(Conflict):
    """The bay belongs to another permit, or the site has no such bay."""

    code = "permit.bay_taken"


class OnListAlready(Conflict):
    """The plate stands on this list already."""

    code = "list.plate_on_it"


class Body(BaseModel):
    """What every body of these routes refuses: keys nobody knows."""

    model_config = ConfigDict(extra="forbid")


class PermitBody(Body):
    """A permit to sell: its plates share `max_inside` places at once; `bay_id` keeps one bay for it."""

    kind: Literal["monthly", "annual"]
    holder: str = Field(min_length=1, max_length=80)
    plates: list[str] = Field(min_length=1, max_length=20)
    bay_id: str | None = None
    max_inside: int = Field(default=1, ge=1, le=20)
    valid_from: date
    valid_to: date
    fee_fen: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _dates(self) -> "PermitBody":
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self


class PermitChange(Body):
    """A permit's new last date, or its new plates."""

    valid_to: date | None = None
    plates: list[str] | None = Field(default=None, min_length=1, max_length=20)


class ListBody(Body):
    """A plate for a list."""

    plate: str = Field(max_length=16)
    reason: str = Field(min_length=1, max_length=200)
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


class PassBody(Body):
    """A visitor to let in."""

    plate: str = Field(max_length=16)
    host: str = Field(min_length=1, max_length=80)
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    is_free: bool = True

    @model_validator(mode="after")
    def _window(self) -> "PassBody":
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until lies before valid_from")
        return self


class CouponBody(Body):
    """Coupons for a shop to hand out: minutes or fen, not both."""

    shop: str = Field(min_length=1, max_length=80)
    how_many: int = Field(default=1, ge=1, le=500)
    worth_minutes: int | None = Field(default=None, ge=1, le=24 * 60)
    worth_fen: int | None = Field(default=None, ge=1, le=100_000)
    valid_until: AwareDatetime

    @model_validator(mode="after")
    def _worth(self) -> "CouponBody":
        if (self.worth_minutes is None) == (self.worth_fen is None):
            raise ValueError("a coupon is worth minutes or fen, one of the two")
        return self


def _plate(typed: str) -> str:
    plate = asking.understand(typed).plate
    if plate is None:
        raise asking.PlateUnreadable("this is a ticket, not a plate")
    return plate


@router.post("/permits", status_code=201)
async def add_permit(request: Request, body: PermitBody, ctx: Ctx, conn: Uow, person: Manager) -> Permit:
    """Sell a permit."""
    if body.bay_id is not None and BayId(body.bay_id) not in ctx.site.bays:
        raise BayTaken(f"no bay {body.bay_id}")
    permit = Permit(
        id=new_uuid(),
        **body.model_dump(exclude={"plates"}),
        made_at=ctx.clock.now(),
        made_by=person.name,
        ended_at=None,
        ended_by=None,
        plates=sorted({_plate(plate) for plate in body.plates}),
    )
    try:
        async with conn.transaction():
            await lists_store.insert_permit(conn, permit)
    except errors.UniqueViolation as fault:
        raise BayTaken(f"bay {body.bay_id} belongs to another permit") from fault
    await audit(request, conn, person, "permit.added", str(permit.id), holder=body.holder)
    return permit


@router.get("/permits")
async def read_permits(conn: Uow, _person: Staff, plate: str | None = None) -> list[Permit]:
    """Permits that stand, those that run out first; of one plate or of all."""
    return await lists_store.read_permits(conn, plate=plate)


@router.patch("/permits/{permit_id}")
async def change_permit(
    request: Request, permit_id: UUID, body: PermitChange, conn: Uow, person: Manager
) -> Permit:
    """Let a permit run longer (or shorter), or change its plates."""
    permit = await lists_store.read_permit(conn, permit_id)
    if body.valid_to is not None and not await lists_store.extend_permit(conn, permit.id, body.valid_to):
        raise ListRowMissing(f"permit {permit_id} has ended")
    if body.plates is not None:
        plates = sorted({_plate(plate) for plate in body.plates})
        await lists_store.write_permit_plates(conn, permit.id, plates)
    await audit(request, conn, person, "permit.changed", str(permit_id), valid_to=str(body.valid_to))
    return await lists_store.read_permit(conn, permit_id)


@router.delete("/permits/{permit_id}", status_code=204)
async def end_permit(request: Request, permit_id: UUID, ctx: Ctx, conn: Uow, person: Manager) -> None:
    """End a permit before its time."""
    if not await lists_store.end_permit(conn, permit_id, by=person.name, now=ctx.clock.now()):
        raise ListRowMissing(f"no standing permit {permit_id}")
    await audit(request, conn, person, "permit.ended", str(permit_id))


@router.get("/lists/{name}")
async def read_list(
    name: Literal["allow", "deny", "emergency"], conn: Uow, _person: Staff
) -> list[ListEntry]:
    """Who stands on a list."""
    return await lists_store.read_list(conn, name)


@router.post("/lists/{name}", status_code=201)
async def add_to_list(
    request: Request,
    name: Literal["allow", "deny", "emergency"],
    body: ListBody,
    ctx: Ctx,
    conn: Uow,
    person: Manager,
) -> ListEntry:
    """Put a plate on a list."""
    now = ctx.clock.now()
    entry = ListEntry(
        id=new_uuid(),
        list=name,
        plate=_plate(body.plate),
        reason=body.reason,
        valid_from=body.valid_from or now,
        valid_until=body.valid_until,
        made_at=now,
        made_by=person.name,
    )
    if not await lists_store.insert_list_entry(conn, entry):
        raise OnListAlready(f"this plate stands on the {name} list")
    await audit(request, conn, person, f"list.{name}.added", str(entry.id), reason=body.reason)
    return entry


@router.delete("/lists/{name}/{entry_id}", status_code=204)
async def take_off_list(
    request: Request, name: str, entry_id: UUID, ctx: Ctx, conn: Uow, person: Manager
) -> None:
    """Take a plate off a list."""
    if not await lists_store.end_list_entry(conn, entry_id, by=person.name, now=ctx.clock.now()):
        raise ListRowMissing(f"no standing entry {entry_id}")
    await audit(request, conn, person, f"list.{name}.ended", str(entry_id))


@router.get("/visitor-passes")
async def read_passes(ctx: Ctx, conn: Uow, _person: Staff) -> list[VisitorPass]:
    """Passes that stand."""
    return await lists_store.read_visitor_passes(conn, now=ctx.clock.now())


@router.post("/visitor-passes", status_code=201)
async def add_pass(request: Request, body: PassBody, ctx: Ctx, conn: Uow, person: AtTheBooth) -> VisitorPass:
    """Let a visitor in within a window."""
    visitor = VisitorPass(
        id=new_uuid(),
        plate=_plate(body.plate),
        host=body.host,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        is_free=body.is_free,
        made_at=ctx.clock.now(),
        made_by=person.name,
    )
    await lists_store.insert_visitor_pass(conn, visitor)
    await audit(request, conn, person, "visitor_pass.added", str(visitor.id), host=body.host)
    return visitor


@router.delete("/visitor-passes/{pass_id}", status_code=204)
async def end_pass(request: Request, pass_id: UUID, ctx: Ctx, conn: Uow, person: AtTheBooth) -> None:
    """End a pass before its time."""
    if not await lists_store.end_visitor_pass(conn, pass_id, by=person.name, now=ctx.clock.now()):
        raise ListRowMissing(f"no standing pass {pass_id}")
    await audit(request, conn, person, "visitor_pass.ended", str(pass_id))


@router.post("/coupons", status_code=201)
async def add_coupons(
    request: Request, body: CouponBody, ctx: Ctx, conn: Uow, person: Manager
) -> list[Coupon]:
    """Make coupons for a shop to hand out."""
    made = [
        Coupon(
            code=f"C{new_uuid().hex[:10].upper()}",
            shop=body.shop,
            worth_minutes=body.worth_minutes,
            worth_fen=body.worth_fen,
            valid_until=body.valid_until,
            made_at=ctx.clock.now(),
            made_by=person.name,
            stay_id=None,
            used_at=None,
        )
        for _ in range(body.how_many)
    ]
    for coupon in made:
        await gifts_store.insert_coupon(conn, coupon)
    await audit(request, conn, person, "coupons.made", body.shop, how_many=body.how_many)
    return made


@router.get("/coupons")
async def read_coupons(conn: Uow, _person: Staff, shop: str | None = None) -> list[Coupon]:
    """The newest coupons first, of one shop or of all."""
    return await gifts_store.read_coupons(conn, shop=shop)
