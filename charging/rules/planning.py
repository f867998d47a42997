"""Sharing power with a plan: a linear programme over the coming hours, of which only the present step is carried out.

The plan sees that a phase with little left to charge must be kept charging slowly beside the others, because the phases
may not differ by much; rules that look at the present empty it first and are then held back by the imbalance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from charging.rules.sharing import (
    MIN_A,
    PRESENT_POLICIES,
    Car,
    Moment,
    Policy,
    Room,
    laxity_min,
    left_min,
    left_wh,
    useful_a,
)

Floats = NDArray[np.float64]

GRID_STEPS: Final = (1, 2, 3, 6, 6, 6, 12, 12, 12, 12, 24, 24, 24, 24, 36, 36, 48)
"""Lengths of the plan's stretches in steps: fine where it is carried out, coarse where only amounts matter (24 h)."""

EARLY_BONUS: Final = 0.05
"""How much more a Wh now is worth than one at the horizon: cars leave early, and others come."""

BACKLOG_H: Final = 6
KNOWN_BACKLOG_H: Final = 3
"""Hours of the whole supply that present cars must want before a plan is worth while: on guessed departures, and where
all are known. Below that least laxity does as well or better (measured on the reference scenario)."""

PLAN_S: Final = 0.09
"""Time limit of one plan; past it the present policy decides alone."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Stretches of the plan: first step and length of each, in steps from now."""

    begins: Floats
    lengths: Floats


def _grid(horizon: int) -> _Grid:
    begins = np.concatenate(([0.0], np.cumsum(GRID_STEPS)[:-1]))
    count = max(1, int(np.searchsorted(begins, horizon)))
    return _Grid(begins[:count], np.array(GRID_STEPS[:count], float))


def _plan(moment: Moment) -> Floats | None:
    """Amperes for each car in the first stretch, `(cars,) float64`; None where the solver found no plan in time.

    Variables are amperes of a car in a stretch it is present in, and the least-loaded phase of each stretch.
    """
    cars, supply = moment.cars, moment.supply
    stays = np.array([left_min(car, moment.now_min) / supply.step_min for car in cars])
    grid = _grid(int(np.ceil(stays.max())))
    count = len(grid.begins)
    # Steps for which a car is present in each stretch, (cars, stretches).
    present = np.clip(stays[:, None] - grid.begins[None, :], 0, grid.lengths[None, :])
    owner, stretch = np.nonzero(present > 0)
    share = present[owner, stretch] / grid.lengths[stretch]
    weight = np.array([supply.voltage_v * len(car.phases) * supply.step_min / 60 for car in cars])
    wh = weight[owner] * present[owner, stretch]
    worth = 1 - EARLY_BONUS * grid.begins[stretch] / max(1.0, float(grid.begins[-1]))
    rows: list[Any] = []
    bounds_above: list[float] = []
    size = len(owner)

    def add(row_of: NDArray[np.int64], columns: NDArray[np.int64], values: Floats, above: Floats) -> None:
        rows.append((row_of + len(bounds_above), columns, values))
        bounds_above.extend(above.tolist())

    columns = np.arange(size)
    add(owner, columns, wh, np.array([float(left_wh(car)) for car in cars]))
    has_phase = np.array([[phase in car.phases for phase in range(3)] for car in cars])
    for phase in range(3):
        on = has_phase[owner, phase]
        for limit in supply.limits:
            members = np.array([limit.members is None or car.key in limit.members for car in cars])
            chosen = on & members[owner]
            limit_a = np.full(count, float(limit.limit_a[phase]))
            add(stretch[chosen], columns[chosen], share[chosen], limit_a)
        if supply.imbalance_a is not None:
            lowest = size + np.arange(count)
            both = np.concatenate([stretch[on], np.arange(count)])
            places = np.concatenate([columns[on], lowest])
            signs = np.concatenate([share[on], -np.ones(count)])
            add(both, places, signs, np.full(count, float(supply.imbalance_a)))
            add(both, places, -signs, np.zeros(count))
    total = size + count
    above = np.array(bounds_above)
    # Slow to import; the central system listens before its first plan is made.
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    matrix = coo_array(
        (
            np.concatenate([values for _, _, values in rows]),
            (np.concatenate([row for row, _, _ in rows]), np.concatenate([at for _, at, _ in rows])),
        ),
        shape=(len(above), total),
    ).tocsr()
    most = np.array([float(car.max_a) for car in cars])[owner]
    first = stretch == 0
    useful = np.array([float(useful_a(car, supply)) for car in cars])
    most[first] = np.minimum(most[first], useful[owner[first]])
    upper = np.concatenate([most, np.full(count, 1e6)])
    solved = linprog(
        np.concatenate([-wh * worth / 1000, np.zeros(count)]),
        A_ub=matrix,
        b_ub=above,
        bounds=np.column_stack([np.zeros(total), upper]),
        method="highs-ds",
        options={"time_limit": PLAN_S, "presolve": False},
    )
    if solved.status != 0:
        return None
    amperes = np.zeros(len(cars))
    amperes[owner[first]] = solved.x[:size][first]
    return amperes


def plan_ahead(moment: Moment) -> list[int]:
    """Whole amperes after the plan, then what is left to whoever can wait least."""
    ceilings = [useful_a(car, moment.supply) for car in moment.cars]
    planned = _plan(moment) if _is_worth_planning(moment) else None
    room = Room(moment)
    if planned is not None:
        targets = [min(int(amperes + 0.5), top) for amperes, top in zip(planned, ceilings, strict=True)]
        order = sorted(range(len(targets)), key=lambda place: (-planned[place], place))
        _reach(room, order, [target if target >= MIN_A else 0 for target in targets])
        # What the plan gives in crumbs below 6 A goes to the largest first.
        _reach(room, [place for place in order if planned[place] > 0.5], [MIN_A] * len(targets))
    pour(room, moment, ceilings)
    return room.offers


def _is_worth_planning(moment: Moment) -> bool:
    """Whether so much is wanted that some must go short; only then does a plan beat least laxity.

    Measured on the reference scenario: planning on guessed departures loses about 1 % where power is not very scarce.
    """
    is_known = all(car.leaves_min is not None and car.leaves_min > moment.now_min for car in moment.cars)
    backlog_h = KNOWN_BACKLOG_H if is_known else BACKLOG_H
    an_hour_wh = min(sum(limit.limit_a) for limit in moment.supply.limits) * moment.supply.voltage_v
    return sum(left_wh(car) for car in moment.cars) > backlog_h * an_hour_wh


def _reach(room: Room, order: list[int], targets: list[int]) -> None:
    """Raise offers to their targets as far as they fit; an ampere at a time, so that the phases rise together."""
    moved = True
    while moved:
        moved = False
        for place in order:
            if room.offers[place] < targets[place] and room.raise_by(place, room.step_of(place)):
                moved = True


def pour(room: Room, moment: Moment, ceilings: list[int]) -> None:
    """Water-filling: one ampere at a time to the car that could wait least after having got it."""
    slack = [_slack(car, moment, room.offers[place]) for place, car in enumerate(moment.cars)]
    blocked: set[int] = set()
    while True:
        open_ones = [
            place
            for place in range(len(slack))
            if place not in blocked and room.offers[place] < ceilings[place]
        ]
        if not open_ones:
            return
        place = min(open_ones, key=lambda at: (slack[at], at))
        if room.raise_by(place, room.step_of(place)):
            slack[place] = _slack(moment.cars[place], moment, room.offers[place])
            phases = set(moment.cars[place].phases)
            # A rise on one phase may have made room for another by easing the imbalance, never for its own.
            blocked = {one for one in blocked if set(moment.cars[one].phases) & phases}
        else:
            blocked.add(place)


def _slack(car: Car, moment: Moment, offer_a: int) -> float:
    """Laxity after a step at this offer, minutes."""
    return (
        laxity_min(car, moment.now_min, moment.supply) + offer_a / max(1, car.max_a) * moment.supply.step_min
    )


def llf_pour(moment: Moment) -> list[int]:
    """Least laxity first by water-filling, without a plan."""
    room = Room(moment)
    pour(room, moment, [useful_a(car, moment.supply) for car in moment.cars])
    return room.offers


def _always(policy: Policy) -> Callable[[], Policy]:
    return lambda: policy


BEST: Final = "plan"
POLICIES: Final[Mapping[str, Callable[[], Policy]]] = {
    **{name: _always(policy) for name, policy in PRESENT_POLICIES.items()},
    "llf_pour": _always(llf_pour),
    BEST: _always(plan_ahead),
}
"""Makers of policies by name; a policy may remember, so each replay and each site makes its own."""
