"""Whether the cameras and the screens are there: alarms, and each lane's policy while they are not.

The reading process beats, and names the cameras that give it no picture; the web process, through which drivers pay
and the attendant decides, beats too. A quiet camera is not away: nobody may have come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from facility.alarm_store import clear_alarm, raise_alarm
from facility.fact_store import write_fact
from facility.heartbeat_store import read_processes
from facility.ids import LaneId
from facility.layout import Policy
from facility.site import Lane, Site
from gateway.parking import lanes_store
from gateway.parking.rules.away import READER, SCREENS, cameras_named_away, is_silent, policy_of

Conn = AsyncConnection[Any]

CAMERA_AWAY, SCREENS_AWAY = "camera.away", "network.away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """What is away now."""

    cameras: frozenset[str]
    are_screens_away: bool


async def look(conn: Conn, site: Site, *, watched_since: datetime, now: datetime) -> dict[LaneId, Policy]:
    """Find what is away, raise and clear its alarms, and write what each lane does because of it.

    Args:
        watched_since: since when this process looks; others are given time to start beside it.

    Returns:
        The policy of each lane that has one now.
    """
    away = await find_away(conn, site, watched_since=watched_since, now=now)
    policies: dict[LaneId, Policy] = {}
    for lane in site.lanes.values():
        policy = policy_of(
            lane.fallback,
            is_camera_away=lane.camera in away.cameras,
            is_network_away=away.are_screens_away,
        )
        if policy is not None:
            policies[lane.id] = policy
        await _tell(conn, lane, policy, is_camera_away=lane.camera in away.cameras, now=now)
    if away.are_screens_away:
        await raise_alarm(conn, SCREENS_AWAY, SCREENS, "critical", {"process": SCREENS}, now=now)
    else:
        await clear_alarm(conn, SCREENS_AWAY, SCREENS, now=now)
    return policies


async def find_away(conn: Conn, site: Site, *, watched_since: datetime, now: datetime) -> Away:
    """Which cameras give no picture, and whether the web process is silent."""
    processes = {row.name: row for row in await read_processes(conn)}
    seen_at: Mapping[str, datetime] = {name: row.seen_at for name, row in processes.items()}
    if is_silent(seen_at, READER, watched_since=watched_since, now=now):
        cameras = frozenset(str(camera) for camera in site.cameras)
    else:
        cameras = cameras_named_away(processes[READER].detail) if READER in processes else frozenset()
    return Away(
        cameras=cameras,
        are_screens_away=is_silent(seen_at, SCREENS, watched_since=watched_since, now=now),
    )


async def _tell(
    conn: Conn, lane: Lane, policy: Policy | None, *, is_camera_away: bool, now: datetime
) -> None:
    if is_camera_away:
        detail = {"camera": str(lane.camera), "policy": lane.fallback.camera}
        await raise_alarm(conn, CAMERA_AWAY, lane.id, "warning", detail, now=now)
    else:
        await clear_alarm(conn, CAMERA_AWAY, lane.id, now=now)
    if await lanes_store.write_lane_policy(conn, lane.id, policy, now=now):
        await write_fact(conn, "lane.changed", lane.id, {"policy": policy}, now=now)
