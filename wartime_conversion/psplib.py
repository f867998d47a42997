"""Read PSPLIB single-mode `.sm` files."""

import re
from pathlib import Path

from facility.errors import Invalid
from wartime_conversion.rules.schedule import Lag, Problem


class InstanceUnreadable(Invalid):
    """A `.sm` file that cannot be read; the detail names the file, the line and the reason."""

    code = "instance_unreadable"


def _numbers(name: str, lines: list[str], at: int) -> list[int]:
    try:
        return [int(word) for word in lines[at].split()]
    except ValueError:
        raise InstanceUnreadable(
            f"{name}, line {at + 1}: numbers wanted, found {lines[at].strip()[:40]!r}"
        ) from None


def _section(name: str, lines: list[str], title: str, skip: int) -> int:
    for at, line in enumerate(lines):
        if line.startswith(title):
            return at + skip
    raise InstanceUnreadable(f"{name}: no section {title!r}")


def _rows(name: str, lines: list[str], first: int) -> list[tuple[int, list[int]]]:
    rows = []
    for at in range(first, len(lines)):
        if not lines[at].strip() or lines[at].startswith("*"):
            break
        rows.append((at + 1, _numbers(name, lines, at)))
    return rows


def read_sm(text: str, name: str = "instance") -> Problem:
    """Read an instance from the text of a `.sm` file.

    Jobs keep their numbers as names. The dummy source and sink stay in, with duration 0.

    Raises:
        InstanceUnreadable: a section is missing, a number is not one, counts do not agree, a job has several modes,
            a successor does not exist, or a demand is above its capacity.
    """
    lines = text.splitlines()
    precedence = _rows(name, lines, _section(name, lines, "PRECEDENCE RELATIONS", 2))
    requests = _rows(name, lines, _section(name, lines, "REQUESTS/DURATIONS", 3))
    available = _numbers(name, lines, _section(name, lines, "RESOURCEAVAILABILITIES", 2))
    declared = re.search(r"^jobs \(incl\. supersource/sink \)\s*:\s*(\d+)", text, re.MULTILINE)
    jobs = len(requests)
    if len(precedence) != jobs or (declared and int(declared[1]) != jobs):
        raise InstanceUnreadable(f"{name}: {jobs} jobs with durations, {len(precedence)} with successors")
    for line, row in requests:
        if len(row) != 3 + len(available):
            raise InstanceUnreadable(
                f"{name}, line {line}: {3 + len(available)} numbers wanted, found {len(row)}"
            )
        if row[1] != 1:
            raise InstanceUnreadable(f"{name}, line {line}: job {row[0]} has several modes")
        over = [k for k, amount in enumerate(row[3:]) if not 0 <= amount <= available[k]]
        if over or row[2] < 0:
            raise InstanceUnreadable(f"{name}, line {line}: job {row[0]} wants what there is not")
    position = {row[0]: at for at, (_, row) in enumerate(requests)}
    if len(position) != jobs:
        raise InstanceUnreadable(f"{name}: a job occurs twice")
    durations = tuple(row[2] for _, row in requests)
    return Problem(
        names=tuple(str(row[0]) for _, row in requests),
        durations=durations,
        demands=tuple({k: amount for k, amount in enumerate(row[3:]) if amount} for _, row in requests),
        lags=tuple(_lags(name, precedence, position, durations)),
        capacities=tuple(available),
        resources=tuple(f"R{k + 1}" for k in range(len(available))),
    )


def _lags(
    name: str, precedence: list[tuple[int, list[int]]], position: dict[int, int], durations: tuple[int, ...]
) -> list[Lag]:
    lags = []
    for line, row in precedence:
        if len(row) < 3 or len(row) != 3 + row[2]:
            raise InstanceUnreadable(f"{name}, line {line}: number of successors does not agree")
        for number in (row[0], *row[3:]):
            if number not in position:
                raise InstanceUnreadable(f"{name}, line {line}: no job {number}")
        before = position[row[0]]
        lags += [Lag(before=before, after=position[number], units=durations[before]) for number in row[3:]]
    return lags


def load_sm(path: Path) -> Problem:
    """Read a `.sm` file; raises `InstanceUnreadable`, also where it cannot be opened or is not text."""
    try:
        return read_sm(path.read_text(encoding="ascii"), str(path))
    except OSError as error:
        raise InstanceUnreadable(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InstanceUnreadable(f"{path}: not plain text at byte {error.start}") from error
