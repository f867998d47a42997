"""The gate decision: facts read, rule called, stay and gate order written, with a large past and many permits.

Runs on a server of its own in a temporary folder; about a minute. Each decision is one unit of work of one new car;
`decision` is the time until it is committed.
Usage: python bench/gate_decision.py [--stays 100000] [--permits 5000] [--cars 300]
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from facility.db import open_pool, unit_of_work
from facility.embedded import start_server
from facility.ids import new_uuid
from facility.migrate import migrate
from facility.site import demonstration_site
from gateway.parking import occupancy
from gateway.parking.arrivals import arrive
from gateway.parking.lanes_store import PlateRead

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


async def fill(conn, stays: int, permits: int) -> None:  # type: ignore[no-untyped-def]
    """A past of so many closed stays and as many permits as asked."""
    await conn.execute(
        """
        insert into parking.stay (id, plate, state, entry_lane, exit_lane, entry_how, exit_how, entered_at, left_at)
        select gen_random_uuid(), '苏F' || lpad((n %% 20000)::text, 5, '0'), 'closed', 'A-IN', 'A-OUT', 'read', 'read',
               %(now)s::timestamptz - n * interval '70 seconds', %(now)s::timestamptz - n * interval '70 seconds'
               + interval '50 seconds'
        from generate_series(1, %(stays)s) n
        """,
        {"now": NOW, "stays": stays},
    )
    await conn.execute(
        """
        with made as (
            insert into parking.permit (id, kind, holder, valid_from, valid_to, made_at, made_by)
            select gen_random_uuid(), 'monthly', 'h' || n, '2026-11-01', '2026-11-30', %(now)s, 'bench'
            from generate_series(1, %(permits)s) n returning id, holder
        )
        insert into parking.permit_plate (permit_id, plate)
        select id, '苏F' || lpad(substr(holder, 2), 5, '0') from made
        """,
        {"now": NOW, "permits": permits},
    )


async def measure(dsn: str, stays: int, permits: int, cars: int) -> dict[str, float]:
    """Decide for so many cars, half of them with a permit; returns milliseconds."""
    site = demonstration_site()
    pool = await open_pool(dsn)
    rng = Random(1)
    times: list[float] = []
    try:
        async with unit_of_work(pool) as conn:
            await occupancy.prepare_rows(conn, site, now=NOW)
            await fill(conn, stays, permits)
        async with pool.connection() as conn:
            await conn.set_autocommit(True)
            await conn.execute("analyze")
            await conn.set_autocommit(False)
        for number in range(cars):
            known = f"苏F{rng.randrange(permits):05d}"
            strange = f"浙{rng.choice(LETTERS)}{rng.choice(LETTERS)}{rng.randrange(1000, 9999)}"
            now = NOW + timedelta(seconds=number * 40)
            lane = ("A-IN", "B-IN", "U-IN")[number % 3]
            read = PlateRead(
                id=new_uuid(),
                camera_id=f"cam-{lane}",
                lane_id=lane,
                direction="in",
                text=known if number % 2 else strange,
                kind="blue",
                confidence=0.98,
                accepted=True,
                picture_path=None,
                seen_at=now,
            )
            began = time.perf_counter()
            async with unit_of_work(pool) as conn:
                await arrive(conn, site, read, now=now)
            times.append(1000 * (time.perf_counter() - began))
            async with unit_of_work(pool) as conn:
                await conn.execute("delete from parking.gate_order")
                await conn.execute("update parking.stay set state = 'closed' where state = 'entering'")
    finally:
        await pool.close()
    times.sort()
    return {
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(times[int(len(times) * 0.95)], 2),
        "max_ms": round(times[-1], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stays", type=int, default=100_000)
    parser.add_argument("--permits", type=int, default=5_000)
    parser.add_argument("--cars", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pz-") as folder:
        state = Path(folder)
        state.chmod(0o711)
        server = start_server(state)
        try:
            migrate(server.dsn())
            found = asyncio.run(measure(server.dsn(), given.stays, given.permits, given.cars))
        finally:
            server.stop()
    print(f"gate decision, {given.stays} past stays, {given.permits} permits, {given.cars} cars")
    for name, value in found.items():
        print(f"  {name:12} {value:8.2f}")
    print(json.dumps({"stays": given.stays, "permits": given.permits, "cars": given.cars, **found}))


if __name__ == "__main__":
    main()
