"""The forecast in the database, the open feed and webhooks."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import numpy as np
import pytest
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.fact_store import write_fact
from facility.mode import Mode
from facility.site import Site
from gateway.parking import (
    forecast_store,
    occupancy,
    occupancy_store,
    site_calendar,
    webhook_store,
)
from gateway.parking.feed import entity_id, etag_of, ngsi_entities, status_publication
from gateway.parking.forecasting import State, is_fit_due, make, quarter_of, read_history, refit
from gateway.parking.webhooks import RETRY_AFTER, add_webhook, deliver_due, queue_facts, queue_test, signature
from tests.fakes import FakeClock


async def remember(conn: AsyncConnection, site: Site, now: datetime, days: int) -> None:
    """Quarter hours of the last days: half of every zone by day, a tenth by night."""
    begin = quarter_of(now) - timedelta(days=days)
    async with conn.cursor() as cur:
        await cur.execute(
            """
            insert into parking.occupancy_rollup
                (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity)
            select 'quarter', zone, at, 15 * capacity * case when extract(hour from at) < 12 then 0.5 else 0.1 end,
                   15, 0, capacity, capacity
            from unnest(%(zones)s::text[], %(capacities)s::integer[]) as z (zone, capacity)
            cross join generate_series(%(begin)s::timestamptz, %(end)s, '15 minutes') as at
            """,
            {
                "zones": list(site.zones),
                "capacities": [zone.capacity for zone in site.zones.values()],
                "begin": begin,
                "end": quarter_of(now) - timedelta(minutes=15),
            },
        )


async def test_the_history_ends_with_the_count_of_this_moment_and_keeps_its_gaps(
    conn: AsyncConnection, site: Site, clock: FakeClock
) -> None:
    now = clock.now()
    assert await read_history(conn, site, since=now - timedelta(days=3), now=now) is None
    await remember(conn, site, now, 2)
    gap = quarter_of(now) - timedelta(hours=5)
    await conn.execute("delete from parking.occupancy_rollup where begins_at = %s", (gap,))
    zone = next(iter(site.zones.values()))
    await occupancy_store.prepare_zone(conn, zone.id, capacity=zone.capacity, now=now)
    await occupancy_store.write_count(conn, zone.id, 7, now=now)
    series = await read_history(conn, site, since=now - timedelta(days=3), now=now)
    assert series is not None
    assert series.rows == 2 * 96 + 1
    assert np.isnan(series.shares[-1 - 20]).all()
    assert series.shares[-1, 0] == pytest.approx(7 / zone.capacity)
    assert series.shares[0, 0] == pytest.approx(0.5)


async def test_a_forecast_is_kept_for_each_zone_and_horizon_and_says_how_it_was_made(
    context: Context,
) -> None:
    now = context.clock.now()
    await occupancy.prepare(context)
    async with unit_of_work(context.pool) as conn:
        await remember(conn, context.site, now, 20)
    state = State(begun_at=now)
    rows = await make(context, state)
    assert len(rows) == 3 * len(context.site.zones)
    assert {row.method for row in rows} == {"usual"}
    assert state.made_for == quarter_of(now)
    hour = next(row for row in rows if row.horizon == "1h")
    assert hour.target_at == quarter_of(now) + timedelta(hours=1)
    assert 0 <= hour.low <= hour.expected <= hour.high <= hour.capacity
    await refit(context, state)
    async with unit_of_work(context.pool) as conn:
        assert await forecast_store.read_last_fit(conn) == now
        assert len(await forecast_store.read_latest_forecasts(conn)) == len(rows)


def test_a_fit_is_due_soon_after_the_start_and_once_a_night() -> None:
    start = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
    state = State(begun_at=start)
    assert not is_fit_due(state, start)
    assert is_fit_due(state, start + timedelta(minutes=1))
    state.fitted_at = start + timedelta(minutes=1)
    assert not is_fit_due(state, start + timedelta(hours=17, minutes=59))
    assert is_fit_due(state, start + timedelta(hours=18))


async def test_a_holiday_set_by_a_manager_is_in_the_calendar(
    client: httpx.AsyncClient, context: Context
) -> None:
    body = {"kind": "holiday", "name": "劳动节"}
    assert (await client.put("/api/v1/calendar/2027-05-01", json=body)).status_code == 401
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    assert (await client.put("/api/v1/calendar/2027-05-01", json=body)).status_code == 204
    days = (await client.get("/api/v1/calendar")).json()
    assert days[-1] == {"day": "2027-05-01", **body}
    assert [sum(day["kind"] == kind for day in days[:-1]) for kind in ("holiday", "workday")] == [
        33,
        6,
    ]  # 2026
    async with unit_of_work(context.pool) as conn:
        calendar = await site_calendar.read_site_calendar(conn)
    assert {date(2026, 2, 15), date(2026, 10, 7), date(2027, 5, 1)} <= calendar.holidays
    assert calendar.day_type(date(2026, 10, 10)) == 0
    assert (await client.delete("/api/v1/calendar/2027-05-01")).status_code == 204
    assert (await client.delete("/api/v1/calendar/2027-05-01")).status_code == 404


async def test_the_feed_is_public_cached_and_changes_its_tag_only_with_its_content(
    client: httpx.AsyncClient, context: Context
) -> None:
    await occupancy.prepare(context)
    for path in ("/api/v1/open/parking", "/api/v1/open/ngsi-ld/v1/entities"):
        first = await client.get(path)
        assert first.status_code == 200
        assert "max-age" in first.headers["cache-control"]
        assert first.headers["access-control-allow-origin"] == "*"
        again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        async with unit_of_work(context.pool) as conn:
            zone = next(iter(context.site.zones))
            count = (await occupancy_store.read_counts(conn))[zone]
            await occupancy_store.write_count(conn, zone, count.occupied + 1, now=context.clock.now())
        changed = await client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert changed.status_code == 200


async def test_an_entity_is_found_by_its_name(client: httpx.AsyncClient, context: Context) -> None:
    await occupancy.prepare(context)
    zone = next(iter(context.site.zones))
    name = entity_id(context.site, zone)
    found = await client.get(f"/api/v1/open/ngsi-ld/v1/entities/{name}")
    assert (found.json()["type"], found.json()["totalSpotNumber"]["type"]) == ("OffStreetParking", "Property")
    assert found.headers["content-type"] == "application/ld+json"
    missing = await client.get(f"/api/v1/open/ngsi-ld/v1/entities/{name}x")
    assert (missing.status_code, missing.json()["code"]) == (404, "feed.zone_unknown")


def test_the_feed_adds_up_and_says_when_the_garage_is_full_or_converted(site: Site) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    counts = {
        zone.id: occupancy_store.ZoneCount(
            zone_id=zone.id, occupied=zone.capacity, capacity=zone.capacity, changed_at=now
        )
        for zone in site.zones.values()
    }
    told = status_publication(site, counts, [], Mode.WARTIME)
    assert told["parkingStatus"]["vacantSpaces"] == 0
    assert told["parkingStatus"]["occupiedSpaces"] == site.capacity
    assert told["parkingStatus"]["parkingSiteOpeningStatus"] == "restricted"
    assert {place["status"] for place in told["parkingPlaces"]} == {"full"}
    assert {tuple(one["status"]["value"]) for one in ngsi_entities(site, counts, [], Mode.WARTIME)} == {
        ("closed", "full")
    }
    assert etag_of(told) == etag_of(json.loads(json.dumps(told)))


def receiver(answers: list[int]) -> tuple[httpx.AsyncClient, list[httpx.Request]]:
    """A client whose far end answers with these statuses in turn, and what it was sent."""
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        status = answers.pop(0) if answers else 200
        if status == 0:
            raise httpx.ConnectError("away")
        return httpx.Response(status)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer)), heard


@pytest.fixture
def queue(context: Context) -> Callable[..., object]:
    async def make_fact(kind: str = "stay.opened", **detail: object) -> int:
        async with unit_of_work(context.pool) as conn:
            await write_fact(conn, kind, "s1", detail, now=context.clock.now())
            return await queue_facts(conn, now=context.clock.now())

    return make_fact


async def hook_of(context: Context, *events: str) -> webhook_store.Webhook:
    async with unit_of_work(context.pool) as conn:
        await queue_facts(conn, now=context.clock.now())
        return await add_webhook(
            conn, url="http://peer.example/hook", events=list(events), by="li", now=context.clock.now()
        )


async def test_a_webhook_is_told_once_signed_and_without_a_whole_plate(
    context: Context, queue: Callable[..., object]
) -> None:
    hook = await hook_of(context, "stay.opened")
    assert await queue(plate="苏F12345") == 1  # type: ignore[misc]
    assert await queue("bay.changed") == 0  # type: ignore[misc]
    client, heard = receiver([200])
    assert await deliver_due(context, client) == 1
    assert await deliver_due(context, client) == 0
    sent = heard[0]
    expected = signature(hook.secret, sent.headers["pingzhan-timestamp"], sent.content)
    assert sent.headers["pingzhan-signature"] == expected
    assert json.loads(sent.content)["event"] == "stay.opened"
    assert "12345" not in sent.content.decode()


async def test_a_webhook_that_does_not_answer_is_told_again_and_given_up_at_last(
    context: Context, clock: FakeClock, queue: Callable[..., object]
) -> None:
    hook = await hook_of(context, "stay.opened")
    await queue()  # type: ignore[misc]
    client, heard = receiver([0, 500] + [302] * 20)
    for wait in RETRY_AFTER:
        await deliver_due(context, client)
        await deliver_due(context, client)
        clock.advance(wait)
    await deliver_due(context, client)
    async with unit_of_work(context.pool) as conn:
        row = (await webhook_store.read_deliveries(conn, hook.id))[0]
    assert len(heard) == len(RETRY_AFTER) + 1
    assert len({request.headers["pingzhan-delivery"] for request in heard}) == 1
    assert (row.state, row.attempts, row.last_status) == ("given_up", len(heard), 302)


async def test_nobody_is_told_of_what_was_before_or_after_the_webhook(
    context: Context, queue: Callable[..., object]
) -> None:
    await queue()  # type: ignore[misc]
    hook = await hook_of(context, "stay.opened")
    client, heard = receiver([])
    assert await deliver_due(context, client) == 0
    await queue()  # type: ignore[misc]
    async with unit_of_work(context.pool) as conn:
        assert await webhook_store.end_webhook(conn, hook.id, now=context.clock.now())
    assert await deliver_due(context, client) == 0
    assert heard == []


async def test_two_webhooks_do_not_wait_for_each_other(context: Context) -> None:
    first = await hook_of(context, "stay.opened")
    second = await hook_of(context, "stay.closed")
    both = asyncio.Event()
    arrived: list[str] = []

    async def meet(request: httpx.Request) -> httpx.Response:
        arrived.append(str(request.url))
        if len(arrived) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 5)
        return httpx.Response(200)

    async with unit_of_work(context.pool) as conn:
        for hook in (first, second):
            await queue_test(conn, hook.id, now=context.clock.now())
    async with httpx.AsyncClient(transport=httpx.MockTransport(meet)) as client:
        assert await deliver_due(context, client) == 2


async def test_managers_make_try_and_end_webhooks(client: httpx.AsyncClient) -> None:
    body = {"url": "https://peer.example/hook", "events": ["alarm.raised"]}
    assert (await client.post("/api/v1/webhooks", json=body)).status_code == 401
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    assert (await client.post("/api/v1/webhooks", json=body | {"url": "file:///x"})).status_code == 422
    made = (await client.post("/api/v1/webhooks", json=body)).json()
    assert len(made["secret"]) > 30
    listed = (await client.get("/api/v1/webhooks")).json()
    assert "secret" not in listed[0]
    path = f"/api/v1/webhooks/{made['id']}"
    assert (await client.post(f"{path}/test")).status_code == 202
    log = (await client.get(f"{path}/deliveries")).json()
    assert [(row["event"], row["state"]) for row in log] == [("webhook.test", "waiting")]
    assert (await client.delete(path)).status_code == 204
    assert (await client.post(f"{path}/test")).status_code == 404
