"""Where the entries of a register stand in a plan file, line by line, so that a change touches no other line."""

from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An entry's lines `first` to `last` (from 0, both counted in) and the column its dash or its key stands at.

    Comments before and after it lie outside.
    """

    id: str
    first: int
    last: int
    indent: int


def spans(source: str, register: str) -> tuple[Span, ...]:
    """The entries of a register that stands in block style; none where it is absent, empty or written in one line.

    Raises:
        yaml.YAMLError: the source is no YAML.
    """
    root = yaml.compose(source, Loader=yaml.CSafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for key, value in pairs if key.value == register), None)
    if node is None or node.flow_style or not isinstance(node, yaml.MappingNode | yaml.SequenceNode):
        return ()
    lines = source.splitlines()
    if isinstance(node, yaml.MappingNode):
        return tuple(_span(key.value, key, value, key.start_mark.column) for key, value in node.value)
    found = []
    for item in node.value:
        before = lines[item.start_mark.line][: item.start_mark.column]
        name = next((value.value for key, value in item.value if key.value == "id"), "")
        if before.strip() == "-":
            found.append(_span(name, item, item, before.index("-")))
    return tuple(found) if len(found) == len(node.value) else ()


def _span(name: str, first: yaml.Node, last: yaml.Node, indent: int) -> Span:
    return Span(id=name, first=first.start_mark.line, last=_last_line(last), indent=indent)


def _last_line(node: yaml.Node) -> int:
    """The line of a node's last word: a block's end mark lies behind the comments that follow it."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def text_of(source: str, span: Span) -> str:
    """An entry's own lines, moved to the margin."""
    lines = source.splitlines(keepends=True)[span.first : span.last + 1]
    return "".join(line[span.indent :] if line.strip() else line for line in lines)


def put(source: str, span: Span, text: str) -> str:
    """The source with an entry's lines replaced; no text takes the entry out."""
    lines = source.splitlines(keepends=True)
    return "".join(lines[: span.first]) + _moved(text, span.indent) + "".join(lines[span.last + 1 :])


def put_behind(source: str, span: Span, entry: Any) -> str:
    """The source with a new entry (`[{"id": ...}]` or `{id: {...}}`) behind another, before any comment there."""
    lines = source.splitlines(keepends=True)
    head = "".join(lines[: span.last + 1])
    gap = "" if head.endswith("\n") else "\n"
    return head + gap + _moved(plain_text(entry), span.indent) + "".join(lines[span.last + 1 :])


def plain_text(entry: object) -> str:
    """Data as lines of a plan file."""
    text: str = yaml.dump(
        entry,
        Dumper=yaml.CSafeDumper,
        allow_unicode=True,
        sort_keys=False,
        width=4096,
        default_flow_style=None,
    )
    return text


def _moved(text: str, indent: int) -> str:
    return "".join(" " * indent + line for line in text.splitlines(keepends=True))
