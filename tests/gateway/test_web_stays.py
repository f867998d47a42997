"""Cars that crossed unseen, and stays put right, on the attendant's pages and through the arrivals' own path."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from facility.context import Context
from facility.db import unit_of_work
from facility.store import read_audit
from gateway.parking import (
    dues_store,
    fallback,
    gates_store,
    lanes_store,
    occupancy,
    occupancy_store,
    record_store,
    store,
)
from gateway.parking.arrivals import arrive
from gateway.parking.departures import depart
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.fallback import Crossing, write_crossing
from gateway.parking.gates import carry_out
from tests.fakes import FakeClock
from tests.gateway.parking_world import read_of


@pytest.fixture
async def booth(client: httpx.AsyncClient, context: Context) -> httpx.AsyncClient:
    """吴敏, an attendant, signed in."""
    await occupancy.prepare(context)
    async with unit_of_work(context.pool) as conn:
        await dues_store.insert_tariff(
            conn,
            name="list",
            body={"free_minutes": 600, "unit_minutes": 30, "price_per_unit": 2},
            in_force_from=context.clock.now() - timedelta(days=1),
            saved_at=context.clock.now(),
            saved_by="manager",
        )
    answer = await client.post(
        "/login", data={"login": "wu", "password": "long enough", "next": "/attendant/"}
    )
    assert answer.status_code == 303
    return client


async def see(context: Context, plate: str, lane: str) -> lanes_store.LaneEntry:
    now = context.clock.now()
    async with unit_of_work(context.pool) as conn:
        decide = arrive if lane.endswith("IN") else depart
        entry = await decide(conn, context.site, read_of(plate, lane, now), now=now)
    assert entry is not None
    return entry


async def pass_gates(context: Context, cars: int = 1) -> list[str]:
    async with unit_of_work(context.pool) as conn:
        orders = await gates_store.read_waiting_orders(conn)
    return [await carry_out(context, SimulatedGate(0.0, lambda: cars), order) for order in orders]


async def cars_in(context: Context) -> dict[str, int]:
    async with unit_of_work(context.pool) as conn:
        counts = await occupancy_store.read_counts(conn)
    return {zone: count.occupied for zone, count in counts.items() if count.occupied}


async def asks(context: Context) -> list[lanes_store.LaneEntry]:
    async with unit_of_work(context.pool) as conn:
        return await lanes_store.read_asks(conn)


async def open_stays(context: Context) -> dict[str | None, store.Stay]:
    async with unit_of_work(context.pool) as conn:
        return {stay.plate: stay for stay in await store.read_open_stays(conn)}


async def park_in(context: Context, stay_id: UUID, bay: str) -> None:
    async with unit_of_work(context.pool) as conn:
        await occupancy.bay_heard(conn, bay, is_occupied=True, now=context.clock.now(), stay_id=stay_id)


async def outage(context: Context, lane: str, data: Path) -> None:
    """A car crossed a lane while the database was away; it is back."""
    crossing = Crossing(lane_id=lane, at=context.clock.now(), cars=1, policy="open")
    write_crossing(data, crossing)
    async with unit_of_work(context.pool) as conn:
        await fallback.enter_journal(conn, context.site, data, lane, now=context.clock.now())
    fallback.put_journal_away(data, lane, now=context.clock.now())


async def answer(booth: httpx.AsyncClient, entry: lanes_store.LaneEntry, **data: str) -> str:
    reply = await booth.post(f"/attendant/questions/{entry.id}", data={"reason": "看了录像", **data})
    return reply.headers["location"]


async def test_a_car_of_an_outage_gets_its_plate_and_is_counted_once(
    booth: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    await outage(context, "U-IN", tmp_path)
    assert await cars_in(context) == {"L2": 1}
    (asked,) = await asks(context)
    assert "补录车牌" in (await booth.get("/attendant/")).text
    assert "done=name" in await answer(booth, asked, act="name", plate="苏f·12345")
    stays = await open_stays(context)
    assert list(stays) == ["苏F12345"] and stays["苏F12345"].entry_how == "journal"
    assert not await asks(context) and await cars_in(context) == {"L2": 1}
    async with unit_of_work(context.pool) as conn:
        (fix,) = await record_store.read_corrections(conn, "stay", str(stays["苏F12345"].id))
    assert (fix.before, fix.after, fix.by_person, fix.reason) == (None, "苏F12345", "吴敏", "看了录像")


async def test_a_car_that_left_in_an_outage_ends_its_stay_without_being_counted_twice(
    booth: httpx.AsyncClient, context: Context, clock: FakeClock, tmp_path: Path
) -> None:
    for plate in ("苏F12345", "苏F67890"):
        await see(context, plate, "U-IN")
        await pass_gates(context)
    await park_in(context, (await open_stays(context))["苏F12345"].id, "L3-001")
    assert await cars_in(context) == {"L2": 1, "L3": 1}
    clock.advance(timedelta(hours=1))
    left_at = clock.now()
    await outage(context, "U-OUT", tmp_path)
    clock.advance(timedelta(minutes=5))
    (asked,) = await asks(context)
    assert "stay.not_inside" in await answer(booth, asked, act="was", plate="浙B99K99")
    assert "done=was" in await answer(booth, asked, act="was", plate="苏F12345")
    assert list(await open_stays(context)) == ["苏F67890"]
    assert await cars_in(context) == {"L2": 1}
    async with unit_of_work(context.pool) as conn:
        gone = await store.find_last_stay(conn, "苏F12345")
    assert gone is not None and (gone.left_at, gone.exit_how, gone.exit_lane) == (left_at, "journal", "U-OUT")


async def test_followers_under_an_open_arm_are_asked_about_one_by_one(
    booth: httpx.AsyncClient, context: Context
) -> None:
    await see(context, "苏F12345", "U-IN")
    await pass_gates(context, cars=2)
    (asked,) = await asks(context)
    assert asked.reason == "tailgate"
    assert "done=name" in await answer(booth, asked, act="name", plate="苏F67890")
    assert await cars_in(context) == {"L2": 2}
    await see(context, "苏F12345", "U-OUT")
    await pass_gates(context, cars=2)
    (asked,) = await asks(context)
    assert "done=was" in await answer(booth, asked, act="was", plate="苏F67890")
    assert not await open_stays(context) and not await cars_in(context)


async def test_one_car_cannot_answer_for_two_and_a_gate_question_names_no_unseen_car(
    booth: httpx.AsyncClient, context: Context
) -> None:
    await see(context, "苏F12345", "U-IN")
    await pass_gates(context, cars=2)
    (asked,) = await asks(context)
    assert "stay.plate_inside" in await answer(booth, asked, act="name", plate="苏F12345")
    assert "attendant.act_unknown" in await answer(booth, asked, act="dance")
    again = await see(context, "苏F12345", "A-IN")
    assert "lane.other_question" in await answer(booth, again, act="was", plate="苏F12345")
    assert "lane.other_question" in await answer(booth, again, act="name", plate="苏F12345")


async def test_a_plate_that_is_inside_already_is_let_in_once_its_missed_exit_is_settled(
    booth: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    first = await see(context, "苏F12345", "A-IN")
    await pass_gates(context)
    clock.advance(timedelta(hours=3))
    again = await see(context, "苏F12345", "U-IN")
    assert (again.outcome, again.reason, again.candidates) == ("ask", "already_inside", [first.stay_id])
    assert "结束旧记录并放行" in (await booth.get("/attendant/")).text
    assert "done=replace" in await answer(booth, again, act="replace", stay=str(first.stay_id))
    assert await pass_gates(context) == ["passed"]
    stays = await open_stays(context)
    assert stays["苏F12345"].entry_lane == "U-IN" and await cars_in(context) == {"L2": 1}


async def test_a_car_that_changes_level_is_counted_where_it_stands_and_leaves_from_there(
    booth: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    entered = await see(context, "苏F12345", "U-IN")
    await pass_gates(context)
    assert entered.stay_id is not None
    for bay, zone in (("L2-005", "L2"), ("L4-001", "L4"), ("R-003", "R")):
        clock.advance(timedelta(minutes=2))
        await park_in(context, entered.stay_id, bay)
        assert await cars_in(context) == {zone: 1}
    page = (await booth.get(f"/attendant/stays/{entered.stay_id}")).text
    assert "场内移动" in page and "R-003" in page and page.count("→") == 3
    await see(context, "苏F12345", "U-OUT")
    assert await pass_gates(context) == ["passed"]
    assert not await cars_in(context)
    async with unit_of_work(context.pool) as conn:
        way = await record_store.read_movements(conn, entered.stay_id)
    assert [(one.from_zone, one.to_zone) for one in way] == [
        (None, "L2"),
        ("L2", "L4"),
        ("L4", "R"),
        ("R", None),
    ]


async def test_a_stay_is_found_and_put_right_with_a_reason_that_is_kept(
    booth: httpx.AsyncClient, context: Context, clock: FakeClock, tmp_path: Path
) -> None:
    entry = await see(context, "苏F12345", "A-IN")
    await pass_gates(context)
    await outage(context, "B-IN", tmp_path)
    found = (await booth.get("/attendant/stays", params={"find": "f123"})).text
    assert "苏F·12345" in found and "J-" not in found
    assert (await booth.get("/attendant/stays")).text.index("J-") < (
        await booth.get("/attendant/stays")
    ).text.index("12345")
    page = f"/attendant/stays/{entry.stay_id}"
    refused = await booth.post(page, data={"act": "plate", "plate": "苏F12346", "reason": " "})
    assert "attendant.reason_needed" in refused.headers["location"]
    await booth.post(page, data={"act": "plate", "plate": "苏F12346", "reason": "照片是 6"})
    future = {"act": "entered", "entered_at": "2030-01-01T00:00", "reason": "x"}
    assert "stay.times" in (await booth.post(page, data=future)).headers["location"]
    broken = {"act": "entered", "entered_at": "soon", "reason": "x"}
    assert "moment.unreadable" in (await booth.post(page, data=broken)).headers["location"]
    earlier = {"act": "entered", "entered_at": "2026-03-02T08:30", "reason": "录像显示 8:30"}
    assert "done=stay_entered" in (await booth.post(page, data=earlier)).headers["location"]
    text = (await booth.get(page)).text
    assert "苏F12345 → 苏F12346" in text and "录像显示 8:30" in text and "吴敏" in text
    await booth.post(page, data={"act": "write_off", "reason": "已离场"})
    assert "停车已结束" in (await booth.get(page)).text
    async with unit_of_work(context.pool) as conn:
        acts = {row.act for row in await read_audit(conn)}
    assert {"stay.plate", "stay.entered", "stay.write_off"} <= acts


async def test_the_pages_on_stays_are_for_the_booth(client: httpx.AsyncClient, context: Context) -> None:
    assert (await client.get("/attendant/stays")).headers["location"].startswith("/login")
    await occupancy.prepare(context)
    entry = await see(context, "苏F12345", "A-IN")
    assert (await client.get(f"/attendant/stays/{entry.stay_id}")).status_code == 303
    reply = await client.post(f"/attendant/stays/{entry.stay_id}", data={"act": "write_off", "reason": "x"})
    assert reply.status_code == 403
