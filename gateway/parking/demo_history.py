"""A believable past for a demonstration site: stays, the occupancy series and permits, all flagged as simulated.

The shapes (residents by night, people at work by day, shoppers in two humps, longer weekends) are made up for this
purpose; they are no measurement of any garage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from facility.site import Site
from facility.units import SHANGHAI
from gateway.parking import demo_store, occupancy, pricing
from gateway.parking.demo_money import past_money
from gateway.parking.rules.stay import StayState
from gateway.parking.rules.tariff_contradictions import read_tariff

Conn = AsyncConnection[Any]
Minutes = NDArray[np.int64]

# Share of a zone's bays that each kind of driver takes at its fullest; the rest of a day is theirs to come and go.
RESIDENT_SHARE = 0.24
WORKER_SHARE = 0.40
SHOPPERS_A_BAY = 1.35
WEEKEND_SHOPPERS = 1.35
WEEKEND_WORKERS = 0.22
DAY_MINUTES = 24 * 60
NEV_SHARE = 0.36
PROVINCES = ("苏", "苏", "苏", "苏", "苏", "苏", "沪", "浙", "皖", "鲁")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStay:
    """One simulated stay; `left_at` is `None` where the car is inside still, and then it stands in `bay_id`."""

    id: UUID
    plate: str
    plate_kind: str
    entry_lane: str
    exit_lane: str | None
    entered_at: datetime
    left_at: datetime | None
    zone_id: str
    bay_id: str | None
    permit_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody who wants to park: minutes since the beginning, and whether a permit is held."""

    comes: int
    goes: int
    is_regular: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """Which of the made-up cars use a zone: the regulars and the others, each from (included) to (not included)."""

    regulars: tuple[int, int]
    others: tuple[int, int]


def plates(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """So many different made-up plates and their kinds; the shapes are those of GA 36-2018."""
    made: dict[str, str] = {}
    while len(made) < count:
        area = PROVINCES[rng.integers(len(PROVINCES))]
        letter = "F" if area == "苏" and rng.random() < 0.8 else LETTERS[rng.integers(10)]
        if rng.random() < NEV_SHARE:
            first = "D" if rng.random() < 0.7 else "F"
            made[f"{area}{letter}{first}{rng.integers(10_000, 99_999)}"] = "green"
            continue
        tail = [str(rng.integers(10)) for _ in range(5)]
        if rng.random() < 0.6:
            tail[int(rng.integers(5))] = LETTERS[rng.integers(len(LETTERS))]
        made[f"{area}{letter}{''.join(tail)}"] = "blue"
    return list(made.items())


def wishes(rng: np.random.Generator, capacity: int, first_day: date, days: int) -> list[Wish]:
    """Everybody who wants to park in a zone of this many bays, in the order they come."""
    made: list[Wish] = []
    for day in range(-1, days):
        start = day * DAY_MINUTES
        is_weekend = (first_day + timedelta(days=day)).weekday() >= 5
        made += _residents(rng, capacity, start, is_weekend=is_weekend)
        made += _workers(rng, capacity, start, is_weekend=is_weekend)
        made += _shoppers(rng, capacity, start, is_weekend=is_weekend)
    return sorted(made, key=lambda wish: wish.comes)


def _residents(rng: np.random.Generator, capacity: int, start: int, *, is_weekend: bool) -> list[Wish]:
    count = int(rng.binomial(capacity, RESIDENT_SHARE))
    home = rng.normal(18.6 * 60, 75, count)
    away = rng.normal((9.8 if is_weekend else 7.7) * 60 + DAY_MINUTES, 60, count)
    return [
        Wish(comes=start + int(come), goes=start + max(int(go), int(come) + 60), is_regular=True)
        for come, go in zip(home, away, strict=True)
    ]


def _workers(rng: np.random.Generator, capacity: int, start: int, *, is_weekend: bool) -> list[Wish]:
    share = WORKER_SHARE * (WEEKEND_WORKERS if is_weekend else 1.0)
    count = int(rng.binomial(capacity, share))
    come, go = rng.normal(8.5 * 60, 32, count), rng.normal(17.7 * 60, 45, count)
    regular = rng.random(count) < 0.6
    return [
        Wish(comes=start + int(a), goes=start + max(int(b), int(a) + 60), is_regular=bool(r))
        for a, b, r in zip(come, go, regular, strict=True)
    ]


def _shoppers(rng: np.random.Generator, capacity: int, start: int, *, is_weekend: bool) -> list[Wish]:
    count = int(rng.poisson(capacity * SHOPPERS_A_BAY * (WEEKEND_SHOPPERS if is_weekend else 1.0)))
    is_late = rng.random(count) < 0.55
    come = np.where(is_late, rng.normal(17.2 * 60, 110, count), rng.normal(11.2 * 60, 80, count))
    stay = np.clip(rng.lognormal(np.log(78), 0.65, count), 6, 11 * 60)
    return [
        Wish(comes=start + int(a), goes=start + int(a + s), is_regular=False)
        for a, s in zip(come, stay, strict=True)
    ]


def admitted(wanted: list[Wish], capacity: int, until: int) -> list[Wish]:
    """Those who found a place: who comes while the zone is full drives on."""
    inside: list[int] = []
    let_in: list[Wish] = []
    for wish in wanted:
        if wish.comes >= until:
            break
        inside = [goes for goes in inside if goes > wish.comes]
        if len(inside) < capacity:
            inside.append(wish.goes)
            let_in.append(wish)
    return let_in


def occupied_by_minute(stays: list[Wish], minutes: int) -> NDArray[np.int32]:
    """Cars inside at each minute from 0, `(minutes,)` int32."""
    grid = np.arange(minutes)
    comes = np.sort(np.array([stay.comes for stay in stays], dtype=np.int64))
    goes = np.sort(np.array([stay.goes for stay in stays], dtype=np.int64))
    inside = np.searchsorted(comes, grid, side="right") - np.searchsorted(goes, grid, side="right")
    return inside.astype(np.int32)


class PlatePool:
    """Hands out cars that are not inside: regulars come again and again, of the others many come once."""

    def __init__(self, rng: np.random.Generator, known: list[tuple[str, str]]) -> None:
        self._rng = rng
        self._known = known
        self._gone_by: dict[str, int] = {}

    def take(self, comes: int, goes: int, *, low: int, high: int) -> tuple[str, str]:
        """A plate of known[low:high] whose car is outside at `comes`."""
        while True:
            plate, kind = self._known[int(self._rng.integers(low, high))]
            if self._gone_by.get(plate, -DAY_MINUTES * 2) < comes - 2:
                self._gone_by[plate] = goes
                return plate, kind


def past_stays(
    rng: np.random.Generator,
    site: Site,
    zone_id: str,
    let_in: list[Wish],
    pool: PlatePool,
    permits: dict[str, UUID],
    span: tuple[datetime, int],
    slices: Slices,
) -> Iterator[PastStay]:
    """The stays of a zone: `span` is the beginning and the minutes until now; cars inside still get a bay each."""
    since, until = span
    zone = next(zone for zone in site.zones.values() if zone.id == zone_id)
    into = [lane.id for lane in site.lanes.values() if lane.area == zone.area and lane.direction == "in"]
    out = [lane.id for lane in site.lanes.values() if lane.area == zone.area and lane.direction == "out"]
    bays = [bay.id for bay in site.bays_of(zone.id)]
    rng.shuffle(bays)
    for stay in let_in:
        low, high = slices.regulars if stay.is_regular else slices.others
        plate, kind = pool.take(stay.comes, stay.goes, low=low, high=high)
        seconds = int(rng.integers(60))
        is_inside = stay.goes >= until
        yield PastStay(
            id=UUID(bytes=rng.bytes(16), version=4),
            plate=plate,
            plate_kind=kind,
            entry_lane=into[int(rng.integers(len(into)))],
            exit_lane=None if is_inside else out[int(rng.integers(len(out)))],
            entered_at=since + timedelta(minutes=stay.comes, seconds=seconds),
            left_at=None if is_inside else since + timedelta(minutes=stay.goes, seconds=seconds),
            zone_id=zone_id,
            bay_id=bays.pop() if is_inside and bays else None,
            permit_id=permits.get(plate) if stay.is_regular else None,
        )


def local_midnight(moment: datetime) -> datetime:
    """The local midnight at or before a moment."""
    return moment.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


async def fill_history(conn: Conn, site: Site, since: datetime, until: datetime, seed: int) -> None:
    """Write the past of [since, until): permits, stays, bays and counts as they stand at the end, samples, roll-ups.

    Expects the parking schema without any stay; everything it writes is flagged as simulated.
    """
    rng = np.random.default_rng(seed)
    begin = local_midnight(since)
    minutes = int((until - begin) // timedelta(minutes=1)) + 1
    days = minutes // DAY_MINUTES + 1
    await occupancy.prepare_rows(conn, site, now=until)
    await pricing.ensure_demonstration_list(conn, in_force_from=begin - timedelta(days=30), now=until)
    known = plates(rng, max(int(site.capacity * 24), 1000))
    regular_count = int(site.capacity * 0.9)
    permits = await demo_store.insert_permits(
        conn, rng.bytes, [plate for plate, _ in known[:regular_count]], since=begin, until=until
    )
    pool = PlatePool(rng, known)
    stays: list[PastStay] = []
    low, others = 0, regular_count
    for zone in site.zones.values():
        of_all = zone.capacity / max(site.capacity, 1)
        let_in = admitted(wishes(rng, zone.capacity, begin.date(), days), zone.capacity, minutes)
        let_in = [stay for stay in let_in if stay.goes > 0]
        more, more_others = int(regular_count * of_all), int((len(known) - regular_count) * of_all)
        slices = Slices(regulars=(low, low + more), others=(others, others + more_others))
        low, others = low + more, others + more_others
        stays += past_stays(rng, site, zone.id, let_in, pool, permits, (begin, minutes), slices)
        counts = occupied_by_minute(let_in, minutes)
        await demo_store.copy_samples(conn, zone.id, begin, counts, zone.capacity)
        await demo_store.copy_quarters(conn, zone.id, begin, counts, zone.capacity)
    await demo_store.copy_cars(conn, known)
    await demo_store.copy_stays(conn, stays, StayState.INSIDE, StayState.CLOSED)
    await demo_store.copy_money(conn, past_money(stays, read_tariff(pricing.DEMONSTRATION_LIST)))
    await demo_store.settle_now(conn, now=until)
    await occupancy.roll_up_from_quarters(conn, begin, now=until)
