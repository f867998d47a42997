"""The run log's chain: each entry carries the SHA-256 of the one before, so that nothing can be changed in silence.

An entry's hash covers its number, moment, kind, body and the hash before it; the first entry's `prev` is the hash of
the run's own facts. A log that is exported is a file of lines, each the canonical JSON of one object:

    {"log": "pingzhan-run-log/1", "run": {...}}       the run's facts, whose hash the first entry continues
    {"at", "body", "hash", "kind", "prev", "seq"}     one line an entry, `seq` from 1
    {"entries": n, "head": "..."}                     the end, so that a cut tail is missed

Whoever can write the whole file can make a new chain; the head, printed on stage forms or sent outside, tells it apart.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any

FORMAT = "pingzhan-run-log/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: `seq` from 1, `at` an ISO 8601 moment in UTC, `prev` and `hash` 64 hexadecimal digits."""

    seq: int
    at: str
    kind: str
    body: Mapping[str, Any]
    prev: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a log is intact.

    `first_bad` is the `seq` of the first entry that does not hold, 0 where the head line does not, one more than the
    last where entries are missing at the end, and `None` where the log is intact; `reason` says why in one sentence.
    """

    entries: int
    intact: bool
    first_bad: int | None
    reason: str = ""


def _plain(value: Any) -> Any:
    """The value with one way of writing each number, so that no store or parser on the way changes the hash."""
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"{value} cannot stand in a log")
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a log's keys are texts")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(f"a {type(value).__name__} cannot stand in a log")


def canonical(value: Any) -> bytes:
    """The one way of writing a value as JSON: keys sorted, no spaces, UTF-8, whole numbers without a point.

    Raises:
        ValueError: not JSON (a date, a set, infinity, a lone surrogate, ...).
    """
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("a text that is not Unicode cannot stand in a log") from error


def genesis(run: Mapping[str, Any]) -> str:
    """What the first entry continues: the hash of the run's facts, which must not change afterwards."""
    return sha256(canonical({"log": FORMAT, "run": run})).hexdigest()


def next_entry(prev: str, seq: int, *, at: str, kind: str, body: Mapping[str, Any]) -> Entry:
    """The entry that continues a chain.

    Args:
        prev: hash of the entry before, or `genesis` for the first.
        seq: its number, 1 for the first.
        at: server receipt moment, ISO 8601, UTC.
        kind: noun.verb, as `task.signed`.
        body: the facts, JSON-able.

    Raises:
        ValueError: the body is not JSON.
    """
    content = {"seq": seq, "at": at, "kind": kind, "body": body, "prev": prev}
    return Entry(seq=seq, at=at, kind=kind, body=body, prev=prev, hash=sha256(canonical(content)).hexdigest())


def first_bad_entry(run: Mapping[str, Any], entries: Iterable[Entry]) -> int | None:
    """The `seq` at which a stored chain first does not hold, `None` where it holds; looks at nothing outside it."""
    prev = genesis(run)
    for seq, entry in enumerate(entries, start=1):
        if entry != next_entry(prev, seq, at=entry.at, kind=entry.kind, body=entry.body):
            return seq
        prev = entry.hash
    return None


def export_log(run: Mapping[str, Any], entries: Iterable[Entry]) -> bytes:
    """A log as a file; `verify_log` is its judge."""
    lines = [canonical({"log": FORMAT, "run": run})]
    head = genesis(run)
    count = 0
    for entry in entries:
        lines.append(
            canonical(
                {
                    "seq": entry.seq,
                    "at": entry.at,
                    "kind": entry.kind,
                    "body": entry.body,
                    "prev": entry.prev,
                    "hash": entry.hash,
                }
            )
        )
        head, count = entry.hash, count + 1
    lines.append(canonical({"entries": count, "head": head}))
    return b"".join(line + b"\n" for line in lines)


def _line_object(line: bytes, keys: set[str]) -> dict[str, Any] | None:
    """A line's object where it has exactly these keys and is written canonically, else `None`."""
    try:
        value = json.loads(line)
        if isinstance(value, dict) and set(value) == keys and canonical(value) == line:
            return value
    except (ValueError, RecursionError):
        pass
    return None


def _run_of(line: bytes) -> dict[str, Any] | None:
    head = _line_object(line, {"log", "run"})
    return head["run"] if head and head["log"] == FORMAT and isinstance(head["run"], dict) else None


def _entry_of(line: bytes, seq: int, prev: str) -> Entry | None:
    row = _line_object(line, {"seq", "at", "kind", "body", "prev", "hash"})
    if row is None or not isinstance(row["body"], dict) or row["prev"] != prev or row["seq"] != seq:
        return None
    entry = next_entry(prev, seq, at=row["at"], kind=row["kind"], body=row["body"])
    return entry if entry.hash == row["hash"] else None


def verify_log(data: bytes, *, head: str | None = None) -> Verdict:
    """Judge an exported log.

    Args:
        data: the file's bytes.
        head: the head known from outside (a stage form, a message), which also finds a log written anew.

    Returns:
        Whether every byte is as it was exported, and where it first is not.
    """
    if not data.endswith(b"\n"):
        lines, torn = data.split(b"\n"), True
    else:
        lines, torn = data[:-1].split(b"\n"), False
    run = _run_of(lines[0])
    if run is None:
        return Verdict(entries=0, intact=False, first_bad=0, reason="the first line is not that of a run log")
    prev, count = genesis(run), 0
    for seq, line in enumerate(lines[1:], start=1):
        entry = _entry_of(line, seq, prev)
        if entry is None:
            return _end(
                line, is_last=seq == len(lines) - 1 and not torn, count=count, chain_head=prev, head=head
            )
        prev, count = entry.hash, seq
    return Verdict(entries=count, intact=False, first_bad=count + 1, reason="the end of the log is missing")


def _end(line: bytes, *, is_last: bool, count: int, chain_head: str, head: str | None) -> Verdict:
    """Judge the first line that is not the next entry: it must be the end, and the last line."""
    bad = Verdict(entries=count, intact=False, first_bad=count + 1, reason=f"entry {count + 1} does not hold")
    end = _line_object(line, {"entries", "head"})
    if end is None or not is_last:
        return bad
    if end != {"entries": count, "head": chain_head}:
        reason = f"the end speaks of {end['entries']} entries, {count} are there"
        return Verdict(entries=count, intact=False, first_bad=count + 1, reason=reason)
    if head is not None and head.lower() != chain_head:
        reason = "the log holds in itself, but its head is not the one known from outside"
        return Verdict(entries=count, intact=False, first_bad=count + 1, reason=reason)
    return Verdict(entries=count, intact=True, first_bad=None)
