"""Remaining-space boards: one at each entry lane with the levels behind it, shown anew when something changed."""

import asyncio
from collections.abc import Mapping

from facility.alarm_store import clear_alarm, raise_alarm
from facility.context import Context
from facility.db import listen, unit_of_work
from facility.ids import LaneId
from facility.site import Lane, Site
from gateway.parking.drivers.board import Board, BoardFault, BoardLine
from gateway.parking.equipment import boards_of
from gateway.parking.free_places import FreePlaces, read_free_places

SWEEP_S = 10.0
BOARD_FAILED = "board.failed"


def lines_for(site: Site, lane: Lane, places: FreePlaces) -> tuple[BoardLine, ...]:
    """What the board of an entry shows: a line for each level behind it."""
    behind = {zone.level for zone in site.zones.values() if zone.area == lane.area}
    return tuple(
        BoardLine(name=one.level.name.zh, free=None if one.is_closed else one.free)
        for one in places.levels
        if one.level.id in behind
    )


async def show_all(
    ctx: Context, boards: Mapping[LaneId, Board], shown: dict[LaneId, tuple[BoardLine, ...]]
) -> int:
    """Show what changed on every board; one that fails raises its alarm and is tried again at the next look.

    No board is waited for inside a unit of work, nor by another board.

    Returns:
        Boards that were given new lines.
    """
    async with unit_of_work(ctx.pool) as conn:
        places = await read_free_places(conn, ctx.site, now=ctx.clock.now())
    wanted = {lane_id: lines_for(ctx.site, ctx.site.lanes[lane_id], places) for lane_id in boards}
    changed = [lane_id for lane_id, lines in wanted.items() if shown.get(lane_id) != lines]
    faults = await asyncio.gather(*(_show(boards[lane_id], wanted[lane_id]) for lane_id in changed))
    done = [lane_id for lane_id, fault in zip(changed, faults, strict=True) if fault is None]
    shown.update({lane_id: wanted[lane_id] for lane_id in done})
    async with unit_of_work(ctx.pool) as conn:
        for lane_id, fault in zip(changed, faults, strict=True):
            if fault is None:
                await clear_alarm(conn, BOARD_FAILED, lane_id, now=ctx.clock.now())
            else:
                detail = {"trouble": fault}
                await raise_alarm(conn, BOARD_FAILED, lane_id, "warning", detail, now=ctx.clock.now())
    return len(done)


async def _show(board: Board, lines: tuple[BoardLine, ...]) -> str | None:
    """Show lines on one board; returns what is wrong with it."""
    try:
        await board.show(lines)
    except BoardFault as fault:
        return str(fault)
    return None


async def run(ctx: Context, boards: Mapping[LaneId, Board] | None = None) -> None:
    """Keep the boards up to date; real ones are told again at each sweep: one that lost its power shows nothing."""
    at_lanes = boards if boards is not None else boards_of(ctx.site)
    shown: dict[LaneId, tuple[BoardLine, ...]] = {}
    async for notice in listen(ctx.dsn, ["zone_count"], SWEEP_S):
        if notice.is_sweep:
            shown = {lane_id: lines for lane_id, lines in shown.items() if at_lanes[lane_id].is_simulated}
        await show_all(ctx, at_lanes, shown)
