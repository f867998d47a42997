"""Sheets of stick-on labels: a QR code, an id and a name each, for tasks, openings, components and storage slots.

A4 with 3 x 8 labels of 70 x 37 mm, a stock size. The code holds the address at which a phone opens the place.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from wartime_conversion.paper import BOLD, HEIGHT, PLAIN, REGULAR, draw_code, lines_of, register_fonts
from wartime_conversion.rules.plan import Plan
from wartime_conversion.rules.slots import Slot

Kind = Literal["tasks", "openings", "components", "slots"]
COLUMNS, ROWS = 3, 8
LABEL_WIDTH, LABEL_HEIGHT = 70 * mm, 37 * mm
CODE_SIDE = 27 * mm
EDGE = 4 * mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one label says: `place` goes into the code, `code` is read by people, `lines` stand below it."""

    place: str
    code: str
    lines: tuple[str, ...]


def plan_labels(plan: Plan, kind: Kind) -> list[Label]:
    """The labels of a plan's tasks, openings or components, in the plan's order."""
    if kind == "tasks":
        return [Label(place=f"#{t.id}", code=t.id, lines=(t.name_zh,)) for t in plan.all_tasks]
    if kind == "openings":
        return [Label(place=f"#{o.id}", code=o.id, lines=(o.zh, o.size_m)) for o in plan.openings]
    return [
        Label(place=f"#{c.id}", code=c.id, lines=(c.zh, f"{c.opening_id}  ×{c.quantity}", c.stored_at))
        for c in plan.components
    ]


def slot_labels(slots: Sequence[Slot]) -> list[Label]:
    """The labels of storage slots."""
    return [
        Label(
            place=f"depot#{slot.bay_id}",
            code=slot.bay_id,
            lines=(f"{slot.positions} 托位", f"净高 {slot.clear_height_m:g} m"),
        )
        for slot in slots
    ]


def label_sheet(labels: Sequence[Label], address: str, title: str) -> bytes:
    """The labels as a PDF.

    Args:
        labels: in the order of the sheet.
        address: where phones reach the page, e.g. `https://garage.local:8443`.
        title: of the document.
    """
    register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(COLUMNS * LABEL_WIDTH, HEIGHT), pageCompression=1)
    canvas.setTitle(title)
    for number, label in enumerate(labels):
        place = number % (COLUMNS * ROWS)
        if number and not place:
            canvas.showPage()
        row, column = divmod(place, COLUMNS)
        _draw(canvas, label, address, column * LABEL_WIDTH, HEIGHT - (row + 1) * LABEL_HEIGHT)
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, label: Label, address: str, x: float, y: float) -> None:
    target = f"{address}/drill/{quote(label.place, safe='#/')}"
    draw_code(canvas, target, CODE_SIDE, x + EDGE, y + (LABEL_HEIGHT - CODE_SIDE) / 2)
    left, width = x + EDGE + CODE_SIDE + 2 * mm, LABEL_WIDTH - CODE_SIDE - 2 * EDGE - 2 * mm
    top = y + LABEL_HEIGHT - 9 * mm
    canvas.setFont(BOLD, 14)
    canvas.drawString(left, top, label.code)
    canvas.setFont(REGULAR, 8)
    for text in [
        line for words in label.lines if words for line in lines_of(words.translate(PLAIN), 8, width)
    ][:6]:
        top -= 4 * mm
        canvas.drawString(left, top, text)
