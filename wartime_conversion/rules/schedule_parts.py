"""Cut a problem where everything before is done before anything after starts.

A stage acceptance is such a cut: the parts between cuts can be solved one by one, each with its own proof, and the
least makespan of the whole is the sum of theirs. This is exact, not a heuristic.
"""

from collections.abc import Sequence

from wartime_conversion.rules.schedule import Lag, Problem


def _longest_from(problem: Problem, source: int) -> list[int | None]:
    """Least start-to-start distance from one activity by links, `None` where no chain leads."""
    found: list[int | None] = [None] * problem.size
    found[source] = 0
    for i in problem.order:
        here = found[i]
        if here is None:
            continue
        for j, units in problem.afters[i]:
            there = found[j]
            if there is None or there < here + units:
                found[j] = here + units
    return found


def _cut_activities(problem: Problem) -> list[int]:
    """Activities that everything else is finished before or starts after, in order of time."""
    distance = [_longest_from(problem, i) for i in range(problem.size)]
    cuts = []
    for c in range(problem.size):
        if all(i == c or _is_apart(problem, distance, c, i) for i in range(problem.size)):
            cuts.append(c)
    return sorted(cuts, key=lambda c: problem.order.index(c))


def _is_apart(problem: Problem, distance: list[list[int | None]], c: int, i: int) -> bool:
    after, before = distance[c][i], distance[i][c]
    if after is not None:
        return after >= problem.durations[c]
    return before is not None and before >= problem.durations[i]


def split_at_cuts(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """The parts of a problem in order of time, each the positions of its activities; one part where nothing cuts.

    Only problems without releases, and without a lag that waits beyond a cut's finish, are cut.
    """
    whole = (tuple(range(problem.size)),) if problem.size else ()
    if problem.releases or problem.size < 2:
        return whole
    cuts = _cut_activities(problem)
    rank = {c: at for at, c in enumerate(cuts)}
    part_of = [0] * problem.size
    for i in problem.order:
        if i in rank:
            part_of[i] = 2 * rank[i] + 1
        else:
            part_of[i] = max((part_of[j] + (j in rank) for j, _ in problem.befores[i]), default=0)
    if any(_reaches_over(problem, part_of, lag) for lag in problem.lags):
        return whole
    return tuple(
        members
        for part in sorted(set(part_of))
        if (members := tuple(i for i in range(problem.size) if part_of[i] == part))
    )


def _reaches_over(problem: Problem, part_of: Sequence[int], lag: Lag) -> bool:
    """Whether a lag between two parts asks for more than that the first is finished."""
    if part_of[lag.before] == part_of[lag.after]:
        return False
    return lag.units > problem.durations[lag.before]


def part_problem(problem: Problem, members: Sequence[int]) -> Problem:
    """The problem of some activities alone."""
    position = {i: at for at, i in enumerate(members)}
    return Problem(
        names=tuple(problem.names[i] for i in members),
        durations=tuple(problem.durations[i] for i in members),
        demands=tuple(problem.demands[i] for i in members),
        lags=tuple(
            Lag(before=position[lag.before], after=position[lag.after], units=lag.units)
            for lag in problem.lags
            if lag.before in position and lag.after in position
        ),
        capacities=problem.capacities,
        resources=problem.resources,
        unit_min=problem.unit_min,
    )
