"""Shares the site's power between running transactions, again and again, by orders and never by talking to a charger.

What is held and what was ordered is read from rows, so a restart forgets nothing and an unchanged offer orders nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from charging import charger_store, limits, needs_store, sample_store, transaction_store
from charging.charger_store import OutletRow
from charging.limits import Limit
from charging.needs_store import Needs
from charging.rules.planning import BEST, POLICIES
from charging.rules.sharing import (
    MIN_A,
    Car,
    Moment,
    PhaseLimit,
    Policy,
    Supply,
    can_exceed,
    lower_first,
    standing_offers,
)
from charging.transaction_store import Transaction
from facility import board_store
from facility.board import Duty, EquipmentKind, Lockout, wanted_duty
from facility.context import Context
from facility.db import listen, unit_of_work
from facility.errors import Unavailable
from facility.ids import EvseId
from facility.layout import Evse
from facility.site import Site

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]
SWEEP_EVERY_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A free EVSE in reach, as the car that may begin there at any moment: `offer_a` is what it would be let take."""

    outlet: OutletRow
    car: Car


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A transaction that shares; `held_a` is what its charger lets it take until it is told otherwise."""

    outlet: OutletRow
    evse: Evse
    transaction: Transaction
    held_a: int
    delivered_wh: int
    needs: Needs | None


async def run(ctx: Context) -> None:
    """Share for ever: when a transaction begins or ends, when the board changes, and on a timer."""
    policy = POLICIES[BEST]()
    async for _notice in listen(ctx.dsn, ["transaction", "board"], sweep_every_s=SWEEP_EVERY_S):
        try:
            async with unit_of_work(ctx.pool) as conn:
                await share(conn, ctx, policy)
        except (Unavailable, psycopg.Error) as away:
            log.warning("share.failed", reason=str(away).strip())


async def share(conn: Connection, ctx: Context, policy: Policy) -> dict[str, int]:
    """One round: offer, and order what changed.

    Returns:
        Amperes on each phase ordered for each EVSE with a running transaction that can be reached.
    """
    site = ctx.site
    outlets = {
        (row.charger_id, row.evse_no): row
        for row in await charger_store.read_outlets(conn)
        if EvseId(row.evse_id) in site.evses
    }
    lockouts = await board_store.read_lockouts(conn)
    running = [
        await _running(conn, ctx, outlets[place], one)
        for one in await transaction_store.read_open(conn)
        if not one.is_told_late and (place := (one.charger_id, one.evse_no)) in outlets
    ]
    reached = [one for one in running if one.outlet.is_connected]
    away = [one for one in running if not one.outlet.is_connected]
    now_min = int(ctx.clock.now().timestamp() // 60)
    moment = Moment(
        now_min=now_min,
        cars=tuple(_car(one, site, lockouts) for one in reached),
        supply=site_supply(site, away),
    )
    # The solver is compiled code that lets other threads run; on the loop it would hold up every socket.
    offers = await asyncio.to_thread(policy, moment)
    busy = {one.outlet.evse_id for one in running}
    rows = [row for row in outlets.values() if row.evse_id not in busy and row.is_connected]
    await _hold_cut(conn, ctx, [row for row in rows if _is_cut(site, _evse(site, row), lockouts)])
    idle = [await _idle(conn, site, row) for row in rows if not _is_cut(site, _evse(site, row), lockouts)]
    cars = (*moment.cars, *(one.car for one in idle))
    held = [*(one.held_a for one in reached), *(one.car.offer_a for one in idle)]
    if can_exceed(cars, moment.supply):
        standing = standing_offers(moment, offers, [one.car for one in idle])
    else:  # nobody need be held back; what a lifted lockout left at nothing begins again
        standing = [one.car.offer_a or MIN_A for one in idle]
    ordered = lower_first(replace(moment, cars=cars), held, [*offers, *standing])
    for one, amperes in zip(reached, ordered, strict=False):
        await _hold(conn, ctx, one, amperes)
    for free, amperes in zip(idle, ordered[len(reached) :], strict=True):
        if amperes != free.car.offer_a:
            await _hold_free(conn, ctx, free.outlet, amperes)
    return {one.evse.id: amperes for one, amperes in zip(reached, ordered, strict=False)}


def site_supply(site: Site, away: Sequence[Running] = ()) -> Supply:
    """The site's limits in amperes of a phase, less what chargers out of reach may take."""
    tops = [limit for limit in site.supply_limits.values() if limit.parent is None]
    return Supply(
        limits=tuple(
            _limit(
                limit.limit_w // 3 // limit.phase_voltage_v,
                frozenset(str(evse) for evse in limit.evses),
                away,
                None if limit.parent is None else limit.max_imbalance_a,
            )
            for limit in site.supply_limits.values()
        ),
        imbalance_a=min((limit.max_imbalance_a for limit in tops), default=None),
        voltage_v=_voltage_v(site),
        base_a=_taken(away),
    )


def _limit(
    phase_a: int, members: frozenset[str], away: Sequence[Running], imbalance_a: int | None
) -> PhaseLimit:
    a, b, c = taken = _taken([one for one in away if one.outlet.evse_id in members])
    return PhaseLimit(
        limit_a=(phase_a - a, phase_a - b, phase_a - c),
        members=members,
        imbalance_a=imbalance_a,
        base_a=taken,
    )


def _taken(away: Sequence[Running]) -> tuple[int, int, int]:
    a, b, c = (sum(one.held_a for one in away if phase in one.evse.phases) for phase in "ABC")
    return a, b, c


def _voltage_v(site: Site) -> int:
    return min((limit.phase_voltage_v for limit in site.supply_limits.values()), default=220)


async def _running(conn: Connection, ctx: Context, outlet: OutletRow, transaction: Transaction) -> Running:
    evse = ctx.site.evses[EvseId(outlet.evse_id)]
    last = await sample_store.read_last_sample(conn, transaction.id, transaction.started_at)
    return Running(
        outlet=outlet,
        evse=evse,
        transaction=transaction,
        held_a=await _held_a(conn, outlet, evse, transaction, _voltage_v(ctx.site)),
        delivered_wh=0 if last is None else last.delivered_wh,
        needs=await needs_store.read_needs(conn, transaction.id),
    )


async def _held_a(
    conn: Connection, outlet: OutletRow, evse: Evse, transaction: Transaction | None, voltage_v: int
) -> int:
    """What a charger accepted last; an EVSE that accepted nothing may take all it can."""
    held_w = await limits.held_limit_w(conn, outlet, transaction, voltage_v, len(evse.phases))
    return evse.max_a if held_w is None else min(evse.max_a, held_w // (voltage_v * len(evse.phases)))


def _car(one: Running, site: Site, lockouts: Sequence[Lockout]) -> Car:
    is_cut = _is_cut(site, one.evse, lockouts)
    needs = one.needs
    return Car(
        key=one.evse.id,
        phases=tuple("ABC".index(phase) for phase in one.evse.phases),
        max_a=0 if is_cut else one.evse.max_a,
        arrived_min=int(one.transaction.started_at.timestamp() // 60),
        leaves_min=None
        if needs is None or needs.leaves_at is None
        else int(needs.leaves_at.timestamp() // 60),
        delivered_wh=one.delivered_wh,
        wanted_wh=None if needs is None or needs.wanted_wh is None else needs.delivered_wh + needs.wanted_wh,
    )


def _is_cut(site: Site, evse: Evse, lockouts: Sequence[Lockout]) -> bool:
    """Whether a lockout on the EVSE's zone takes its supply to zero."""
    return wanted_duty(lockouts, EquipmentKind.ZONE, site.bays[evse.bay].zone) == Duty.OUT


async def _hold(conn: Connection, ctx: Context, one: Running, amperes: int) -> None:
    voltage_v, phases = _voltage_v(ctx.site), len(one.evse.phases)
    limit = Limit(limit_w=amperes * voltage_v * phases, phase_voltage_v=voltage_v, phases=phases)
    since = None if one.needs is None else one.needs.told_at
    await limits.hold_outlet(conn, one.outlet, one.transaction, limit, ctx.clock, since)


def _evse(site: Site, outlet: OutletRow) -> Evse:
    return site.evses[EvseId(outlet.evse_id)]


async def _idle(conn: Connection, site: Site, outlet: OutletRow) -> Idle:
    evse = _evse(site, outlet)
    held_a = await _held_a(conn, outlet, evse, None, _voltage_v(site))
    car = Car(
        key=evse.id,
        phases=tuple("ABC".index(phase) for phase in evse.phases),
        max_a=evse.max_a,
        arrived_min=0,
        leaves_min=None,
        delivered_wh=0,
        wanted_wh=None,
        offer_a=held_a,
    )
    return Idle(outlet=outlet, car=car)


async def _hold_free(conn: Connection, ctx: Context, outlet: OutletRow, amperes: int) -> None:
    """Hold a free EVSE, so that a car that begins there keeps to this from its first second.

    One that takes no limit while it is free is left in service: its whole current stays reserved.
    """
    voltage_v, phases = _voltage_v(ctx.site), len(_evse(ctx.site, outlet).phases)
    limit = Limit(limit_w=amperes * voltage_v * phases, phase_voltage_v=voltage_v, phases=phases)
    await limits.hold_outlet(conn, outlet, None, limit, ctx.clock, takes_out=False)


async def _hold_cut(conn: Connection, ctx: Context, outlets: Sequence[OutletRow]) -> None:
    """Free EVSEs of a cut zone are held to nothing."""
    voltage_v = _voltage_v(ctx.site)
    for outlet in outlets:
        phases = len(_evse(ctx.site, outlet).phases)
        limit = Limit(limit_w=0, phase_voltage_v=voltage_v, phases=phases)
        await limits.hold_outlet(conn, outlet, None, limit, ctx.clock)
