"""Parts that several screens are built of: cards, numbers, rows, moments, acts."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.attributes import attributes
from dashboard.shell import pulse
from dashboard.viewer import Viewer
from facility.units import Fen, local

GRAPH_CONFIG: Any = {"displaylogo": False, "displayModeBar": False, "responsive": True}
Children = Component | str | Sequence[Component | str | None] | None


def pulses(*topics: str) -> list[Component]:
    """The stores that tell a screen's panels of changes; they live and go with the screen."""
    return [dcc.Store(id=pulse(topic)) for topic in topics]


def card(
    title: str, body: Children, *, aside: Children = None, style: str = "", ident: str | None = None
) -> Component:
    """A titled surface; `aside` stands at the right end of the title's line."""
    head = html.Div([html.H2(title), html.Div(aside, className="aside")], className="card-head")
    extra = {"id": ident} if ident else {}
    return html.Section([head, *_listed(body)], className=f"card {style}".strip(), **attributes(extra))


def _listed(children: Children) -> list[Any]:
    if children is None:
        return []
    return list(children) if isinstance(children, Sequence) and not isinstance(children, str) else [children]


def number(
    label: str, value: Children, unit: str, note: Children, *, href: str, style: str = ""
) -> Component:
    """One of the numbers that matter; it leads to what it is made of."""
    return dcc.Link(
        [
            html.Span(label, className="number-label"),
            html.Span(
                [html.Span(value, className="value"), html.Span(unit, className="unit")], className="figure"
            ),
            html.Span(note, className="number-note"),
        ],
        href=href,
        className=f"number {style}".strip(),
    )


def age_mark(at: datetime | None, *, stale_s: int) -> Component:
    """Says how old the data of a card are and greys it out past `stale_s` seconds; the script keeps it right."""
    if at is None:
        return html.Span(className="age-mark")
    return html.Span(
        className="age-mark", **attributes({"data-at": at.isoformat(), "data-stale-s": str(stale_s)})
    )


def since(moment: datetime) -> Component:
    """How long ago something was; the script keeps it right."""
    return html.Time(
        clock_time(moment),
        className="since",
        **attributes({"data-since": moment.isoformat(), "title": day_time(moment)}),
    )


def clock_time(moment: datetime) -> str:
    """Hours, minutes and seconds on the wall of the site."""
    return local(moment).strftime("%H:%M:%S")


def day_time(moment: datetime) -> str:
    """Date and time to the minute on the wall of the site."""
    return local(moment).strftime("%Y-%m-%d %H:%M")


def act_button(
    text: str,
    address: str,
    *,
    method: str = "POST",
    body: dict[str, Any] | None = None,
    reason: str | None = None,
    title: str | None = None,
    style: str = "act",
) -> Component:
    """A button that calls one of the gateway's routes; `reason` is the body's key for a reason to be asked for."""
    data = {"data-act": address, "data-method": method, "data-body": json.dumps(body or {})}
    if reason:
        data["data-reason"] = reason
    return html.Button(text, className=style, title=title, **attributes(data))


def empty_state(text: str, note: str = "") -> Component:
    """What stands where there is nothing to show: what that means, and what to do."""
    return html.Div([html.P(text), html.P(note, className="soft")], className="empty")


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Children]], *, numeric: Sequence[int] = ()
) -> Component:
    """A plain table; the columns of `numeric` are right-aligned."""
    marks = {column: "num" for column in numeric}
    head = html.Tr([html.Th(text, className=marks.get(place, "")) for place, text in enumerate(heads)])
    lines = [
        html.Tr([html.Td(cell, className=marks.get(place, "")) for place, cell in enumerate(row)])
        for row in rows
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(lines)]), className="table-scroll")


def money(amount: Fen) -> str:
    """An amount of fen in yuan, its thousands set apart."""
    whole, cents = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole:,}.{cents:02d}"


def masked_plate(plate: str | None, viewer: Viewer, *, may_see: bool) -> str:
    """A plate as this viewer may see it: the middle is hidden from those who need no plate."""
    if not plate:
        return viewer.say("无牌")
    return plate if may_see else f"{plate[:2]}•••{plate[-2:]}"
