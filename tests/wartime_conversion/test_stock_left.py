"""No bay is given back while the depot's ledger holds goods."""

from uuid import UUID, uuid4

import pytest

from facility.context import Context
from facility.db import unit_of_work
from facility.store import read_bay_uses
from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import look, start
from tests.wartime_conversion.test_run_rules import command
from wartime_conversion import effects
from wartime_conversion.depot.store import LotRow, insert_lot, insert_slot, read_slots, write_balance
from wartime_conversion.rules.plan import Effect
from wartime_conversion.rules.slots import Slot
from wartime_conversion.store import read_run


async def stock(ctx: Context, pallets: int, lot: UUID) -> None:
    async with unit_of_work(ctx.pool) as conn:
        row = LotRow(
            id=lot, category="B1", batch="T", origin="", made_on=None, expires_on=None, received_pallets=4,
            state="quarantine", remark="", received_at=ctx.clock.now(), received_by="wang", decided_at=None,
            decided_by=None,
        )  # fmt: skip
        await insert_lot(conn, row)
        await write_balance(conn, lot, "B1-001", pallets)


async def test_a_task_that_empties_the_storage_waits_for_the_last_pallet(
    ctx: Context, hands: dict[str, Hand]
) -> None:
    boss, lot = hands["commander"], uuid4()
    first = await start(boss, kind="actual")
    assert (await command(boss, first, "/recall", reason="警报解除"))[0] == 200
    back = await start(boss, kind="actual", purpose="restoration")
    await stock(ctx, 4, lot)
    emptying = {
        t["code"]: t["barred"] for t in (await look(boss, back))["tasks"] if "storage_empty" in t["effects"]
    }
    assert emptying
    assert set(map(tuple, emptying.values())) == {("pallets in stock: 4",)}
    async with unit_of_work(ctx.pool) as conn:
        run = await read_run(conn, UUID(back))
        slot = Slot(
            bay_id="B1-001", zone="B1-G", positions=6, clear_height_m=2.2, tributary_m2=24.0, distance_m=5.0
        )
        await insert_slot(conn, slot, by="wang", now=ctx.clock.now())
        with pytest.raises(effects.StockLeft):
            await effects.apply(conn, ctx.site, run, Effect.STORAGE_EMPTY, by="x", now=ctx.clock.now())
        with pytest.raises(effects.StockLeft):
            await effects.apply(conn, ctx.site, run, Effect.BAYS_TO_PARKING, by="x", now=ctx.clock.now())
    await stock(ctx, 0, lot)
    assert all(not t["barred"] for t in (await look(boss, back))["tasks"] if "storage_empty" in t["effects"])
    async with unit_of_work(ctx.pool) as conn:
        await effects.apply(conn, ctx.site, run, Effect.STORAGE_EMPTY, by="x", now=ctx.clock.now())
        assert await read_slots(conn) == []
        assert (await read_bay_uses(conn))["B1-001"].use == "clear"


async def test_a_drill_of_the_way_back_does_not_wait_for_stock(ctx: Context, hands: dict[str, Hand]) -> None:
    boss = hands["commander"]
    drill = await start(boss, kind="drill", purpose="restoration")
    await stock(ctx, 4, uuid4())
    told = (await look(boss, drill))["tasks"]
    assert all("pallets" not in bar for t in told for bar in t["barred"]), (
        "a drill moves nothing and waits for nothing"
    )
