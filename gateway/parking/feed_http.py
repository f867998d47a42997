"""Routes of the open feed and of the forecast: public, cached, and free of anything about a car."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.errors import Missing
from facility.identity import Person, Role
from facility.store import read_mode
from gateway.parking import calendar_store, feed, forecast_store, occupancy_store
from gateway.parking.calendar_store import CalendarDay

router = APIRouter(prefix="/api/v1", tags=["open data"])
Manager = Annotated[Person, Depends(require(Role.MANAGER))]

_FRESH_S = 15


class ZoneUnknown(Missing):
    """The feed has no such zone."""

    code = "feed.zone_unknown"


class DayBody(BaseModel):
    """What a date behaves like: a `holiday` like a Sunday, a worked weekend date like a Monday."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["holiday", "workday"]
    name: str = Field(min_length=1, max_length=60)


class DayOut(BaseModel):
    """A date that does not behave like its weekday."""

    day: date
    kind: str
    name: str


class ForecastOut(BaseModel):
    """What is expected of one zone; bays."""

    zone_id: str
    horizon: str
    target_at: datetime
    made_at: datetime
    free: float
    free_low: float
    free_high: float
    capacity: int
    method: str


def _answer(request: Request, document: Any, media_type: str) -> Response:
    """A document with its validator; 304 where the caller has it already."""
    tag = feed.etag_of(document)
    headers = {
        "etag": tag,
        "cache-control": f"public, max-age={_FRESH_S}",
        "access-control-allow-origin": "*",
        "vary": "accept-encoding",
    }
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return JSONResponse(document, headers=headers, media_type=media_type)


@router.get("/open/parking")
async def open_parking(request: Request, ctx: Ctx, conn: Uow) -> Response:
    """What is free and what is expected, as an APDS / DATEX II style publication."""
    document = feed.status_publication(
        ctx.site,
        await occupancy_store.read_counts(conn),
        await forecast_store.read_latest_forecasts(conn),
        (await read_mode(conn)).mode,
    )
    return _answer(request, document, "application/json")


@router.get("/open/ngsi-ld/v1/entities")
async def open_entities(request: Request, ctx: Ctx, conn: Uow, type: str = "OffStreetParking") -> Response:
    """Every zone as an NGSI-LD entity; another `type` than `OffStreetParking` has none."""
    entities = feed.ngsi_entities(
        ctx.site,
        await occupancy_store.read_counts(conn),
        await forecast_store.read_latest_forecasts(conn),
        (await read_mode(conn)).mode,
    )
    return _answer(request, entities if type == "OffStreetParking" else [], "application/ld+json")


@router.get("/open/ngsi-ld/v1/entities/{entity_id}")
async def open_entity(entity_id: str, request: Request, ctx: Ctx, conn: Uow) -> Response:
    """One zone as an NGSI-LD entity."""
    entities = feed.ngsi_entities(
        ctx.site,
        await occupancy_store.read_counts(conn),
        await forecast_store.read_latest_forecasts(conn),
        (await read_mode(conn)).mode,
    )
    found = next((one for one in entities if one["id"] == entity_id), None)
    if found is None:
        raise ZoneUnknown(f"no entity {entity_id}")
    return _answer(request, found, "application/ld+json")


@router.get("/occupancy/forecast")
async def read_forecast(conn: Uow) -> list[ForecastOut]:
    """The newest forecast of free bays of each zone and horizon, with its interval."""
    return [
        ForecastOut(
            zone_id=row.zone_id,
            horizon=row.horizon,
            target_at=row.target_at,
            made_at=row.made_at,
            free=round(row.capacity - row.expected, 1),
            free_low=round(row.capacity - row.high, 1),
            free_high=round(row.capacity - row.low, 1),
            capacity=row.capacity,
            method=row.method,
        )
        for row in await forecast_store.read_latest_forecasts(conn)
    ]


@router.get("/calendar")
async def read_calendar(conn: Uow) -> list[DayOut]:
    """The dates that do not behave like their weekday."""
    days = await calendar_store.read_calendar_days(conn)
    return [DayOut(day=row.day, kind=row.kind, name=row.name) for row in days]


@router.put("/calendar/{day}", status_code=204)
async def put_day(day: date, body: DayBody, request: Request, ctx: Ctx, conn: Uow, person: Manager) -> None:
    """Say what a date behaves like; the next fit learns from it, and price lists that follow the calendar do."""
    row = CalendarDay(day=day, kind=body.kind, name=body.name, set_by=person.name, set_at=ctx.clock.now())
    await calendar_store.write_calendar_day(conn, row)
    await audit(request, conn, person, "calendar.set", day.isoformat(), kind=body.kind)


@router.delete("/calendar/{day}", status_code=204)
async def delete_day(day: date, request: Request, ctx: Ctx, conn: Uow, person: Manager) -> None:
    """Let a date behave like its weekday again."""
    if not await calendar_store.delete_calendar_day(conn, day, by=person.name, now=ctx.clock.now()):
        raise Missing(f"{day} behaves like its weekday already")
    await audit(request, conn, person, "calendar.cleared", day.isoformat())
