"""Holding an outlet to a power limit: down the ladder of profiles until the meter shows that the limit is followed.

Called again and again by whoever shares power; what has been tried is read from the rows of profiles, so a restart
forgets nothing. Orders only: the answers come back through `answers16`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import charger_store, order_store, orders, profile_store, remote, transaction_store
from charging.charger_store import OutletRow
from charging.profile_store import ProfileRow
from charging.rpc import Payload
from charging.rules.ladder import Outcome, Rung, Tried, is_obeyed, limit_in, next_rung, rungs
from charging.transaction_store import Transaction
from facility.clock import Clock

Connection = AsyncConnection[Any]

PROFILE_IDS: Final = {"A": 990_101, "W": 990_102}
"""Our own profile numbers, one for each unit, so that a refusal in one unit is not overwritten by the other."""

STACK_LEVEL: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What an outlet may take: W in all, and how amperes of it are counted."""

    limit_w: int
    phase_voltage_v: int
    phases: int


async def hold_outlet(
    conn: Connection, outlet: OutletRow, transaction: Transaction | None, limit: Limit, clock: Clock
) -> Rung | None:
    """Order what is still missing for a limit to hold (1.6).

    Returns:
        The rung now relied on; None where every rung failed and the outlet was ordered out of service instead.
    """
    rows = await _own_profiles(conn, outlet)
    now = clock.now()
    tried = [
        Tried(rung=_rung(row), outcome=await _outcome(conn, row, transaction, limit, now)) for row in rows
    ]
    ladder = rungs(await _units(conn, outlet.charger_id), is_charging=transaction is not None)
    rung = next_rung(ladder, tried)
    if rung is None:
        await _order(
            conn, outlet, *remote.availability_order("1.6", outlet.evse_no, is_operative=False), clock
        )
        return None
    wanted = limit_in(rung.unit, limit.limit_w, limit.phase_voltage_v, limit.phases)
    if not any(_rung(row) == rung and _limit_of(row) == wanted and row.status == "Accepted" for row in rows):
        await _order(conn, outlet, "SetChargingProfile", _profile(outlet, rung, wanted, transaction), clock)
    return rung


async def held_limit_w(conn: Connection, outlet: OutletRow, phase_voltage_v: int, phases: int) -> int | None:
    """The limit the charger last accepted from us since its boot, W; None where it accepted none."""
    accepted = [row for row in await _own_profiles(conn, outlet) if row.status == "Accepted"]
    if not accepted:
        return None
    newest = max(accepted, key=lambda row: row.set_at)
    return _limit_of(newest) * (1 if _rung(newest).unit == "W" else phase_voltage_v * phases)


async def _own_profiles(conn: Connection, outlet: OutletRow) -> list[ProfileRow]:
    """Our profiles on this outlet that the charger has answered since its last boot."""
    detail = (await charger_store.read_details(conn, outlet.identity))[0]
    booted_at = detail.booted_at or detail.registered_at
    return [
        row
        for row in await profile_store.read_profiles(conn, outlet.charger_id)
        if row.profile_id in PROFILE_IDS.values()
        and row.evse_no in (0, outlet.evse_no)
        and row.set_at >= booted_at
    ]


def _rung(row: ProfileRow) -> Rung:
    return Rung(purpose=row.purpose, unit=row.body["chargingSchedule"]["chargingRateUnit"])


def _limit_of(row: ProfileRow) -> int:
    return int(row.body["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"])


async def _outcome(
    conn: Connection, row: ProfileRow, transaction: Transaction | None, limit: Limit, now: datetime
) -> Outcome:
    if row.status != "Accepted":
        return Outcome.REFUSED
    if transaction is None:
        return Outcome.ACCEPTED
    samples = await transaction_store.read_powers(
        conn, transaction.id, max(row.set_at, transaction.started_at)
    )
    allowed_w = (
        _limit_of(row) if _rung(row).unit == "W" else _limit_of(row) * limit.phase_voltage_v * limit.phases
    )
    return Outcome.IGNORED if is_obeyed(allowed_w, row.set_at, samples, now) is False else Outcome.ACCEPTED


async def _units(conn: Connection, charger_id: int) -> list[str]:
    """The units the charger says it knows; amperes first where it says nothing, as most 1.6 chargers want."""
    keys = {key.key: key.value or "" for key in await charger_store.read_configuration(conn, charger_id)}
    told = keys.get("ChargingScheduleAllowedChargingRateUnit", "")
    units = [unit for word, unit in (("Current", "A"), ("Power", "W")) if word in told]
    return units or ["A", "W"]


def _profile(outlet: OutletRow, rung: Rung, limit: int, transaction: Transaction | None) -> Payload:
    profile: Payload = {
        "chargingProfileId": PROFILE_IDS[rung.unit],
        "stackLevel": STACK_LEVEL,
        "chargingProfilePurpose": rung.purpose,
        "chargingProfileKind": "Relative" if rung.purpose == "TxProfile" else "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": rung.unit,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
    }
    if rung.purpose == "TxProfile" and transaction is not None:
        profile["transactionId"] = transaction.id
    # A charge point's own limit lies on connector 0 (OCPP 1.6 section 3.13.1).
    connector = 0 if rung.purpose == "ChargePointMaxProfile" else outlet.evse_no
    return {"connectorId": connector, "csChargingProfiles": profile}


async def _order(conn: Connection, outlet: OutletRow, action: str, payload: Payload, clock: Clock) -> None:
    if await order_store.has_open_order(conn, outlet.charger_id, action, payload):
        return
    await orders.request_order(
        conn,
        charger_id=outlet.charger_id,
        version="1.6",
        action=action,
        payload=payload,
        by="power sharing",
        clock=clock,
        keep_for=timedelta(minutes=2),
    )
