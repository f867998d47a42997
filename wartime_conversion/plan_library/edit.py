"""Changing a plan file entry by entry, as a screen does, and leaving every other line as it stands.

Only the entry's own lines are written anew (`lines`), by ruamel's round trip: comments, order and quotes stay. A
register written in one line, or an entry with anchors, takes the whole file through the round trip. What comes out is
read again.
"""

import io
import json
from collections.abc import MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any

import yaml as plain_yaml

from facility.errors import Conflict, Invalid
from wartime_conversion.plan_file import read_plan
from wartime_conversion.plan_library.lines import Span, plain_text, put, put_behind, spans, text_of
from wartime_conversion.rules.plan_links import task_users

if TYPE_CHECKING:
    from ruamel.yaml import YAML

LISTED = ("openings", "components", "inspections", "tiers", "safety_orders", "injects")
"""Registers whose entries carry their id; `tasks` stands for both task lists."""
NAMED = ("crews", "equipment", "materials", "zones", "hazards")
"""Registers that map an id to its entry."""
TASK_LISTS = ("tasks", "restore_tasks")


class EntryMissing(Invalid):
    """The plan has no such entry, or no such register."""

    code = "conversion.plan_entry_missing"


class EntryStands(Conflict):
    """The plan has an entry of this id already."""

    code = "conversion.plan_entry_stands"


class TaskWanted(Conflict):
    """Other parts of the plan name this task: they are changed first."""

    code = "conversion.plan_task_wanted"


class TierOfOtherWay(Conflict):
    """A task of conversion cannot move to a stage of restoration by its tier alone, nor the other way round."""

    code = "conversion.plan_tier_of_other_way"


def edit_entry(source: str, register: str, entry_id: str, fields: dict[str, Any]) -> str:
    """Change fields of one entry.

    Args:
        source: the plan file.
        register: `tasks`, or a register of `LISTED` or `NAMED`.
        entry_id: the entry's id.
        fields: values by the file's own keys, e.g. `{"duration_min": {"likely": 90}}`; a mapping is merged, a list's
            lines are matched by their ids, and `None` takes a key away.

    Raises:
        EntryMissing: the file has no such entry.
        TierOfOtherWay: the tier belongs to the other list of tasks.
        PlanUnreadable: the changed file is no plan.
    """
    key = _key_of(source, register, entry_id)
    if key in TASK_LISTS and fields.get("tier") and _list_of_tier(source, fields["tier"], key) != key:
        raise TierOfOtherWay(f"{fields['tier']} is a stage of the other way", tier=fields["tier"])
    span = _span(source, key, entry_id)
    if span is None or _is_tied(source, span):
        yaml, data = _loaded(source)
        _merge(_entry(data, key, entry_id), fields)
        return _checked(_dumped(yaml, data))
    return _checked(put(source, span, _edited(text_of(source, span), fields)))


def _edited(text: str, fields: dict[str, Any]) -> str:
    """An entry's lines with fields changed; written anew, without comments, where the round trip garbles them."""
    yaml, part = _loaded(text)
    wanted = _plain(text)
    for whole in (part, wanted):
        _merge(whole[0] if isinstance(whole, list) else next(iter(whole.values())), fields)
    edited = _dumped(yaml, part)
    try:
        if _plain(edited) == wanted:
            return edited
    except plain_yaml.YAMLError:
        pass  # a comment between the lines of a list that grew or went can end up inside a line
    return plain_text(json.loads(json.dumps(wanted, default=str)))


def add_entry(source: str, register: str, entry_id: str, fields: dict[str, Any]) -> str:
    """Add an entry at the end of a register, a task at the end of the list that holds its tier.

    Raises like `edit_entry`, and `EntryStands`.
    """
    if register not in (*LISTED, *NAMED, "tasks"):
        raise EntryMissing(f"no register {register}", register=register)
    if any(entry_id in _ids(source, key) for key in _keys(register)):
        raise EntryStands(f"{register} has {entry_id} already", id=entry_id)
    given = {key: value for key, value in fields.items() if value is not None}
    key = _list_of_tier(source, given.get("tier"), "tasks") if register == "tasks" else register
    found = spans(source, key)
    if found:
        entry = {entry_id: given} if key in NAMED else [{"id": entry_id, **given}]
        return _checked(put_behind(source, found[-1], entry))
    yaml, data = _loaded(source)
    if key in NAMED:
        data.setdefault(key, {})[entry_id] = _said(given)
    else:
        data.setdefault(key, []).append(_said({"id": entry_id, **given}))
    return _checked(_dumped(yaml, data))


def remove_entry(source: str, register: str, entry_id: str) -> str:
    """Take an entry away; what still names it is for the lint to find. Raises like `edit_entry`.

    Raises:
        TaskWanted: it is a task, and something else in the plan names it.
    """
    key = _key_of(source, register, entry_id)
    users = task_users(read_plan(source), entry_id) if key in TASK_LISTS else ()
    if users:
        raise TaskWanted(f"{entry_id} is named by {', '.join(users)}", id=entry_id, users=list(users))
    found = spans(source, key)
    span = _span(source, key, entry_id)
    if span is not None and len(found) > 1:
        return _checked(put(source, span, ""))
    yaml, data = _loaded(source)
    if key in NAMED:
        del data[key][entry_id]
    else:
        data[key].remove(_entry(data, key, entry_id))
    return _checked(_dumped(yaml, data))


def _plain(source: str) -> Any:
    return plain_yaml.load(source, Loader=plain_yaml.CSafeLoader)


def _keys(register: str) -> tuple[str, ...]:
    return TASK_LISTS if register == "tasks" else (register,)


def _ids(source: str, key: str) -> list[str]:
    rows = _plain(source).get(key) or ()
    return list(rows) if isinstance(rows, dict) else [row["id"] for row in rows]


def _key_of(source: str, register: str, entry_id: str) -> str:
    if register in (*LISTED, *NAMED, "tasks"):
        for key in _keys(register):
            if entry_id in _ids(source, key):
                return key
    raise EntryMissing(f"the plan has no {register} {entry_id}", register=register, id=entry_id)


def _list_of_tier(source: str, tier: Any, otherwise: str) -> str:
    """The list whose tasks are of a tier; `otherwise` where no task is."""
    data = _plain(source)
    for key in TASK_LISTS:
        if any(row["tier"] == tier for row in data.get(key) or ()):
            return key
    return otherwise


def _span(source: str, key: str, entry_id: str) -> Span | None:
    return next((span for span in spans(source, key) if span.id == entry_id), None)


def _is_tied(source: str, span: Span) -> bool:
    """Whether an entry's lines name an anchor: by themselves they would not mean the same."""
    tokens = plain_yaml.scan(text_of(source, span), Loader=plain_yaml.CSafeLoader)
    return any(isinstance(token, plain_yaml.AnchorToken | plain_yaml.AliasToken) for token in tokens)


def _loaded(source: str) -> "tuple[YAML, Any]":
    from ruamel.yaml import YAML  # slow to import, and plans are seldom edited

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml, yaml.load(source)


def _dumped(yaml: "YAML", data: object) -> str:
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def _checked(source: str) -> str:
    read_plan(source, "draft")
    return source


def _entry(data: MutableMapping[str, Any], key: str, entry_id: str) -> MutableMapping[str, Any]:
    entry: MutableMapping[str, Any] = (
        data[key][entry_id] if key in NAMED else next(row for row in data[key] if row["id"] == entry_id)
    )
    return entry


def _merge(entry: MutableMapping[str, Any], fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        before = entry.get(key)
        if value is None:
            entry.pop(key, None)
        elif isinstance(value, dict) and isinstance(before, MutableMapping):
            _merge(before, value)
        elif value and isinstance(value, list) and isinstance(before, MutableSequence):
            _merge_list(before, value)
        elif value == [] and before:
            _forget_comments(entry, key)
            entry[key] = []
        elif value != before or isinstance(value, bool):
            entry[key] = _said(value)


def _merge_list(rows: MutableSequence[Any], wanted: list[Any]) -> None:
    """Make a list the one wanted; lines of an id it knows are changed in place, so that their comments stay."""
    known = {row["id"]: row for row in rows if isinstance(row, MutableMapping) and "id" in row}
    for at, item in enumerate(wanted):
        row = known.pop(item.get("id"), None) if isinstance(item, dict) else None
        if row is not None:
            _merge(row, dict.fromkeys(set(row) - set(item)) | item)
        value = _line(item) if row is None else row
        if at == len(rows):
            rows.append(value)
        elif rows[at] is not value and rows[at] != value:
            rows[at] = value
    while len(rows) > len(wanted):
        rows.pop()


def _forget_comments(entry: MutableMapping[str, Any], key: str) -> None:
    """The comments between the lines of a list go with the list."""
    from ruamel.yaml.comments import CommentedMap

    if isinstance(entry, CommentedMap):
        entry.ca.items.pop(key, None)


def _line(item: Any) -> Any:
    """A new item of a list, in one line."""
    from ruamel.yaml.comments import CommentedMap

    if not isinstance(item, dict):
        return _said(item)
    row = CommentedMap(_said(item))
    row.fa.set_flow_style()
    return row


def _said(value: Any) -> Any:
    """A value as ruamel must write it: in quotes where bare words would be read as something else."""
    from ruamel.yaml.scalarstring import SingleQuotedScalarString

    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_said(item) for item in value]
    if isinstance(value, str):
        written = plain_yaml.dump(
            [value], Dumper=plain_yaml.CSafeDumper, default_flow_style=True, allow_unicode=True
        )
        return SingleQuotedScalarString(value) if written[1] in "'\"" else value
    return value
