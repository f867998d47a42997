"""The attendant's screen over HTTP, with the real database."""

from datetime import timedelta

import httpx
import pytest

from facility.context import Context
from facility.db import unit_of_work
from facility.ids import new_uuid
from facility.store import read_audit
from gateway.parking import dues_store, gates_store, lanes_store, occupancy, record_store, shift_store, store
from gateway.parking.arrivals import arrive
from gateway.parking.departures import depart
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.gates import carry_out
from gateway.web.attendant_text import AmountUnreadable, fen_of
from tests.fakes import FakeClock
from tests.gateway.parking_world import read_of


@pytest.fixture
async def booth(client: httpx.AsyncClient, context: Context, clock: FakeClock) -> httpx.AsyncClient:
    """吴敏, an attendant, signed in at the booth of a garage with a price list."""
    await occupancy.prepare(context)
    async with unit_of_work(context.pool) as conn:
        await dues_store.insert_tariff(
            conn,
            name="list",
            body={"unit_minutes": 30, "price_per_unit": 2},
            in_force_from=clock.now() - timedelta(days=1),
            saved_at=clock.now(),
            saved_by="manager",
        )
    answer = await client.post(
        "/login", data={"login": "wu", "password": "long enough", "next": "/attendant/"}
    )
    assert answer.status_code == 303
    return client


async def see(context: Context, plate: str, lane: str, *, accepted: bool = True) -> lanes_store.LaneEntry:
    now = context.clock.now()
    async with unit_of_work(context.pool) as conn:
        decide = arrive if lane.endswith("IN") else depart
        entry = await decide(conn, context.site, read_of(plate, lane, now, accepted=accepted), now=now)
    assert entry is not None
    return entry


async def pass_gates(context: Context) -> list[str]:
    async with unit_of_work(context.pool) as conn:
        orders = await gates_store.read_waiting_orders(conn)
    return [await carry_out(context, SimulatedGate(0.0), order) for order in orders]


async def test_nobody_without_the_role_sees_or_acts(client: httpx.AsyncClient) -> None:
    assert (await client.get("/attendant/")).headers["location"].startswith("/login")
    answer = await client.post(f"/attendant/questions/{new_uuid()}", data={"act": "let_in", "reason": "x"})
    assert answer.status_code == 403


async def test_a_car_with_an_unsure_read_is_let_in_by_the_plate_the_attendant_sees(
    booth: httpx.AsyncClient, context: Context
) -> None:
    entry = await see(context, "苏F1234S", "A-IN", accepted=False)
    page = await booth.get("/attendant/")
    assert "识别不确定" in page.text and "苏F·1234S" in page.text
    refused = await booth.post(
        f"/attendant/questions/{entry.id}", data={"act": "let_in", "plate": "苏F12345"}
    )
    assert "reason_needed" in refused.headers["location"]
    data = {"act": "let_in", "plate": "苏F12345", "reason": "看清了车牌"}
    assert (
        "done=let_in" in (await booth.post(f"/attendant/questions/{entry.id}", data=data)).headers["location"]
    )
    assert await pass_gates(context) == ["passed"]
    again = await booth.post(f"/attendant/questions/{entry.id}", data=data)
    assert "lane.entry_settled" in again.headers["location"] or "plate_inside" in again.headers["location"]
    async with unit_of_work(context.pool) as conn:
        (stay,) = await store.read_open_stays(conn)
        assert (stay.plate, stay.entry_how) == ("苏F12345", "attendant")
        (fix,) = await record_store.read_corrections(conn, "lane", str(entry.id))
        assert (fix.before, fix.after, fix.by_person, fix.reason) == (
            "苏F1234S",
            "苏F12345",
            "吴敏",
            "看清了车牌",
        )
        assert any(row.act == "lane.let_in" for row in await read_audit(conn))


async def test_of_two_cars_alike_the_attendant_chooses_and_takes_cash(
    booth: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    first = await see(context, "苏FA8821", "A-IN")
    await see(context, "苏FAB821", "B-IN")
    await pass_gates(context)
    clock.advance(timedelta(minutes=50))
    asked = await see(context, "苏FA3821", "A-OUT")
    page = await booth.get("/attendant/")
    assert "有多辆相近的车" in page.text and "苏F·A8821" in page.text and "苏F·AB821" in page.text
    cash = {"stay": str(first.stay_id), "amount_fen": "400"}
    assert "shift.missing" in (await booth.post("/attendant/cash", data=cash)).headers["location"]
    await booth.post("/attendant/shift", data={"act": "begin", "cash_yuan": "200"})
    assert "done=cash" in (await booth.post("/attendant/cash", data=cash)).headers["location"]
    data = {"act": "let_out", "stay": str(first.stay_id), "reason": "车型与入场照片一致"}
    await booth.post(f"/attendant/questions/{asked.id}", data=data)
    assert await pass_gates(context) == ["passed"]
    async with unit_of_work(context.pool) as conn:
        (left,) = await store.read_open_stays(conn)
        assert left.plate == "苏FAB821"


async def test_a_shift_is_handed_over_with_its_count_and_the_difference_is_kept(
    booth: httpx.AsyncClient, context: Context
) -> None:
    await booth.post("/attendant/shift", data={"act": "begin", "cash_yuan": "200.00"})
    assert "¥200.00" in (await booth.get("/attendant/")).text
    data = {"act": "end", "cash_yuan": "198.5", "handed_to": "陈华", "note": "找零差错"}
    assert "done=shift_end" in (await booth.post("/attendant/shift", data=data)).headers["location"]
    async with unit_of_work(context.pool) as conn:
        (shift,) = await shift_store.read_shifts(conn)
        assert (shift.expected_cash_fen, shift.counted_cash_fen, shift.handed_to) == (20000, 19850, "陈华")
        (fix,) = await record_store.read_corrections(conn, "shift", str(shift.id))
        assert (fix.before, fix.after, fix.reason) == ("20000", "19850", "找零差错")


async def test_a_closed_lane_takes_no_car_until_it_is_opened_again(
    booth: httpx.AsyncClient, context: Context
) -> None:
    await booth.post("/attendant/lane", data={"lane": "A-IN", "act": "close", "reason": "地面积水"})
    assert (await see(context, "苏F12345", "A-IN")).reason == "lane_closed"
    await booth.post("/attendant/lane", data={"lane": "A-IN", "act": "reopen", "reason": "已排水"})
    assert (await see(context, "浙B99K99", "A-IN")).outcome == "open"


@pytest.mark.parametrize("typed", ["", "abc", "-1", "1.234", "NaN", "1e30"])
def test_what_is_no_amount_of_fen_is_refused(typed: str) -> None:
    with pytest.raises(AmountUnreadable):
        fen_of(typed)


def test_yuan_become_whole_fen() -> None:
    assert (fen_of("12.05"), fen_of(" ¥3 "), fen_of("0")) == (1205, 300, 0)
