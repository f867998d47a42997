"""Charts as plain figures: lines over local time, in the colours of the viewer's light."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from facility.units import local

Theme = Literal["light", "dark"]
Figure = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of a chart; the lines are told apart without red and green."""

    ink: str
    soft: str
    grid: str
    card: str
    limit: str
    lines: tuple[str, ...]


PALETTES: Final[dict[Theme, Palette]] = {
    "light": Palette(
        ink="#16202a",
        soft="#5b6875",
        grid="#e6ebef",
        card="#ffffff",
        limit="#b26a00",
        lines=("#0b6bcb", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6a58"),
    ),
    "dark": Palette(
        ink="#e8edf2",
        soft="#9aa7b4",
        grid="#26323c",
        card="#182028",
        limit="#e8b04a",
        lines=("#5aa9f2", "#3fc7a0", "#e3a0c4", "#f0bd4f", "#8fd0f5", "#c0ad97"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart. A `None` value is a gap and is drawn as one; `is_area` fills down to nought."""

    name: str
    at: Sequence[datetime]
    values: Sequence[float | None]
    color: int = 0
    is_area: bool = False
    is_dashed: bool = False
    is_step: bool = False


def time_chart(
    lines: Sequence[Line],
    *,
    theme: Theme,
    unit: str,
    limits: Sequence[tuple[float, str]] = (),
    top: float | None = None,
    height: int = 260,
    between: tuple[datetime, datetime] | None = None,
) -> Figure:
    """Lines over the wall-clock time of the site, each limit a labelled dashed line."""
    palette = PALETTES[theme]
    shown = [_trace(line, palette, unit) for line in lines]
    layout = _frame(palette, unit, height)
    layout["showlegend"] = len(shown) > 1
    if between:
        layout["xaxis"]["range"] = local_times(between)
    highest = max([value for value, _ in limits] + ([top] if top else []), default=None)
    if highest:
        layout["yaxis"]["range"] = [0, highest * 1.08]
    layout["shapes"] = [_limit_line(value, palette) for value, _ in limits]
    layout["annotations"] = [_limit_name(value, name, palette) for value, name in limits]
    return {"data": shown, "layout": layout}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One kind of bars of a chart by day."""

    name: str
    days: Sequence[str]
    values: Sequence[float]
    color: int = 0


def day_chart(bars: Sequence[Bars], *, theme: Theme, unit: str, height: int = 300) -> Figure:
    """Stacked bars, one stack a day."""
    palette = PALETTES[theme]
    layout = _frame(palette, unit, height)
    layout |= {"barmode": "stack", "bargap": 0.35, "showlegend": len(bars) > 1}
    layout["xaxis"] = {**layout["xaxis"], "type": "category", "tickformatstops": None, "nticks": 12}
    shown = [
        {
            "type": "bar",
            "name": kind.name,
            "x": list(kind.days),
            "y": list(kind.values),
            "marker": {"color": palette.lines[kind.color % len(palette.lines)]},
            "hovertemplate": f"%{{y:,.2f}} {unit}<extra>{kind.name}</extra>",
        }
        for kind in bars
    ]
    return {"data": shown, "layout": layout}


def local_times(moments: Sequence[datetime]) -> list[str]:
    """Wall-clock texts, which the chart takes as they are (given aware times it would show UTC)."""
    return [local(moment).strftime("%Y-%m-%d %H:%M:%S") for moment in moments]


def with_gaps(
    at: Sequence[datetime], values: Sequence[float], *, longest_s: float
) -> tuple[list[datetime], list[float | None]]:
    """Put a hole where two neighbours lie over `longest_s` seconds apart: what was not measured is not drawn."""
    moments: list[datetime] = []
    kept: list[float | None] = []
    for place, (moment, value) in enumerate(zip(at, values, strict=True)):
        if place and (moment - at[place - 1]).total_seconds() > longest_s:
            moments.append(at[place - 1] + (moment - at[place - 1]) / 2)
            kept.append(None)
        moments.append(moment)
        kept.append(value)
    return moments, kept


def _trace(line: Line, palette: Palette, unit: str) -> Figure:
    color = palette.lines[line.color % len(palette.lines)]
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        "name": line.name,
        "x": local_times(line.at),
        "y": list(line.values),
        "line": {"color": color, "width": 2, "dash": "dash" if line.is_dashed else "solid"},
        "hovertemplate": f"%{{y:.0f}} {unit}<extra>{line.name}</extra>",
        "connectgaps": False,
    }
    if line.is_step:
        trace["line"]["shape"] = "hv"
    if line.is_area:
        trace["fill"] = "tozeroy"
        trace["fillcolor"] = color + "26"
    return trace


def _frame(palette: Palette, unit: str, height: int) -> Figure:
    axis = {
        "gridcolor": palette.grid,
        "linecolor": palette.grid,
        "zeroline": False,
        "tickfont": {"color": palette.soft, "size": 12},
        "automargin": True,
    }
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {
            "color": palette.ink,
            "family": _FONT,
            "size": 13,
        },
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": palette.card, "bordercolor": palette.grid, "font": {"color": palette.ink}},
        "legend": {
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.12,
            "font": {"color": palette.soft},
        },
        "xaxis": {**axis, "showgrid": False, "type": "date", "tickformatstops": _TICKS, "nticks": 8},
        "yaxis": {
            **axis,
            "title": None,
            "ticksuffix": "",
            "rangemode": "tozero",
            "nticks": 5,
            "tickformat": ",~f",
        },
        "annotations": [],
        "uirevision": unit,
    }


_FONT = "Noto Sans SC, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
# Hours within days, dates beyond: the year stands in the hover text only.
_TICKS = [
    {"dtickrange": [None, 43_200_000], "value": "%H:%M"},
    {"dtickrange": [43_200_000, None], "value": "%m-%d"},
]


def _limit_line(value: float, palette: Palette) -> Figure:
    line = {"color": palette.limit, "width": 1.5, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}


def _limit_name(value: float, name: str, palette: Palette) -> Figure:
    return {
        "xref": "paper",
        "x": 0,
        "y": value,
        "text": name,
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
        "font": {"color": palette.limit, "size": 12},
    }
