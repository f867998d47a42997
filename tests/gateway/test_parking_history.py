"""The made-up past of a demonstration site."""

import time
from datetime import UTC, datetime, timedelta

from facility.db import Pool, unit_of_work
from facility.site import Site
from gateway.parking import occupancy, occupancy_store, series
from gateway.parking.demo_history import fill_history

UNTIL = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=90)


async def test_ninety_days_are_written_quickly_and_hang_together(pool: Pool, site: Site) -> None:
    began = time.perf_counter()
    async with unit_of_work(pool) as conn:
        await fill_history(conn, site, SINCE, UNTIL, 371)
    assert time.perf_counter() - began < 60
    async with unit_of_work(pool) as conn:
        cur = await conn.execute(
            "select count(*), count(*) filter (where state = 'inside'), count(distinct plate), bool_and(is_simulated)"
            " from parking.stay"
        )
        row = await cur.fetchone()
        assert row is not None
        stays, inside, cars, all_simulated = row
        assert stays > 20_000 and cars > 3_000 and all_simulated
        counts = await occupancy_store.read_counts(conn)
        assert sum(count.occupied for count in counts.values()) == inside > 100
        assert all(count.occupied <= count.capacity for count in counts.values())
        bays = [bay for bay in await occupancy_store.read_bay_states(conn) if bay.is_occupied]
        assert len(bays) == inside == len({bay.stay_id for bay in bays})
        overlaps = await conn.execute(
            "select count(*) from parking.stay a join parking.stay b on a.plate = b.plate and a.id < b.id"
            " and tstzrange(a.entered_at, coalesce(a.left_at, 'infinity')) &&"
            " tstzrange(b.entered_at, coalesce(b.left_at, 'infinity'))"
        )
        assert await overlaps.fetchone() == (0,)
        paid = await conn.execute(
            "select count(*), min(amount_fen), bool_and(m.is_simulated), bool_or(s.permit_id is not null)"
            " from parking.money m join parking.stay s on s.id = m.stay_id"
        )
        payments, least, are_simulated, of_permits = (await paid.fetchone()) or (0, 0, False, True)
        assert payments > 10_000 and least > 0 and are_simulated and not of_permits
        step, points = await series.read_series(conn, ["L3"], UNTIL - timedelta(days=60), UNTIL)
    assert step == "hour"
    assert sum(point.occupied is None for point in points) <= 1
    by_hour = {
        hour: [point.occupied for point in points if point.at.hour == hour and point.occupied is not None]
        for hour in (4, 19)
    }  # noon and 03:00 in Nantong
    assert sum(by_hour[4]) / len(by_hour[4]) > 1.3 * sum(by_hour[19]) / len(by_hour[19])


async def test_the_roll_ups_of_the_past_are_those_the_samples_give(pool: Pool, site: Site) -> None:
    async with unit_of_work(pool) as conn:
        await fill_history(conn, site, UNTIL - timedelta(days=2), UNTIL, 5)
        await occupancy.roll_up(conn, now=UNTIL + timedelta(minutes=1))
        query = (
            "select step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity"
            " from parking.occupancy_rollup order by 1, 2, 3"
        )
        written = await (await conn.execute(query)).fetchall()
        await conn.execute("delete from parking.occupancy_rollup")
        await conn.execute("delete from parking.rollup_mark")
        await occupancy.roll_up(conn, now=UNTIL + timedelta(minutes=1))
        assert await (await conn.execute(query)).fetchall() == written
