"""What a driver does at a charger: look, start, stop, reserve. A driver is known by the tag in the page's cookie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import (
    bill_store,
    bills,
    charger_store,
    order_store,
    orders,
    remote,
    sample_store,
    tag_store,
    transaction_store,
)
from charging.bill_store import Bill
from charging.charger_store import OutletRow
from charging.order_store import Order
from charging.rules.fees import EnergyTariff, FeeLine
from charging.rules.moments import moment_text
from charging.tag_store import IdTag, Reservation
from charging.tariffs import NoTariff, load_tariff
from charging.transaction_store import Transaction
from facility import board_store
from facility.board import EquipmentKind, standing
from facility.clock import Clock
from facility.errors import Conflict, Missing, Refused
from facility.ids import new_uuid

Connection = AsyncConnection[Any]

RESERVE_FOR: Final = timedelta(minutes=15)
TAG_LIVES: Final = timedelta(days=2)
START_WITHIN: Final = timedelta(minutes=3)
"""A driver who has not plugged in by then presses start again."""


class NoSuchEvse(Missing):
    """No charger serves an EVSE of this name."""

    code = "evse_missing"


class EvseLockedOut(Refused):
    """A lockout stands on the EVSE, so it must not serve."""

    code = "evse_locked_out"


class EvseBusy(Conflict):
    """Another car charges here, or the EVSE is reserved for another driver."""

    code = "evse_busy"


class EvseAway(Conflict):
    """The charger is not connected or out of order."""

    code = "evse_away"


class NotYours(Refused):
    """The charge was started by someone else."""

    code = "charge_not_yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A charge as its page shows it; `power_w` and `soc_pct` are None where the charger does not tell."""

    transaction: Transaction
    delivered_wh: int
    power_w: int | None
    soc_pct: int | None
    sampled_at: datetime | None
    cost_fen: int
    lines: Sequence[FeeLine]
    bill: Bill | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything the page of an EVSE shows; `situation` names which of its faces."""

    outlet: OutletRow
    situation: str
    tariff: EnergyTariff | None
    live: Live | None
    reservation: Reservation | None
    order: Order | None


async def find_outlet(conn: Connection, evse_id: str) -> OutletRow:
    """An EVSE by its name.

    Raises:
        NoSuchEvse: no charger serves it.
    """
    outlet = await charger_store.find_outlet(conn, evse_id)
    if outlet is None:
        raise NoSuchEvse(f"no charger serves {evse_id[:20]}")
    return outlet


async def is_locked_out(conn: Connection, evse_id: str) -> bool:
    """Whether any source's lockout stands on an EVSE."""
    return bool(standing(await board_store.read_lockouts(conn), EquipmentKind.EVSE, evse_id))


async def look(conn: Connection, evse_id: str, tag: str | None, now: datetime) -> Scene:
    """What an EVSE's page shows to the driver with this tag (None: to a stranger)."""
    outlet = await find_outlet(conn, evse_id)
    transaction = await _relevant(conn, outlet, tag, now)
    reservation = await _reservation(conn, outlet, now)
    order = await _start_order(conn, outlet, tag)
    is_locked = await is_locked_out(conn, outlet.evse_id)
    tariff_id = await bill_store.tariff_in_force(conn, now)
    live = None if transaction is None else await read_live(conn, transaction, now)
    return Scene(
        outlet=outlet,
        situation=_situation(outlet, transaction, reservation, order, tag, now, is_locked=is_locked),
        tariff=None if tariff_id is None else await load_tariff(conn, tariff_id),
        live=live,
        reservation=reservation,
        order=order,
    )


def _situation(
    outlet: OutletRow,
    transaction: Transaction | None,
    reservation: Reservation | None,
    order: Order | None,
    tag: str | None,
    now: datetime,
    *,
    is_locked: bool,
) -> str:
    """One of: mine, others, done, locked, away, fault, starting, refused, kept, reserved, free."""
    if transaction is not None:
        if transaction.stopped_at is not None:
            return "done"
        return "mine" if _is(transaction.id_tag, tag) else "others"
    if is_locked:
        return "locked"
    if not outlet.is_connected:
        return "away"
    if outlet.status in ("Faulted", "Unavailable"):
        return "fault"
    if order is not None and now - order.requested_at < START_WITHIN:
        is_refused = order.state not in ("queued", "sent", "answered") or not _is_accepted(order)
        return "refused" if is_refused else "starting"
    if reservation is not None:
        return "kept" if _is(reservation.id_tag, tag) else "reserved"
    return "free"


def _is(one: str, other: str | None) -> bool:
    return other is not None and one.casefold() == other.casefold()


def _is_accepted(order: Order) -> bool:
    return order.state in ("queued", "sent") or (order.response or {}).get("status") == "Accepted"


async def _relevant(
    conn: Connection, outlet: OutletRow, tag: str | None, now: datetime
) -> Transaction | None:
    """The running transaction, else the driver's own latest one here while it is fresh and nothing newer began."""
    recent = await transaction_store.find_transactions(
        conn, charger_id=outlet.charger_id, since=now - TAG_LIVES, limit=20
    )
    here = [one for one in recent if one.evse_no == outlet.evse_no]
    running = next((one for one in here if one.stopped_at is None and not one.is_told_late), None)
    if running is not None:
        return running
    latest = here[0] if here else None
    return latest if latest is not None and _is(latest.id_tag, tag) else None


async def _reservation(conn: Connection, outlet: OutletRow, now: datetime) -> Reservation | None:
    for one in await tag_store.read_reservations(conn, charger_id=outlet.charger_id, is_open=True):
        if one.evse_no in (outlet.evse_no, 0) and one.expires_at > now:
            return one
    return None


async def _start_order(conn: Connection, outlet: OutletRow, tag: str | None) -> Order | None:
    """The driver's own latest start, if no transaction has come of it."""
    if tag is None:
        return None
    version = orders.version_of(outlet.protocol)
    action, payload = remote.start_order(version, outlet.evse_no, tag, 0)
    payload.pop("remoteStartId", None)
    order = await order_store.last_order(conn, outlet.charger_id, action, payload)
    if order is None or order.state in ("cancelled",):
        return None
    began = await transaction_store.find_transactions(
        conn, charger_id=outlet.charger_id, since=order.requested_at - timedelta(minutes=1), limit=20
    )
    return None if any(_is(one.id_tag, tag) for one in began) else order


async def read_live(conn: Connection, transaction: Transaction, now: datetime) -> Live:
    """A charge as a screen shows it, priced at a moment."""
    priced = await bills.price_charge(conn, transaction, now)
    last = await sample_store.read_live_sample(conn, transaction.id, transaction.started_at)
    bill = await bill_store.read_bill(conn, transaction.id)
    is_fixed = bill is not None and bill.state != "open"
    return Live(
        transaction=transaction,
        delivered_wh=priced.delivered_wh,
        power_w=None if last is None or transaction.stopped_at else last.power_w,
        soc_pct=None if last is None else last.soc_pct,
        sampled_at=None if last is None else last.measured_at,
        cost_fen=bill.total_fen if bill is not None and is_fixed else priced.fee.total_fen,
        lines=priced.fee.lines,
        bill=bill,
        until=transaction.stopped_at or now,
    )


async def start_charge(
    conn: Connection, evse_id: str, tag: str | None, plate: str | None, clock: Clock
) -> str:
    """Order the charger to start for this driver.

    Returns:
        The driver's tag, new where there was none.

    Raises:
        EvseLockedOut, EvseAway, EvseBusy: it cannot serve this driver now.
        NoTariff: no price list is in force, so nothing may be charged for.
    """
    scene = await look(conn, evse_id, tag, clock.now())
    outlet = scene.outlet
    if scene.situation == "done":  # a new charge after an old one of the same driver
        tag = None
    _refuse_unless_free(scene)
    if scene.tariff is None:
        raise NoTariff("no energy tariff is in force")
    tag = await _driver_tag(conn, tag, plate, clock)
    number = int(clock.now().timestamp()) % 2**31
    version = orders.version_of(outlet.protocol)
    action, payload = remote.start_order(version, outlet.evse_no, tag, number)
    await orders.request_order(
        conn,
        charger_id=outlet.charger_id,
        version=version,
        action=action,
        payload=payload,
        by=f"driver {tag}",
        clock=clock,
        keep_for=timedelta(seconds=60),
    )
    return tag


def _refuse_unless_free(scene: Scene) -> None:
    evse_id = scene.outlet.evse_id
    if scene.situation == "locked":
        raise EvseLockedOut(f"{evse_id} must not serve now")
    if scene.situation in ("away", "fault"):
        raise EvseAway(f"{evse_id} is out of order")
    if scene.situation in ("mine", "others", "reserved", "starting"):
        raise EvseBusy(f"{evse_id} is taken")


async def _driver_tag(conn: Connection, tag: str | None, plate: str | None, clock: Clock) -> str:
    """The driver's tag, made where the cookie has none; it holds for two days and for whoever shows the cookie."""
    known = None if tag is None else await tag_store.find_tag(conn, tag)
    name = known.tag if known is not None else f"Q{new_uuid().hex[:18].upper()}"
    now = clock.now()
    row = IdTag(
        tag=name,
        kind=remote.TAG_KIND,
        expires_at=now + TAG_LIVES,
        plate=plate or (known.plate if known else None),
        note="QR page",
    )
    await tag_store.put_tag(conn, row, now)
    return name


async def stop_charge(conn: Connection, evse_id: str, tag: str | None, clock: Clock) -> None:
    """Order the charger to stop the driver's own charge.

    Raises:
        NotYours: nothing of this driver runs here.
    """
    scene = await look(conn, evse_id, tag, clock.now())
    if scene.situation != "mine" or scene.live is None:
        raise NotYours(f"no charge of yours runs at {scene.outlet.evse_id}")
    version = orders.version_of(scene.outlet.protocol)
    action, payload = remote.stop_order(version, scene.live.transaction)
    if await order_store.has_open_order(conn, scene.outlet.charger_id, action, payload):
        return
    await orders.request_order(
        conn,
        charger_id=scene.outlet.charger_id,
        version=version,
        action=action,
        payload=payload,
        by=f"driver {tag}",
        clock=clock,
        keep_for=timedelta(minutes=10),
    )


async def reserve(conn: Connection, evse_id: str, tag: str | None, clock: Clock) -> str:
    """Keep an EVSE free for this driver for 15 minutes; returns the driver's tag.

    Raises:
        EvseLockedOut, EvseAway, EvseBusy: it cannot be kept.
    """
    now = clock.now()
    scene = await look(conn, evse_id, tag, now)
    _refuse_unless_free(scene)
    tag = await _driver_tag(conn, None if scene.situation == "done" else tag, None, clock)
    outlet = scene.outlet
    number = await tag_store.add_reservation(
        conn,
        charger_id=outlet.charger_id,
        evse_no=outlet.evse_no,
        id_tag=tag,
        token=tag,
        now=now,
        expires_at=now + RESERVE_FOR,
    )
    if number is None:
        raise EvseBusy(f"{outlet.evse_id} is reserved")
    version = orders.version_of(outlet.protocol)
    action, payload = remote.reserve_order(
        version, number, outlet.evse_no, tag, moment_text(now + RESERVE_FOR)
    )
    await orders.request_order(
        conn,
        charger_id=outlet.charger_id,
        version=version,
        action=action,
        payload=payload,
        by=f"driver {tag}",
        clock=clock,
        keep_for=timedelta(seconds=60),
    )
    return tag


async def cancel_reservation(conn: Connection, evse_id: str, tag: str | None, clock: Clock) -> None:
    """Give a reservation of this driver back.

    Raises:
        NotYours: this driver has none here.
    """
    scene = await look(conn, evse_id, tag, clock.now())
    if scene.situation != "kept" or scene.reservation is None:
        raise NotYours(f"{scene.outlet.evse_id} is not reserved for you")
    await orders.request_order(
        conn,
        charger_id=scene.outlet.charger_id,
        version=orders.version_of(scene.outlet.protocol),
        action="CancelReservation",
        payload={"reservationId": scene.reservation.id},
        by=f"driver {tag}",
        clock=clock,
    )
