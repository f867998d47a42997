"""What the depot may hold and how: read from `plans/depot.yaml`, whose figures carry their sources."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from facility.errors import Missing
from wartime_conversion.rules.slots import Category, Spacing

DEPOT_FILE = Path(__file__).parent.parent / "plans" / "depot.yaml"
Positive = Annotated[float, Field(gt=0)]


class UnknownCategory(Missing):
    """The catalogue has no such category."""

    code = "depot.unknown_category"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Figure(_Strict):
    value: Positive
    zh: str
    source: str


class _Pallet(_Strict):
    length_m: Positive
    width_m: Positive
    tare_kg: Positive
    source: str


class _FloorLoad(_Strict):
    limit_kN_m2: Positive
    limit_source: str
    limit_confirmed: bool
    half_aisle_m: Positive


class _Category(_Strict):
    id: str
    zh: str
    en: str
    storage_class: str = Field(alias="class")
    tiers: Annotated[int, Field(ge=1)]
    kg: Positive
    height_m: Positive
    expires: bool = False
    dual_lock: bool = False
    target: Annotated[int, Field(ge=0)]
    source: str


class _Words(_Strict):
    zh: str
    en: str


class _Receipt(_Strict):
    least_shelf_life_left: Annotated[float, Field(ge=0, le=1)]
    source: str


class _Rotation(_Strict):
    alert_days: tuple[int, ...]
    source: str


class _Counting(_Strict):
    recount_over_pallets: Annotated[int, Field(ge=0)]
    recount_over_share: Annotated[float, Field(ge=0)]
    source: str
    every_days: dict[str, int]


class _DepotFile(_Strict):
    spacing: dict[str, _Figure]
    pallet: _Pallet
    floor_load: _FloorLoad
    categories: tuple[_Category, ...]
    forbidden: dict[str, _Words]
    receipt: _Receipt
    rotation: _Rotation
    counting: _Counting


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything the depot's rules take as given; loads kN/m2, lengths m."""

    spacing: Spacing
    limit_kn_m2: float
    limit_source: str
    limit_confirmed: bool
    half_aisle_m: float
    categories: dict[str, Category]
    forbidden: dict[str, str]
    least_shelf_life_left: float
    alert_days: tuple[int, ...]
    recount_over_pallets: int
    recount_over_share: float

    def category(self, name: str) -> Category:
        """The category of that id; raises `UnknownCategory`."""
        if name not in self.categories:
            known = ", ".join(self.categories)
            raise UnknownCategory(f"no category {name!r}; known: {known}", category=name)
        return self.categories[name]


def _category(row: _Category) -> Category:
    return Category(
        id=row.id,
        zh=row.zh,
        en=row.en,
        storage_class=row.storage_class,
        tiers=row.tiers,
        kg=row.kg,
        height_m=row.height_m,
        expires=row.expires,
        dual_lock=row.dual_lock,
        target_pallets=row.target,
        source=row.source,
    )


@cache
def load_catalogue() -> Catalogue:
    """Read the depot file that ships with the product, once."""
    raw: Any = yaml.safe_load(DEPOT_FILE.read_text(encoding="utf-8"))
    file = _DepotFile.model_validate(raw)
    figure = {name: row.value for name, row in file.spacing.items()}
    return Catalogue(
        spacing=Spacing(
            wall_m=figure["wall_m"],
            column_m=figure["column_m"],
            ceiling_m=figure["ceiling_m"],
            tolerance_m=figure["tolerance_m"],
            pallet_gap_m=figure["pallet_gap_m"],
            pallet_length_m=file.pallet.length_m,
            pallet_width_m=file.pallet.width_m,
            tare_kg=file.pallet.tare_kg,
        ),
        limit_kn_m2=file.floor_load.limit_kN_m2,
        limit_source=file.floor_load.limit_source,
        limit_confirmed=file.floor_load.limit_confirmed,
        half_aisle_m=file.floor_load.half_aisle_m,
        categories={row.id: _category(row) for row in file.categories},
        forbidden={name: words.zh for name, words in file.forbidden.items()},
        least_shelf_life_left=file.receipt.least_shelf_life_left,
        alert_days=file.rotation.alert_days,
        recount_over_pallets=file.counting.recount_over_pallets,
        recount_over_share=file.counting.recount_over_share,
    )
