"""Routes for those who watch: alive, ready, and numbers for Prometheus."""

import asyncio
from datetime import datetime
from typing import Any

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from facility.alarm_store import read_open_alarms
from facility.context import Context
from facility.db import connect_sync, unit_of_work
from facility.edge import Ctx
from facility.edition import read_edition
from facility.errors import Unavailable
from facility.heartbeat import is_alive
from facility.heartbeat_store import ProcessRow, read_processes
from facility.store import read_mode
from gateway.health_store import ChargingCounts, read_charging

router = APIRouter(include_in_schema=False)
PROCESSES = ("web", "work", "charging", "lpr")


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "alive"}


def _component(row: ProcessRow | None, now: datetime) -> dict[str, Any]:
    if row is None:
        return {"ready": False, "why": "never seen"}
    age_s = round((now - row.seen_at).total_seconds(), 1)
    return {"ready": is_alive(row.seen_at, now), "age_s": age_s, "pid": row.pid, **row.detail}


@router.get("/readyz")
async def readyz(request: Request, ctx: Ctx) -> JSONResponse:
    """Every component and whether it is ready; 503 while one is not."""
    now = ctx.clock.now()
    try:
        async with unit_of_work(ctx.pool) as conn:
            rows = {row.name: row for row in await read_processes(conn)}
            edition = await _edition(request, ctx)
    except (Unavailable, psycopg.OperationalError) as fault:
        why = str(fault).splitlines()[0]
        return JSONResponse({"ready": False, "components": {"database": {"ready": False, "why": why}}}, 503)
    components: dict[str, dict[str, Any]] = {"database": {"ready": True, "edition": edition}}
    components |= {name: _component(rows.get(name), now) for name in PROCESSES}
    is_ready = all(component["ready"] for component in components.values())
    return JSONResponse({"ready": is_ready, "components": components}, 200 if is_ready else 503)


async def _edition(request: Request, ctx: Context) -> str:
    """The edition never changes under a running process, so it is asked for once."""
    known: str | None = getattr(request.app.state, "edition", None)
    if known is None:
        known = await asyncio.to_thread(_ask_edition, ctx.dsn)
        request.app.state.edition = known
    return known


def _ask_edition(dsn: str) -> str:
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        return str(read_edition(conn, install=False))


@router.get("/metrics")
async def metrics(ctx: Ctx) -> Response:
    """Prometheus text: processes, open alarms, mode, charging."""
    registry = CollectorRegistry()
    up = Gauge(
        "pingzhan_process_up", "1 while the process was seen in the last 10 s", ["name"], registry=registry
    )
    alarms = Gauge("pingzhan_alarms_open", "Alarms not cleared", ["severity"], registry=registry)
    mode = Gauge("pingzhan_mode", "1 for the mode in force", ["mode"], registry=registry)
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        for row in await read_processes(conn):
            up.labels(row.name).set(int(is_alive(row.seen_at, now)))
        for alarm in await read_open_alarms(conn):
            alarms.labels(alarm.severity).inc()
        mode.labels((await read_mode(conn)).mode.value).set(1)
        _count_charging(await read_charging(conn), registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _count_charging(counts: ChargingCounts, registry: CollectorRegistry) -> None:
    """Charging as gauges: what is counted now, in the database."""
    connected = Gauge("pingzhan_chargers_connected", "Chargers with an open connection", registry=registry)
    known = Gauge("pingzhan_chargers_registered", "Chargers known by a connector", registry=registry)
    running = Gauge(
        "pingzhan_charging_transactions_open", "Charging transactions under way", registry=registry
    )
    waiting = Gauge(
        "pingzhan_charger_orders_waiting",
        "Orders to chargers not answered yet",
        ["state"],
        registry=registry,
    )
    connected.set(counts.connected)
    known.set(counts.registered)
    running.set(counts.open_transactions)
    waiting.labels("queued").set(counts.orders_queued)
    waiting.labels("sent").set(counts.orders_sent)
