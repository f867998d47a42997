"""The reading process: one thread a camera, one set of models, and a sign of life that names each camera away."""

import asyncio
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import structlog

from facility.clock import Clock, SystemClock
from facility.context import Context
from facility.db import listen, open_pool, unit_of_work
from facility.errors import OpsError, Unavailable
from facility.fact_store import read_facts, read_latest_fact_id
from facility.heartbeat import BEAT_EVERY_S, beat
from facility.ids import CameraId
from facility.modbus import ModbusClient
from facility.settings import Settings
from facility.site import Camera, Site, load_site
from lpr.camera import CameraLoop, SharedReader
from lpr.health import Watched, alive_sign, report
from lpr.live import LOOKS_PER_S, RtspSource, VideoSource
from lpr.loops import LoopWatch, ModbusLoops
from lpr.nightly import nightly
from lpr.passing import LoopCars
from lpr.publish import Publisher, watch
from lpr.pushed import PushedSource
from lpr.reader import PlateReader
from lpr.source import FolderSource, Source
from lpr.store import read_camera_signs

log = structlog.get_logger(__name__)
RETRY_S = 1.0
RESTART_S = 5.0
GATE_OPENED = "gate.opened"


@dataclass(slots=True, kw_only=True)
class Openings:
    """When each lane's barrier opened last, on the monotonic clock: behind it nothing is corrected."""

    at_s: dict[str, float] = field(default_factory=dict)

    def of(self, lane_id: str) -> float:
        """The lane's last opening; long ago where none was heard."""
        return self.at_s.get(lane_id, -1e9)


def source_of(camera: Camera, data: Path, dsn: str) -> Source:
    """The seam between the site file and the sources."""
    if camera.source == "push":
        return PushedSource(dsn, camera.id)
    address = camera.address or f"cameras/{camera.id}"
    if camera.source == "rtsp":
        return RtspSource(address)
    if camera.source == "video":
        return VideoSource(data / address, looks_per_s=LOOKS_PER_S)
    return FolderSource(data / address)


def watched(
    camera: Camera, source: Source, reader: SharedReader, openings: Openings, now: datetime
) -> Watched:
    """A camera with the loop that reads it, and what feels its lane's loops where there are any."""
    feeler = cars = None
    if camera.loops is not None:
        client = ModbusClient(camera.loops.place, timeout_s=1.0)
        feeler = LoopWatch(ModbusLoops(client, camera.loops), camera.id)
        cars = LoopCars(camera.direction, camera.loops.said_at)
    loop = CameraLoop(
        source,
        reader,
        line=camera.line,
        cars=cars,
        watch=feeler,
        opened_at_s=lambda: openings.of(camera.lane),
    )
    return Watched(camera=camera, loop=loop, started_at=now, watch=feeler)


def run_cameras(
    cameras: Sequence[Camera],
    *,
    data: Path,
    dsn: str,
    clock: Clock,
    stop: threading.Event,
    reader: PlateReader | None = None,
) -> None:
    """Read a group of cameras until `stop` is set or every source has ended."""
    shared, now = SharedReader(reader or PlateReader()), clock.now()
    group = [watched(camera, source_of(camera, data, dsn), shared, Openings(), now) for camera in cameras]
    read_group(group, data=data, dsn=dsn, clock=clock, stop=stop)


def read_group(
    group: Sequence[Watched], *, data: Path, dsn: str, clock: Clock, stop: threading.Event
) -> None:
    """Run the cameras' threads until `stop` is set or every source has ended."""
    threads = [
        threading.Thread(
            target=_guarded,
            args=(one, Publisher(one.camera, data, dsn, clock), stop),
            name=one.camera.id,
            daemon=True,
        )
        for one in group
    ]
    for one in group:
        if one.watch is not None:
            one.watch.start(stop)
    for thread in threads:
        thread.start()
    while not stop.is_set() and any(t.is_alive() for t in threads):
        stop.wait(0.2)
    for thread in threads:
        thread.join(timeout=5)


def _guarded(one: Watched, publisher: Publisher, stop: threading.Event) -> None:
    """A camera's outermost loop: a fault is logged and the camera is started again after a pause."""
    while not stop.is_set():
        try:
            watch(one.loop, publisher, stop)
            return
        except OpsError as fault:
            if one.fault != fault.detail:
                log.warning("camera.failed", camera=publisher.camera.id, fault=fault.detail)
            one.fault = fault.detail
        except Exception as fault:
            log.exception("camera.failed", camera=publisher.camera.id)
            one.fault = f"{type(fault).__name__}: {fault}"
        stop.wait(RESTART_S)


def run(settings: Settings, dsn: str, *, stop: threading.Event | None = None) -> int:
    """Run the reading process for all cameras of the site until SIGTERM or SIGINT; returns its exit status."""
    site = load_site(settings.site)
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: stop.set())
    clock, openings = SystemClock(), Openings()
    reader, now = SharedReader(PlateReader()), clock.now()
    group = {
        camera.id: watched(camera, source_of(camera, settings.data, dsn), reader, openings, now)
        for camera in site.cameras.values()
    }
    side = [
        threading.Thread(
            target=_beating, args=(settings, dsn, site, group, openings, stop), name="heartbeat", daemon=True
        ),
        threading.Thread(target=nightly, args=(settings.data, dsn, clock, stop), name="nightly", daemon=True),
    ]
    for thread in side:
        thread.start()
    read_group(list(group.values()), data=settings.data, dsn=dsn, clock=clock, stop=stop)
    stop.wait()  # every source has ended; the process stays, as it would with a quiet camera
    return 0


def _beating(
    settings: Settings,
    dsn: str,
    site: Site,
    group: Mapping[CameraId, Watched],
    openings: Openings,
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            asyncio.run(_beside(settings, dsn, site, group, openings, stop))
        except Unavailable as fault:
            log.warning("database.away", fault=str(fault))
            stop.wait(RETRY_S)


async def _beside(
    settings: Settings,
    dsn: str,
    site: Site,
    group: Mapping[CameraId, Watched],
    openings: Openings,
    stop: threading.Event,
) -> None:
    """Beat, take in signs of life, and hear barriers open, until `stop` is set."""
    pool = await open_pool(dsn, max_size=2)
    try:
        ctx = Context(settings=settings, dsn=dsn, pool=pool, clock=SystemClock(), site=site)
        signs: dict[str, datetime] = {}

        def detail() -> dict[str, object]:
            return report(group, signs=signs, now_s=time.monotonic(), now=ctx.clock.now())

        parts = [
            asyncio.ensure_future(part)
            for part in (beat(ctx, "lpr", detail), take_signs(ctx, signs), hear_openings(ctx, openings))
        ]
        await asyncio.to_thread(stop.wait)
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
    finally:
        await pool.close()


async def take_signs(ctx: Context, signs: dict[str, datetime]) -> None:
    """Keep `signs` at each camera's last sign of life: a push or a heartbeat, or the file `alive` in its folder."""
    while True:
        for camera in ctx.site.cameras.values():
            touched = alive_sign(camera, ctx.settings.data)
            if touched is not None:
                signs[camera.id] = touched
        try:
            async with unit_of_work(ctx.pool) as conn:
                signs |= await read_camera_signs(conn)
        except (Unavailable, psycopg.OperationalError):  # the heartbeat beside it says so
            pass
        await asyncio.sleep(BEAT_EVERY_S)


async def hear_openings(ctx: Context, openings: Openings) -> None:
    """Note when a lane's barrier opens."""
    known: int | None = None
    async for notice in listen(ctx.dsn, ["fact"], sweep_every_s=5.0):
        try:
            async with unit_of_work(ctx.pool) as conn:
                if known is None:
                    known = await read_latest_fact_id(conn)
                    continue
                if notice.payload.isdecimal() and int(notice.payload) <= known:
                    continue
                for fact in await read_facts(conn, after_id=known):
                    known = fact.id
                    if fact.kind == GATE_OPENED:
                        openings.at_s[fact.subject] = time.monotonic()
        except (Unavailable, psycopg.OperationalError):
            continue  # heard again at the next notification
