"""The run log's chain: each entry carries the SHA-256 of the one before, so that nothing can be changed in silence.

An entry is a canonical JSON text (`words.canonical`); its hash covers the hash before it and that text. The first entry
continues the empty text. A log that is exported is a file of lines, each the canonical JSON of one object:

    {"log": "pingzhan-run-log/1", "run": {...}}       what the run is
    {"body": {...}, "hash": "...", "previous_hash": "..."}   one line an entry, `body.number` from 1
    {"entries": n, "head": "...", "sha256": "..."}    the end: hash of the newest entry, and of every byte above

Whoever can write the whole file can make a new chain; the head, printed on stage forms or sent outside, tells it apart.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from wartime_conversion.rules.words import canonical

FORMAT = "pingzhan-run-log/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One stored entry: `number` from 1, `body` its canonical JSON text, both hashes hexadecimal."""

    number: int
    body: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a log is intact.

    `first_bad` is the number of the first entry that does not hold, 0 where the head line does not, one more than the
    last where entries are missing at the end, and `None` where the log is intact; `reason` says why in one sentence.
    """

    entries: int
    intact: bool
    first_bad: int | None
    reason: str = ""


def chain_hash(previous_hash: str, body: str) -> str:
    """The hash of an entry whose text is `body`; `previous_hash` is empty for the first."""
    return sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


def next_link(previous: Link | None, body: str) -> Link:
    """The entry that continues a chain; `previous` is `None` for the first."""
    before = previous.hash if previous else ""
    number = previous.number + 1 if previous else 1
    return Link(number=number, body=body, previous_hash=before, hash=chain_hash(before, body))


def first_bad_link(links: Iterable[Link]) -> int | None:
    """The number at which a stored chain first does not hold, `None` where it holds; looks at nothing outside it."""
    previous = None
    for number, link in enumerate(links, start=1):
        if link != next_link(previous, link.body):
            return number
        previous = link
    return None


def export_log(run: Mapping[str, Any], links: Iterable[Link]) -> bytes:
    """A log as a file; `verify_log` is its judge. `run` says what the run is, JSON-able."""
    lines = [canonical({"log": FORMAT, "run": run})]
    head, count = "", 0
    for link in links:
        row = {"body": json.loads(link.body), "hash": link.hash, "previous_hash": link.previous_hash}
        lines.append(canonical(row))
        head, count = link.hash, count + 1
    content = "".join(f"{line}\n" for line in lines).encode()
    end = canonical({"entries": count, "head": head, "sha256": sha256(content).hexdigest()})
    return content + f"{end}\n".encode()


def _line_object(line: bytes, keys: set[str]) -> dict[str, Any] | None:
    """A line's object where it has exactly these keys and is written canonically, else `None`."""
    try:
        value = json.loads(line)
        if isinstance(value, dict) and set(value) == keys and canonical(value).encode() == line:
            return value
    except (ValueError, RecursionError):
        pass
    return None


def _link_of(line: bytes, previous: Link | None) -> Link | None:
    row = _line_object(line, {"body", "hash", "previous_hash"})
    if row is None or not isinstance(row["body"], dict):
        return None
    link = next_link(previous, canonical(row["body"]))
    claimed = (row["body"].get("number"), row["hash"], row["previous_hash"])
    return link if claimed == (link.number, link.hash, link.previous_hash) else None


def verify_log(data: bytes, *, head: str | None = None) -> Verdict:
    """Judge an exported log.

    Args:
        data: the file's bytes.
        head: the head known from outside (a stage form, a message), which also finds a log written anew.

    Returns:
        Whether every byte is as it was exported, and where it first is not.
    """
    lines = data.split(b"\n")
    begin = _line_object(lines[0], {"log", "run"})
    if begin is None or begin["log"] != FORMAT:
        return Verdict(entries=0, intact=False, first_bad=0, reason="the first line is not that of a run log")
    previous: Link | None = None
    for at, line in enumerate(lines[1:], start=1):
        link = _link_of(line, previous)
        if link is None:
            is_last = lines[at + 1 :] == [b""]
            above = data[: len(data) - len(line) - 1]
            return _end(line, above, is_last=is_last, newest=previous, head=head)
        previous = link
    count = previous.number if previous else 0
    return Verdict(entries=count, intact=False, first_bad=count + 1, reason="the end of the log is missing")


def _end(line: bytes, above: bytes, *, is_last: bool, newest: Link | None, head: str | None) -> Verdict:
    """Judge the first line that is not the next entry: it must be the end, and the last line."""
    count, chain_head = (newest.number, newest.hash) if newest else (0, "")
    end = _line_object(line, {"entries", "head", "sha256"})
    reason, first_bad = "", count + 1
    if end is None or not is_last:
        reason = f"entry {count + 1} does not hold, or the end of the log is missing"
    elif (end["entries"], end["head"]) != (count, chain_head):
        reason = f"the end speaks of {end['entries']} entries, {count} are there"
    elif end["sha256"] != sha256(above).hexdigest():
        reason, first_bad = "the first line or the end was changed", 0
    elif head is not None and head.lower() != chain_head:
        reason = "the log holds in itself, but its head is not the one known from outside"
    else:
        return Verdict(entries=count, intact=True, first_bad=None)
    return Verdict(entries=count, intact=False, first_bad=first_bad, reason=reason)
