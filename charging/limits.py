"""Holding an outlet to a power limit: down the ladder of profiles until the meter shows that the limit is followed.

Called again and again by whoever shares power; what has been tried is read from the rows of profiles, so a restart
forgets nothing. Orders only: the answers come back through `answers16` and `answers201`. 1.6 and 2.x differ in the
names and in the order of the rungs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import (
    charger_store,
    configuration_store,
    device_store,
    order_store,
    orders,
    profile_store,
    sample_store,
)
from charging.charger_store import OutletRow
from charging.profile_store import ProfileRow
from charging.rpc import Payload
from charging.rules.ladder import (
    PURPOSES_2,
    PURPOSES_16,
    Outcome,
    Rung,
    Tried,
    is_obeyed,
    limit_in,
    next_rung,
    rungs,
)
from charging.transaction_store import Transaction
from facility import alarm_store, board_store
from facility.board import EquipmentKind, Source
from facility.clock import Clock

Connection = AsyncConnection[Any]

PROFILE_IDS: Final = {"A": 990_101, "W": 990_102}
"""Our own profile numbers in 1.6, one for each unit, so that a refusal in one unit is not overwritten by the other."""

PROFILE_IDS_2: Final = {
    Rung(purpose=purpose, unit=unit): 990_103 + 2 * place + offset
    for place, purpose in enumerate(PURPOSES_2)
    for offset, unit in enumerate("AW")
}
"""In 2.x a number names one profile of the whole charger: the same number again would replace another purpose's."""

STACK_LEVEL: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What an outlet may take: W in all, and how amperes of it are counted."""

    limit_w: int
    phase_voltage_v: int
    phases: int


async def hold_outlet(
    conn: Connection,
    outlet: OutletRow,
    transaction: Transaction | None,
    limit: Limit,
    clock: Clock,
    since: datetime | None = None,
    *,
    takes_out: bool = True,
) -> Rung | None:
    """Order what is still missing for a limit to hold.

    Args:
        since: a profile accepted before this moment is sent again, although it says the same (a 2.x car that told its
            needs is owed a schedule, K15); None where it need not be.
        takes_out: whether an outlet that follows no limit is locked out.

    Returns:
        The rung now relied on; None where every rung failed: the outlet is then locked out, and the board stops it.
    """
    version = orders.version_of(outlet.protocol)
    rows = await _own_profiles(conn, outlet, transaction)
    now = clock.now()
    tried = [
        Tried(rung=_rung(row), outcome=await _outcome(conn, row, transaction, limit, now)) for row in rows
    ]
    units = await _units(conn, outlet)
    purposes = PURPOSES_16 if version == "1.6" else PURPOSES_2
    rung = next_rung(rungs(units, is_charging=transaction is not None, purposes=purposes), tried)
    if rung is None:
        if takes_out:
            await _take_out(conn, outlet, now)
        return None
    wanted = limit_in(rung.unit, limit.limit_w, limit.phase_voltage_v, limit.phases)
    is_set = any(
        _rung(row) == rung
        and _limit_of(row) == wanted
        and row.status == "Accepted"
        and (since is None or row.set_at >= since)
        for row in rows
    )
    if not is_set:
        level = STACK_LEVEL + units.index(rung.unit)
        make = _profile_16 if version == "1.6" else _profile_2
        await _order(
            conn, outlet, "SetChargingProfile", make(outlet, rung, wanted, level, transaction), clock
        )
    return rung


async def _take_out(conn: Connection, outlet: OutletRow, now: datetime) -> None:
    """A charger that follows no limit must not serve until a person has seen to it and lifts the lockout."""
    is_new = await board_store.place_lockout(
        conn,
        kind=EquipmentKind.EVSE,
        equipment_id=outlet.evse_id,
        source=Source.MAINTENANCE,
        reason="limit_not_followed",
        by="power sharing",
        now=now,
    )
    if is_new:
        detail = {"charger": outlet.identity}
        await alarm_store.raise_alarm(
            conn, "charging.limit_not_followed", outlet.evse_id, "warning", detail, now=now
        )


async def held_limit_w(
    conn: Connection, outlet: OutletRow, transaction: Transaction | None, phase_voltage_v: int, phases: int
) -> int | None:
    """The limit the charger last accepted from us since its boot, W; None where it accepted none."""
    accepted = [row for row in await _own_profiles(conn, outlet, transaction) if row.status == "Accepted"]
    if not accepted:
        return None
    newest = max(accepted, key=lambda row: row.set_at)
    return _limit_of(newest) * (1 if _rung(newest).unit == "W" else phase_voltage_v * phases)


async def _own_profiles(
    conn: Connection, outlet: OutletRow, transaction: Transaction | None
) -> list[ProfileRow]:
    """Our profiles on this outlet that the charger has answered since its last boot; none of an older transaction."""
    detail = (await charger_store.read_details(conn, outlet.identity))[0]
    booted_at = detail.booted_at or detail.registered_at
    number = None if transaction is None else transaction.id
    return [
        row
        for row in await profile_store.read_profiles(conn, outlet.charger_id)
        if row.profile_id in _OWN_IDS
        and row.evse_no in (0, outlet.evse_no)
        and row.set_at >= booted_at
        and (row.purpose != "TxProfile" or row.transaction_id == number)
    ]


_OWN_IDS: Final = frozenset((*PROFILE_IDS.values(), *PROFILE_IDS_2.values()))


def _schedule(row: ProfileRow) -> dict[str, Any]:
    """The one schedule of a profile of ours: a member in 1.6, a list of one in 2.x."""
    schedule = row.body["chargingSchedule"]
    one: dict[str, Any] = schedule[0] if isinstance(schedule, list) else schedule
    return one


def _rung(row: ProfileRow) -> Rung:
    return Rung(purpose=row.purpose, unit=_schedule(row)["chargingRateUnit"])


def _limit_of(row: ProfileRow) -> int:
    return int(_schedule(row)["chargingSchedulePeriod"][0]["limit"])


async def _outcome(
    conn: Connection, row: ProfileRow, transaction: Transaction | None, limit: Limit, now: datetime
) -> Outcome:
    if row.status != "Accepted":
        return Outcome.REFUSED
    if transaction is None:
        return Outcome.ACCEPTED
    samples = await sample_store.read_powers(conn, transaction.id, max(row.set_at, transaction.started_at))
    allowed_w = (
        _limit_of(row) if _rung(row).unit == "W" else _limit_of(row) * limit.phase_voltage_v * limit.phases
    )
    return Outcome.IGNORED if is_obeyed(allowed_w, row.set_at, samples, now) is False else Outcome.ACCEPTED


async def _units(conn: Connection, outlet: OutletRow) -> list[str]:
    """The units the charger says it knows; amperes first where it says nothing, as most 1.6 chargers want."""
    if orders.version_of(outlet.protocol) == "1.6":
        keys = {
            key.key: key.value or ""
            for key in await configuration_store.read_configuration(conn, outlet.charger_id)
        }
        told = keys.get("ChargingScheduleAllowedChargingRateUnit", "")
        units = [unit for word, unit in (("Current", "A"), ("Power", "W")) if word in told]
    else:
        rate = await device_store.read_variables(
            conn, outlet.charger_id, component="SmartChargingCtrlr", variable="RateUnit", attribute="Actual"
        )
        told = rate[0].value or "" if rate else ""
        units = [unit for unit in (word.strip() for word in told.split(",")) if unit in ("A", "W")]
    return units or ["A", "W"]


def _profile_16(
    outlet: OutletRow, rung: Rung, limit: int, level: int, transaction: Transaction | None
) -> Payload:
    profile: Payload = {
        "chargingProfileId": PROFILE_IDS[rung.unit],
        "stackLevel": level,
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


def _profile_2(
    outlet: OutletRow, rung: Rung, limit: int, level: int, transaction: Transaction | None
) -> Payload:
    number = PROFILE_IDS_2[rung]
    profile: Payload = {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": rung.purpose,
        "chargingProfileKind": "Relative" if rung.purpose == "TxProfile" else "Absolute",
        "chargingSchedule": [
            {
                "id": number,
                "chargingRateUnit": rung.unit,
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            }
        ],
    }
    if rung.purpose == "TxProfile" and transaction is not None:
        profile["transactionId"] = transaction.station_transaction or str(transaction.id)
    # A station's own limit lies on EVSE 0 (2.0.1 K01); here a charger has one EVSE.
    evse_no = 0 if rung.purpose == "ChargingStationMaxProfile" else outlet.evse_no
    return {"evseId": evse_no, "chargingProfile": profile}


async def _order(conn: Connection, outlet: OutletRow, action: str, payload: Payload, clock: Clock) -> None:
    if await order_store.has_open_order(conn, outlet.charger_id, action, payload):
        return
    await orders.request_order(
        conn,
        charger_id=outlet.charger_id,
        version=orders.version_of(outlet.protocol),
        action=action,
        payload=payload,
        by="power sharing",
        clock=clock,
        keep_for=timedelta(minutes=2),
    )
