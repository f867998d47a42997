"""The rest of a run is foreseen with crews levelled, kept, and planned anew when something happens."""

from datetime import datetime, timedelta
from uuid import UUID

from facility.context import Context
from facility.db import unit_of_work
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, Phone, values_for
from tests.wartime_conversion.test_conversion_journey import API, look, start
from wartime_conversion.outlook.foresee import foresee_stale
from wartime_conversion.outlook.store import read_forecast, read_forecast_tasks


async def test_a_forecast_is_kept_until_something_happens_or_a_minute_passes(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill", profile="siren918")
    assert await foresee_stale(ctx) == 1
    assert await foresee_stale(ctx) == 0
    clock.advance(timedelta(seconds=61))
    assert await foresee_stale(ctx) == 1
    task = next(t for t in (await look(hands["commander"], run))["tasks"] if t["state"] == "ready")
    phone = Phone(run=run)
    phone.say(hands["commander"], "report", task["code"], clock.now(), values=values_for(task))
    await phone.send(hands["commander"], clock.now())
    assert await foresee_stale(ctx) == 1
    told = await hands["commander"].client.get(f"{API}/runs/{run}/forecast")
    async with unit_of_work(ctx.pool) as conn:
        kept = await read_forecast(conn, UUID(run))
        assert kept is not None
        rows = await read_forecast_tasks(conn, kept.run_id)
    assert len(rows) == 16
    assert max(row.ends_at for row in rows) == kept.finish_at
    assert datetime.fromisoformat(told.json()["finish_at"]) == kept.finish_at
    assert datetime.fromisoformat(told.json()["made_at"]) == kept.made_at


async def test_another_capacity_is_a_question_and_is_not_kept(ctx: Context, hands: dict[str, Hand]) -> None:
    run = await start(hands["commander"], kind="drill", profile="siren918")
    asked = await hands["commander"].client.get(f"{API}/runs/{run}/forecast?capacity=crew.DOR%3D20")
    assert asked.status_code == 200, asked.text
    async with unit_of_work(ctx.pool) as conn:
        assert await read_forecast(conn, UUID(run)) is None
