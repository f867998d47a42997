"""Overrides, pauses, amendments, injects and plan versions through the real routes."""

from datetime import timedelta
from typing import Any

from facility.context import Context
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, Phone, values_for
from tests.wartime_conversion.test_conversion_journey import API, give_roles, look, start
from wartime_conversion.ticker import tick


async def command(hand: Hand, run: str, path: str, **body: Any) -> tuple[int, str]:
    reply = await hand.client.post(f"{API}/runs/{run}{path}", json=body or None)
    told = reply.json() if reply.content else {}
    return reply.status_code, told.get("code", "") if isinstance(told, dict) else ""


async def task(hands: dict[str, Hand], run: str, code: str) -> dict[str, Any]:
    return next(t for t in (await look(hands["commander"], run))["tasks"] if t["code"] == code)


async def test_no_command_lifts_a_safety_order(hands: dict[str, Hand]) -> None:
    run = await start(hands["commander"], kind="drill")
    await give_roles(hands, run)
    boss = hands["commander"]
    assert await command(boss, run, "/tasks/U08/override", reason="赶时间") == (
        403,
        "conversion.safety_order_open",
    )
    status, _ = await command(boss, run, "/tasks/E03/override", reason="材料已齐")
    assert status == 204
    assert (await task(hands, run, "E03"))["state"] == "ready"


async def test_people_found_inside_keep_every_door_open_until_counted_out(
    hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill", profile="skills")
    await give_roles(hands, run)
    phone, leader = Phone(run=run), hands["leader"]
    phone.say(leader, "headcount", None, clock.now(), values={"people": 1})
    doors = await task(hands, run, "L13")
    phone.say(leader, "report", "L13", clock.now(), values=values_for(doors))
    fates = await phone.send(leader, clock.now())
    assert [(f["outcome"], f["reason"]) for f in fates] == [("accepted", None), ("refused", "barred")]
    phone.say(leader, "headcount", None, clock.now(), values={"people": 0})
    phone.say(leader, "report", "L13", clock.now(), values=values_for(doors))
    assert [f["outcome"] for f in await phone.send(leader, clock.now())] == ["accepted", "accepted"]


async def test_drill_time_pauses_with_a_reason_and_legal_time_never(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    boss = hands["commander"]
    drill = await start(boss, kind="drill")
    clock.advance(timedelta(hours=1))
    assert (await command(boss, drill, "/pause", reason="雷雨"))[0] == 204
    assert await command(boss, drill, "/pause", reason="again") == (409, "conversion.pause_stands")
    clock.advance(timedelta(hours=2))
    assert (await command(boss, drill, "/resume"))[0] == 204
    clock.advance(timedelta(minutes=30))
    clocks = (await look(boss, drill))["clocks"]
    assert clocks["legal"]["elapsed_s"] == 3.5 * 3600
    assert clocks["drill"]["elapsed_s"] == 1.5 * 3600
    assert (clocks["pauses"][0]["reason"], clocks["pauses"][0]["person"]) == ("雷雨", "孙指挥")
    actual = await start(boss, kind="actual")
    assert await command(boss, actual, "/pause", reason="x") == (403, "conversion.legal_time_never_pauses")


async def test_an_amendment_changes_the_run_and_not_the_published_version(hands: dict[str, Hand]) -> None:
    boss = hands["commander"]
    run = await start(boss, kind="drill")
    before = (await boss.client.get(f"{API}/plans")).json()
    reply = await boss.client.post(
        f"{API}/runs/{run}/tasks/E04/amend", json={"change": {"likely_min": 90}, "reason": "人手增加"}
    )
    assert reply.json() == {"number": 1}
    assert (await task(hands, run, "E04"))["likely_min"] == 90
    assert (await boss.client.get(f"{API}/plans")).json() == before
    bad = await boss.client.post(
        f"{API}/runs/{run}/tasks/E04/amend", json={"change": {"links": []}, "reason": "x"}
    )
    assert bad.json()["code"] == "conversion.amendment_unreadable"


async def test_an_inject_is_played_by_drill_time_and_its_decision_logged(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill")
    evaluator = hands["evaluator"]
    assert (await command(evaluator, run, "/injects/J01", due_at_s=600))[0] == 204
    early = await command(evaluator, run, "/injects/J01", decision="拒收，回拨核实")
    assert early == (409, "conversion.inject_not_played")
    clock.advance(timedelta(seconds=599))
    await tick(ctx)
    assert not any(i.get("played_at") for i in (await _exercise(evaluator, run))["injects"])
    clock.advance(timedelta(seconds=1))
    await tick(ctx)
    assert (await command(evaluator, run, "/injects/J01", decision="拒收，回拨核实", is_as_expected=True))[
        0
    ] == 204
    inject = next(i for i in (await _exercise(evaluator, run))["injects"] if i["id"] == "J01")
    assert (inject["played_by"], inject["decision"]) == ("system", "拒收，回拨核实")


async def _exercise(hand: Hand, run: str) -> dict[str, Any]:
    told: dict[str, Any] = (await hand.client.get(f"{API}/runs/{run}/exercise")).json()
    return told


async def test_a_draft_edited_on_a_screen_keeps_the_rest_of_the_file_and_publishes_as_a_new_version(
    hands: dict[str, Hand],
) -> None:
    boss = hands["commander"].client
    first = (await boss.get(f"{API}/plans")).json()[0]
    source = (await boss.get(f"{API}/plans/versions/{first['id']}.yaml")).text
    edit = {"fields": {"duration_min": {"likely": 33}}, "revision": 0}
    saved = await boss.patch(f"{API}/plans/reference/draft/tasks/E01", json=edit)
    assert saved.json() == {"revision": 1}
    stale = await boss.patch(f"{API}/plans/reference/draft/tasks/E01", json=edit)
    assert stale.json()["code"] == "conversion.draft_moved_on"
    draft = (await boss.get(f"{API}/plans/reference/draft")).json()["source"]
    published = await boss.post(f"{API}/plans/reference/versions", json={"source": draft, "note": "演练改进"})
    assert published.json()["number"] == 2
    query = {"before": first["id"], "after": published.json()["id"]}
    changed = (await boss.get(f"{API}/plans/differences", params=query)).json()
    assert [(d["register"], d["id"], d["field"]) for d in changed] == [("tasks", "E01", "spread")]
    assert (await boss.get(f"{API}/plans/versions/{first['id']}.yaml")).text == source


async def test_the_same_uuid_with_other_words_is_a_conflict_and_a_gap_waits(
    hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill")
    leader = hands["leader"]
    phone = Phone(run=run)
    for _ in range(3):
        phone.say(leader, "headcount", None, clock.now(), values={"people": 0})
    one, two, three = phone.queue
    phone.queue = [three]
    assert [(f["status"], f["facts"]) for f in await phone.send(leader, clock.now())] == [
        (425, {"expected": 1})
    ]
    phone.queue = [three, one, two]
    assert [f["status"] for f in await phone.send(leader, clock.now())] == [201, 201, 201]
    phone.queue = [two]
    assert [f["status"] for f in await phone.send(leader, clock.now())] == [200]
    phone.queue = [{**two, "words": two["words"].replace('"people":0', '"people":9')}]
    assert [(f["status"], f["reason"]) for f in await phone.send(leader, clock.now())] == [
        (409, "other_words")
    ]
