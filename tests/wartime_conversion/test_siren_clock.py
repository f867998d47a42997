"""A drill tied to a siren: its time counts down to the siren and starts at the sounded moment."""

from datetime import UTC, timedelta

from facility.context import Context
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API, look, start
from tests.wartime_conversion.test_run_rules import _exercise, command
from wartime_conversion.ticker import tick


async def drill_s(hand: Hand, run: str) -> float:
    return float((await look(hand, run))["clocks"]["drill"]["elapsed_s"])


async def test_drill_time_counts_down_to_the_planned_siren_and_up_from_the_sounded_one(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    boss = hands["commander"]
    planned = clock.now() + timedelta(minutes=20)
    run = await start(boss, kind="drill", profile="siren918", anchor_at=planned.isoformat())
    assert await drill_s(boss, run) == -1200
    told = (await look(boss, run))["siren"]
    assert told["planned"] == {
        "what": "jiangsu_918",
        "at": planned.astimezone(UTC).isoformat(),
    }
    assert (await command(boss, run, "/pause", reason="雷雨"))[0] == 204
    clock.advance(timedelta(minutes=5))
    assert await drill_s(boss, run) == -900, "no pause holds up the town's siren"
    assert (await command(boss, run, "/resume"))[0] == 204
    clock.advance(timedelta(minutes=15, seconds=40))
    assert await drill_s(boss, run) == 40
    late = await boss.client.post(
        f"{API}/runs/{run}/sirens",
        json={"what": "jiangsu_918", "sounded_at": (clock.now() - timedelta(seconds=3)).isoformat()},
    )
    assert late.json()["is_zero"] is True
    assert await drill_s(boss, run) == 3
    clock.advance(timedelta(seconds=57))
    again = await boss.client.post(f"{API}/runs/{run}/sirens", json={"what": "all_clear"})
    assert again.json()["is_zero"] is False
    assert await drill_s(boss, run) == 60
    sounded = (await look(boss, run))["siren"]["sounded"]
    assert [(row["what"], row["is_zero"]) for row in sounded] == [("jiangsu_918", True), ("all_clear", False)]


async def test_the_first_siren_of_an_untied_drill_becomes_its_zero(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    boss = hands["commander"]
    run = await start(boss, kind="drill")
    clock.advance(timedelta(minutes=10))
    assert await drill_s(boss, run) == 600
    assert (await command(hands["evaluator"], run, "/injects/J01", due_at_s=30))[0] == 204
    await boss.client.post(f"{API}/runs/{run}/sirens", json={"what": "prewarning"})
    assert await drill_s(boss, run) == 0
    clock.advance(timedelta(seconds=29))
    await tick(ctx)
    assert not any(i.get("played_at") for i in (await _exercise(boss, run))["injects"])
    clock.advance(timedelta(seconds=1))
    await tick(ctx)
    assert any(i.get("played_at") for i in (await _exercise(boss, run))["injects"])


async def test_a_siren_that_cannot_have_sounded_is_refused(hands: dict[str, Hand], clock: FakeClock) -> None:
    boss = hands["commander"]
    run = await start(boss, kind="drill")
    assert await command(boss, run, "/sirens", what="trumpet") == (422, "conversion.siren_unusable")
    ahead = (clock.now() + timedelta(minutes=1)).isoformat()
    assert (await command(boss, run, "/sirens", what="air_raid", sounded_at=ahead))[0] == 422
    actual = await start(boss, kind="actual")
    told = await boss.client.post(f"{API}/runs/{actual}/sirens", json={"what": "air_raid"})
    assert told.json()["is_zero"] is False
    assert (await look(boss, actual))["clocks"]["drill"] is None
    tied = {"kind": "actual", "reason": "x", "anchor_at": clock.now().isoformat()}
    assert (await boss.client.post(f"{API}/runs", json=tied)).status_code == 422
