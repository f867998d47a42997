"""How a bay looks: one state to see at a time, in a colour and with a glyph, so that colour is never needed alone."""

from dataclasses import dataclass
from typing import Final, Literal

Look = Literal[
    "unknown", "free", "taken", "plug", "charging", "waiting", "faulty", "clearing", "clear", "storage"
]

LOOKS: Final[tuple[Look, ...]] = (
    "free",
    "taken",
    "plug",
    "charging",
    "waiting",
    "faulty",
    "clearing",
    "clear",
    "storage",
    "unknown",
)

# Drawn in a box of 16 by 16; stroke and fill come from the style sheet.
GLYPHS: Final[dict[Look, str]] = {
    "unknown": '<path d="M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.4-1 .8-1 1.6"/><path d="M8 12.4v.1"/>',
    "free": '<circle cx="8" cy="8" r="1.6"/>',
    "taken": '<path d="M4.5 6.2 5.6 3h4.8l1.1 3.2M3.6 6.2h8.8v5H3.6z"/>'
    '<path d="M4.6 11.2v1.6M11.4 11.2v1.6M5.6 8.8h.1M10.3 8.8h.1"/>',
    "plug": '<path d="M6 2.8v3M10 2.8v3M4.6 5.8h6.8v2.4a3.4 3.4 0 0 1-6.8 0zM8 11.6v2"/>',
    "charging": '<path class="solid" d="M9 1.8 3.8 9h3.4L6.6 14.2 12.2 6.8H8.6z"/>',
    "waiting": '<path d="M5 2.6h6M5 13.4h6M5.6 2.6c0 3 4.8 3.4 4.8 5.4s-4.8 2.4-4.8 5.4"/>'
    '<path d="M10.4 2.6c0 3-4.8 3.4-4.8 5.4s4.8 2.4 4.8 5.4"/>',
    "faulty": '<path d="M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6"/>',
    "clearing": '<path d="M8 12.8V3.6M4.4 7.2 8 3.4l3.6 3.8"/>',
    "clear": '<path d="M3.6 8.6 6.8 11.8 12.6 4.6"/>',
    "storage": '<path d="M3 4h10v6.6H3zM3 7.3h10M8 4v6.6M3.6 13h8.8M4.4 10.6V13M11.6 10.6V13"/>',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BayState:
    """What is known of one bay.

    `occupied` is `None` while nothing was ever heard of it; `evse` is the status of the EVSE that serves it
    (`None` where it has none or nothing was reported).
    """

    bay_id: str
    occupied: bool | None
    use: str = "parking"
    has_evse: bool = False
    evse: str | None = None


_CHARGING = frozenset({"charging"})
_WAITING = frozenset({"preparing", "suspendedev", "suspendedevse", "finishing", "occupied", "reserved"})
_FAULTY = frozenset({"faulted", "unavailable", "offline", "inoperative"})


def look_of(state: BayState) -> Look:
    """The one look that matters most: what a bay is for comes before who stands on it, a charger before the car."""
    if state.use == "storage":
        return "storage"
    if state.use in ("clear", "clearing"):
        return "clearing" if state.use == "clearing" and state.occupied is not False else "clear"
    status = (state.evse or "").lower()
    if status in _CHARGING:
        return "charging"
    if state.occupied is None:
        return "unknown"
    if status in _FAULTY:
        return "faulty"
    if state.occupied:
        return "waiting" if status in _WAITING else "taken"
    return "plug" if state.has_evse else "free"
