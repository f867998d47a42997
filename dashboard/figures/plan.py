"""The floor plan of one level as an SVG drawing: rooms, ramps, columns, openings, gates, and every bay in its place."""

from collections.abc import Iterable, Mapping
from html import escape

from dashboard.figures.bays import GLYPHS, LOOKS, BayState, look_of
from facility.layout import Aisle, Bay, Lane, Language, Level, Opening, Ramp, Rect, Room, Site

SCALE = 10  # drawing units in a metre
_MARGIN_M = 2.6
_MAJOR = frozenset({"vehicle", "door", "stair", "shaft", "valve"})


def plan_svg(site: Site, level: Level, states: Mapping[str, BayState], language: Language, title: str) -> str:
    """Draw a level.

    Args:
        site: the building.
        level: which storey of it.
        states: what is known of its bays, by bay id; a bay without a state is drawn as unknown.
        language: of the labels.
        title: the drawing's name for a screen reader.

    Returns:
        One `<svg>` element. Each bay is a group `bay-<id>` whose class names its look, so that a delta changes one
        class and one glyph.
    """
    bays = [bay for bay in site.bays.values() if bay.level == level.id]
    lanes = [lane for lane in site.lanes.values() if lane.level == level.id]
    openings = [opening for opening in site.openings.values() if opening.level == level.id]
    parts = [
        _open_svg(level, title),
        _symbols(),
        f'<polygon class="floor" points="{_points(level)}"/>',
        *(_aisle(aisle) for aisle in level.aisles),
        *(_room(room, language) for room in level.rooms),
        *(_ramp(ramp, language) for ramp in level.ramps),
        *(_bay(bay, states.get(bay.id), site) for bay in bays),
        f'<polygon class="wall" points="{_points(level)}"/>',
        *(_column(point.x_m, point.y_m, level.column_size_m) for point in level.columns),
        _partition(site, level),
        *(_opening(opening, language) for opening in openings),
        *(_lane(lane, language) for lane in lanes),
        "</svg>",
    ]
    return "".join(parts)


def _u(metres: float) -> str:
    return f"{metres * SCALE:g}"


def _points(level: Level) -> str:
    return " ".join(f"{_u(point.x_m)},{_u(point.y_m)}" for point in level.outline)


def _rects(level: Level) -> Iterable[Rect]:
    yield from (room.rect for room in level.rooms)
    yield from (ramp.rect for ramp in level.ramps)


def _open_svg(level: Level, title: str) -> str:
    xs = [point.x_m for point in level.outline]
    ys = [point.y_m for point in level.outline]
    for rect in _rects(level):
        xs += [rect.x_m, rect.x_m + rect.width_m]
        ys += [rect.y_m, rect.y_m + rect.height_m]
    west, north = min(xs) - _MARGIN_M, min(ys) - _MARGIN_M
    width, height = max(xs) - west + _MARGIN_M, max(ys) - north + _MARGIN_M
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plan" data-level="{escape(level.id)}" role="img" '
        f'aria-label="{escape(title)}" viewBox="{_u(west)} {_u(north)} {_u(width)} {_u(height)}">'
    )


def _symbols() -> str:
    glyphs = "".join(
        f'<symbol id="glyph-{look}" viewBox="0 0 16 16" overflow="visible">{GLYPHS[look]}</symbol>'
        for look in LOOKS
    )
    hatch = (
        '<pattern id="ramp-lines" width="12" height="12" patternUnits="userSpaceOnUse">'
        '<path class="ramp-line" d="M0 0V12"/></pattern>'
        '<pattern id="void-lines" width="16" height="16" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="void-line" d="M0 0V16"/></pattern>'
    )
    return f"<defs>{glyphs}{hatch}</defs>"


def _box(rect: Rect, style: str) -> str:
    return (
        f'<rect class="{style}" x="{_u(rect.x_m)}" y="{_u(rect.y_m)}" '
        f'width="{_u(rect.width_m)}" height="{_u(rect.height_m)}"/>'
    )


def _label(x_m: float, y_m: float, style: str, text: str) -> str:
    return f'<text class="{style}" x="{_u(x_m)}" y="{_u(y_m)}">{escape(text)}</text>'


def _middle(rect: Rect) -> tuple[float, float]:
    return rect.x_m + rect.width_m / 2, rect.y_m + rect.height_m / 2


def _room(room: Room, language: Language) -> str:
    x_m, y_m = _middle(room.rect)
    y_m += 1.6 if room.kind == "room" else 0  # clear of the columns, which stand on the middle line
    stairs = ""
    if room.kind == "stair":
        treads = (room.rect.x_m + 0.9 + 0.6 * step for step in range(int((room.rect.width_m - 1.5) / 0.6)))
        top, foot = _u(room.rect.y_m + 0.5), _u(room.rect.y_m + 2.2)
        stairs = "".join(f'<path class="tread" d="M{_u(x)} {top}V{foot}"/>' for x in treads)
        y_m += 0.9
    name = room.name.said(language)
    # A narrow room has its name in the tool tip only.
    label = _label(x_m, y_m, "room-name", name) if room.rect.width_m >= 6 else ""
    return f'<g class="room {room.kind}"><title>{escape(name)}</title>{_box(room.rect, "body")}{stairs}{label}</g>'


def _ramp(ramp: Ramp, language: Language) -> str:
    x_m, y_m = _middle(ramp.rect)
    length = ramp.rect.width_m * 0.6 if ramp.up_deg in (0, 180) else ramp.rect.height_m * 0.6
    half = _u(length / 2)
    tip = f"M-{half} 0H{half}m-8 -5 8 5-8 5"
    arrow = (
        f'<path class="climb" transform="translate({_u(x_m)} {_u(y_m)}) rotate({ramp.up_deg})" d="{tip}"/>'
    )
    # Above a ramp that lies outside the walls; inside one that lies within them.
    name_y_m = ramp.rect.y_m - 0.7 if ramp.rect.y_m > 1 else ramp.rect.y_m + ramp.rect.height_m - 1.1
    name = _label(x_m, name_y_m, "ramp-name", ramp.name.said(language))
    lines = _box(ramp.rect, "lines")
    return f'<g class="ramp">{_box(ramp.rect, "body")}{lines}{arrow}{name}</g>'


def _aisle(aisle: Aisle) -> str:
    ends = f"M{_u(aisle.start.x_m)} {_u(aisle.start.y_m)}L{_u(aisle.end.x_m)} {_u(aisle.end.y_m)}"
    return f'<path class="aisle" d="{ends}"/>'


def _bay(bay: Bay, state: BayState | None, site: Site) -> str:
    evse = site.evse_at(bay.id)
    known = state or BayState(bay_id=bay.id, occupied=None, has_evse=evse is not None)
    look = look_of(known)
    half_w, half_d = bay.width_m * SCALE / 2, bay.depth_m * SCALE / 2
    # The glyph stands upright whatever way the bay opens, in its middle; the number at the closed end.
    back = -half_d + 9 if bay.angle_deg == 0 else half_d - 3
    turn = "" if bay.angle_deg in (0, 180) else f" rotate({bay.angle_deg:g})"
    size = min(bay.width_m * SCALE - 8, 18)
    evse_mark = f' data-evse="{escape(evse.id)}"' if evse else ""
    return (
        f'<g class="bay {look}" id="bay-{bay.id}" data-bay="{bay.id}" data-zone="{bay.zone}"{evse_mark} '
        f'data-occupied="{_claim(known.occupied)}" data-use="{escape(known.use)}" '
        f'data-status="{escape((known.evse or "").lower())}" tabindex="0" role="button" aria-label="{bay.id}" '
        f'transform="translate({_u(bay.x_m)} {_u(bay.y_m)}){turn}">'
        f'<rect x="{-half_w:g}" y="{-half_d:g}" width="{2 * half_w:g}" height="{2 * half_d:g}" rx="2"/>'
        f'<use href="#glyph-{look}" x="{-size / 2:g}" y="{-size / 2:g}" width="{size:g}" height="{size:g}"/>'
        f'<text class="number" y="{back:g}">{bay.id.split("-")[-1]}</text></g>'
    )


def _claim(value: bool | None) -> str:
    return "" if value is None else str(int(value))


def _column(x_m: float, y_m: float, size_m: float) -> str:
    side = _u(size_m)
    return (
        f'<rect class="column" x="{_u(x_m - size_m / 2)}" y="{_u(y_m - size_m / 2)}" '
        f'width="{side}" height="{side}"/>'
    )


def _partition(site: Site, level: Level) -> str:
    unit = site.protective_unit
    if unit.level != level.id:
        return ""
    line = "L".join(f"{_u(point.x_m)} {_u(point.y_m)}" for point in unit.partition)
    return f'<path class="partition" d="M{line}"/>'


def _opening(opening: Opening, language: Language) -> str:
    name = f"{opening.id} {opening.name.said(language)}"
    place = f"translate({_u(opening.x_m)} {_u(opening.y_m)}) rotate({opening.angle_deg:g})"
    head = f'<g class="opening {opening.kind}" id="opening-{opening.id}" data-opening="{opening.id}">'
    head += f"<title>{escape(name)}</title>"
    if opening.kind not in _MAJOR:
        return f'{head}<circle class="small" cx="{_u(opening.x_m)}" cy="{_u(opening.y_m)}" r="2.4"/></g>'
    half = (opening.width_m or 1.2) * SCALE / 2
    bar = f'<rect class="leaf" transform="{place}" x="{-half:g}" y="-3" width="{2 * half:g}" height="6"/>'
    dx_m, dy_m = _label_side(opening)
    return f"{head}{bar}{_tag(opening.x_m + dx_m, opening.y_m + dy_m, opening.id)}</g>"


def _label_side(opening: Opening) -> tuple[float, float]:
    """Where an opening's tag stands: outside an outer wall, so that it covers neither bay nor aisle."""
    if opening.angle_deg == 90:
        beside_m = (opening.width_m or 1.2) / 2 + 1.1
        return (-1.7, 0.0) if opening.x_m == 0 and beside_m < 3 else (0.0, -beside_m)
    return (0.0, -1.5) if opening.y_m == 0 else (0.0, 1.3 if opening.kind == "stair" else -1.3)


def _tag(x_m: float, y_m: float, text: str) -> str:
    width = 9 + 7 * len(text)
    return (
        f'<g class="tag" transform="translate({_u(x_m)} {_u(y_m)})">'
        f'<rect x="{-width / 2:g}" y="-8" width="{width:g}" height="16" rx="3"/><text y="4">{escape(text)}</text></g>'
    )


def _lane(lane: Lane, language: Language) -> str:
    place = f"translate({_u(lane.gate.x_m)} {_u(lane.gate.y_m)}) rotate({lane.angle_deg:g})"
    return (
        f'<g class="lane {lane.direction}" id="lane-{lane.id}" data-lane="{lane.id}" tabindex="0" role="button" '
        f'aria-label="{escape(lane.name.said(language))}"><title>{escape(lane.name.said(language))}</title>'
        f'<g transform="{place}"><rect class="reach" x="-14" y="-13" width="40" height="26" rx="3"/>'
        f'<path class="barrier" d="M0 -12V12"/><path class="way" d="M8 0h12m-5 -4 5 4-5 4"/></g></g>'
    )
