"""Which tasks are free to start or to finish, from the links between them and what has happened so far."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wartime_conversion.rules.plan import LinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One link of a task to an earlier one.

    `lag` may be negative and counts from the moment the need's end is reached.
    """

    task: str
    kind: LinkKind
    lag: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What has happened to a task: aware UTC moments, `None` while it has not happened."""

    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One reason why a task may not go on yet.

    `until` is the moment a running lag ends; `None` while the need itself is still open.
    """

    need: Need
    until: datetime | None


Needs = Mapping[str, Sequence[Need]]
Progresses = Mapping[str, Progress]

_NOTHING = Progress()


def start_waits(needs: Sequence[Need], progress: Progresses, now: datetime) -> list[Wait]:
    """List what keeps a task from starting at `now` (aware UTC); empty means it is free."""
    return _waits([n for n in needs if n.kind is not LinkKind.FF], progress, now)


def finish_waits(needs: Sequence[Need], progress: Progresses, now: datetime) -> list[Wait]:
    """List what keeps a started task from being finished at `now` (aware UTC)."""
    return _waits([n for n in needs if n.kind is LinkKind.FF], progress, now)


def released(
    waiting: Collection[str], needs: Needs, progress: Progresses, now: datetime
) -> tuple[list[str], datetime | None]:
    """Name the waiting tasks that are free to start, and the moment the next running lag ends.

    Args:
        waiting: tasks not released so far.
        needs: links of every task of the run; a need that names a task outside it is never met.
        progress: what has happened to each task.
        now: aware UTC.

    Returns:
        Tasks to release, in the order of `waiting`, and the earliest moment at which a lag that is already
        running frees something more (`None` when no clock is ticking).
    """
    free: list[str] = []
    ends: list[datetime] = []
    for task in waiting:
        waits = start_waits(needs.get(task, ()), progress, now)
        if not waits:
            free.append(task)
        elif all(w.until is not None for w in waits):
            ends.append(max(w.until for w in waits if w.until is not None))
    return free, min(ends, default=None)


def without(needs: Needs, kept: Collection[str]) -> dict[str, list[Need]]:
    """Drop the tasks outside `kept` and keep the order they imposed.

    A task that waited for a dropped one waits for what that one waited for, finish to start without lag: the
    order survives, the dropped work's time does not.
    """
    keep = set(kept)
    closed: dict[str, frozenset[str]] = {}

    def behind(task: str) -> frozenset[str]:
        if task not in closed:
            closed[task] = frozenset()  # a cycle adds nothing; the plan's lint names it
            found: set[str] = set()
            for need in needs.get(task, ()):
                found |= {need.task} if need.task in keep else behind(need.task)
            closed[task] = frozenset(found)
        return closed[task]

    return {task: _kept_needs(needs.get(task, ()), keep, behind) for task in kept}


def _kept_needs(own: Sequence[Need], keep: set[str], behind: Callable[[str], frozenset[str]]) -> list[Need]:
    direct = [need for need in own if need.task in keep]
    named = {need.task for need in direct}
    through: set[str] = set()
    for need in own:
        if need.task not in keep:
            through |= behind(need.task)
    return direct + [Need(task=task, kind=LinkKind.FS) for task in sorted(through - named)]


def _waits(needs: Sequence[Need], progress: Progresses, now: datetime) -> list[Wait]:
    waits: list[Wait] = []
    for need in needs:
        done = progress.get(need.task, _NOTHING)
        reached = done.started_at if need.kind is LinkKind.SS else done.finished_at
        until = None if reached is None else reached + need.lag
        if until is None or until > now:
            waits.append(Wait(need=need, until=until))
    return waits
