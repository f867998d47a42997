"""Ways out are locked by command only, only when nobody and no car is inside, and fire frees them."""

from datetime import timedelta

from facility.alarm_store import clear_alarm
from facility.board import EquipmentKind
from facility.board_store import read_lockouts
from facility.context import Context
from facility.db import unit_of_work
from gateway.parking.occupancy import count_cars
from gateway.parking.occupancy_store import prepare_zone
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, Phone
from tests.wartime_conversion.test_conversion_journey import start
from tests.wartime_conversion.test_run_rules import command
from wartime_conversion.ticker import tick

NOT_CLEAR = (403, "conversion.exits_not_clear")


async def people(hand: Hand, run: str, clock: FakeClock, number: int, phone: Phone) -> None:
    phone.say(hand, "headcount", None, clock.now(), values={"people": number})
    assert (await phone.send(hand, clock.now()))[0]["outcome"] == "accepted"


async def locked(ctx: Context, run: str | None = None) -> set[str]:
    async with unit_of_work(ctx.pool) as conn:
        standing = await read_lockouts(conn, shadow_run=run)  # type: ignore[arg-type]
    return {lock.equipment_id for lock in standing if lock.kind == EquipmentKind.LANE}


async def test_the_ways_out_are_locked_only_after_a_clear_count(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="actual")
    boss, phone = hands["commander"], Phone(run=run)
    assert await locked(ctx) == {"A-IN", "B-IN"}
    assert await command(boss, run, "/exits/lock", reason="清场完毕") == NOT_CLEAR
    await people(hands["leader"], run, clock, 1, phone)
    assert await command(boss, run, "/exits/lock", reason="清场完毕") == NOT_CLEAR
    await people(hands["leader"], run, clock, 0, phone)
    assert (await command(hands["leader"], run, "/exits/lock", reason="清场完毕"))[0] == 403
    assert (await command(boss, run, "/exits/lock", reason="清场完毕"))[0] == 200
    assert await locked(ctx) == {"A-IN", "B-IN", "A-OUT", "B-OUT"}
    assert (await command(hands["leader"], run, "/exits/free", reason="运输车要出"))[0] == 200
    assert await locked(ctx) == {"A-IN", "B-IN"}


async def test_a_car_that_only_the_loops_know_keeps_the_ways_out_free(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    zone = next(str(zone.id) for zone in ctx.site.zones.values() if zone.level == "B1")
    run = await start(hands["commander"], kind="actual")
    await people(hands["leader"], run, clock, 0, Phone(run=run))
    async with unit_of_work(ctx.pool) as conn:
        await prepare_zone(conn, zone, capacity=90, now=clock.now())
        await count_cars(conn, zone, 1, now=clock.now())
    assert await command(hands["commander"], run, "/exits/lock", reason="清场完毕") == NOT_CLEAR
    async with unit_of_work(ctx.pool) as conn:
        await count_cars(conn, zone, -1, now=clock.now())
    assert (await command(hands["commander"], run, "/exits/lock", reason="清场完毕"))[0] == 200
    async with unit_of_work(ctx.pool) as conn:
        await count_cars(conn, zone, 1, now=clock.now())
    await tick(ctx)
    assert await locked(ctx) == {"A-IN", "B-IN"}


async def test_somebody_found_inside_frees_the_ways_out_at_once(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="actual")
    phone = Phone(run=run)
    await people(hands["leader"], run, clock, 0, phone)
    assert (await command(hands["commander"], run, "/exits/lock", reason="清场完毕"))[0] == 200
    await people(hands["leader"], run, clock, 2, phone)
    assert await locked(ctx) == {"A-IN", "B-IN"}


async def test_the_fire_signal_frees_every_gate_and_only_the_entries_are_locked_again_after_it(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="actual")
    await people(hands["leader"], run, clock, 0, Phone(run=run))
    assert (await command(hands["commander"], run, "/exits/lock", reason="清场完毕"))[0] == 200
    fire = await hands["commander"].client.post("/api/v1/fire-signal", json={"reason": "烟感报警"})
    assert fire.status_code == 200, fire.text
    assert await locked(ctx) == set()
    await tick(ctx)
    assert await locked(ctx) == set()
    assert await command(hands["commander"], run, "/exits/lock", reason="再锁") == NOT_CLEAR
    clock.advance(timedelta(minutes=10))
    async with unit_of_work(ctx.pool) as conn:
        await clear_alarm(conn, "fire", "site", now=clock.now())
    await tick(ctx)
    assert await locked(ctx) == {"A-IN", "B-IN"}


async def test_a_drill_locks_its_shadow_board_only(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill")
    assert await command(hands["commander"], run, "/exits/lock", reason="演练") == NOT_CLEAR
    await people(hands["leader"], run, clock, 0, Phone(run=run))
    assert (await command(hands["commander"], run, "/exits/lock", reason="演练"))[0] == 200
    assert await locked(ctx) == set()
    assert await locked(ctx, run) == {"A-IN", "B-IN", "A-OUT", "B-OUT"}
