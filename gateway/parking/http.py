"""Routes of parking: lanes, what waits for a person, stays, zones, bay sensors, the occupancy series."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.errors import Invalid
from facility.identity import Person, Role
from gateway.parking import (
    attending,
    dues,
    lanes_store,
    mending,
    occupancy,
    occupancy_store,
    record_store,
    series,
    store,
)
from gateway.parking.acts import Act
from gateway.parking.lanes_store import LaneEntry, LaneState
from gateway.parking.record_store import Correction
from gateway.parking.store import Stay

router = APIRouter(prefix="/api/v1", tags=["parking"])
Attendant = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER))]
MaySee = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER, Role.AUDITOR, Role.COMMANDER))]
LONGEST_WINDOW = timedelta(days=750)


class WindowWrong(Invalid):
    """A window of time ends before it begins, or is too long."""

    code = "series.window"


class Body(BaseModel):
    """What every body of these routes refuses: keys nobody knows."""

    model_config = ConfigDict(extra="forbid")


class ReasonBody(Body):
    """Why somebody acts."""

    reason: str = Field(min_length=1, max_length=300)


class LaneBody(ReasonBody):
    """Close a lane, or open it again."""

    is_closed: bool


class AnswerBody(ReasonBody):
    """The answer to what a lane asks: `plate` for an entry (none: a ticket), `stay_id` for an exit."""

    act: Literal["let_in", "let_out", "let_out_unknown", "turn_away"]
    plate: str | None = Field(default=None, max_length=16)
    stay_id: UUID | None = None


class StayBody(ReasonBody):
    """What is to be put right about a stay."""

    plate: str | None = Field(default=None, max_length=16)
    entered_at: AwareDatetime | None = None


class CountBody(ReasonBody):
    """How many cars a person counted in a zone."""

    counted: int = Field(ge=0, le=10_000)


class SensorBody(Body):
    """What a bay's sensor says; `plate` where it is a camera that reads plates."""

    is_occupied: bool
    plate: str | None = Field(default=None, max_length=16)


class StayOut(BaseModel):
    """A stay with what it owes and what was corrected about it."""

    stay: Stay
    due_fen: int | None
    paid_fen: int
    bay_id: str | None
    corrections: list[Correction]


class PointOut(BaseModel):
    """One step of a zone's series; `occupied` is null in a gap."""

    zone_id: str
    at: datetime
    occupied: float | None
    lowest: int | None
    highest: int | None
    capacity: int | None


class SeriesOut(BaseModel):
    """The occupancy series of a window."""

    step: str
    points: list[PointOut]


@router.get("/lanes")
async def read_lanes(conn: Uow, _person: MaySee) -> list[LaneState]:
    """Every lane: whether a person closed it, and when its camera last gave a read."""
    return list((await lanes_store.read_lane_states(conn)).values())


@router.get("/lanes/{lane_id}/log")
async def read_log(
    lane_id: str, conn: Uow, _person: MaySee, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[LaneEntry]:
    """What a lane saw and decided, the newest first."""
    return await lanes_store.read_lane_log(conn, lane_id, limit=limit)


@router.put("/lanes/{lane_id}", status_code=204)
async def put_lane(
    request: Request, lane_id: str, body: LaneBody, ctx: Ctx, conn: Uow, person: Attendant
) -> None:
    """Close a lane, or open it again."""
    act = Act(by=person.name, reason=body.reason, now=ctx.clock.now())
    await attending.close_lane(conn, ctx.site, lane_id, act, is_closed=body.is_closed)
    await audit(request, conn, person, "lane.closed" if body.is_closed else "lane.opened", lane_id)


@router.post("/lanes/{lane_id}/open", status_code=202)
async def open_lane(
    request: Request, lane_id: str, body: ReasonBody, ctx: Ctx, conn: Uow, person: Attendant
) -> None:
    """Open a gate once."""
    act = Act(by=person.name, reason=body.reason, now=ctx.clock.now())
    await attending.open_gate(conn, ctx.site, lane_id, act)
    await audit(request, conn, person, "gate.opened", lane_id, reason=body.reason)


@router.get("/lane-questions")
async def read_questions(conn: Uow, _person: MaySee) -> list[LaneEntry]:
    """What waits for the attendant, the oldest first."""
    return await lanes_store.read_asks(conn)


@router.post("/lane-questions/{entry_id}/answer", status_code=204)
async def answer(
    request: Request, entry_id: UUID, body: AnswerBody, ctx: Ctx, conn: Uow, person: Attendant
) -> None:
    """Answer what a lane asks."""
    act = Act(by=person.name, reason=body.reason, now=ctx.clock.now())
    if body.act == "let_in":
        await attending.let_in(conn, entry_id, act, plate=body.plate)
    elif body.act == "let_out":
        if body.stay_id is None:
            raise Invalid("let_out needs the stay that leaves")
        await attending.let_out(conn, entry_id, act, stay_id=body.stay_id)
    elif body.act == "let_out_unknown":
        await attending.let_out_unknown(conn, ctx.site, entry_id, act)
    else:
        await attending.turn_away(conn, entry_id, act)
    await audit(request, conn, person, f"lane.{body.act}", str(entry_id), reason=body.reason)


@router.get("/stays")
async def read_stays(conn: Uow, _person: MaySee, plate: str | None = None) -> list[Stay]:
    """The open stays, the oldest first; with `plate`, the newest stay of that plate."""
    if plate is None:
        return await store.read_open_stays(conn)
    found = await store.find_last_stay(conn, plate)
    return [found] if found else []


@router.get("/stays/{stay_id}")
async def read_stay(stay_id: UUID, ctx: Ctx, conn: Uow, _person: MaySee) -> StayOut:
    """One stay, what it owes and what was corrected about it."""
    return await _stay_out(conn, ctx, await store.read_stay(conn, stay_id))


async def _stay_out(conn: Uow, ctx: Ctx, stay: Stay) -> StayOut:
    due = await dues.read_due(conn, stay, now=ctx.clock.now())
    bay = await occupancy_store.find_bay_of_stay(conn, stay.id)
    return StayOut(
        stay=stay,
        due_fen=due.due_fen,
        paid_fen=due.paid_fen,
        bay_id=bay.bay_id if bay else None,
        corrections=await record_store.read_corrections(conn, "stay", str(stay.id)),
    )


@router.patch("/stays/{stay_id}")
async def correct_stay(
    request: Request, stay_id: UUID, body: StayBody, ctx: Ctx, conn: Uow, person: Attendant
) -> StayOut:
    """Put a stay's plate or entry right; who and why is kept."""
    act = Act(by=person.name, reason=body.reason, now=ctx.clock.now())
    stay = await store.read_stay(conn, stay_id)
    if body.plate is not None:
        stay = await mending.correct_plate(conn, stay_id, act, plate=body.plate)
    if body.entered_at is not None:
        stay = await mending.correct_entry(conn, stay_id, act, entered_at=body.entered_at)
    await audit(request, conn, person, "stay.corrected", str(stay_id), reason=body.reason)
    return await _stay_out(conn, ctx, stay)


@router.post("/stays/{stay_id}/write-off")
async def write_off(
    request: Request, stay_id: UUID, body: ReasonBody, ctx: Ctx, conn: Uow, person: Attendant
) -> StayOut:
    """Close the stay of a car that left unseen."""
    act = Act(by=person.name, reason=body.reason, now=ctx.clock.now())
    stay = await mending.write_off(conn, stay_id, act)
    await audit(request, conn, person, "stay.written_off", str(stay_id), reason=body.reason)
    return await _stay_out(conn, ctx, stay)


@router.get("/zones")
async def read_zones(conn: Uow, _person: MaySee) -> list[occupancy_store.ZoneCount]:
    """Cars and bays of every zone."""
    return list((await occupancy_store.read_counts(conn)).values())


@router.post("/zones/{zone_id}/count")
async def count_zone(
    request: Request, zone_id: str, body: CountBody, ctx: Ctx, conn: Uow, person: Attendant
) -> occupancy_store.ZoneCount:
    """Set a zone's count to what a person counted there; how far it had drifted is kept."""
    count = await occupancy.correct_count(
        conn, zone_id, body.counted, by=person.name, reason=body.reason, now=ctx.clock.now()
    )
    await audit(request, conn, person, "zone.counted", zone_id, counted=body.counted)
    return count


@router.put("/bays/{bay_id}/sensor", status_code=204)
async def hear_sensor(bay_id: str, body: SensorBody, ctx: Ctx, conn: Uow, _person: Attendant) -> None:
    """What a bay's sensor says; a sensor's gateway signs in with a token."""
    stay = await store.find_open_stay(conn, body.plate) if body.plate else None
    await occupancy.bay_heard(
        conn,
        bay_id,
        is_occupied=body.is_occupied,
        now=ctx.clock.now(),
        stay_id=stay.id if stay else None,
    )


@router.get("/occupancy")
async def read_occupancy(
    ctx: Ctx,
    conn: Uow,
    _person: MaySee,
    since: AwareDatetime,
    until: AwareDatetime,
    zone: Annotated[list[str] | None, Query()] = None,
) -> SeriesOut:
    """The occupancy series of some zones (all where none is named), gaps shown as gaps."""
    if until <= since or until - since > LONGEST_WINDOW:
        raise WindowWrong("a window ends after it begins and spans at most 750 days")
    zones = [name for name in (zone or list(ctx.site.zones)) if name in ctx.site.zones]
    step, points = await series.read_series(conn, zones, since, until)
    return SeriesOut(
        step=step,
        points=[
            PointOut(
                zone_id=point.zone_id,
                at=point.at,
                occupied=point.occupied,
                lowest=point.lowest,
                highest=point.highest,
                capacity=point.capacity,
            )
            for point in points
        ],
    )
