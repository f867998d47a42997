"""Our price list in the words of an OCPP 2.1 tariff, so that a charger can show prices and count along."""

from datetime import timedelta
from typing import Any, Final

from charging.rules.fees import Band, EnergyTariff, IdleFee

CURRENCY: Final = "CNY"
MAX_ID: Final = 60
"""Longest `tariffId` (OCPP 2.1 `TariffType`)."""

_ALL_DAY: Final = 24 * 60


def tariff_message(tariff: EnergyTariff) -> dict[str, Any]:
    """A `TariffType`: yuan for each kWh (electricity and service in one) by the local time of day, and the idle fee.

    The bill rounds electricity and service to fen each on its own, so a charger's own sum may differ by a few fen; the
    bill is ours. Of an idle fee whose cap is no whole number of minutes, the charger asks for the whole ones below it.
    """
    message: dict[str, Any] = {
        "tariffId": tariff.name[:MAX_ID],
        "currency": CURRENCY,
        "energy": {"prices": [_energy(band) for band in tariff.bands]},
    }
    if tariff.idle is not None and tariff.idle.fen_per_minute:
        message["idleTime"] = {"prices": [_idle(tariff.idle)]}
    return message


def _energy(band: Band) -> dict[str, Any]:
    price: dict[str, Any] = {"priceKwh": (band.energy_price + band.service_price) / 10_000}
    if band.to_minute - band.from_minute < _ALL_DAY:
        # The end of the day is written 00:00.
        price["conditions"] = {
            "startTimeOfDay": _clock(band.from_minute),
            "endTimeOfDay": _clock(band.to_minute % _ALL_DAY),
        }
    return price


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _idle(idle: IdleFee) -> dict[str, Any]:
    grace_s = idle.grace // timedelta(seconds=1)
    return {
        "priceMinute": idle.fen_per_minute / 100,
        "conditions": {
            "minIdleTime": grace_s,
            "maxIdleTime": grace_s + 60 * (idle.cap_fen // idle.fen_per_minute),
        },
    }
