"""Search good schedules with a genetic algorithm over activity orders.

Each individual is a schedule shortened by forward-backward improvement. Two crossovers take turns: two-point on the
orders, and a window crossover that keeps from one parent the stretch of time where it uses resources best. A child
takes the place of its worse parent; the search restarts around its best when it stalls. Same problem and seed, same
sequence of schedules; how far it gets depends on the time it is given.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wartime_conversion.rules.schedule import Problem, makespan_of
from wartime_conversion.rules.schedule_list import Justifier, priority_order

_POPULATION = 40
_STALL = 1500
_NOISES = (0.05, 0.1, 0.2, 0.4)
_FAR = 1_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Individual:
    """A schedule and its makespan in units."""

    makespan: int
    starts: tuple[int, ...]


class Genetic:
    """One search over one problem."""

    def __init__(self, problem: Problem, *, seed: int, horizon: int | None = None) -> None:
        """Prepare; `horizon` units must hold some schedule (by default the serial one, which always fits).

        Raises:
            ValueError: a demand is above its capacity, or lags form a cycle.
        """
        self._problem = problem
        self.seed = seed
        self._random = random.Random(seed)
        self._justifier = Justifier(problem, horizon=horizon or _serial_horizon(problem))
        self._latest = problem.latest(problem.path_units)
        self._weights = [
            sum(amount / problem.capacities[k] for k, amount in demand.items()) for demand in problem.demands
        ]
        self._population: list[Individual] = []
        self._seen: set[tuple[int, ...]] = set()
        self.best = self._individual([float(start) for start in self._latest])

    def _individual(self, keys: Sequence[float]) -> Individual:
        found = self._try(keys)
        if found is None:
            raise ValueError("the horizon is too short for any schedule")
        return found

    def _try(self, keys: Sequence[float]) -> Individual | None:
        starts = self._justifier.starts(priority_order(self._problem, keys))
        if starts is None:
            return None
        return Individual(makespan=makespan_of(self._problem, starts), starts=tuple(starts))

    def _keep_best(self, found: Individual) -> bool:
        if found.makespan >= self.best.makespan:
            return False
        self.best = found
        self._justifier.set_horizon(found.makespan + max(10, found.makespan // 5))
        return True

    def _populate(self, should_stop: Callable[[], bool]) -> None:
        self._justifier.set_horizon(self.best.makespan + max(10, self.best.makespan // 5))
        self._population = [self.best]
        for _ in range(_POPULATION * 3):
            if len(self._population) == _POPULATION or should_stop():
                break
            noise = self._problem.path_units * self._random.choice(_NOISES)
            found = self._try([start + self._random.random() * noise for start in self._latest])
            if found is not None:
                self._keep_best(found)
                self._population.append(found)
        self._seen = {one.starts for one in self._population}

    def run(self, *, target: int, should_stop: Callable[[], bool]) -> Individual:
        """Search until the best reaches `target` units or `should_stop` says so; returns the best.

        `should_stop` is asked before each schedule.
        """
        stalled = _STALL
        while self.best.makespan > target and not should_stop():
            if stalled >= _STALL:
                self._populate(should_stop)
                stalled = 0
            mother, father = self._parent(), self._parent()
            child = self._child(mother, father)
            if child is not None:
                stalled = 0 if self._keep_best(child) else stalled + 1
                self._replace(child, max(mother, father, key=lambda parent: parent.makespan))
        return self.best

    def adopt(self, starts: Sequence[int]) -> None:
        """Take in a schedule found elsewhere."""
        found = Individual(makespan=makespan_of(self._problem, starts), starts=tuple(starts))
        self._keep_best(found)

    def _replace(self, child: Individual, parent: Individual) -> None:
        """Put a child in the place of its worse parent, if it is no longer: that keeps the population diverse."""
        if child.makespan > parent.makespan or child.starts in self._seen or parent not in self._population:
            return
        self._seen.discard(parent.starts)
        self._seen.add(child.starts)
        self._population[self._population.index(parent)] = child

    def _parent(self) -> Individual:
        one, other = self._random.choice(self._population), self._random.choice(self._population)
        return min(one, other, key=lambda individual: individual.makespan)

    def _child(self, mother: Individual, father: Individual) -> Individual | None:
        crossover = self._window if self._random.random() < 0.5 else self._two_point
        keys, width = crossover(mother, father)
        if mother is father or self._random.random() < 0.5:
            self._mutate(keys, width)
        return self._try(keys)

    def _mutate(self, keys: list[float], width: float) -> None:
        """Move up to a tenth of the activities by up to a tenth of the order."""
        for _ in range(max(1, int(len(keys) * 0.1 * self._random.random()))):
            keys[self._random.randrange(len(keys))] += self._random.uniform(-width, width) * 0.1

    def _two_point(self, mother: Individual, father: Individual) -> tuple[list[float], float]:
        """The mother's order with its middle in the father's."""
        size = len(mother.starts)
        ours = sorted(range(size), key=mother.starts.__getitem__)
        theirs = sorted(range(size), key=father.starts.__getitem__)
        first, last = sorted((self._random.randrange(size + 1), self._random.randrange(size + 1)))
        order = ours[:first]
        taken = set(order)
        middle = [i for i in theirs if i not in taken][: last - first]
        taken.update(middle)
        order += middle
        order += [i for i in ours if i not in taken]
        keys = [0.0] * size
        for position, i in enumerate(order):
            keys[i] = float(position)
        return keys, float(size)

    def _window(self, mother: Individual, father: Individual) -> tuple[list[float], float]:
        """The father's best-used window of time, with the mother's order before and after it."""
        length = int(father.makespan * self._random.uniform(0.25, 0.75))
        use = self._use(father)
        places = [self._random.randint(0, max(0, father.makespan - length)) for _ in range(3)]
        begin = max(places, key=lambda at: use[at + length] - use[at])
        end = begin + length
        keys = []
        for i, duration in enumerate(self._problem.durations):
            theirs, ours = father.starts[i], mother.starts[i]
            if begin <= theirs and theirs + duration <= end:
                keys.append(float(theirs))
            else:
                keys.append(ours - _FAR if ours < begin else ours + _FAR)
        return keys, float(mother.makespan)

    def _use(self, individual: Individual) -> list[float]:
        """Work done up to each moment, each resource weighed by its capacity."""
        change = [0.0] * (individual.makespan + 1)
        for i, start in enumerate(individual.starts):
            change[start] += self._weights[i]
            change[start + self._problem.durations[i]] -= self._weights[i]
        done, rate, total = [0.0], 0.0, 0.0
        for at in range(individual.makespan):
            rate += change[at]
            total += rate
            done.append(total)
        return done


def _serial_horizon(problem: Problem) -> int:
    """A horizon that holds every serial schedule: one activity after the other, with every lag waited out."""
    waits = sum(max(0, lag.units - problem.durations[lag.before]) for lag in problem.lags)
    return sum(problem.durations) + waits + max(problem.releases, default=0)
