"""When a run's tasks begin and end: what happened, and what follows from it by the plan's links.

`project` does not level crews: two tasks of one crew may overlap, so its finish is the earliest possible. Where the
scheduler has foreseen the rest of the run, `levelled` puts its moments in place, and the finish is what crews allow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A link to a predecessor: `kind` FS, SS or FF, and a lag."""

    task: str
    kind: str
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCard:
    """A task of a run: what the plan says and what has happened so far (moments aware UTC)."""

    code: str
    name: str
    tier: str
    crew: str | None
    duration: timedelta
    needs: Sequence[Need]
    state: str
    is_hold_point: bool
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Span:
    """When a task begins and ends, actual or projected; `is_critical`: the finish hangs on it."""

    card: TaskCard
    begins_at: datetime
    ends_at: datetime
    is_critical: bool = False
    driver: str | None = field(default=None)


def project(cards: Sequence[TaskCard], started_at: datetime, now: datetime) -> list[Span]:
    """Lay a run's tasks over time.

    A finished task stands where it stood; a running one ends when its duration is over, but not in the past; one that
    waits begins when its links allow, not before now. Links to tasks outside `cards` are ignored.

    Args:
        cards: tasks in plan order, any order of links.
        started_at: when the run began, aware UTC.
        now: aware UTC.

    Returns:
        One span a card in the same order; those on the chain that decides the last finish are critical.

    Raises:
        ValueError: the links form a cycle.
    """
    spans: dict[str, Span] = {}
    by_code = {card.code: card for card in cards}
    for card in _in_order(by_code):
        spans[card.code] = _span(card, spans, started_at, now)
    _mark_critical(spans, now)
    return [spans[card.code] for card in cards]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A task as the scheduler foresees it (moments aware UTC); `is_critical`: the finish hangs on it."""

    begins_at: datetime
    ends_at: datetime
    is_critical: bool


def levelled(spans: Sequence[Span], foreseen: Mapping[str, Foreseen], now: datetime) -> list[Span]:
    """Put the scheduler's moments in place of the links' for what is not finished; nothing open ends in the past.

    Args:
        spans: as `project` gave them.
        foreseen: by task; a task that is missing keeps its span.
        now: aware UTC.
    """
    placed: list[Span] = []
    for span in spans:
        found = foreseen.get(span.card.code)
        if found is None or span.card.finished_at is not None:
            placed.append(Span(card=span.card, begins_at=span.begins_at, ends_at=span.ends_at))
            continue
        begins_at = span.card.started_at or max(found.begins_at, now)
        ends_at = max(found.ends_at, begins_at, now)
        placed.append(
            Span(card=span.card, begins_at=begins_at, ends_at=ends_at, is_critical=found.is_critical)
        )
    return placed


def finish_of(spans: Sequence[Span]) -> datetime | None:
    """The last end, `None` of no spans."""
    return max((span.ends_at for span in spans), default=None)


def _in_order(by_code: Mapping[str, TaskCard]) -> list[TaskCard]:
    """Predecessors before successors."""
    waiting = {
        code: {need.task for need in card.needs if need.task in by_code} for code, card in by_code.items()
    }
    ordered: list[TaskCard] = []
    while waiting:
        free = [code for code, needs in waiting.items() if not needs]
        if not free:
            raise ValueError(f"the links of {', '.join(sorted(waiting))} form a cycle")
        for code in free:
            del waiting[code]
            ordered.append(by_code[code])
        for needs in waiting.values():
            needs.difference_update(free)
    return ordered


def _span(card: TaskCard, spans: Mapping[str, Span], started_at: datetime, now: datetime) -> Span:
    begin, driver = started_at, None
    end_not_before = started_at
    for need in card.needs:
        before = spans.get(need.task)
        if before is None:
            continue
        if need.kind == "FF":
            if before.ends_at + need.lag > end_not_before:
                end_not_before = before.ends_at + need.lag
                if end_not_before > begin + card.duration:
                    driver = need.task
            continue
        allowed = (before.ends_at if need.kind == "FS" else before.begins_at) + need.lag
        if allowed > begin or driver is None:
            begin, driver = max(begin, allowed), need.task
    if card.finished_at is not None:
        return Span(
            card=card, begins_at=card.started_at or card.finished_at, ends_at=card.finished_at, driver=driver
        )
    begin = card.started_at or max(begin, now)
    end = max(begin + card.duration, end_not_before, now)
    return Span(card=card, begins_at=begin, ends_at=end, driver=driver)


def _mark_critical(spans: Mapping[str, Span], now: datetime) -> None:
    """From the last end back along what each task waited for."""
    if not spans:
        return
    at: str | None = max(spans, key=lambda code: (spans[code].ends_at, code))
    while at is not None and at in spans and not spans[at].is_critical:
        spans[at].is_critical = True
        at = spans[at].driver


def chosen_spans(spans: Sequence[Span], show: str, rows: int) -> list[Span]:
    """Which tasks a drawing shows, in order of time.

    Args:
        spans: of a whole run.
        show: `critical`, `open` (not done), or anything else for all.
        rows: the most rows, 0 for no limit; the critical and the near ones stay.
    """
    chosen = [
        span
        for span in spans
        if (show != "critical" or span.is_critical) and (show != "open" or span.card.finished_at is None)
    ]
    chosen.sort(key=lambda span: (span.begins_at, span.ends_at))
    if rows and len(chosen) > rows:
        kept = sorted(
            chosen, key=lambda span: (span.card.finished_at is not None, not span.is_critical, span.begins_at)
        )[:rows]
        chosen = [span for span in chosen if any(span is other for other in kept)]
    return chosen
