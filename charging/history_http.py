"""Routes of what a charger told in the past: configuration, statuses, events, profiles, the message trace."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse

from charging import configuration_store, history_store, profile_store
from charging.configuration_store import ConfigurationKey
from charging.history_store import MessageLine, StationEvent, StatusChange
from charging.http import Operator, Reader, detail_of
from charging.profile_store import ProfileRow
from charging.trace import EXPORT_MOST, Direction, TraceFilter, read_trace, trace_file, trace_text
from facility.edge import Ctx, Uow

router = APIRouter(prefix="/api/v1/chargers/{identity}", tags=["charging"])

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/configuration")
async def read_configuration(identity: str, conn: Uow, _person: Reader) -> list[ConfigurationKey]:
    """Configuration keys as last read from the charger (GetConfiguration reads them again)."""
    return await configuration_store.read_configuration(conn, (await detail_of(conn, identity)).id)


@router.get("/statuses")
async def read_statuses(identity: str, conn: Uow, _person: Reader, limit: Limit = 100) -> list[StatusChange]:
    """Status and error history, newest first."""
    return await history_store.read_status_history(conn, (await detail_of(conn, identity)).id, limit)


@router.get("/events")
async def read_events(identity: str, conn: Uow, _person: Reader, limit: Limit = 100) -> list[StationEvent]:
    """Firmware, diagnostics, log and security events, newest first."""
    return await history_store.read_station_events(conn, (await detail_of(conn, identity)).id, limit)


@router.get("/profiles")
async def read_profiles(identity: str, conn: Uow, _person: Reader) -> list[ProfileRow]:
    """Charging profiles as the charger answered them."""
    return await profile_store.read_profiles(conn, (await detail_of(conn, identity)).id)


def wanted_trace(
    since: datetime | None = None,
    until: datetime | None = None,
    action: Annotated[str | None, Query(max_length=60)] = None,
    direction: Annotated[Direction | None, Query(description="in: from the charger, out: to it")] = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
) -> TraceFilter:
    """What of the trace a request asks for."""
    return TraceFilter(since=since, until=until, action=action, direction=direction, text=text)


Wanted = Annotated[TraceFilter, Depends(wanted_trace)]


@router.get("/messages")
async def read_messages(
    identity: str,
    conn: Uow,
    ctx: Ctx,
    _person: Operator,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=5000)] = 200,
) -> list[MessageLine]:
    """The message trace of the last day (or between two moments), newest first."""
    detail = await detail_of(conn, identity)
    return await read_trace(conn, detail.id, wanted, ctx.clock.now(), limit)


@router.get("/messages.log", response_class=PlainTextResponse)
async def export_messages(
    identity: str, conn: Uow, ctx: Ctx, _person: Operator, wanted: Wanted
) -> PlainTextResponse:
    """The same as text, a frame a line, oldest first: what a maker's support asks for."""
    detail = await detail_of(conn, identity)
    lines = await read_trace(conn, detail.id, wanted, ctx.clock.now(), EXPORT_MOST)
    disposition = f'attachment; filename="{trace_file(detail.identity)}"'
    return PlainTextResponse(trace_text(lines), headers={"content-disposition": disposition})
