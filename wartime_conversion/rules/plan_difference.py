"""What differs between two plan versions, in words a commander can check."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wartime_conversion.rules.plan import Plan

REGISTERS = (
    "tiers", "zones", "crews", "equipment", "materials", "hazards", "openings", "components", "inspections",
    "safety_orders", "tasks", "restore_tasks", "signals", "timetables", "drill_profiles", "injects",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference: `field` is empty where a whole line came or went (`before` or `after` is `None`)."""

    register: str
    id: str
    field: str
    before: Any
    after: Any


def differences(old: Plan, new: Plan) -> list[Difference]:
    """List what was added, removed and changed, register by register in the order of the file."""
    found: list[Difference] = []
    for register in REGISTERS:
        found += _of_register(register, getattr(old, register), getattr(new, register))
    return found


def _of_register(register: str, old: Iterable[Any], new: Iterable[Any]) -> list[Difference]:
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    found: list[Difference] = []
    for key in [*before, *(k for k in after if k not in before)]:
        if key not in after or key not in before:
            found.append(
                Difference(register=register, id=key, field="", before=before.get(key), after=after.get(key))
            )
        elif before[key] != after[key]:
            found += _of_row(register, key, before[key], after[key])
    return found


def _of_row(register: str, key: str, old: Any, new: Any) -> list[Difference]:
    names = [field.name for field in dataclasses.fields(old)]
    return [
        Difference(register=register, id=key, field=name, before=getattr(old, name), after=getattr(new, name))
        for name in names
        if getattr(old, name) != getattr(new, name)
    ]


def value_words(value: Any) -> str | None:
    """A value of a plan as one line a person can compare: `optimistic_min: 10, likely_min: 20`; `None` stays."""
    if value is None:
        return None
    if dataclasses.is_dataclass(value):
        return value_words({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return ", ".join(
            f"{key}: {value_words(item)}" for key, item in value.items() if item not in (None, "")
        )
    if isinstance(value, tuple | list):
        return "; ".join(value_words(item) or "" for item in value)
    return str(value)
