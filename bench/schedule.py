"""Measure the scheduler: the reference plan's expected values, live replanning, and PSPLIB against best known.

PSPLIB instances are read from a folder (`PINGZHAN_PSPLIB`, by default `../shared/reference/psplib` beside the checkout)
with a `best_known.csv`; without one that part is left out and said so. `PINGZHAN_BENCH_S` seconds an instance (10).
"""

import csv
import json
import os
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from facility.clock import SystemClock
from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.psplib import load_sm
from wartime_conversion.replan import Happening, replan
from wartime_conversion.rules.drill_span import profile_problem
from wartime_conversion.rules.plan import Durations
from wartime_conversion.rules.schedule import check_schedule
from wartime_conversion.rules.schedule_plan import plan_problem
from wartime_conversion.schedule_hours import schedule_hours
from wartime_conversion.schedule_solve import solve

CLOCK = SystemClock()
JOINED = {
    "emer_plus_act": "emergency+activation",
    "all_forward": "early+imminent+emergency+activation",
    "compressed_imm_emer": "imminent+emergency+activation",
}


def load() -> float:
    """The machine's load average over one minute: what else runs beside the measurement."""
    return round(os.getloadavg()[0], 1)


def bench_plan() -> dict[str, object]:
    """Every expected value of the reference plan, proved within five seconds."""
    plan = load_plan(REFERENCE_PLAN)
    expected = dict(plan.checks)["expected_schedule_hours_continuous"]
    equal, proved, slowest = 0, 0, 0.0
    print(f"{'case':34}{'path h':>9}{'makespan h':>12}{'expected':>10}{'proved':>8}{'s':>7}{'load':>7}")
    for case, figures in expected.items():
        tiers, durations = case.split("/")
        problem = plan_problem(
            plan, tiers=JOINED.get(tiers, tiers).split("+"), durations=Durations(durations)
        )
        found = solve(problem, seconds=5, workers=2, clock=CLOCK)
        assert not check_schedule(problem, found.starts)
        path, hours = (
            round(units * problem.unit_min / 60, 1) for units in (problem.path_units, found.makespan)
        )
        same = (path, hours) == (figures["critical_path_h"], figures["resource_constrained_h"])
        equal, proved, slowest = equal + same, proved + found.proved, max(slowest, found.seconds)
        want = figures["resource_constrained_h"]
        print(f"{case:34}{path:9}{hours:12}{want:10}{found.proved!s:>8}{found.seconds:7.2f}{load():7}")
    problem = plan_problem(plan, tiers=["emergency", "activation"], capacities={"FORK": 3})
    third = round(solve(problem, seconds=5, workers=2, clock=CLOCK).makespan * problem.unit_min / 60, 1)
    print(f"third forklift: {third} h (expected 66.7)")
    return {
        "cases": len(expected),
        "equal": equal,
        "proved": proved,
        "slowest_s": round(slowest, 2),
        "third_forklift_h": third,
    }


def bench_profiles() -> dict[str, object]:
    """The drill profiles whose length the plan expects, to the minute."""
    plan = load_plan(REFERENCE_PLAN)
    rows: dict[str, object] = {}
    for profile in plan.drill_profiles:
        if profile.expected_makespan_min is None:
            continue
        found = solve(profile_problem(plan, profile), seconds=5, workers=2, clock=CLOCK)
        print(
            f"drill {profile.id:12} {found.makespan} min (expected {profile.expected_makespan_min}), "
            f"proved {found.proved}, {found.seconds:.2f} s, load {load()}"
        )
        rows[profile.id] = {
            "minutes": found.makespan,
            "expected": profile.expected_makespan_min,
            "proved": found.proved,
        }
    return rows


def bench_hours() -> dict[str, object]:
    """The tiers in their working hours: what is proved, and where it is not, how far the bound is."""
    plan = load_plan(REFERENCE_PLAN)
    rows: dict[str, object] = {}
    for tiers in ("early", "imminent", "emergency", "activation", "restore"):
        begun = CLOCK.monotonic()
        found = schedule_hours(plan, [tiers], clock=CLOCK, seconds=10)
        took = round(CLOCK.monotonic() - begun, 2)
        print(
            f"hours {tiers:12} {found.makespan_min} min, bound {found.lower_bound_min}, proved {found.proved}, "
            f"{took} s, load {load()}"
        )
        rows[tiers] = {"minutes": found.makespan_min, "bound": found.lower_bound_min, "seconds": took}
    return rows


def bench_replan() -> dict[str, object]:
    """Replan all 105 tasks at ten moments of a run that is late by seven minutes a task."""
    plan = load_plan(REFERENCE_PLAN)
    problem = plan_problem(plan, tiers=["early", "imminent", "emergency", "activation"])
    found = solve(problem, seconds=5, workers=2, clock=CLOCK)
    begin, minute, slowest, proved = datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=1), 0.0, 0
    busiest, foreseen = 0.0, dict[str, datetime]()
    for step in range(10):
        now = begin + found.makespan * problem.unit_min * step / 10 * minute
        happened = []
        for name, start, length in zip(problem.names, found.starts, problem.durations, strict=True):
            started = begin + start * problem.unit_min * minute
            ended = started + (length * problem.unit_min + 7) * minute
            if started <= now:
                happened.append(
                    Happening(task_id=name, started_at=started, finished_at=ended if ended <= now else None)
                )
        at, cpu = CLOCK.monotonic(), time.process_time()
        rest = replan(
            plan.tasks, happened, capacities=plan.capacities, now=now, clock=CLOCK, foreseen=foreseen
        )
        slowest = max(slowest, CLOCK.monotonic() - at)
        busiest = max(busiest, time.process_time() - cpu)
        foreseen = dict(rest.starts)
        proved += rest.proved
    print(
        f"replan of 105 tasks at ten moments: slowest {slowest:.2f} s wall, {busiest:.2f} s CPU, "
        f"proved {proved} of 10, load {load()}"
    )
    return {"slowest_s": round(slowest, 2), "slowest_cpu_s": round(busiest, 2), "proved": proved}


def bench_psplib(folder: Path, seconds: float) -> dict[str, object]:
    """Gap to best known, in percent, by set."""
    gaps: dict[str, list[float]] = defaultdict(list)
    print(
        f"{'instance':12}{'makespan':>9}{'bound':>7}{'best':>6}{'gap %':>8}{'proved':>8}{'s':>7}{'load':>7}"
    )
    with (folder / "best_known.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            problem = load_sm(folder / row["file"])
            found = solve(problem, seconds=seconds, workers=2, clock=CLOCK)
            assert not check_schedule(problem, found.starts)
            best = int(row["best_known"])
            gap = 100 * (found.makespan - best) / best
            gaps[row["set"]].append(gap)
            print(
                f"{row['instance']:12}{found.makespan:9}{found.lower_bound:7}{best:6}{gap:8.2f}"
                f"{found.proved!s:>8}{found.seconds:7.2f}{load():7}",
                flush=True,
            )
    return {
        name: {"n": len(rows), "mean_gap_pct": round(sum(rows) / len(rows), 3)} for name, rows in gaps.items()
    }


def main() -> None:
    """Measure and print a table, then one JSON object."""
    result: dict[str, object] = {
        "plan": bench_plan(),
        "profiles": bench_profiles(),
        "hours": bench_hours(),
        "replan": bench_replan(),
    }
    default = Path(__file__).parents[1].parent / "shared" / "reference" / "psplib"
    folder = Path(os.environ.get("PINGZHAN_PSPLIB", default))
    if (folder / "best_known.csv").exists():
        result["psplib"] = bench_psplib(folder, float(os.environ.get("PINGZHAN_BENCH_S", "10")))
    else:
        print(f"no PSPLIB instances in {folder}: that part is left out", file=sys.stderr)
    result["load"] = load()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
