"""Which storage slot each bay of the protective unit becomes."""

from math import hypot

from facility.layout import Bay, Site
from wartime_conversion.depot.catalogue import Catalogue
from wartime_conversion.rules.slots import Slot, bay_share, module_positions


def _entrance(site: Site, level: str) -> tuple[float, float]:
    """Where goods come in: the first entry gate of the protective unit's level."""
    gates = [lane.gate for lane in site.lanes.values() if lane.area == "basement" and lane.direction == "in"]
    if not gates:
        raise ValueError(f"level {level} has no way in")
    return gates[0].x_m, gates[0].y_m


def _modules(bays: list[Bay]) -> list[list[Bay]]:
    """Bays of one row that stand side by side without a column between: gaps wider than half a bay part them."""
    modules: list[list[Bay]] = []
    for bay in sorted(bays, key=lambda bay: (bay.x_m, bay.y_m)):
        last = modules[-1][-1] if modules else None
        if last is not None and abs(bay.x_m - last.x_m) <= (bay.width_m + last.width_m) / 2 + 0.05:
            modules[-1].append(bay)
        else:
            modules.append([bay])
    return modules


def storage_slots(site: Site, catalogue: Catalogue) -> dict[str, Slot]:
    """The slot of every bay of the protective unit, by bay id.

    A module is as wide as its bays and half a column on either side; its pallets are shared out among its bays.
    """
    level_id = site.protective_unit.level
    level = site.levels[level_id]
    rows: dict[str, list[Bay]] = {}
    for bay in site.bays.values():
        if bay.level == level_id:
            rows.setdefault(bay.row, []).append(bay)
    entrance = _entrance(site, level_id)
    slots: dict[str, Slot] = {}
    for row in rows.values():
        for module in _modules(row):
            width = sum(bay.width_m for bay in module) + 2 * catalogue.spacing.column_m
            positions = module_positions(width, module[0].depth_m, catalogue.spacing)
            carried = width * (module[0].depth_m + catalogue.half_aisle_m) / len(module)
            for place, bay in enumerate(module):
                slots[bay.id] = Slot(
                    bay_id=bay.id,
                    zone=bay.zone,
                    positions=bay_share(positions, len(module), place),
                    clear_height_m=level.clear_height_m,
                    tributary_m2=carried,
                    distance_m=hypot(bay.x_m - entrance[0], bay.y_m - entrance[1]),
                )
    return slots
