"""Changing a plan file entry by entry, as a screen does, and leaving every other line as it stands.

Comments, order and quotes stay (ruamel's round trip); what is changed is checked by reading the whole file again.
"""

import io
from collections.abc import MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any

from facility.errors import Conflict, Invalid
from wartime_conversion.plan_file import read_plan

if TYPE_CHECKING:
    from ruamel.yaml import YAML

LISTED = ("openings", "components", "inspections", "tiers", "safety_orders", "injects")
"""Registers whose entries carry their id; `tasks` stands for both task lists."""
NAMED = ("crews", "equipment", "materials", "zones", "hazards")
"""Registers that map an id to its entry."""


class EntryMissing(Invalid):
    """The plan has no such entry, or no such register."""

    code = "conversion.plan_entry_missing"


class EntryStands(Conflict):
    """The plan has an entry of this id already."""

    code = "conversion.plan_entry_stands"


def edit_entry(source: str, register: str, entry_id: str, fields: dict[str, Any]) -> str:
    """Change fields of one entry.

    Args:
        source: the plan file.
        register: `tasks`, or a register of `LISTED` or `NAMED`.
        entry_id: the entry's id.
        fields: values by the file's own keys, e.g. `{"duration_min": {"likely": 90}}`; a mapping is merged, and
            `None` takes a key away.

    Raises:
        EntryMissing: the file has no such entry.
        PlanUnreadable: the changed file is no plan.
    """
    yaml, data = _loaded(source)
    _merge(_entry(data, register, entry_id), fields)
    return _written(yaml, data)


def add_entry(source: str, register: str, entry_id: str, fields: dict[str, Any]) -> str:
    """Add an entry at the end of a register; raises like `edit_entry`, and `EntryStands`."""
    yaml, data = _loaded(source)
    given = {key: value for key, value in fields.items() if value is not None}
    if register in NAMED:
        rows = data.setdefault(register, {})
        if entry_id in rows:
            raise EntryStands(f"{register} has {entry_id} already", id=entry_id)
        rows[entry_id] = given
    elif register in (*LISTED, "tasks"):
        if any(row["id"] == entry_id for row in data.get(register, ())):
            raise EntryStands(f"{register} has {entry_id} already", id=entry_id)
        data.setdefault(register, []).append({"id": entry_id, **given})
    else:
        raise EntryMissing(f"no register {register}", register=register)
    return _written(yaml, data)


def remove_entry(source: str, register: str, entry_id: str) -> str:
    """Take an entry away; what still names it is for the lint to find. Raises like `edit_entry`."""
    yaml, data = _loaded(source)
    entry = _entry(data, register, entry_id)
    if register in NAMED:
        del data[register][entry_id]
    else:
        for key in (register, "restore_tasks") if register == "tasks" else (register,):
            rows: MutableSequence[Any] = data.get(key, [])
            for at, row in enumerate(rows):
                if row is entry:
                    del rows[at]
                    break
    return _written(yaml, data)


def _loaded(source: str) -> "tuple[YAML, MutableMapping[str, Any]]":
    from ruamel.yaml import YAML  # slow to import, and plans are seldom edited

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml, yaml.load(source)


def _written(yaml: "YAML", data: MutableMapping[str, Any]) -> str:
    out = io.StringIO()
    yaml.dump(data, out)
    read_plan(out.getvalue(), "draft")
    return out.getvalue()


def _entry(data: MutableMapping[str, Any], register: str, entry_id: str) -> MutableMapping[str, Any]:
    if register in NAMED:
        rows = data.get(register, {})
        if entry_id in rows:
            found: MutableMapping[str, Any] = rows[entry_id]
            return found
    elif register == "tasks" or register in LISTED:
        lists = ("tasks", "restore_tasks") if register == "tasks" else (register,)
        for row in (row for key in lists for row in data.get(key, ())):
            if row["id"] == entry_id:
                listed: MutableMapping[str, Any] = row
                return listed
    raise EntryMissing(f"the plan has no {register} {entry_id}", register=register, id=entry_id)


def _merge(entry: MutableMapping[str, Any], fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        if value is None:
            entry.pop(key, None)
        elif isinstance(value, dict) and isinstance(entry.get(key), MutableMapping):
            _merge(entry[key], value)
        else:
            entry[key] = value
