"""The demonstration's charging: tags of simulated drivers and a believable past. Everything here is simulated."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from psycopg import AsyncConnection

from charging import bill_store, charger_store, demo_store, tag_store
from charging.registration import register_site
from charging.rules.fees import EnergyTariff, Reading, charge_fee
from charging.simulator.car import AC_TAPER, DC_TAPER, Car
from charging.tag_store import IdTag
from charging.tariffs import NoTariff, load_tariff
from facility.ids import EvseId
from facility.layout import Evse
from facility.site import Site
from facility.units import SHANGHAI

Connection = AsyncConnection[Any]

DEMO_TAGS: Final = tuple(f"DEMO{number:03d}" for number in range(1, 61))
STEP: Final = timedelta(minutes=10)
SIGNS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"

# Starts a day at one charger, by local hour (an assumption of the demonstration).
_HOURS: Final = (1, 0, 0, 0, 0, 1, 2, 5, 9, 8, 6, 7, 8, 7, 5, 5, 6, 9, 12, 12, 9, 6, 4, 2)
_STARTS_A_DAY: Final = {"ac": 2.2, "dc": 7.0}


def demo_plate(number: int) -> str:
    """Plate of a simulated driver, always the same for a number."""
    rng = Random(f"plate {number}")
    return "苏FD" + "".join(rng.choice("0123456789") for _ in range(5))


async def put_demo_tags(conn: Connection, now: datetime) -> None:
    """Write the tags of the simulated drivers."""
    for number, name in enumerate(DEMO_TAGS):
        tag = IdTag(tag=name, plate=demo_plate(number), note="模拟 / simulated")
        await tag_store.put_tag(conn, tag, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCharge:
    """One simulated charge of the past, with its readings from start to stop."""

    evse: Evse
    tag: str
    plate: str
    register_wh: int
    readings: tuple[Reading, ...]
    powers_w: tuple[int, ...]
    charging_ended_at: datetime
    unplugged_at: datetime


async def fill_history(conn: Connection, site: Site, since: datetime, until: datetime, seed: int) -> None:
    """Write a believable past: transactions, samples and settled bills between two moments.

    Args:
        conn: inside a unit of work; written by COPY.
        site: whose EVSEs charge.
        since: first moment, aware.
        until: last moment; every charge is over by then.
        seed: the same seed gives the same past.
    """
    await register_site(conn, site, since)
    await put_demo_tags(conn, since)
    tariff_id = await bill_store.tariff_in_force(conn, since)
    if tariff_id is None:
        raise NoTariff("no energy tariff is in force")
    tariff = await load_tariff(conn, tariff_id)
    outlets = {row.evse_id: row for row in await charger_store.read_outlets(conn)}
    rng = Random(seed)
    charges = sorted(
        (charge for evse in site.evses.values() for charge in _past_of(evse, since, until, rng)),
        key=lambda charge: charge.readings[0].at,
    )
    first = await demo_store.take_numbers(conn, len(charges))
    rows = [
        _transaction_row(first + place, outlets[charge.evse.id].charger_id, charge, tariff_id)
        for place, charge in enumerate(charges)
    ]
    await demo_store.copy_transactions(conn, rows)
    await demo_store.copy_samples(
        conn,
        (
            row
            for place, charge in enumerate(charges)
            for row in _sample_rows(first + place, outlets[charge.evse.id].charger_id, charge)
        ),
    )
    await demo_store.copy_bills(
        conn, (_bill_row(first + place, charge, tariff) for place, charge in enumerate(charges))
    )


def _past_of(evse: Evse, since: datetime, until: datetime, rng: Random) -> Iterator[PastCharge]:
    """One EVSE's charges, one after the other."""
    free_at = since
    register_wh = rng.randrange(200_000, 4_000_000)
    day: date = since.astimezone(SHANGHAI).date()
    while day <= until.astimezone(SHANGHAI).date():
        busy = 1.0 if day.weekday() < 5 else 1.25
        for at in sorted(_arrivals(day, _STARTS_A_DAY[evse.current] * busy, rng)):
            if at < free_at:
                continue
            charge = _charge(evse, at, register_wh, rng)
            if charge.unplugged_at >= until:
                return
            register_wh += charge.readings[-1].delivered_wh
            free_at = charge.unplugged_at + timedelta(minutes=5)
            yield charge
        day += timedelta(days=1)


def _arrivals(day: date, count: float, rng: Random) -> list[datetime]:
    number = int(count) + (rng.random() < count - int(count))
    hours = rng.choices(range(24), weights=_HOURS, k=number)
    return [
        datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=SHANGHAI)
        for hour in hours
    ]


def _charge(evse: Evse, at: datetime, register_wh: int, rng: Random) -> PastCharge:
    is_dc = evse.current == "dc"
    number = rng.randrange(len(DEMO_TAGS))
    capacity_wh = rng.choice((38_000, 50_000, 60_000, 70_000, 85_000))
    car = Car(
        plate=demo_plate(number),
        capacity_wh=capacity_wh,
        held_mwh=capacity_wh * 10 * rng.randint(12, 68),
        target_pct=rng.choice((80, 90, 100, 100)),
        max_w=evse.max_w if is_dc else rng.choice((3300, 6600, 7000)),
        taper=DC_TAPER if is_dc else AC_TAPER,
    )
    stay = timedelta(minutes=rng.randint(18, 55) if is_dc else rng.randint(50, 420))
    readings, powers = [Reading(at=at, delivered_wh=0)], [0]
    energy_mwh, ended_at = 0, at + stay
    step = STEP if not is_dc else timedelta(minutes=3)
    now = at
    while now < at + stay:
        span = min(step, at + stay - now)
        power_w, taken_mwh = car.take(evse.max_w, span // timedelta(milliseconds=1))
        now += span
        energy_mwh += taken_mwh
        readings.append(Reading(at=now, delivered_wh=energy_mwh // 1000))
        powers.append(power_w)
        if power_w == 0:
            ended_at = now
            break
    left_at = max(now, at + stay)
    return PastCharge(
        evse=evse,
        tag=DEMO_TAGS[number],
        plate=car.plate,
        register_wh=register_wh,
        readings=tuple(readings),
        powers_w=tuple(powers),
        charging_ended_at=ended_at,
        unplugged_at=min(left_at, ended_at + timedelta(minutes=rng.randint(2, 70))),
    )


def _transaction_row(number: int, charger_id: int, charge: PastCharge, tariff_id: int) -> tuple[Any, ...]:
    began, ended = charge.readings[0], charge.readings[-1]
    return (
        number,
        charger_id,
        charge.evse.connector,
        charge.tag,
        charge.plate,
        f"demo-{number}",
        "ended",
        began.at,
        began.at.isoformat(),
        began.at,
        charge.register_wh,
        ended.at,
        ended.at,
        ended.at,
        charge.register_wh + ended.delivered_wh,
        "Local",
        charge.charging_ended_at,
        max(charge.unplugged_at, ended.at),
        ended.delivered_wh,
        tariff_id,
    )


def _sample_rows(number: int, charger_id: int, charge: PastCharge) -> Iterator[tuple[Any, ...]]:
    for reading, power_w in zip(charge.readings, charge.powers_w, strict=True):
        yield (
            reading.at,
            reading.at,
            charger_id,
            charge.evse.connector,
            number,
            reading.delivered_wh,
            charge.register_wh + reading.delivered_wh,
            power_w,
            "Sample.Periodic",
        )


def _bill_row(number: int, charge: PastCharge, tariff: EnergyTariff) -> tuple[Any, ...]:
    unplugged_at = max(charge.unplugged_at, charge.readings[-1].at)
    fee = charge_fee(charge.readings, tariff, SHANGHAI, charge.charging_ended_at, unplugged_at)
    return (
        number,
        "settled",
        fee.total_fen,
        fee.part_fen("energy"),
        fee.part_fen("service"),
        fee.part_fen("idle"),
        charge.readings[-1].delivered_wh,
        json.dumps([asdict(line) for line in fee.lines], ensure_ascii=False),
        tariff.name,
        charge.readings[-1].at,
        unplugged_at,
        "simulated",
        f"SIM-{number}",
    )


def is_simulated_evse(site: Site, evse_id: str) -> bool:
    """Whether an EVSE belongs to the demonstration."""
    return site.is_demonstration and EvseId(evse_id) in site.evses
