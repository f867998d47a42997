"""Routes of parking, permits and lists over HTTP."""

from datetime import timedelta

import httpx
import pytest

from facility.context import Context
from facility.db import unit_of_work
from facility.ids import new_uuid
from facility.store import read_audit
from gateway.parking import gates_store, lanes_store, occupancy, record_store
from gateway.parking.arrivals import arrive
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.gates import carry_out
from tests.fakes import FakeClock
from tests.gateway.parking_world import read_of


@pytest.fixture
async def manager(client: httpx.AsyncClient, context: Context) -> httpx.AsyncClient:
    """李强, a manager, signed in."""
    await occupancy.prepare(context)
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    return client


async def come(context: Context, plate: str, lane: str = "A-IN") -> lanes_store.LaneEntry:
    now = context.clock.now()
    async with unit_of_work(context.pool) as conn:
        entry = await arrive(conn, context.site, read_of(plate, lane, now), now=now)
    async with unit_of_work(context.pool) as conn:
        orders = await gates_store.read_waiting_orders(conn)
    for order in orders:
        await carry_out(context, SimulatedGate(0.0), order)
    assert entry is not None
    return entry


async def test_a_permit_shared_by_two_cars_covers_one_of_them_at_a_time(
    manager: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    today = clock.now().date()
    body = {
        "kind": "monthly",
        "holder": "刘洋",
        "plates": ["苏f·a1234", "苏FB5678"],
        "valid_from": str(today),
        "valid_to": str(today + timedelta(days=30)),
        "fee_fen": 30000,
    }
    made = await manager.post("/api/v1/permits", json=body)
    assert made.status_code == 201 and made.json()["plates"] == ["苏FA1234", "苏FB5678"]
    assert (await come(context, "苏FA1234")).reason == "permit"
    assert (await come(context, "苏FB5678", "B-IN")).reason == "permit_in_use"
    assert (await manager.delete(f"/api/v1/permits/{made.json()['id']}")).status_code == 204
    assert (await manager.delete(f"/api/v1/permits/{made.json()['id']}")).status_code == 404
    async with unit_of_work(context.pool) as conn:
        acts = {row.act for row in await read_audit(conn)}
    assert {"permit.added", "permit.ended"} <= acts


async def test_one_bay_is_kept_for_one_permit(manager: httpx.AsyncClient, clock: FakeClock) -> None:
    today = str(clock.now().date())
    body = {"kind": "annual", "holder": "a", "plates": ["苏FA1234"], "valid_from": today, "valid_to": today}
    assert (await manager.post("/api/v1/permits", json={**body, "bay_id": "B1-060"})).status_code == 201
    taken = await manager.post("/api/v1/permits", json={**body, "bay_id": "B1-060"})
    assert (taken.status_code, taken.json()["code"]) == (409, "permit.bay_taken")
    assert (await manager.post("/api/v1/permits", json={**body, "bay_id": "X"})).status_code == 409
    wrong = {**body, "valid_to": "2020-01-01"}
    assert (await manager.post("/api/v1/permits", json=wrong)).status_code == 422


async def test_lists_and_passes_reach_the_gate(
    manager: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    deny = {"plate": "苏FA1234", "reason": "多次逃费"}
    assert (await manager.post("/api/v1/lists/deny", json=deny)).status_code == 201
    assert (await manager.post("/api/v1/lists/deny", json=deny)).status_code == 409
    assert (await come(context, "苏FA1234")).reason == "denied"
    await manager.post("/api/v1/lists/emergency", json={"plate": "苏FB5678", "reason": "救护车"})
    assert (await come(context, "苏FB5678")).reason == "emergency"
    visit = {
        "plate": "浙A88K88",
        "host": "物业",
        "valid_from": (clock.now() - timedelta(hours=1)).isoformat(),
        "valid_until": (clock.now() + timedelta(hours=1)).isoformat(),
    }
    assert (await manager.post("/api/v1/visitor-passes", json=visit)).status_code == 201
    assert (await come(context, "浙A88K88", "U-IN")).reason == "visitor"


async def test_a_corrected_stay_keeps_who_and_why(manager: httpx.AsyncClient, context: Context) -> None:
    entry = await come(context, "苏FA1234")
    fixed = await manager.patch(
        f"/api/v1/stays/{entry.stay_id}", json={"plate": "苏FA1Z34", "reason": "照片看清是 Z"}
    )
    assert fixed.json()["stay"]["plate"] == "苏FA1Z34"
    (fix,) = fixed.json()["corrections"]
    assert (fix["before"], fix["after"], fix["by_person"]) == ("苏FA1234", "苏FA1Z34", "李强")
    other = await come(context, "浙B99K99", "B-IN")
    clash = await manager.patch(f"/api/v1/stays/{other.stay_id}", json={"plate": "苏FA1Z34", "reason": "x"})
    assert (clash.status_code, clash.json()["code"]) == (409, "stay.plate_inside")


async def test_a_stay_written_off_frees_its_place(manager: httpx.AsyncClient, context: Context) -> None:
    entry = await come(context, "苏FA1234")
    answer = await manager.post(f"/api/v1/stays/{entry.stay_id}/write-off", json={"reason": "已离场，未识别"})
    assert answer.json()["stay"]["state"] == "closed"
    zones = (await manager.get("/api/v1/zones")).json()
    assert sum(zone["occupied"] for zone in zones) == 0
    again = await manager.post(f"/api/v1/stays/{entry.stay_id}/write-off", json={"reason": "x"})
    assert again.status_code == 409


async def test_a_car_in_another_zone_moves_both_counts_and_a_counted_total_mends_drift(
    manager: httpx.AsyncClient, context: Context
) -> None:
    await come(context, "苏FA1234", "U-IN")
    heard = await manager.put("/api/v1/bays/L4-010/sensor", json={"is_occupied": True, "plate": "苏FA1234"})
    assert heard.status_code == 204
    occupied = {zone["zone_id"]: zone["occupied"] for zone in (await manager.get("/api/v1/zones")).json()}
    assert (occupied["L2"], occupied["L4"]) == (0, 1)
    await manager.post("/api/v1/zones/L4/count", json={"counted": 7, "reason": "夜间清点"})
    async with unit_of_work(context.pool) as conn:
        (fix,) = await record_store.read_corrections(conn, "zone", "L4")
    assert (fix.before, fix.after, fix.by_person) == ("1", "7", "李强")
    missing = await manager.put("/api/v1/bays/Z9/sensor", json={"is_occupied": True})
    assert missing.status_code == 404


async def test_a_series_shows_its_gap_as_a_gap(
    manager: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    since = clock.now()
    for minute in (0, 1, 4):
        async with unit_of_work(context.pool) as conn:
            await occupancy.each_minute(conn, now=since + timedelta(minutes=minute))
    answer = await manager.get(
        "/api/v1/occupancy",
        params={
            "since": since.isoformat(),
            "until": (since + timedelta(minutes=5)).isoformat(),
            "zone": "L3",
        },
    )
    assert answer.json()["step"] == "minute"
    assert [point["occupied"] for point in answer.json()["points"]] == [0.0, 0.0, None, None, 0.0]
    wrong = {"since": since.isoformat(), "until": since.isoformat()}
    assert (await manager.get("/api/v1/occupancy", params=wrong)).status_code == 422


async def test_nobody_without_a_role_reaches_a_route(client: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/api/v1/lanes"),
        ("GET", "/api/v1/stays"),
        ("POST", f"/api/v1/stays/{new_uuid()}/write-off"),
        ("GET", "/api/v1/permits"),
        ("POST", "/api/v1/lists/deny"),
        ("PUT", "/api/v1/bays/B1-001/sensor"),
    ):
        assert (await client.request(method, path, json={})).status_code in (401, 403)
