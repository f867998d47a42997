"""A genetic search in a process of its own, so that it has a core of its own.

Run as `python -m wartime_conversion.schedule_side`: one JSON object on standard input (`problem`, `seed`, `until`,
`target`), one on standard output (`starts`). It stops by itself at `until` on the machine's monotonic clock, which all
processes share.
"""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any

from facility.clock import SystemClock
from wartime_conversion.rules.schedule import Lag, Problem
from wartime_conversion.schedule_genetic import Genetic


def problem_to_data(problem: Problem) -> dict[str, Any]:
    """A problem as JSON-able data."""
    return {
        "durations": problem.durations,
        "demands": [[[k, amount] for k, amount in demand.items()] for demand in problem.demands],
        "lags": [[lag.before, lag.after, lag.units] for lag in problem.lags],
        "capacities": problem.capacities,
        "releases": problem.releases,
    }


def problem_of_data(data: dict[str, Any]) -> Problem:
    """The problem of `problem_to_data`; activities and resources are named by their position."""
    return Problem(
        names=tuple(str(i) for i in range(len(data["durations"]))),
        durations=tuple(data["durations"]),
        demands=tuple({k: amount for k, amount in demand} for demand in data["demands"]),
        lags=tuple(Lag(before=before, after=after, units=units) for before, after, units in data["lags"]),
        capacities=tuple(data["capacities"]),
        resources=tuple(str(k) for k in range(len(data["capacities"]))),
        releases=tuple(data["releases"]),
    )


class SideSearch:
    """A search running beside this process; use as a context manager, which ends it whatever happens."""

    def __init__(self, problem: Problem, *, seed: int, until: float, target: int) -> None:
        """Start the process and hand it the problem; it ends at `until` on the machine's monotonic clock."""
        self._process = subprocess.Popen(  # our own interpreter and module, no shell
            [sys.executable, "-m", "wartime_conversion.schedule_side"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        task = {"problem": problem_to_data(problem), "seed": seed, "until": until, "target": target}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task).encode())
        self._process.stdin.close()

    def __enter__(self) -> "SideSearch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def result(self) -> tuple[int, ...] | None:
        """Wait for the search to end; its best starts, `None` where the process died."""
        assert self._process.stdout is not None
        line = self._process.stdout.read()
        return tuple(json.loads(line)["starts"]) if self._process.wait() == 0 else None


def main() -> None:
    """Search as standard input says."""
    clock = SystemClock()
    task = json.load(sys.stdin)
    search = Genetic(problem_of_data(task["problem"]), seed=task["seed"])
    best = search.run(target=task["target"], should_stop=lambda: clock.monotonic() >= task["until"])
    sys.stdout.write(json.dumps({"starts": best.starts}))


if __name__ == "__main__":
    main()
