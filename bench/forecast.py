"""The occupancy forecast: how long a fit and a forecast take, and, where recorded series are given, how far
off it is.

    python bench/forecast.py [CSV LOTS FROM]

Without arguments a made-up series of 12 zones and 304 days is fitted: its times count, its errors mean
nothing.
"""

import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from gateway.parking.occupancy_backtest import Recorded, measure, read_recorded
from gateway.parking.rules.forecast_calendar import SiteCalendar, german_holidays
from gateway.parking.rules.forecast_series import STEPS_A_DAY

DAYS = 332
ZONES = 12


def made_up() -> Recorded:
    """Twelve zones that fill by day, less at weekends, with slow drifts of their own."""
    draw = np.random.default_rng(371)
    rows = DAYS * STEPS_A_DAY
    row = np.arange(rows)
    by_day = np.clip(np.sin((row % STEPS_A_DAY - 28) / STEPS_A_DAY * 2 * np.pi), 0, 1)
    week = 1 - 0.5 * ((row // STEPS_A_DAY) % 7 >= 5)
    drift = np.zeros((rows, ZONES))
    for at in range(1, rows):
        drift[at] = 0.98 * drift[at - 1] + draw.normal(0, 0.01, ZONES)
    share = np.clip(0.1 + 0.7 * (by_day * week)[:, None] + drift, 0, 1)
    capacity = np.full(ZONES, 400.0)
    return Recorded(
        start_at=datetime(2025, 6, 1, tzinfo=UTC),
        bays=np.round(share * capacity),
        capacity=capacity,
        lots=tuple(f"zone{number:02d}" for number in range(1, ZONES + 1)),
    )


def main() -> None:
    """Measure once."""
    if len(sys.argv) == 4:
        recorded, begin = read_recorded(Path(sys.argv[1]), Path(sys.argv[2])), date.fromisoformat(sys.argv[3])
        source = "recorded"
    else:
        recorded = made_up()
        begin, source = (recorded.start_at + timedelta(days=DAYS - 28)).date(), "made up"
    calendar = SiteCalendar(timezone=ZoneInfo("Europe/Berlin"), holidays=german_holidays(range(2025, 2028)))
    begun = time.process_time()
    errors, fitted_s, forecast_ms = measure(recorded, begin, calendar)
    processor_s = time.process_time() - begun
    for name, error in errors.items():
        print(
            f"{name:6} {error.mae_pct:7.4f} %  MASE {error.mase:.4f}  interval holds {error.covered_pct:.1f} %"
        )
    print(f"fitted in {fitted_s:.1f} s ({processor_s:.0f} s of processor in all; series {source})")
    print(f"a forecast of all zones in {forecast_ms:.1f} ms")
    print(
        json.dumps(
            {
                "source": source,
                "mae_pct": {name: round(error.mae_pct, 4) for name, error in errors.items()},
                "fitted_s": round(fitted_s, 1),
                "processor_s": round(processor_s, 1),
                "forecast_ms": round(forecast_ms, 1),
                "limits": {"fitted_s": 60, "forecast_ms": 50},
            }
        )
    )


if __name__ == "__main__":
    main()
