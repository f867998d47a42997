"""Read and write plan files (YAML), without loss.

`read_plan(write_plan(plan)) == plan` for every plan, and writing what was read gives the same data as the file read: a
value the file may leave out is left out again when it is the one that leaving out means.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from facility.errors import Invalid
from wartime_conversion.plan_data import plan_to_data
from wartime_conversion.plan_entries import plan_of_entry
from wartime_conversion.plan_model import PlanEntry
from wartime_conversion.rules.plan import Plan

PLAN_FOLDER = Path(__file__).parent / "plans"
REFERENCE_PLAN = PLAN_FOLDER / "reference.yaml"


class PlanUnreadable(Invalid):
    """A plan file that cannot be read; the detail names the file, the line, the place and the reason."""

    code = "plan_unreadable"


class DuplicateKey(yaml.MarkedYAMLError):
    """The same key twice in one mapping: YAML would drop the first in silence."""


def _refuse_duplicate_keys(node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise DuplicateKey(problem=f"key {key.value!r} occurs twice", problem_mark=key.start_mark)
            seen.add(key.value)
            _refuse_duplicate_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicate_keys(item)


def _step(node: yaml.Node, part: int | str) -> yaml.Node | None:
    """The child of a node at one part of a validation error's path, `None` where the path leaves the file."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    return None


def _entry_id(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return ""


def _place(root: yaml.Node, path: Sequence[int | str]) -> tuple[str, int]:
    """Name the place a validation error points at, and its line (from 1)."""
    node, words = root, ""
    for part in path:
        child = _step(node, part)
        if isinstance(part, int):
            words += f"[{(_entry_id(child) if child is not None else '') or part}]"
        elif child is not None or part == path[-1]:
            words += f".{part}" if words else str(part)
        if child is None:
            continue  # a name pydantic adds to the path of a union, or a key that is missing
        node = child
    return words or "file", node.start_mark.line + 1


def _parse(text: str, name: str) -> tuple[object, yaml.Node]:
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        if root is None:
            raise PlanUnreadable(f"{name}: the file is empty")
        _refuse_duplicate_keys(root)
        return yaml.load(text, Loader=yaml.CSafeLoader), root
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanUnreadable(f"{name}, line {line}: {error.problem or 'not YAML'}") from error
    except yaml.YAMLError as error:
        raise PlanUnreadable(f"{name}: not YAML: {re.sub(r's+', ' ', str(error))}") from error


def read_plan(text: str, name: str = "plan") -> Plan:
    """Read a plan from the text of a plan file.

    Args:
        text: the file's whole text.
        name: what to call the file in an error.

    Returns:
        The plan. Faults of its content (cycles, unknown crews, ...) are `rules.plan_check`'s to find, not refused here.

    Raises:
        PlanUnreadable: not YAML, a key twice, a key unknown or missing, a value of the wrong kind.
    """
    data, root = _parse(text, name)
    try:
        entry = PlanEntry.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place, line = _place(root, first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise PlanUnreadable(f"{name}, line {line}: {place}: {first['msg']}{more}") from error
    try:
        return plan_of_entry(entry)
    except ValueError as error:
        raise PlanUnreadable(f"{name}: {error}") from error


def load_plan(path: Path) -> Plan:
    """Read a plan file; raises `PlanUnreadable`, also where the file cannot be opened or is not UTF-8."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanUnreadable(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise PlanUnreadable(f"{path}: not UTF-8 text at byte {error.start}") from error
    return read_plan(text, str(path))


def write_plan(plan: Plan) -> str:
    """The text of a plan file that reads back as `plan`."""
    return yaml.dump(
        plan_to_data(plan),
        Dumper=yaml.CSafeDumper,
        allow_unicode=True,
        sort_keys=False,
        width=110,
        default_flow_style=None,
    )
