"""NotifyEVChargingNeeds of OCPP 2.x (K15): what a car says it needs goes to whoever shares power."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from psycopg import AsyncConnection

from charging import needs_store
from charging.needs_store import Needs
from charging.rules.moments import read_deadline
from charging.samples import OpenTransaction
from facility.db import notify

Connection = AsyncConnection[Any]

MOST_WH: Final = 600_000
"""More than any battery holds: a larger wish is not believed."""


async def take_needs(
    conn: Connection, running: OpenTransaction, needs: Mapping[str, Any], received_at: datetime
) -> None:
    """Keep a running car's needs and wake the sharing loop, which then sends it a profile of its own."""
    told = Needs(
        leaves_at=read_deadline(needs.get("departureTime"), received_at),
        wanted_wh=wanted_wh(needs),
        delivered_wh=running.meter.delivered_wh,
        told_at=received_at,
    )
    await needs_store.write_needs(conn, running.id, told, dict(needs))
    await notify(conn, "transaction", str(running.id))


def wanted_wh(needs: Mapping[str, Any]) -> int | None:
    """Whole Wh the car wants, rounded down; None where it does not say or says what cannot be."""
    direct = needs.get("dcChargingParameters") or {}
    for told in (
        (needs.get("acChargingParameters") or {}).get("energyAmount"),
        direct.get("energyAmount"),
        (needs.get("v2xChargingParameters") or {}).get("evTargetEnergyRequest"),
        _missing_in_battery(direct),
    ):
        if told is not None:
            wh = int(told)
            return wh if 0 <= wh <= MOST_WH else None
    return None


def _missing_in_battery(direct: Mapping[str, Any]) -> int | None:
    """From the state of charge to the one the car calls full."""
    capacity, soc = direct.get("evEnergyCapacity"), direct.get("stateOfCharge")
    if capacity is None or soc is None:
        return None
    return int(Decimal(str(capacity)) * max(0, direct.get("fullSoC", 100) - soc) / 100)
