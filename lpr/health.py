"""Whether each camera gives pictures now, one by one, for the process's sign of life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facility.ids import CameraId
from facility.site import Camera
from lpr.camera import CameraLoop
from lpr.loops import LoopWatch

ALIVE = "alive"  # a file that a folder's camera touches to say that it is there


@dataclass(slots=True, kw_only=True, eq=False)
class Watched:
    """One camera and the parts that look after it.

    Attributes:
        fault: why its loop ended last; `None` while it runs.
        started_at: since when it is looked at, aware UTC.
    """

    camera: Camera
    loop: CameraLoop
    started_at: datetime
    watch: LoopWatch | None = None
    fault: str | None = None


def why_away(one: Watched, *, sign_at: datetime | None, now_s: float, now: datetime) -> str | None:
    """Why a camera gives no picture now; `None` where it may.

    Args:
        sign_at: last sign of life that came another way (a push, a heartbeat, the file `alive`).
        now_s: monotonic seconds, for frames.
        now: aware UTC, for signs.
    """
    if one.loop.source.away is not None:
        return one.loop.source.away
    if one.fault is not None:
        return one.fault
    limit_s = one.camera.silent_after_s
    if limit_s is None:
        return None
    ages = [(now - one.started_at).total_seconds()]
    if one.loop.seen_at_s is not None:
        ages.append(now_s - one.loop.seen_at_s)
    if sign_at is not None:
        ages.append((now - sign_at).total_seconds())
    return f"silent for {min(ages):.0f} s" if min(ages) > limit_s else None


def alive_sign(camera: Camera, data: Path) -> datetime | None:
    """When a folder's camera touched its file `alive` last."""
    if camera.source != "folder" or camera.address is None:
        return None
    try:
        return datetime.fromtimestamp((data / camera.address / ALIVE).stat().st_mtime, UTC)
    except OSError:
        return None


def report(
    cameras: Mapping[CameraId, Watched], *, signs: Mapping[str, datetime], now_s: float, now: datetime
) -> dict[str, Any]:
    """What the process says beside its sign of life.

    `cameras_away` lists the cameras that give no picture, `loops_away` those whose loops do not answer; `cameras`
    says of each why, how long ago its last frame came, and how many frames came and went unread.
    """
    why = {
        name: why_away(one, sign_at=signs.get(name), now_s=now_s, now=now) for name, one in cameras.items()
    }
    return {
        "cameras_away": sorted(name for name, reason in why.items() if reason is not None),
        "loops_away": sorted(name for name, one in cameras.items() if one.watch and one.watch.is_away),
        "cameras": {
            name: {
                "away": why[name],
                "frame_age_s": None if one.loop.seen_at_s is None else round(now_s - one.loop.seen_at_s, 1),
                "dropped": one.loop.source.dropped,
            }
            for name, one in cameras.items()
        },
    }
