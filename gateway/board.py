"""Routes of the ground floor: the site, the equipment board and its lockouts, the mode, alarms."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from facility import alarm_store, board_store, store
from facility.alarm_store import Alarm
from facility.board import EquipmentKind, Lockout, Source, Status, stands_under_fire_signal
from facility.edge import Ctx, Uow, audit, require
from facility.errors import Missing
from facility.identity import Person, Role
from facility.site import Site
from facility.store import ModeRow

router = APIRouter(prefix="/api/v1", tags=["board"])
AnyStaff = Annotated[Person, Depends(require())]
Manager = Annotated[Person, Depends(require(Role.MANAGER))]
OnDuty = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER, Role.COMMANDER))]
# Conversion places and lifts its own lockouts by its plan, never by hand.
HandSource = Literal[Source.MAINTENANCE, Source.SAFETY]


class LockoutBody(BaseModel):
    """A lockout to place by hand."""

    model_config = ConfigDict(extra="forbid")
    kind: EquipmentKind
    equipment_id: str = Field(max_length=40)
    source: HandSource = Source.MAINTENANCE
    reason: str = Field(min_length=3, max_length=200)


class LiftBody(BaseModel):
    """A lockout to lift by hand."""

    model_config = ConfigDict(extra="forbid")
    kind: EquipmentKind
    equipment_id: str = Field(max_length=40)
    source: HandSource = Source.MAINTENANCE


class FireBody(BaseModel):
    """Why the fire signal was given."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=3, max_length=200)


class Board(BaseModel):
    """Lockouts that stand, and what equipment last reported."""

    lockouts: list[Lockout]
    statuses: list[Status]


def _must_exist(site: Site, kind: EquipmentKind, equipment_id: str) -> None:
    known: dict[EquipmentKind, Any] = {
        EquipmentKind.EVSE: site.evses,
        EquipmentKind.LANE: site.lanes,
        EquipmentKind.ZONE: site.zones,
    }
    if equipment_id not in known[kind]:
        raise Missing(f"the site has no {kind.value} {equipment_id}")


@router.get("/mode")
async def read_mode(conn: Uow) -> ModeRow:
    """Which of its lives the building leads, since when and why."""
    return await store.read_mode(conn)


@router.get("/board")
async def read_board(conn: Uow, _person: AnyStaff) -> Board:
    """The equipment board as it stands."""
    return Board(
        lockouts=list(await board_store.read_lockouts(conn)),
        statuses=list(await board_store.read_statuses(conn)),
    )


@router.post("/lockouts", status_code=201)
async def place_lockout(
    request: Request, body: LockoutBody, conn: Uow, ctx: Ctx, manager: Manager
) -> dict[str, bool]:
    """Place a maintenance or safety lockout; `placed` is false where it stood already."""
    _must_exist(ctx.site, body.kind, body.equipment_id)
    placed = await board_store.place_lockout(
        conn,
        kind=body.kind,
        equipment_id=body.equipment_id,
        source=body.source,
        reason=body.reason,
        by=manager.name,
        now=ctx.clock.now(),
    )
    await audit(
        request, conn, manager, "lockout.placed", body.equipment_id, source=body.source, reason=body.reason
    )
    return {"placed": placed}


@router.post("/lockouts/lift")
async def lift_lockout(
    request: Request, body: LiftBody, conn: Uow, ctx: Ctx, manager: Manager
) -> dict[str, bool]:
    """Lift one's own source's lockout; those of other sources stay."""
    lifted = await board_store.lift_lockout(
        conn,
        kind=body.kind,
        equipment_id=body.equipment_id,
        source=body.source,
        by=manager.name,
        now=ctx.clock.now(),
    )
    if not lifted:
        raise Missing(f"no {body.source.value} lockout stands on {body.kind.value} {body.equipment_id}")
    await audit(request, conn, manager, "lockout.lifted", body.equipment_id, source=body.source)
    return {"lifted": True}


@router.post("/fire-signal")
async def give_fire_signal(
    request: Request, body: FireBody, conn: Uow, ctx: Ctx, person: OnDuty
) -> dict[str, int]:
    """Lift every gate lockout below safety, so that nobody is trapped."""
    lifted = 0
    for lockout in await board_store.read_lockouts(conn):
        if not stands_under_fire_signal(lockout):
            lifted += await board_store.lift_lockout(
                conn,
                kind=lockout.kind,
                equipment_id=lockout.equipment_id,
                source=lockout.source,
                by=f"fire signal, {person.name}",
                now=ctx.clock.now(),
            )
    detail = {"reason": body.reason, "by": person.name}
    await alarm_store.raise_alarm(conn, "fire", "site", "critical", detail, now=ctx.clock.now())
    await audit(request, conn, person, "fire.signalled", "site", reason=body.reason, lifted=lifted)
    return {"lifted": lifted}


@router.post("/fire-signal/clear")
async def clear_fire_signal(request: Request, conn: Uow, ctx: Ctx, manager: Manager) -> dict[str, bool]:
    """Say that the fire signal is over; lockouts it lifted are placed again by those who want them."""
    cleared = await alarm_store.clear_alarm(conn, "fire", "site", now=ctx.clock.now())
    await audit(request, conn, manager, "fire.cleared", "site")
    return {"cleared": cleared}


@router.get("/alarms")
async def read_alarms(conn: Uow, _person: AnyStaff) -> list[Alarm]:
    """Alarms not cleared, the gravest first."""
    return await alarm_store.read_open_alarms(conn)


@router.post("/alarms/{alarm_id}/acknowledge")
async def acknowledge_alarm(request: Request, alarm_id: UUID, conn: Uow, ctx: Ctx, person: AnyStaff) -> Alarm:
    """Say that a person has seen an alarm; it stays until its cause is gone."""
    alarm = await alarm_store.acknowledge_alarm(conn, alarm_id, by=person.name, now=ctx.clock.now())
    await audit(request, conn, person, "alarm.acknowledged", alarm.subject, kind=alarm.kind)
    return alarm
