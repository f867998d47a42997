"""The schedule and the forecast over their routes."""

from datetime import datetime, timedelta

from facility.context import Context
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API, give_roles, start, work_through


async def test_the_outlook_tells_the_verdict_the_remedy_and_the_spread(hands: dict[str, Hand]) -> None:
    body = {"tiers": ["emergency", "activation"]}
    reply = await hands["commander"].client.post(f"{API}/outlook", json=body)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["makespan_min"], told["proved"]) == (4540, True)
    assert [(row["tier"], row["is_kept"]) for row in told["verdicts"]] == [
        ("emergency", True),
        ("activation", False),
    ]
    assert not told["verdicts"][1]["limit_confirmed"]
    assert told["advice"]["remedy"]["added"] == {"equipment.FORK": 1}
    assert told["outlook"]["p50_min"] <= told["outlook"]["p95_min"]
    better = await hands["commander"].client.post(f"{API}/outlook", json=body | {"capacities": {"FORK": 3}})
    assert (better.json()["makespan_min"], better.json()["advice"]) == (4000, None)


async def test_a_tier_in_its_working_hours_comes_with_its_bound(hands: dict[str, Hand]) -> None:
    reply = await hands["commander"].client.post(f"{API}/outlook/hours", json={"tiers": ["emergency"]})
    assert reply.json() == [
        {"tier": "emergency", "elapsed_min": 1540, "lower_bound_min": 1540, "proved": True}
    ]
    late = await hands["commander"].client.post(f"{API}/outlook/hours", json={"tiers": ["late"]})
    assert late.json()["code"] == "conversion.question_unusable"


async def test_a_question_the_plan_does_not_know_is_refused(hands: dict[str, Hand]) -> None:
    client = hands["commander"].client
    for body in ({"tiers": ["late"]}, {"tiers": ["early"], "capacities": {"CRANE": 1}}):
        reply = await client.post(f"{API}/outlook", json=body)
        assert reply.json()["code"] == "conversion.question_unusable"


async def test_a_running_drill_is_foreseen_from_what_has_happened(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill", profile="skills")
    await give_roles(hands, run)
    client = hands["commander"].client
    begun = clock.now()
    first = (await client.get(f"{API}/runs/{run}/forecast")).json()
    assert set(first["finishes"]) == {"L13", "U05", "U08", "U11", "D03", "D10"}
    clock.advance(timedelta(minutes=30))
    later = (await client.get(f"{API}/runs/{run}/forecast")).json()
    moved = datetime.fromisoformat(later["finish_at"]) - datetime.fromisoformat(first["finish_at"])
    assert moved == timedelta(minutes=30)
    assert later["seconds"] < 2
    await work_through(ctx, hands, run, clock, [])
    done = (await client.get(f"{API}/runs/{run}/forecast")).json()
    assert done["critical"] == []
    assert begun < datetime.fromisoformat(done["finish_at"]) <= clock.now()
    unknown = await client.get(f"{API}/runs/{run}/forecast", params={"capacity": "CRANE=1"})
    assert unknown.json()["code"] == "conversion.question_unusable"
