"""A month's fees: 20,000 stays priced again, by each of four price lists that together use most of the vocabulary."""

import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_fee import parking_fee
from gateway.parking.rules.tariff_stay import Charged, PricedStay, Vehicle

STAYS = 20_000
LISTS: dict[str, dict[str, Any]] = {
    "one rate": {"free_minutes": 30, "unit_minutes": 30, "price_per_unit": 1, "cap_24h": 20},
    "day and night": {
        "free_minutes": 15,
        "segments": [
            {
                "from": "08:00",
                "to": "20:00",
                "unit_minutes": 30,
                "price_per_unit": 1,
                "price_per_unit_holiday": 2,
            },
            {"from": "20:00", "to": "08:00", "unit_minutes": 30, "price_per_unit": 1, "cap": 5},
        ],
        "holidays": ["2026-10-01", "2026-10-02", "2026-10-03"],
        "cap_24h": 20,
        "cap_basis": "calendar",
        "discount": {"nev": 0.5},
        "round_to": 1,
    },
    "slabs": {
        "free_minutes": 30,
        "slabs": [{"upto_minutes": 120, "price": 5}, {"upto_minutes": 1440, "price": 15}],
        "restart_after_minutes": 1440,
    },
    "tiers and charging": {
        "free_minutes": 15,
        "unit_minutes": 15,
        "price_per_unit": 0.5,
        "cap_24h": 30,
        "nev_tiers": [{"upto_minutes": 60, "factor": 0}, {"upto_minutes": 180, "factor": 0.5}, {"factor": 1}],
        "charging_time_exempt": True,
        "idle_fee": {"grace_minutes": 30, "price_per_minute": 1},
        "class_multiplier": {"large": 1.5},
    },
}


def month(count: int) -> list[tuple[PricedStay, datetime]]:
    """Stays of one month: most of a few hours, one in twenty of days; a third new-energy, half of those charging."""
    draw = random.Random(20261001)
    start_at = datetime(2026, 9, 30, 16, tzinfo=UTC)
    stays = []
    for _ in range(count):
        entered_at = start_at + timedelta(seconds=draw.randrange(31 * 86_400))
        hours = draw.expovariate(1 / 60) if draw.random() < 0.05 else draw.expovariate(1 / 3)
        left_at = entered_at + timedelta(hours=hours)
        is_nev = draw.random() < 1 / 3
        charged: tuple[Charged, ...] = ()
        if is_nev and draw.random() < 0.5:
            ended_at = entered_at + (left_at - entered_at) * 0.7
            charged = (Charged(started_at=entered_at, energy_wh=20_000, ended_at=ended_at),)
        vehicle = Vehicle(vehicle_class="large" if draw.random() < 0.02 else "small", is_nev=is_nev)
        stays.append((PricedStay(entered_at=entered_at, vehicle=vehicle, charged=charged), left_at))
    return stays


def main() -> None:
    """Price the month by each list; the best of three runs counts."""
    stays = month(STAYS)
    seconds: dict[str, float] = {}
    for name, document in LISTS.items():
        tariff = read_tariff(document)
        runs = []
        for _ in range(3):
            begun, processor_begun = time.perf_counter(), time.process_time()
            total = sum(parking_fee(stay, left_at, tariff).total_fen for stay, left_at in stays)
            runs.append((time.perf_counter() - begun, time.process_time() - processor_begun))
        wall_s, processor_s = min(runs)
        seconds[name] = round(wall_s, 3)
        print(f"{name:20} {wall_s:6.3f} s ({processor_s:.3f} s of processor)  {total / 100:12.2f} yuan")
    print(json.dumps({"stays": STAYS, "seconds": seconds, "worst_s": max(seconds.values()), "limit_s": 2.0}))


if __name__ == "__main__":
    main()
