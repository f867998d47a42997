"""Charts over a year of one-minute samples of 12 zones: windows of the series route, gaps filled, and of the
managers' screen, shaped into its lines.

Runs on a server of its own in a temporary folder; two to four minutes, most of them filling the year.
Usage: python bench/occupancy.py [--days 365] [--zones 12] [--rounds 20]
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from dashboard import store
from dashboard.figures.occupancy import Count, shares_over_time, total_over_time
from facility.db import Pool, open_pool, unit_of_work
from facility.embedded import start_server
from facility.migrate import migrate
from gateway.parking import demo_store, occupancy, series

UNTIL = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
Read = Callable[..., Awaitable[list[store.OccupancyPoint]]]
SCREENS: dict[str, tuple[timedelta, Read]] = {
    "1 h": (timedelta(hours=1), store.read_occupancy_minutes),
    "24 h": (timedelta(hours=24), store.read_occupancy_quarters),
    "7 days": (timedelta(days=7), store.read_occupancy_hours),
    "90 days": (timedelta(days=90), store.read_occupancy_quarter_days),
}
WINDOWS = {"24 h": 1, "3 days": 3, "14 days": 14, "60 days": 60, "365 days": 365}


async def fill(dsn: str, zones: list[str], days: int) -> tuple[float, float]:
    """A year of samples and its roll-ups; returns the seconds each took."""
    rng = np.random.default_rng(1)
    pool = await open_pool(dsn)
    since = UNTIL - timedelta(days=days)
    try:
        began = time.perf_counter()
        for zone in zones:
            walk = np.cumsum(rng.integers(-1, 2, days * 1440))
            occupied = (np.abs(walk) % 90).astype(np.int32)
            async with unit_of_work(pool) as conn:
                await demo_store.copy_samples(conn, zone, since, occupied, 90)
        filled = time.perf_counter() - began
        began = time.perf_counter()
        async with unit_of_work(pool) as conn:
            await occupancy.roll_up(conn, now=UNTIL)
        rolled = time.perf_counter() - began
        async with pool.connection() as conn:
            await conn.set_autocommit(True)
            await conn.execute("analyze")
            await conn.set_autocommit(False)
    finally:
        await pool.close()
    return filled, rolled


def percentiles(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile of milliseconds."""
    times.sort()
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
    }


async def show(pool: Pool, zones: list[str], length: timedelta, read: Read, number: int) -> float:
    """What the managers' screen does for one window of all zones: read, total, shares; milliseconds."""
    until = UNTIL - timedelta(hours=number % 6)
    began = time.perf_counter()
    async with unit_of_work(pool) as conn:
        points = await read(conn, since=until - length, until=until)
    counts = [Count(zone_id=row.zone_id, at=row.at, occupied=float(row.occupied)) for row in points]
    total_over_time(counts, frozenset(zones), longest_s=3 * 6 * 3600)
    shares_over_time(counts, dict.fromkeys(zones, 90))
    return 1000 * (time.perf_counter() - began)


async def measure(dsn: str, zones: list[str], days: int, rounds: int) -> dict[str, dict[str, float]]:
    """Every window, of one zone and of all, so many times; milliseconds."""
    pool = await open_pool(dsn)
    found: dict[str, dict[str, float]] = {}
    try:
        for name, length in WINDOWS.items():
            if length > days:
                continue
            for chosen, asked in (("one zone", zones[:1]), ("all zones", zones)):
                times = []
                for number in range(rounds):
                    until = UNTIL - timedelta(hours=number % 6)
                    began = time.perf_counter()
                    async with unit_of_work(pool) as conn:
                        await series.read_series(conn, asked, until - timedelta(days=length), until)
                    times.append(1000 * (time.perf_counter() - began))
                found[f"{name}, {chosen}"] = percentiles(times)
        for name, (length, read) in SCREENS.items():
            times = [await show(pool, zones, length, read, number) for number in range(rounds)]
            found[f"screen, {name}"] = percentiles(times)
    finally:
        await pool.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--zones", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    zones = [f"zone{number:02d}" for number in range(given.zones)]
    with tempfile.TemporaryDirectory(prefix="pz-") as folder:
        state = Path(folder)
        state.chmod(0o711)
        server = start_server(state)
        try:
            migrate(server.dsn())
            filled, rolled = asyncio.run(fill(server.dsn(), zones, given.days))
            found = asyncio.run(measure(server.dsn(), zones, given.days, given.rounds))
        finally:
            server.stop()
    print(f"{given.days * 1440 * given.zones} samples written in {filled:.1f} s, rolled up in {rolled:.1f} s")
    for name, value in found.items():
        print(f"  {name:22} median {value['median_ms']:7.1f} ms   p95 {value['p95_ms']:7.1f} ms")
    worst = max(value["p95_ms"] for value in found.values())
    print(f"  processor of this process {time.process_time():.1f} s in all")
    print(json.dumps({"samples": given.days * 1440 * given.zones, "worst_p95_ms": worst, "charts": found}))


if __name__ == "__main__":
    main()
