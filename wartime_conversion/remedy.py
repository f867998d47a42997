"""The cheapest way to keep a limit: more people of a crew or more pieces of equipment.

What one more costs is an engineering assumption (a person 1, a piece of equipment 4), to be replaced by the owner's own
figures: `prices` takes them. The answer is the cheapest under the prices given, or that no crew or equipment can do it
because the chain of tasks alone is longer than the limit.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from facility.clock import Clock
from wartime_conversion.rules.schedule import Problem
from wartime_conversion.schedule_solve import Solution, solve

PERSON_PRICE = 1
PIECE_PRICE = 4
_MOST_TRIED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to add, by capacity key, at what price, and the makespan then (units of the problem)."""

    added: Mapping[str, int]
    price: int
    makespan: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Whether a limit is kept and, if not, what would mend it; units of the problem.

    `remedy` is `None` where the limit is kept already or nothing was found; `path` is the critical path: where it is
    above `limit`, no crew or equipment can help. `is_exhaustive` says that the search left nothing cheaper untried.
    """

    makespan: int
    limit: int
    path: int
    remedy: Remedy | None
    is_exhaustive: bool

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept without a remedy."""
        return self.makespan <= self.limit

    @property
    def is_mendable(self) -> bool:
        """Whether more crew or equipment could do it at all."""
        return self.path <= self.limit


def _price_of(resource: str, prices: Mapping[str, int]) -> int:
    return prices.get(resource, PIECE_PRICE if resource.startswith("equipment.") else PERSON_PRICE)


def _with_added(problem: Problem, added: Mapping[int, int]) -> Problem:
    return replace(problem, capacities=tuple(c + added.get(k, 0) for k, c in enumerate(problem.capacities)))


def _binding(problem: Problem) -> list[int]:
    """Resources that could ever hold a task up: together their users want more than there is."""
    totals = [0] * len(problem.capacities)
    for demand in problem.demands:
        for k, amount in demand.items():
            totals[k] += amount
    return [k for k, capacity in enumerate(problem.capacities) if totals[k] > capacity]


def _by_price(
    problem: Problem, binding: list[int], prices: Mapping[str, int]
) -> Iterator[tuple[int, dict[int, int]]]:
    """Additions in order of price, the fewest kinds first among equals."""
    heap: list[tuple[int, int, tuple[tuple[int, int], ...]]] = [(0, 0, ())]
    seen: set[tuple[tuple[int, int], ...]] = {()}
    while heap:
        price, _, rows = heapq.heappop(heap)
        if rows:
            yield price, dict(rows)
        for k in binding:
            more = dict(rows)
            more[k] = more.get(k, 0) + 1
            key = tuple(sorted(more.items()))
            if key not in seen:
                seen.add(key)
                step = price + _price_of(problem.resources[k], prices)
                heapq.heappush(heap, (step, len(key), key))


def advise(
    problem: Problem,
    found: Solution,
    limit: int,
    *,
    clock: Clock,
    seconds: float = 20.0,
    prices: Mapping[str, int] | None = None,
) -> Advice:
    """Judge a solved problem against a limit and look for the cheapest remedy.

    Args:
        problem: what was solved.
        found: its solution.
        limit: in the problem's units.
        clock: for the time limit.
        seconds: wall-clock limit of the search for remedies.
        prices: what one more costs, by capacity key; see the module for what is assumed of the rest.
    """
    kept = found.makespan <= limit
    if kept or problem.path_units > limit:
        return Advice(
            makespan=found.makespan, limit=limit, path=problem.path_units, remedy=None, is_exhaustive=True
        )
    until = clock.monotonic() + seconds

    def solved(added: Mapping[int, int]) -> Solution:
        left = max(0.5, min(3.0, until - clock.monotonic()))
        return solve(_with_added(problem, added), seconds=left, workers=2, clock=clock)

    remedy, exhaustive = _cheapest(
        problem,
        limit,
        _useful(problem, solved, limit),
        solved,
        prices or {},
        lambda: clock.monotonic() > until,
    )
    return Advice(
        makespan=found.makespan, limit=limit, path=problem.path_units, remedy=remedy, is_exhaustive=exhaustive
    )


def _useful(problem: Problem, solved: Callable[[Mapping[int, int]], Solution], limit: int) -> list[int]:
    """The binding resources, less those that can stay as they are with all others unlimited."""
    binding = _binding(problem)
    plenty = {k: sum(demand.get(k, 0) for demand in problem.demands) for k in binding}
    useful = []
    for k in binding:
        without = {j: amount for j, amount in plenty.items() if j != k}
        if solved(without).makespan > limit:
            useful.append(k)
    return useful or binding


def _cheapest(
    problem: Problem,
    limit: int,
    resources: list[int],
    solved: Callable[[Mapping[int, int]], Solution],
    prices: Mapping[str, int],
    is_over: Callable[[], bool],
) -> tuple[Remedy | None, bool]:
    exhaustive = True
    for tried, (price, added) in enumerate(_by_price(problem, resources, prices)):
        if tried >= _MOST_TRIED or is_over():
            return None, False
        trial = solved(added)
        if trial.makespan <= limit:
            names = {problem.resources[k]: count for k, count in added.items()}
            return Remedy(added=names, price=price, makespan=trial.makespan), exhaustive
        exhaustive = exhaustive and trial.lower_bound > limit
    return None, exhaustive
