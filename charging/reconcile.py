"""Brings chargers in line with the equipment board: lockouts stop and take out, their lifting lets serve again.

Everything it knows is in the database, so a restart or a charger that was away changes nothing: the next round orders
what is still missing. It gives orders and never talks to a charger itself.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from charging import charger_store, order_store, orders, remote, transaction_store
from charging.charger_store import OutletRow
from charging.order_store import Order
from charging.rpc import Payload
from charging.rules.obeying import OutletState, Step, steps_to_obey
from charging.transaction_store import Transaction
from facility import board_store
from facility.board import Duty, EquipmentKind, wanted_duty
from facility.context import Context
from facility.db import listen, unit_of_work
from facility.errors import Unavailable

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]
SWEEP_EVERY_S: Final = 10.0
RAMP_PROFILE_ID: Final = 990_001
RAMP_LIMIT_A: Final = 6
"""The least current IEC 61851-1 lets a car charge with: the last step before the contactor opens."""


async def run(ctx: Context) -> None:
    """Reconcile for ever: when the board changes, and on a timer."""
    async for _notice in listen(ctx.dsn, ["board"], sweep_every_s=SWEEP_EVERY_S):
        try:
            async with unit_of_work(ctx.pool) as conn:
                await reconcile(conn, ctx)
        except (Unavailable, psycopg.Error) as away:
            log.warning("reconcile.failed", reason=str(away).strip())


async def reconcile(conn: Connection, ctx: Context) -> int:
    """One round over every outlet of the site; returns how many orders were given."""
    now = ctx.clock.now()
    lockouts = await board_store.read_lockouts(conn)
    running = {
        (one.charger_id, one.evse_no): one
        for one in await transaction_store.read_open(conn)
        if not one.is_told_late
    }
    given = 0
    for outlet in await charger_store.read_outlets(conn):
        wanted = wanted_duty(lockouts, EquipmentKind.EVSE, outlet.evse_id)
        transaction = running.get((outlet.charger_id, outlet.evse_no))
        if not _may_differ(outlet, wanted):
            continue
        steps = steps_to_obey(wanted, await _state(conn, outlet, transaction), now)
        for step in steps:
            await _order(conn, ctx, outlet, step, transaction)
        given += len(steps)
    return given


def _may_differ(outlet: OutletRow, wanted: Duty) -> bool:
    """The quick look that spares the usual outlet its queries; an outlet that is away is asked on its return."""
    if not outlet.is_connected:
        return False
    return wanted == Duty.OUT or outlet.availability != "operative" or outlet.status == "Unavailable"


async def _state(conn: Connection, outlet: OutletRow, transaction: Transaction | None) -> OutletState:
    asked_at: dict[Step, datetime] = {}
    for step in Step:
        if step in (Step.STOP, Step.RAMP_DOWN) and transaction is None:
            continue
        last = await _last(conn, outlet, step, transaction)
        if last is not None:
            asked_at[step] = last.requested_at
    return OutletState(
        is_charging=transaction is not None,
        availability=outlet.availability,
        status=outlet.status,
        asked_at=asked_at,
    )


async def _last(
    conn: Connection, outlet: OutletRow, step: Step, transaction: Transaction | None
) -> Order | None:
    action, payload = _payload(outlet, step, transaction)
    member = _same_profile(payload) if action == "SetChargingProfile" else payload
    return await order_store.last_order(conn, outlet.charger_id, action, member)


def _same_profile(payload: Payload) -> Payload:
    """What names the ramp-down among all profiles sent to an outlet, whatever the transaction."""
    if "csChargingProfiles" in payload:
        return {
            "connectorId": payload["connectorId"],
            "csChargingProfiles": {"chargingProfileId": RAMP_PROFILE_ID},
        }
    return {"evseId": payload["evseId"], "chargingProfile": {"id": RAMP_PROFILE_ID}}


def _payload(outlet: OutletRow, step: Step, transaction: Transaction | None) -> tuple[str, Payload]:
    version = orders.version_of(outlet.protocol)
    if step in (Step.TAKE_OUT, Step.LET_SERVE):
        return remote.availability_order(version, outlet.evse_no, is_operative=step == Step.LET_SERVE)
    assert transaction is not None  # stops are ordered only of a running one
    if step == Step.STOP:
        return remote.stop_order(version, transaction)
    return remote.limit_order(version, outlet.evse_no, transaction, RAMP_PROFILE_ID, RAMP_LIMIT_A)


async def _order(
    conn: Connection, ctx: Context, outlet: OutletRow, step: Step, transaction: Transaction | None
) -> None:
    action, payload = _payload(outlet, step, transaction)
    if step in (Step.TAKE_OUT, Step.LET_SERVE):
        await order_store.cancel_orders(conn, outlet.charger_id, action, outlet.evse_no, ctx.clock.now())
    await orders.request_order(
        conn,
        charger_id=outlet.charger_id,
        version=orders.version_of(outlet.protocol),
        action=action,
        payload=payload,
        by="equipment board",
        clock=ctx.clock,
        keep_for=timedelta(minutes=10),
    )
    log.info("board.obeyed", evse=outlet.evse_id, step=step.value)
