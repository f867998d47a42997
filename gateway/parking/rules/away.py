"""What a lane does while its camera, or the way to the people who decide, is away."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from facility.layout import Fallback, Policy

# A process beats every two seconds; one that is silent for so long is away, one that restarts is not.
SILENT_FOR = timedelta(seconds=20)
# What strictness means where two policies hold at once: an arm held up traps nobody, so it goes before everything.
_STRICTEST_FIRST: tuple[Policy, ...] = ("open", "closed", "attendant")

READER, SCREENS = "lpr", "web"


def is_silent(seen_at: Mapping[str, datetime], name: str, *, watched_since: datetime, now: datetime) -> bool:
    """Whether a process is away.

    Args:
        seen_at: last sign of life by process.
        watched_since: since when somebody looks; a process that never said anything is given as long from here.
    """
    return now - max(seen_at.get(name, watched_since), watched_since) > SILENT_FOR


def cameras_named_away(detail: Mapping[str, Any]) -> frozenset[str]:
    """The cameras without pictures, as the reading process names them beside its sign of life."""
    named = detail.get("cameras_away", [])
    return frozenset(str(camera) for camera in named) if isinstance(named, list) else frozenset()


def policy_of(fallback: Fallback, *, is_camera_away: bool, is_network_away: bool) -> Policy | None:
    """What the site file wants of a lane now; `None` where it decides as always."""
    wanted: Collection[Policy] = [
        policy
        for is_away, policy in ((is_camera_away, fallback.camera), (is_network_away, fallback.network))
        if is_away
    ]
    return next((policy for policy in _STRICTEST_FIRST if policy in wanted), None)
