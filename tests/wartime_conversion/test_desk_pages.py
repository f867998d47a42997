"""What the desk pages read and send: the draft as values, whom to notify of a car, the roster."""

from datetime import date, timedelta
from uuid import uuid4

from facility.context import Context
from facility.db import unit_of_work
from gateway.parking import lists_store, store
from gateway.parking.rules.stay import StayState
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API, start
from wartime_conversion.rules.plan_difference import value_words


async def test_the_draft_is_read_as_values_with_the_faults_an_edit_made(hands: dict[str, Hand]) -> None:
    boss = hands["commander"].client
    await boss.get(f"{API}/plans")
    sound = (await boss.get(f"{API}/plans/reference/draft/values")).json()
    assert (sound["revision"], sound["faults"]) == (0, [])
    edit = {"fields": {"predecessors": [{"id": "E01", "type": "FS", "lag_min": 0}]}, "revision": 0}
    assert (await boss.patch(f"{API}/plans/reference/draft/tasks/E01", json=edit)).status_code == 200
    told = (await boss.get(f"{API}/plans/reference/draft/values")).json()
    assert told["revision"] == 1
    assert "cycle" in {fault["fault"] for fault in told["faults"]}
    assert told["plan"]["tasks"][0]["links"][0]["task_id"] == "E01"


async def test_a_difference_is_told_in_words_a_person_can_compare(hands: dict[str, Hand]) -> None:
    boss = hands["commander"].client
    first = (await boss.get(f"{API}/plans")).json()[0]
    edit = {"fields": {"duration_min": {"likely": 33}}, "revision": 0}
    await boss.patch(f"{API}/plans/reference/draft/tasks/E01", json=edit)
    draft = (await boss.get(f"{API}/plans/reference/draft")).json()["source"]
    published = await boss.post(f"{API}/plans/reference/versions", json={"source": draft})
    query = {"before": first["id"], "after": published.json()["id"]}
    (found,) = (await boss.get(f"{API}/plans/differences", params=query)).json()
    assert found["after"] == "optimistic_min: 10, likely_min: 33, pessimistic_min: 40"


def test_nothing_and_empty_places_stay_apart_in_words() -> None:
    assert value_words(None) is None
    assert value_words(()) == ""
    assert value_words({"crew": 0, "unit": ""}) == "crew: 0"


async def _come(ctx: Context, plate: str) -> None:
    zone = next(z.id for z in ctx.site.zones.values() if z.level == ctx.site.protective_unit.level)
    async with unit_of_work(ctx.pool) as conn:
        stay = store.NewStay(
            id=uuid4(),
            plate=plate,
            plate_kind="blue",
            vehicle_class="small",
            ticket=None,
            state=StayState.ENTERING,
            entry_lane="A-IN",
            entry_read=None,
            entry_how="read",
            entered_at=ctx.clock.now(),
            permit_id=None,
            is_simulated=False,
        )
        assert await store.insert_stay(conn, stay)
        await store.write_stay_state(
            conn,
            stay.id,
            state=StayState.INSIDE,
            zone_id=zone,
            inside_at=ctx.clock.now(),
            leaving_at=None,
            left_at=None,
        )


async def test_the_cars_inside_name_the_owner_to_notify(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    now = clock.now()
    async with unit_of_work(ctx.pool) as conn:
        permit = lists_store.Permit(
            id=uuid4(),
            kind="monthly",
            holder="王海燕 13800000000",
            bay_id="B1-001",
            max_inside=1,
            valid_from=date(2026, 3, 1),
            valid_to=date(2026, 3, 31),
            fee_fen=30000,
            made_at=now,
            made_by="test",
            ended_at=None,
            ended_by=None,
            plates=["苏F12345"],
        )
        await lists_store.insert_permit(conn, permit)
        visit = lists_store.VisitorPass(
            id=uuid4(),
            plate="浙A88K88",
            host="二楼 207",
            valid_from=now,
            valid_until=now + timedelta(hours=4),
            is_free=True,
            made_at=now,
            made_by="test",
        )
        await lists_store.insert_visitor_pass(conn, visit)
    for plate in ("苏F12345", "浙A88K88", "沪C00001"):
        await _come(ctx, plate)
    run = await start(hands["commander"], kind="drill")
    cars = (await hands["commander"].client.get(f"{API}/runs/{run}/cars")).json()
    assert {car["plate"]: (car["owner"], car["owner_relation"]) for car in cars} == {
        "苏F12345": ("王海燕 13800000000", "permit_holder"),
        "浙A88K88": ("二楼 207", "visitor_host"),
        "沪C00001": (None, None),
    }


async def test_the_commander_places_people_and_their_pin_stays(hands: dict[str, Hand]) -> None:
    boss, who = hands["commander"].client, hands["leader"].id
    before = next(m for m in (await boss.get(f"{API}/members")).json() if m["id"] == str(who))
    body = {"crew": "LOG", "phone": "13900000000", "is_leader": True}
    assert (await boss.put(f"{API}/members/{who}", json=body)).status_code == 200
    after = next(m for m in (await boss.get(f"{API}/members")).json() if m["id"] == str(who))
    assert after == before | body
    assert (await boss.put(f"{API}/members/{who}", json=body | {"crew": "NONE"})).status_code == 422
    assert (await boss.put(f"{API}/members/{uuid4()}", json=body)).status_code == 404
    assert (await hands["leader"].client.put(f"{API}/members/{who}", json=body)).status_code == 403
