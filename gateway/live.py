"""The live feed: one stream of deltas from the facts of the building to every open screen.

Server-sent events. Each fact is sent once, with its row's id, so that a browser which comes back names the last one
it saw (`Last-Event-ID`) and gets what it missed. Facts carry what holds now, not what was added: one that comes twice
changes nothing. A beat every two seconds says how fresh the data are; a client that reads too slowly is let go, and
comes back by itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import psycopg
import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from facility.context import Context
from facility.db import listen, unit_of_work
from facility.edge import require
from facility.errors import Unavailable
from facility.fact_store import Fact, read_facts, read_facts_by_id, read_latest_fact_id
from facility.identity import Person

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/api/v1", tags=["live"])

SWEEP_EVERY_S = 2.0
BEAT_EVERY_S = 2.0
KEPT_FACTS = 5_000
CATCH_UP_MOST = 2_000
QUEUE_MOST = 500
CLIENTS_MOST = 200
# A fact older than this is surely visible: no unit of work of ours is open for so long.
SETTLED_AFTER = timedelta(seconds=60)


class LiveFull(Unavailable):
    """As many screens are open as one process serves."""

    code = "live.full"


@dataclass(slots=True, kw_only=True, eq=False)
class Client:
    """One open screen: what waits for it, and whether it fell behind."""

    kinds: frozenset[str] | None
    waiting: asyncio.Queue[Fact] = field(default_factory=lambda: asyncio.Queue(QUEUE_MOST))
    is_behind: bool = False

    def wants(self, fact: Fact) -> bool:
        """Whether this screen asked for facts of this kind."""
        return self.kinds is None or fact.kind in self.kinds


class LiveFeed:
    """Follows the facts of the database and hands each to every open screen."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients: set[Client] = set()
        self._kept: dict[int, Fact] = {}
        self._told: set[int] = set()
        self._sweep_due = False
        self._wake = asyncio.Event()
        self._settled_id: int | None = None
        self.data_at: datetime | None = None
        self.dropped_clients = 0

    async def run(self) -> None:
        """Follow until cancelled; the database going away only makes the data older."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            group.create_task(self._read_when_told())

    @contextmanager
    def open_screen(self, kinds: frozenset[str] | None) -> Iterator[Client]:
        """One client for as long as its stream lasts.

        Raises:
            LiveFull: no more screens can be served.
        """
        self.check_room()
        client = Client(kinds=kinds)
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    def check_room(self) -> None:
        """Refuse before the answer begins.

        Raises:
            LiveFull: no more screens can be served.
        """
        if len(self._clients) >= CLIENTS_MOST:
            raise LiveFull(f"{CLIENTS_MOST} screens are open already")

    async def missed_since(self, last_id: int) -> list[Fact] | None:
        """Facts after one that a client saw, oldest first; `None` where there are too many to catch up.

        From memory where the fact is still kept, else from the database, a little overlapping.
        """
        if last_id in self._kept:
            order = list(self._kept)
            missed = [self._kept[number] for number in order[order.index(last_id) + 1 :]]
        else:
            async with unit_of_work(self._context.pool) as conn:
                missed = await read_facts(conn, after_id=last_id, limit=CATCH_UP_MOST + 1)
        return missed if len(missed) <= CATCH_UP_MOST else None

    async def _hear(self) -> None:
        async for notice in listen(self._context.dsn, ("fact",), SWEEP_EVERY_S):
            if notice.is_sweep:
                self._sweep_due = True
            else:
                self._told.add(int(notice.payload))
            self._wake.set()

    async def _read_when_told(self) -> None:
        is_away = False
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._read()
                if is_away:
                    log.info("live.back")
                is_away = False
            except (Unavailable, psycopg.Error) as fault:
                self._sweep_due = True
                if not is_away:
                    log.warning("live.away", reason=str(fault).splitlines()[0])
                is_away = True

    async def _read(self) -> None:
        told, self._told = sorted(self._told), set()
        is_sweep, self._sweep_due = self._sweep_due, False
        async with unit_of_work(self._context.pool) as conn:
            if self._settled_id is None:
                self._settled_id = await read_latest_fact_id(conn)
            facts = await read_facts_by_id(conn, told) if told else []
            if is_sweep:
                facts += await self._swept(conn, self._settled_id)
        self.data_at = self._context.clock.now()
        for fact in facts:
            self._hand_out(fact)

    async def _swept(self, conn: psycopg.AsyncConnection[tuple[object, ...]], settled_id: int) -> list[Fact]:
        """Everything after the last settled fact: ids are given before commit, so a lower one may come later."""
        found: list[Fact] = []
        after_id = settled_id
        while page := await read_facts(conn, after_id=after_id):
            found += page
            after_id = page[-1].id
        oldest_open = self._context.clock.now() - SETTLED_AFTER
        settled = [fact.id for fact in found if fact.at < oldest_open]
        self._settled_id = max(settled, default=settled_id)
        return found

    def _hand_out(self, fact: Fact) -> None:
        if fact.id in self._kept:
            return
        self._kept[fact.id] = fact
        while len(self._kept) > KEPT_FACTS:
            del self._kept[next(iter(self._kept))]
        for client in list(self._clients):
            if not client.wants(fact):
                continue
            try:
                client.waiting.put_nowait(fact)
            except asyncio.QueueFull:
                client.is_behind = True
                self.dropped_clients += 1
                self._clients.discard(client)
                log.warning("live.client_behind", waiting=QUEUE_MOST)


@asynccontextmanager
async def following(context: Context) -> AsyncIterator[LiveFeed]:
    """A feed that runs beside the web server for as long as the server does."""
    feed = LiveFeed(context)
    task = asyncio.create_task(feed.run(), name="live")
    try:
        yield feed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _event(name: str, body: Mapping[str, object], number: int | None = None) -> str:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _fact_event(fact: Fact) -> str:
    body = {"kind": fact.kind, "subject": fact.subject, "at": fact.at.isoformat(), "detail": fact.detail}
    return _event("fact", body, fact.id)


def _beat(feed: LiveFeed, now: datetime) -> str:
    data_at = feed.data_at.isoformat() if feed.data_at else None
    return _event("beat", {"now": now.isoformat(), "data_at": data_at})


async def stream(feed: LiveFeed, context: Context, client: Client, last_id: int | None) -> AsyncIterator[str]:
    """The text of one client's stream: what it missed, then facts and beats until it goes or falls behind."""
    yield f"retry: 1000\n\n{_beat(feed, context.clock.now())}"
    seen: set[int] = set()
    if last_id is not None:
        missed = await feed.missed_since(last_id)
        if missed is None:
            yield _event("reload", {"why": "too far behind"})
        else:
            seen = {fact.id for fact in missed}
            yield "".join(_fact_event(fact) for fact in missed if client.wants(fact))
    while True:
        if client.is_behind and client.waiting.empty():
            yield _event("behind", {"why": "read too slowly; come back with the last id"})
            return
        try:
            facts = [await asyncio.wait_for(client.waiting.get(), BEAT_EVERY_S)]
        except TimeoutError:
            yield _beat(feed, context.clock.now())
            continue
        while not client.waiting.empty():
            facts.append(client.waiting.get_nowait())
        yield "".join(_fact_event(fact) for fact in facts if fact.id not in seen)


@router.get("/live", response_class=StreamingResponse)
async def live(
    request: Request,
    _person: Annotated[Person, Depends(require())],
    kinds: Annotated[str | None, Query(description="comma-separated fact kinds; all if absent")] = None,
    after: Annotated[int | None, Query(description="the last fact that a page already shows", ge=0)] = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """Facts as they happen (`text/event-stream`): events `fact`, `beat`, `reload` and `behind`."""
    context: Context = request.app.state.context
    feed: LiveFeed = request.app.state.live
    wanted = frozenset(kinds.split(",")) if kinds else None
    last_id = after if last_event_id is None else last_event_id

    async def body() -> AsyncIterator[str]:
        with feed.open_screen(wanted) as client:
            async for text in stream(feed, context, client, last_id):
                yield text

    feed.check_room()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(body(), media_type="text/event-stream", headers=headers)
