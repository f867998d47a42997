"""The live feed tells every open screen what happened, once, and catches up those that were away."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.fact_store import Fact, write_fact
from facility.settings import Settings
from facility.site import Site
from gateway import live
from gateway.app import create_app
from gateway.live import Client, LiveFeed, LiveFull, stream
from tests.fakes import FakeClock


@pytest.fixture
def ctx(dsn: str, pool: Pool, site: Site, clock: FakeClock) -> Context:
    return Context(settings=Settings(), dsn=dsn, pool=pool, clock=clock, site=site)


@pytest.fixture
async def feed(ctx: Context) -> AsyncIterator[LiveFeed]:
    running = LiveFeed(ctx)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(10):
        while running.data_at is None:
            await asyncio.sleep(0)
    yield running
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def say(ctx: Context, kind: str, subject: str, **detail: object) -> int:
    async with unit_of_work(ctx.pool) as conn:
        return await write_fact(conn, kind, subject, detail, now=ctx.clock.now())


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def next_fact(client: Client) -> Fact:
    return await asyncio.wait_for(client.waiting.get(), 10)


async def test_a_fact_reaches_every_open_screen_that_wants_its_kind(ctx: Context, feed: LiveFeed) -> None:
    with feed.open_screen(None) as all_kinds, feed.open_screen(frozenset({"zone.count"})) as counts:
        await say(ctx, "bay.changed", "B1-001", occupied=True)
        await say(ctx, "zone.count", "B1-G", occupied=3)
        assert [(await next_fact(all_kinds)).subject, (await next_fact(all_kinds)).subject] == [
            "B1-001",
            "B1-G",
        ]
        assert (await next_fact(counts)).detail == {"occupied": 3}
        assert counts.waiting.empty()


async def test_a_fact_committed_after_a_later_one_is_not_lost(ctx: Context, feed: LiveFeed) -> None:
    with feed.open_screen(None) as client:
        async with unit_of_work(ctx.pool) as slow:
            first = await write_fact(slow, "bay.changed", "B1-001", {}, now=ctx.clock.now())
            second = await say(ctx, "bay.changed", "B1-002")
            assert (await next_fact(client)).id == second
        assert (await next_fact(client)).id == first < second


async def test_a_lost_notification_costs_one_sweep(ctx: Context, feed: LiveFeed) -> None:
    with feed.open_screen(None) as client:
        async with unit_of_work(ctx.pool) as conn:
            await conn.execute(
                "insert into facility.fact (at, kind, subject) values (%(now)s, 'bay.changed', 'B1-007')",
                {"now": ctx.clock.now()},
            )
        assert (await next_fact(client)).subject == "B1-007"


async def test_a_screen_that_comes_back_gets_what_it_missed_and_nothing_twice(
    ctx: Context, feed: LiveFeed
) -> None:
    with feed.open_screen(None) as watcher:
        seen = await say(ctx, "bay.changed", "B1-001")
        missed = await say(ctx, "bay.changed", "B1-002")
        assert [(await next_fact(watcher)).id, (await next_fact(watcher)).id] == [seen, missed]
    with feed.open_screen(None) as client:
        text = stream(feed, ctx, client, seen)
        assert events(await anext(text))[0][0] == "beat"
        assert [body["subject"] for _, body in events(await anext(text))] == ["B1-002"]


async def test_after_a_restart_the_missed_facts_come_from_the_database(ctx: Context, feed: LiveFeed) -> None:
    seen = await say(ctx, "bay.changed", "B1-001")
    await say(ctx, "bay.changed", "B1-002")
    missed = await LiveFeed(ctx).missed_since(seen)
    assert missed is not None and [fact.subject for fact in missed] == ["B1-002"]


async def test_a_screen_too_far_behind_is_told_to_load_again(
    ctx: Context, feed: LiveFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CATCH_UP_MOST", 3)
    with feed.open_screen(None) as watcher:
        for number in range(5):
            await say(ctx, "bay.changed", f"B1-{number:03d}")
            await next_fact(watcher)
    with feed.open_screen(None) as client:
        text = stream(feed, ctx, client, 0)
        await anext(text)
        assert events(await anext(text))[0][0] == "reload"


async def test_a_screen_that_reads_too_slowly_is_let_go_with_what_waits(
    ctx: Context, feed: LiveFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with feed.open_screen(None) as slow, feed.open_screen(None) as quick:
        slow.waiting = asyncio.Queue(2)
        for number in range(4):
            await say(ctx, "bay.changed", f"B1-{number:03d}")
            await next_fact(quick)
        assert slow.is_behind and feed.dropped_clients == 1
        text = stream(feed, ctx, slow, None)
        await anext(text)
        assert [name for name, _ in events(await anext(text))] == ["fact", "fact"]
        assert [name for name, _ in events(await anext(text))] == ["behind"]
        with pytest.raises(StopAsyncIteration):
            await anext(text)


async def test_a_beat_says_how_old_the_data_are(ctx: Context, feed: LiveFeed, clock: FakeClock) -> None:
    feed.data_at = clock.now()
    clock.advance(timedelta(seconds=9))
    with feed.open_screen(None) as client:
        name, body = events(await anext(stream(feed, ctx, client, None)))[0]
    assert name == "beat"
    assert body["now"] == clock.now().isoformat() and body["data_at"] != body["now"]


async def test_no_more_screens_are_served_than_one_process_bears(
    feed: LiveFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CLIENTS_MOST", 1)
    with feed.open_screen(None):
        with pytest.raises(LiveFull), feed.open_screen(None):
            pass
    with feed.open_screen(None):
        pass


async def test_only_signed_in_people_see_the_stream(ctx: Context) -> None:
    transport = httpx.ASGITransport(create_app(ctx))
    async with httpx.AsyncClient(transport=transport, base_url="http://garage") as client:
        assert (await client.get("/api/v1/live")).status_code == 401
