"""A run over time as an SVG drawing: a bar a task, the critical chain outlined, a line at now, hold points marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from dashboard.figures.projection import Span
from facility.units import local

_WIDTH = 1600
_HEAD = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class GanttWords:
    """What the drawing says in the viewer's language."""

    title: str
    now: str
    hold: str


def gantt_svg(
    spans: Sequence[Span],
    *,
    now: datetime,
    words: GanttWords,
    crews: dict[str, str],
    row: int = 30,
    label: int = 300,
) -> str:
    """Draw the spans, one row each, over local time.

    Args:
        spans: what to draw, in order.
        now: aware UTC; drawn as a line where it lies within the drawing.
        words: its texts.
        crews: a crew's name by its id.
        row: height of a row in drawing units.
        label: width of the names, in drawing units; the letters of a taller row are larger.

    Returns:
        One `<svg>`; a bar's class names the task's state.
    """
    if not spans:
        return f'<svg xmlns="http://www.w3.org/2000/svg" class="gantt" role="img" aria-label="{escape(words.title)}"/>'
    begin = min(span.begins_at for span in spans)
    end = max(max(span.ends_at for span in spans), now)
    axis = _Axis(begin=begin, seconds=max((end - begin).total_seconds(), 60.0), label=label)
    height = _HEAD + row * len(spans) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gantt" role="img" aria-label="{escape(words.title)}" '
        f'viewBox="0 0 {_WIDTH} {height}">',
        *_ticks(axis, height),
        *(_row(span, place, axis, row, crews, words) for place, span in enumerate(spans)),
        _now_line(axis, now, height, words.now),
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    begin: datetime
    seconds: float
    label: int

    def x(self, moment: datetime) -> float:
        """Where a moment lies, in drawing units."""
        share = (moment - self.begin).total_seconds() / self.seconds
        return round(self.label + share * (_WIDTH - self.label - 60), 1)


_STEPS_S = (60, 300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800)


def _ticks(axis: _Axis, height: int) -> list[str]:
    """Round local times, at most ten of them."""
    step_s = next((step for step in _STEPS_S if axis.seconds / step <= 10), _STEPS_S[-1])
    here = local(axis.begin)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((here - midnight).total_seconds() // step_s) + 1
    marks, moment = [], midnight + timedelta(seconds=count * step_s)
    while (moment - here).total_seconds() < axis.seconds:
        x = axis.x(moment)
        text = moment.strftime("%m-%d" if step_s >= 86_400 else "%H:%M")
        if step_s < 86_400 and moment.hour == 0 and moment.minute == 0:
            text = moment.strftime("%m-%d")
        marks.append(
            f'<path class="tick" d="M{x} {_HEAD - 4}V{height}"/>'
            f'<text class="tick-name" x="{x}" y="{_HEAD - 14}">{text}</text>'
        )
        moment += timedelta(seconds=step_s)
    return marks


def _row(span: Span, place: int, axis: _Axis, row: int, crews: dict[str, str], words: GanttWords) -> str:
    card = span.card
    top = _HEAD + place * row
    x, width = axis.x(span.begins_at), max(axis.x(span.ends_at) - axis.x(span.begins_at), 4.0)
    crew = crews.get(card.crew or "", "")
    state = f"{card.state} critical" if span.is_critical else card.state
    hold = ""
    if card.is_hold_point:
        middle = top + row / 2
        hold = (
            f'<path class="hold" d="M{x + width + 9} {middle - 7}l7 7-7 7-7-7z">'
            f"<title>{escape(words.hold)}</title></path>"
        )
    minutes = round((span.ends_at - span.begins_at).total_seconds() / 60)
    inside = (
        f'<text class="minutes" x="{x + 6}" y="{top + row / 2}">{_length(minutes)}</text>'
        if width > 46
        else ""
    )
    return (
        f'<g class="task {escape(state)}" data-task="{escape(card.code)}">'
        f"<title>{escape(card.code)} {escape(card.name)} · {escape(crew)}</title>"
        f'<text class="code" x="0" y="{top + row / 2}">{escape(card.code)}</text>'
        f'<text class="name" x="{46 if axis.label < 400 else 64}" y="{top + row / 2}">'
        f"{escape(_short(card.name, 17))}</text>"
        f'<rect class="bar" x="{x}" y="{top + 4}" width="{width:.1f}" height="{row - 8}" rx="4"/>{inside}{hold}</g>'
    )


def _length(minutes: int) -> str:
    """Minutes as people read them."""
    return f"{minutes}′" if minutes < 100 else f"{minutes / 60:.1f} h"


def _short(text: str, wide: int) -> str:
    """Cut to `wide` Chinese characters' width; a Latin letter takes half."""
    width, kept = 0.0, ""
    for letter in text:
        width += 1 if ord(letter) > 0x2E80 else 0.52
        if width > wide:
            return kept.rstrip() + "…"
        kept += letter
    return kept


def _now_line(axis: _Axis, now: datetime, height: int, name: str) -> str:
    x = axis.x(now)
    return f'<g class="now"><path d="M{x} 20V{height}"/><text x="{x}" y="10">{escape(name)}</text></g>'
