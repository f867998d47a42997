"""How long a car waits: from its picture in the camera's folder to the read, the decision and the opened gate.

The whole product runs as its user starts it, without the demonstration; drawn cars come one after another to the
entry lanes. A picture in a folder counts as written once it has not grown for 0.2 s: that wait is part of the
figure.
Usage: python bench/arrival.py [--cars 60]
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.journeys.house import House, eventually

LANES = ("A-IN", "B-IN", "U-IN")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def plate(number: int) -> str:
    """A plate that no other number gives and no reader confuses with its neighbours."""
    return f"苏{LETTERS[number % 6]}{number * 7919 % 100_000:05d}"


def quantile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(house: House, numbers: range) -> dict[str, list[float]]:
    """Milliseconds from the picture to each stage, a list a stage."""
    stages: dict[str, list[float]] = {"read published": [], "gate decided": [], "gate opened": []}
    for number in numbers:
        text, lane = plate(number), LANES[number % 3]
        shown_at = datetime.now(UTC)
        house.show(lane, text, seed=1000 + number)

        def row(text: str = text) -> tuple[datetime, datetime, datetime] | None:
            rows = house.rows(
                "select r.published_at, o.ordered_at, o.opened_at from parking.stay s "
                "join parking.gate_order o on o.stay_id = s.id join lpr.plate_read r on r.text = s.plate "
                "where s.plate = %(plate)s and o.opened_at is not null",
                plate=text,
            )
            return rows[0] if rows else None

        published_at, ordered_at, opened_at = eventually(row, f"{text} is let in at {lane}", 20)
        for stage, at in zip(stages, (published_at, ordered_at, opened_at), strict=True):
            stages[stage].append((at - shown_at).total_seconds() * 1000)
    return stages


def main() -> None:
    """Run, print a table and one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cars", type=int, default=60)
    cars = parser.parse_args().cars
    with tempfile.TemporaryDirectory(prefix="pingzhan-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        house = House(Path(folder))
        began = time.monotonic()
        house.start()
        ready_s = time.monotonic() - began
        try:
            measure(house, range(3))  # the first pictures load the models
            stages = measure(house, range(3, cars + 3))
        finally:
            house.stop()
    print(
        f"{'stage':<16}{'median ms':>12}{'p95 ms':>12}   of {cars} cars; first start ready in {ready_s:.1f} s"
    )
    for stage, values in stages.items():
        print(f"{stage:<16}{statistics.median(values):>12.0f}{quantile(values, 0.95):>12.0f}")
    result = {
        stage: {"median_ms": round(statistics.median(values)), "p95_ms": round(quantile(values, 0.95))}
        for stage, values in stages.items()
    }
    print(json.dumps({"cars": cars, "first_start_s": round(ready_s, 1), **result}))


if __name__ == "__main__":
    main()
