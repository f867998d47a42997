"""A level's plan as a drawing: outline, bays as one path, the bay that is looked for."""

from dataclasses import dataclass

from facility.site import Bay, Level, Site

MARGIN_M = 3.0
LABEL_OFF_M = 7.0
# What is drawn large around the bay: as far as a person looks about after stepping out of the stairs.
NEAR_WIDTH_M, NEAR_HEIGHT_M = 34.0, 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The parts of the drawing that are worked out; all lengths in metres on the level's plan.

    `near_box` is the part around the bay, `near` the bays in it, which are numbered there.
    """

    box: str
    near_box: str
    near: tuple[Bay, ...]
    outline: str
    bays: str
    mine: str
    label_y: float


def plan_of(site: Site, level: Level, bay: Bay) -> Plan:
    """Draw a level around one of its bays."""
    xs = [point.x_m for point in level.outline]
    ys = [point.y_m for point in level.outline]
    for ramp in level.ramps:
        xs += [ramp.rect.x_m, ramp.rect.x_m + ramp.rect.width_m]
        ys += [ramp.rect.y_m, ramp.rect.y_m + ramp.rect.height_m]
    left, top = min(xs) - MARGIN_M, min(ys) - MARGIN_M
    width, height = max(xs) - left + MARGIN_M, max(ys) - top + MARGIN_M
    others = [one for one in site.bays.values() if one.level == level.id and one.id != bay.id]
    is_low = bay.y_m - LABEL_OFF_M > top
    return Plan(
        near_box=f"{bay.x_m - NEAR_WIDTH_M / 2:g} {bay.y_m - NEAR_HEIGHT_M / 2:g} {NEAR_WIDTH_M:g} {NEAR_HEIGHT_M:g}",
        near=tuple(
            one
            for one in others
            if abs(one.x_m - bay.x_m) < NEAR_WIDTH_M / 2 and abs(one.y_m - bay.y_m) < NEAR_HEIGHT_M / 2
        ),
        box=f"{left:g} {top:g} {width:g} {height:g}",
        outline=" ".join(f"{point.x_m:g},{point.y_m:g}" for point in level.outline),
        bays="".join(_outline_of(one) for one in others),
        mine=_outline_of(bay),
        label_y=bay.y_m - LABEL_OFF_M if is_low else bay.y_m + LABEL_OFF_M,
    )


def _outline_of(bay: Bay) -> str:
    """A bay's rectangle as a path; bays stand straight or across on the drawing."""
    is_across = round(bay.angle_deg) % 180 == 90
    across, along = (bay.depth_m, bay.width_m) if is_across else (bay.width_m, bay.depth_m)
    return f"M{bay.x_m - across / 2:g} {bay.y_m - along / 2:g}h{across:g}v{along:g}h{-across:g}z"
