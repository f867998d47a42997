import httpx

from facility.alarm_store import raise_alarm
from facility.board import EquipmentKind, Source
from facility.board_store import place_lockout
from facility.context import Context
from facility.db import unit_of_work


async def sign_in(client: httpx.AsyncClient, login: str) -> None:
    client.cookies.clear()
    answer = await client.post("/api/v1/session", json={"login": login, "password": "long enough"})
    assert answer.status_code == 200


async def test_a_manager_places_and_lifts_a_maintenance_lockout(client: httpx.AsyncClient) -> None:
    await sign_in(client, "li")
    body = {"kind": "evse", "equipment_id": "E01", "reason": "cable worn"}
    assert (await client.post("/api/v1/lockouts", json=body)).json() == {"placed": True}
    assert (await client.post("/api/v1/lockouts", json=body)).json() == {"placed": False}
    (lockout,) = (await client.get("/api/v1/board")).json()["lockouts"]
    assert (lockout["equipment_id"], lockout["source"], lockout["placed_by"]) == (
        "E01",
        "maintenance",
        "李强",
    )
    lift = {"kind": "evse", "equipment_id": "E01"}
    assert (await client.post("/api/v1/lockouts/lift", json=lift)).status_code == 200
    assert (await client.post("/api/v1/lockouts/lift", json=lift)).json()["code"] == "missing"


async def test_nobody_places_a_conversion_lockout_by_hand(client: httpx.AsyncClient) -> None:
    await sign_in(client, "li")
    body = {"kind": "evse", "equipment_id": "E01", "source": "conversion", "reason": "by hand"}
    assert (await client.post("/api/v1/lockouts", json=body)).status_code == 422


async def test_a_lockout_on_unknown_equipment_is_refused(client: httpx.AsyncClient) -> None:
    await sign_in(client, "li")
    body = {"kind": "lane", "equipment_id": "Z-IN", "reason": "no such lane"}
    answer = await client.post("/api/v1/lockouts", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (404, "the site has no lane Z-IN")


async def test_the_fire_signal_opens_gates_and_leaves_safety_lockouts(
    client: httpx.AsyncClient, context: Context
) -> None:
    async with unit_of_work(context.pool) as conn:
        for lane, source in (("A-IN", Source.CONVERSION), ("A-OUT", Source.SAFETY)):
            await place_lockout(
                conn,
                kind=EquipmentKind.LANE,
                equipment_id=lane,
                source=source,
                reason="r",
                by="b",
                now=context.clock.now(),
            )
    await sign_in(client, "wu")
    answer = await client.post("/api/v1/fire-signal", json={"reason": "smoke in zone B1-C"})
    assert answer.json() == {"lifted": 1}
    board = (await client.get("/api/v1/board")).json()
    assert [lockout["source"] for lockout in board["lockouts"]] == ["safety"]
    (alarm,) = (await client.get("/api/v1/alarms")).json()
    assert (alarm["kind"], alarm["severity"]) == ("fire", "critical")


async def test_acknowledging_an_alarm_names_who_saw_it(client: httpx.AsyncClient, context: Context) -> None:
    async with unit_of_work(context.pool) as conn:
        await raise_alarm(conn, "evse.fault", "E05", "warning", {}, now=context.clock.now())
    await sign_in(client, "wu")
    (alarm,) = (await client.get("/api/v1/alarms")).json()
    seen = await client.post(f"/api/v1/alarms/{alarm['id']}/acknowledge")
    assert seen.json()["acknowledged_by"] == "吴敏"


async def test_the_board_is_for_staff(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/board")).status_code == 401
    assert (await client.get("/api/v1/mode")).json()["mode"] == "peacetime"
