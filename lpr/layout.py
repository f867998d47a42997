"""Where GA 36 puts the characters, for drawing plates. Lengths are millimetres on the plate."""

from dataclasses import dataclass

from lpr.rules.plate import PROVINCES

ONE_ROW = (440.0, 140.0)
TWO_ROWS = (440.0, 220.0)
NEW_ENERGY = (480.0, 140.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A character's place: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A plate's size, a box for each character, and where the separating dot sits (`None` without one)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    dot: tuple[float, float] | None


def layout(text: str, kind: str, *, two_rows: bool) -> Layout:
    """The layout of a plate of this kind and length."""
    if two_rows:
        return _two_rows(text, 3 if kind == "other" else 2)
    if kind == "green":
        xs = (15.5, 69.5, *(161.5 + 52 * i for i in range(6)))
        boxes = tuple(Box(x=x, y=25, w=45 if i == 0 else 43, h=90) for i, x in enumerate(xs))
        return Layout(width=NEW_ENERGY[0], height=NEW_ENERGY[1], boxes=boxes, dot=None)
    if len(text) == 7:
        split = 4 if text.startswith("使") else 2
        xs = tuple(15.5 + 57 * i + (22 if i >= split else 0) for i in range(7))
        boxes = tuple(Box(x=x, y=25, w=45, h=90) for x in xs)
        dot = (134.5, 70.0) if text[0] in PROVINCES else None
        return Layout(width=ONE_ROW[0], height=ONE_ROW[1], boxes=boxes, dot=dot)
    step = 409 / len(text)
    boxes = tuple(Box(x=15.5 + i * step, y=25, w=step - 8, h=90) for i in range(len(text)))
    return Layout(width=ONE_ROW[0], height=ONE_ROW[1], boxes=boxes, dot=None)


def _two_rows(text: str, head: int) -> Layout:
    gap = 60.0 if head == 2 else 12.0
    left = 220 - (head * 80 + (head - 1) * gap) / 2
    top = [Box(x=left + i * (80 + gap), y=15, w=80, h=60) for i in range(head)]
    rest = len(text) - head
    step = min(80.0, 400 / max(rest, 1))
    start = 220 - (rest * step - 15) / 2
    bottom = [Box(x=start + i * step, y=90, w=step - 15, h=110) for i in range(rest)]
    dot = (220.0, 45.0) if head == 2 else None
    return Layout(width=TWO_ROWS[0], height=TWO_ROWS[1], boxes=(*top, *bottom), dot=dot)
