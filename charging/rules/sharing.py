"""Sharing a supply between charging cars: whole amperes offered to each, within every limit, phases kept in balance.

Policies here look at the present only; `charging.rules.planning` plans ahead. All build their offers ampere by ampere
in a `Room`, which lets no offer through that breaks a limit, so a policy can be poor but not unsafe.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MIN_A: Final = 6
"""Below 6 A a car stops charging (IEC 61851-1), so an offer is 0 or at least this."""

UNKNOWN_STAY_MIN: Final = 240
UNKNOWN_WH: Final = 20_000
"""Assumed of a car whose driver typed nothing: four hours and 20 kWh from its arrival (an assumption)."""

OVERDUE_MIN: Final = 60
OVERDUE_WH: Final = 2_000
"""Assumed of a car that is past what its driver typed: another hour, another 2 kWh (an assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A car at an EVSE that may still want energy.

    `phases` are places in (A, B, C). `leaves_min` and `wanted_wh` are None where nobody said; minutes count from any
    one origin. `draw_a` is the current measured in the last step, None before the first.
    """

    key: str
    phases: tuple[int, ...]
    max_a: int
    arrived_min: int
    leaves_min: int | None
    delivered_wh: int
    wanted_wh: int | None
    offer_a: int = 0
    draw_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLimit:
    """Whole amperes on A, B and C that some cars may take together; `members` None is all of them.

    `imbalance_a` is the most by which two phases of a sub-feeder may differ, None where nobody minds; `base_a` is what
    others draw there already. The whole supply's are in `Supply`.
    """

    limit_a: tuple[int, int, int]
    members: frozenset[str] | None = None
    imbalance_a: int | None = None
    base_a: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What there is to share; every limit holds at once, a parent's beside its children's.

    `imbalance_a` is the most by which two phases of all offers may differ, None where nobody minds. `base_a` is what
    others draw beside the cars to share between; it counts for the balance and is already off the limits.
    """

    limits: tuple[PhaseLimit, ...]
    imbalance_a: int | None
    voltage_v: int = 220
    step_min: int = 5
    base_a: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The cars present and the supply at one moment."""

    now_min: int
    cars: tuple[Car, ...]
    supply: Supply


Policy = Callable[[Moment], list[int]]


def left_min(car: Car, now_min: int) -> int:
    """Minutes until the car leaves, as far as anybody knows; never below one step's worth of hope."""
    if car.leaves_min is None:
        return max(car.arrived_min + UNKNOWN_STAY_MIN - now_min, OVERDUE_MIN)
    return car.leaves_min - now_min if car.leaves_min > now_min else OVERDUE_MIN


def left_wh(car: Car) -> int:
    """Energy the car still wants, as far as anybody knows; it is present, so never nothing."""
    wanted = UNKNOWN_WH if car.wanted_wh is None else car.wanted_wh
    return wanted - car.delivered_wh if wanted > car.delivered_wh else OVERDUE_WH


def wh_per_ampere(car: Car, supply: Supply) -> float:
    """Wh that one offered ampere brings in one step."""
    return supply.voltage_v * len(car.phases) * supply.step_min / 60


def useful_a(car: Car, supply: Supply) -> int:
    """The most amperes worth offering for one step: the car's own limit, what it still wants, what it draws.

    A car that drew clearly less than its offer is falling off (or limited by its own charger): one ampere above its
    draw leaves it room to show that it could take more.
    """
    ceiling = car.max_a
    if car.wanted_wh is not None and car.wanted_wh > car.delivered_wh:
        ceiling = min(ceiling, -(-left_wh(car) // max(1, int(wh_per_ampere(car, supply)))))
    if car.draw_a is not None and car.offer_a >= MIN_A and car.draw_a < car.offer_a - 0.5:
        ceiling = min(ceiling, int(car.draw_a) + 2)
    return min(car.max_a, max(MIN_A, ceiling)) if car.max_a >= MIN_A else 0


class Room:
    """Amperes still free while offers are being made; `raise_by` is the only way to give one."""

    def __init__(self, moment: Moment) -> None:
        self._cars = moment.cars
        self._imbalance_a = moment.supply.imbalance_a
        self._free = [list(limit.limit_a) for limit in moment.supply.limits]
        self._limits_of = [
            [
                place
                for place, limit in enumerate(moment.supply.limits)
                if limit.members is None or car.key in limit.members
            ]
            for car in moment.cars
        ]
        self._load = list(moment.supply.base_a)
        self._imbalances = [limit.imbalance_a for limit in moment.supply.limits]
        self._loads = [list(limit.base_a) for limit in moment.supply.limits]
        self.offers = [0] * len(moment.cars)

    def fits(self, place: int, amperes: int) -> bool:
        """Whether a car's offer may rise by so many amperes now."""
        phases = self._cars[place].phases
        if any(self._free[limit][phase] < amperes for limit in self._limits_of[place] for phase in phases):
            return False
        return _keeps_balance(self._load, phases, amperes, self._imbalance_a) and all(
            _keeps_balance(self._loads[limit], phases, amperes, self._imbalances[limit])
            for limit in self._limits_of[place]
        )

    def raise_by(self, place: int, amperes: int) -> bool:
        """Raise a car's offer where it fits; returns whether it did."""
        if not self.fits(place, amperes):
            return False
        for phase in self._cars[place].phases:
            self._load[phase] += amperes
            for limit in self._limits_of[place]:
                self._free[limit][phase] -= amperes
                self._loads[limit][phase] += amperes
        self.offers[place] += amperes
        return True

    def step_of(self, place: int) -> int:
        """Amperes of a car's next rise: 6 to begin with, then one."""
        return 1 if self.offers[place] else MIN_A


def _keeps_balance(load: Sequence[int], phases: Sequence[int], amperes: int, imbalance_a: int | None) -> bool:
    """Whether the phases differ by no more than allowed after a rise, or by no more than they do already."""
    if imbalance_a is None:
        return True
    after = list(load)
    for phase in phases:
        after[phase] += amperes
    return max(after) - min(after) <= max(imbalance_a, max(load) - min(load))


def fill(room: Room, order: Sequence[int], ceilings: Sequence[int]) -> None:
    """Give each car in turn as much as fits, again until nothing moves (a later car may ease the imbalance)."""
    moved = True
    while moved:
        moved = False
        for place in order:
            while room.offers[place] < ceilings[place] and room.raise_by(place, room.step_of(place)):
                moved = True


def level(room: Room, ceilings: Sequence[int]) -> None:
    """Give every car one ampere in turn, until nothing moves."""
    moved = True
    while moved:
        moved = False
        for place in range(len(ceilings)):
            if room.offers[place] < ceilings[place] and room.raise_by(place, room.step_of(place)):
                moved = True


def laxity_min(car: Car, now_min: int, supply: Supply) -> float:
    """Minutes a car could still wait and be full in time at its own limit; negative where it no longer can."""
    return (
        left_min(car, now_min)
        - left_wh(car) / (wh_per_ampere(car, supply) * max(1, car.max_a)) * supply.step_min
    )


def lower_first(moment: Moment, held_a: Sequence[int], offers: Sequence[int]) -> list[int]:
    """What may be ordered now: every lower offer, and of the rises those that fit beside what is still held.

    Args:
        moment: the cars and the supply.
        held_a: what each car may take until an order reaches its charger.
        offers: what each is to have in the end.

    Returns:
        The amperes to order; a rise that must wait keeps what is held.
    """
    orders = [min(held, offer) for held, offer in zip(held_a, offers, strict=True)]
    loads = [[0, 0, 0] for _ in moment.supply.limits]
    members = [
        [limit.members is None or car.key in limit.members for limit in moment.supply.limits]
        for car in moment.cars
    ]
    for car, held, inside in zip(moment.cars, held_a, members, strict=True):
        for phase in car.phases:
            for one, is_in in zip(loads, inside, strict=True):
                one[phase] += held * is_in
    for place, car in enumerate(moment.cars):
        rise = offers[place] - held_a[place]
        chosen = [at for at, is_in in enumerate(members[place]) if is_in]
        if rise <= 0 or any(
            loads[at][phase] + rise > moment.supply.limits[at].limit_a[phase]
            for at in chosen
            for phase in car.phases
        ):
            continue
        orders[place] = offers[place]
        for phase in car.phases:
            for at in chosen:
                loads[at][phase] += rise
    return orders


def can_exceed(cars: Sequence[Car], supply: Supply) -> bool:
    """Whether these cars, each taking all it can, could break a limit; where not, nobody need be held back."""
    return any(
        sum(car.max_a for car in cars if phase in car.phases and _is_within(car, limit))
        > limit.limit_a[phase]
        for limit in supply.limits
        for phase in range(3)
    )


def standing_offers(moment: Moment, offers: Sequence[int], idle: Sequence[Car]) -> list[int]:
    """What cars that have not come yet may begin with: 6 A where that fits beside every offer, else nothing.

    A car draws all its EVSE lets it from its first second; its own offer comes a moment later.

    Args:
        moment: the cars present and the supply.
        offers: what those are offered.
        idle: the free EVSEs; `offer_a` is what each lets a car take now, and who lets any keeps it first, so that
            profiles are not sent to and fro.

    Returns:
        0 or 6 A for each free EVSE.
    """
    free = [list(limit.limit_a) for limit in moment.supply.limits]
    given = [0] * len(idle)

    def take(car: Car, amperes: int) -> None:
        for left, limit in zip(free, moment.supply.limits, strict=True):
            if _is_within(car, limit):
                for phase in car.phases:
                    left[phase] -= amperes

    for car, offer in zip(moment.cars, offers, strict=True):
        take(car, offer)
    for place in sorted(range(len(idle)), key=lambda at: (idle[at].offer_a < MIN_A, at)):
        car = idle[place]
        fits = car.max_a >= MIN_A and all(
            left[phase] >= MIN_A
            for left, limit in zip(free, moment.supply.limits, strict=True)
            if _is_within(car, limit)
            for phase in car.phases
        )
        if fits:
            given[place] = MIN_A
            take(car, MIN_A)
    return given


def _is_within(car: Car, limit: PhaseLimit) -> bool:
    return limit.members is None or car.key in limit.members


def _ceilings(moment: Moment) -> list[int]:
    return [useful_a(car, moment.supply) for car in moment.cars]


def _greedy(moment: Moment, urgency: Callable[[Car], float]) -> list[int]:
    room = Room(moment)
    order = sorted(range(len(moment.cars)), key=lambda place: (urgency(moment.cars[place]), place))
    fill(room, order, _ceilings(moment))
    return room.offers


def round_robin(moment: Moment) -> list[int]:
    """An equal share: one ampere to each in turn, in the order of arrival."""
    order = sorted(range(len(moment.cars)), key=lambda place: (moment.cars[place].arrived_min, place))
    by_arrival = Moment(
        now_min=moment.now_min, cars=tuple(moment.cars[place] for place in order), supply=moment.supply
    )
    room = Room(by_arrival)
    level(room, _ceilings(by_arrival))
    offers = [0] * len(order)
    for place, offer in zip(order, room.offers, strict=True):
        offers[place] = offer
    return offers


def fcfs(moment: Moment) -> list[int]:
    """First come, first served: as much as fits, in the order of arrival."""
    return _greedy(moment, lambda car: car.arrived_min)


def edf(moment: Moment) -> list[int]:
    """Earliest departure first."""
    return _greedy(moment, lambda car: left_min(car, moment.now_min))


def llf(moment: Moment) -> list[int]:
    """Least laxity first."""
    return _greedy(moment, lambda car: laxity_min(car, moment.now_min, moment.supply))


PRESENT_POLICIES: Final[Mapping[str, Policy]] = {
    "round_robin": round_robin,
    "fcfs": fcfs,
    "edf": edf,
    "llf": llf,
}
