"""Remaining-space boards: one at each entry lane with the levels behind it, shown anew when something changed."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection

from facility.context import Context
from facility.db import listen, unit_of_work
from facility.ids import LaneId
from facility.logs import get_logger
from facility.site import Lane, Site
from gateway.parking.drivers.board import Board, BoardFault, BoardLine, SimulatedBoard
from gateway.parking.free_places import FreePlaces, read_free_places

log = get_logger()
Conn = AsyncConnection[Any]
SWEEP_S = 10.0


def lines_for(site: Site, lane: Lane, places: FreePlaces) -> tuple[BoardLine, ...]:
    """What the board of an entry shows: a line for each level behind it."""
    behind = {zone.level for zone in site.zones.values() if zone.area == lane.area}
    return tuple(
        BoardLine(name=one.level.name.zh, free=None if one.is_closed else one.free)
        for one in places.levels
        if one.level.id in behind
    )


async def show_all(
    conn: Conn, ctx: Context, boards: Mapping[LaneId, Board], shown: dict[LaneId, tuple[BoardLine, ...]]
) -> int:
    """Show what changed on every board; a board that fails is tried again at the next change.

    Returns:
        Boards that were given new lines.
    """
    places = await read_free_places(conn, ctx.site, now=ctx.clock.now())
    changed = 0
    for lane_id, board in boards.items():
        lines = lines_for(ctx.site, ctx.site.lanes[lane_id], places)
        if shown.get(lane_id) == lines:
            continue
        try:
            await board.show(lines)
        except BoardFault as fault:
            log.warning("board.failed", lane=lane_id, reason=str(fault))
            continue
        shown[lane_id] = lines
        changed += 1
    return changed


async def run(ctx: Context, boards: Mapping[LaneId, Board] | None = None) -> None:
    """Keep the boards up to date."""
    entries = [lane.id for lane in ctx.site.lanes.values() if lane.direction == "in"]
    at_lanes = boards if boards is not None else {lane_id: SimulatedBoard() for lane_id in entries}
    shown: dict[LaneId, tuple[BoardLine, ...]] = {}
    async for _notice in listen(ctx.dsn, ["zone_count"], SWEEP_S):
        async with unit_of_work(ctx.pool) as conn:
            await show_all(conn, ctx, at_lanes, shown)
