"""The run's clocks, worked out from recorded moments and never from a counter.

Every moment here is the server's receipt time. A phone's own clock never moves a clock of the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A stretch in which drill time stood still.

    Args:
        paused_at: aware UTC.
        resumed_at: aware UTC, `None` while the pause lasts.
        reason: why, in the commander's words.
        person: who ordered it.
    """

    paused_at: datetime
    resumed_at: datetime | None
    reason: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFace:
    """What a clock shows.

    `remaining` is `None` where no limit is set and negative once the limit is passed.
    """

    elapsed: timedelta
    remaining: timedelta | None
    is_running: bool


def legal_elapsed(started_at: datetime, ended_at: datetime | None, now: datetime) -> timedelta:
    """Count legal time: from the order to the end, never paused, never negative."""
    return max((ended_at or now) - started_at, timedelta(0))


def drill_elapsed(
    zero_at: datetime, ended_at: datetime | None, pauses: Sequence[Pause], now: datetime
) -> timedelta:
    """Count drill time from its zero: what has passed less every pause, overlapping pauses counted once.

    Zero is the run's start, or the moment at which the siren sounds that the drill is tied to. Before it the time is
    negative and counts down to the siren, which no pause holds up.
    """
    end = ended_at or now
    if end < zero_at:
        return end - zero_at
    stood = timedelta(0)
    covered_to = zero_at
    for pause in sorted(pauses, key=lambda p: p.paused_at):
        begin = max(pause.paused_at, covered_to)
        finish = min(pause.resumed_at or end, end)
        if finish > begin:
            stood += finish - begin
            covered_to = finish
    return end - zero_at - stood


def face(elapsed: timedelta, limit: timedelta | None, *, is_running: bool) -> ClockFace:
    """Set elapsed time against a limit."""
    return ClockFace(
        elapsed=elapsed, remaining=None if limit is None else limit - elapsed, is_running=is_running
    )


def acted_at(device_at: datetime, device_now: datetime, received_at: datetime) -> datetime:
    """Say when a phone's entry was made, by the server's clock.

    The phone tells its own time as it sends; the difference to the server's receipt time is its skew, and
    the entry is moved by that much. An entry cannot have been made after it arrived.
    """
    return min(device_at + (received_at - device_now), received_at)
