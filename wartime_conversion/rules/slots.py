"""Storage slots: how many pallets a bay takes, what may be put there, and where to put it.

A module is the bays between two columns; stacks keep the five distances from wall, column, each other, lamp, ceiling.
Loads are kN/m2, lengths m, masses kg.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, floor

GRAVITY_KN_PER_KG = 9.81 / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """Distances stacks keep, and the pallet; metres."""

    wall_m: float
    column_m: float
    ceiling_m: float
    tolerance_m: float
    pallet_gap_m: float
    pallet_length_m: float
    pallet_width_m: float
    tare_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of goods: `tiers` pallets may stand on each other, each `kg` without tare and `height_m` high."""

    id: str
    zh: str
    en: str
    storage_class: str
    tiers: int
    kg: float
    height_m: float
    expires: bool
    dual_lock: bool
    target_pallets: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One bay's place for goods.

    `positions` pallets stand on the floor, `tributary_m2` of floor carry them, `distance_m` is the way to the main
    entrance.
    """

    bay_id: str
    zone: str
    positions: int
    clear_height_m: float
    tributary_m2: float
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What putting pallets into a slot would mean.

    `faults` forbid it (`other_category`, `no_room`, `too_high`, `floor_overloaded`). `needs_release` says that the load
    under a single pallet is above the limit, which an engineer may release.
    """

    faults: tuple[str, ...]
    needs_release: bool
    average_kn_m2: float
    local_kn_m2: float


def module_positions(width_m: float, depth_m: float, spacing: Spacing) -> int:
    """Pallets on the floor of one module, `width_m` between column centres and `depth_m` deep."""
    clear_width = width_m - 2 * spacing.column_m - spacing.tolerance_m
    clear_depth = depth_m - spacing.wall_m
    across = floor(clear_width / (spacing.pallet_length_m + spacing.pallet_gap_m) + 1e-9)
    along = floor(clear_depth / (spacing.pallet_width_m + spacing.pallet_gap_m) + 1e-9)
    return max(0, across) * max(0, along)


def bay_share(positions: int, bays: int, place: int) -> int:
    """Positions that fall to one of a module's bays; `place` from 0. The shares of all bays add up to the module."""
    return positions * (place + 1) // bays - positions * place // bays


def tiers_possible(slot: Slot, category: Category, spacing: Spacing) -> int:
    """How many pallets may stand on each other there: the category's tiers, less where the ceiling is low."""
    room = slot.clear_height_m - spacing.ceiling_m
    return min(category.tiers, floor(room / category.height_m + 1e-9))


def free_pallets(slot: Slot, category: Category, there: Mapping[str, int], spacing: Spacing) -> int:
    """How many more pallets of a category fit by room alone; 0 beside another category."""
    if any(count for name, count in there.items() if name != category.id):
        return 0
    return max(0, slot.positions * tiers_possible(slot, category, spacing) - there.get(category.id, 0))


def placing(
    slot: Slot,
    category: Category,
    pallets: int,
    there: Mapping[str, int],
    spacing: Spacing,
    limit_kn_m2: float,
) -> Placing:
    """Judge putting `pallets` of a category beside what is `there` (pallets by category id)."""
    faults = []
    tiers = tiers_possible(slot, category, spacing)
    if any(count for name, count in there.items() if name != category.id):
        faults.append("other_category")
    elif tiers < 1:
        faults.append("too_high")
    elif pallets > free_pallets(slot, category, there, spacing):
        faults.append("no_room")
    total = there.get(category.id, 0) + pallets
    mass = category.kg + spacing.tare_kg
    average = total * mass * GRAVITY_KN_PER_KG / slot.tributary_m2
    stacked = min(max(1, tiers), ceil(total / max(1, slot.positions)))
    local = stacked * mass * GRAVITY_KN_PER_KG / (spacing.pallet_length_m * spacing.pallet_width_m)
    if average > limit_kn_m2:
        faults.append("floor_overloaded")
    return Placing(
        faults=tuple(faults), needs_release=local > limit_kn_m2, average_kn_m2=average, local_kn_m2=local
    )


def suggested_slots(
    slots: Iterable[Slot],
    category: Category,
    pallets: int,
    contents: Mapping[str, Mapping[str, int]],
    spacing: Spacing,
    limit_kn_m2: float,
) -> tuple[tuple[str, int], ...]:
    """Where to put pallets of a category: `(bay id, pallets)`, slots begun first, then the nearest to the entrance.

    May hold fewer pallets than asked for where there is no room; contents are pallets by bay and category id.
    """
    ranked = sorted(
        slots,
        key=lambda slot: (not contents.get(slot.bay_id, {}).get(category.id), slot.distance_m, slot.bay_id),
    )
    plan, left = [], pallets
    for slot in ranked:
        there = contents.get(slot.bay_id, {})
        count = min(left, free_pallets(slot, category, there, spacing))
        while count and placing(slot, category, count, there, spacing, limit_kn_m2).faults:
            count -= 1
        if count:
            plan.append((slot.bay_id, count))
            left -= count
        if not left:
            break
    return tuple(plan)
