"""The one place that prices a charging transaction: electricity by time of use, service fee, idle fee.

Energy is cut at the tariff's bounds by straight lines between meter readings; each line of the result is rounded
half up to whole fen once. The same function prices a running charge (shown to the driver) and a finished one (billed).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A part of the day with one price.

    `from_minute` and `to_minute` count from local midnight, `to_minute` at most 1440. Prices are in hundredths of a fen
    per kWh (4 decimals of a yuan, as grid price lists are printed).
    """

    name: str
    from_minute: int
    to_minute: int
    energy_price: int
    service_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleFee:
    """For a car that stays plugged in when it no longer charges: per started minute after `grace`, up to `cap_fen`."""

    grace: timedelta
    fen_per_minute: int
    cap_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTariff:
    """Price list of a day. Bands cover 00:00 to 24:00 without a gap or an overlap (`bands_wrong` says where not)."""

    name: str
    bands: tuple[Band, ...]
    idle: IdleFee | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Energy of the transaction up to a moment (aware UTC)."""

    at: datetime
    delivered_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """One line of a bill. `kind` is `energy`, `service` or `idle`; `band` names the part of the day."""

    kind: str
    fee_fen: int
    band: str = ""
    energy_wh: int = 0
    price: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFee:
    """A priced charge; `total_fen` is the sum of its lines."""

    lines: tuple[FeeLine, ...] = field(default=())

    @property
    def total_fen(self) -> int:
        """Whole fen."""
        return sum(line.fee_fen for line in self.lines)

    def part_fen(self, kind: str) -> int:
        """Whole fen of one kind of line."""
        return sum(line.fee_fen for line in self.lines if line.kind == kind)


def bands_wrong(bands: Sequence[Band]) -> str | None:
    """What is wrong with a price list's bands, None where they cover the day exactly once."""
    ordered = sorted(bands, key=lambda band: band.from_minute)
    if not ordered or ordered[0].from_minute != 0 or ordered[-1].to_minute != 1440:
        return "the bands do not reach from 00:00 to 24:00"
    for before, after in pairwise(ordered):
        if before.to_minute != after.from_minute:
            return f"the bands {before.name} and {after.name} leave a gap or overlap"
    if any(band.from_minute >= band.to_minute for band in ordered):
        return "a band ends before it begins"
    if len({(band.name, band.energy_price, band.service_price) for band in ordered}) != len(
        {band.name for band in ordered}
    ):
        return "one name has two prices"
    if any(band.energy_price < 0 or band.service_price < 0 for band in ordered):
        return "a price is negative"
    return None


def energy_by_band(readings: Sequence[Reading], tariff: EnergyTariff, zone: tzinfo) -> dict[str, int]:
    """Whole Wh for each band name, whose sum is the last reading less the first.

    Args:
        readings: in order of time, energy never falling.
        tariff: the price list in force at the start of the transaction.
        zone: the time zone the price list speaks of.

    Raises:
        ValueError: time or energy runs backwards.
    """
    shares: dict[str, int] = {}
    # Most intervals lie within the band of the one before: asking the calendar for each would cost ten times as much.
    band, since, until = "", datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    for before, after in pairwise(readings):
        rise_wh = after.delivered_wh - before.delivered_wh
        if after.at < before.at or rise_wh < 0:
            raise ValueError("readings run backwards")
        if rise_wh == 0:
            continue
        if not since <= before.at < until:
            found, until = _band_at(before.at, tariff, zone)
            band, since = found.name, before.at
        if after.at <= until:
            shares[band] = shares.get(band, 0) + rise_wh
            continue
        for name, wh in _split(before, after, tariff, zone):
            shares[name] = shares.get(name, 0) + wh
    return shares


def _split(before: Reading, after: Reading, tariff: EnergyTariff, zone: tzinfo) -> list[tuple[str, int]]:
    """Cut one interval at the bounds of bands; the last piece takes what rounding left, so nothing is lost."""
    rise_wh = after.delivered_wh - before.delivered_wh
    span = after.at - before.at
    pieces: list[tuple[str, int]] = []
    at, given_wh = before.at, 0
    while True:
        band, until = _band_at(at, tariff, zone)
        if until >= after.at:
            pieces.append((band.name, rise_wh - given_wh))
            return pieces
        due_wh = (
            rise_wh
            * ((until - before.at) // timedelta(microseconds=1))
            // (span // timedelta(microseconds=1))
        )
        pieces.append((band.name, due_wh - given_wh))
        at, given_wh = until, due_wh


def _band_at(at: datetime, tariff: EnergyTariff, zone: tzinfo) -> tuple[Band, datetime]:
    """The band in force at a moment and the moment it ends."""
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    for band in tariff.bands:
        if band.from_minute <= minute < band.to_minute:
            return band, _midnight(local.date(), zone) + timedelta(minutes=band.to_minute)
    raise ValueError(f"no band of {tariff.name} holds {local:%H:%M}")


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(0), tzinfo=zone)


def idle_minutes(charging_ended_at: datetime, until: datetime, idle: IdleFee) -> int:
    """Started minutes past the grace time."""
    over = until - charging_ended_at - idle.grace
    return max(0, -(-over // timedelta(minutes=1)))


def charge_fee(
    readings: Sequence[Reading],
    tariff: EnergyTariff,
    zone: tzinfo,
    charging_ended_at: datetime | None = None,
    unplugged_at: datetime | None = None,
) -> ChargeFee:
    """Price one charge, running or finished.

    Args:
        readings: the transaction's energy over time, from its start.
        tariff: the price list in force at its start.
        zone: the time zone the price list speaks of.
        charging_ended_at: when energy stopped flowing, None while it flows.
        unplugged_at: when the car left the plug (now, while it has not), None where that is not known.

    Returns:
        Lines in the order of the day's bands, energy before service, the idle fee last.
    """
    shares = energy_by_band(readings, tariff, zone)
    lines: list[FeeLine] = []
    for kind in ("energy", "service"):
        for band in _distinct(tariff.bands):
            wh = shares.get(band.name, 0)
            price = band.energy_price if kind == "energy" else band.service_price
            if wh and price:
                fee_fen = _half_up(wh * price, 100_000)
                lines.append(FeeLine(kind=kind, band=band.name, energy_wh=wh, price=price, fee_fen=fee_fen))
    if tariff.idle and charging_ended_at and unplugged_at:
        minutes = idle_minutes(charging_ended_at, unplugged_at, tariff.idle)
        fee_fen = min(minutes * tariff.idle.fen_per_minute, tariff.idle.cap_fen)
        if fee_fen:
            lines.append(
                FeeLine(kind="idle", minutes=minutes, price=tariff.idle.fen_per_minute, fee_fen=fee_fen)
            )
    return ChargeFee(lines=tuple(lines))


def _distinct(bands: Sequence[Band]) -> list[Band]:
    """One band for each name: a name's price is the same wherever in the day it occurs."""
    return list({band.name: band for band in bands}.values())


def _half_up(amount: int, unit: int) -> int:
    return (amount * 2 + unit) // (unit * 2)
