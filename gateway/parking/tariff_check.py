"""Work through a file of parking-fee cases and say of each stay whether the fee comes out as written.

The file: `cases`, each with `id`, `tariff`, `vehicle` and `stays`; a stay has `entry`, `exit`,
`expected_fee` and the keys of the price-list vocabulary. Times without an offset are Asia/Shanghai, amounts
are yuan.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from facility.errors import Invalid
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_document import PriceListRefused
from gateway.parking.rules.tariff_settlement import Settlement, settlement
from gateway.parking.tariff_case import CaseStay, read_stay


class CasesUnreadable(Invalid):
    """The file of cases cannot be read; the detail says what and where."""

    code = "parking.tariff_cases_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One stay of one case, worked out."""

    case: str
    stay: int
    expected_fen: int | None
    settled: Settlement | None
    differences: tuple[str, ...]
    unreadable: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether everything the case expects came out."""
        return not self.differences

    def as_json(self) -> dict[str, object]:
        """The line of the answer, amounts in yuan."""
        line: dict[str, object] = {
            "case": self.case,
            "stay": self.stay,
            "expected_fee": None if self.expected_fen is None else self.expected_fen / 100,
            "fee": None if self.settled is None else self.settled.fee.total_fen / 100,
            "equal": self.is_equal,
        }
        if self.differences:
            line["differences"] = list(self.differences)
        return line


def tariff_check(path: Path) -> int:
    """Print a JSON line a stay and a last line of counts.

    Returns:
        0 where every stay is equal, 1 where one is not, 2 where one cannot be read (the others are worked out still).

    Raises:
        CasesUnreadable: the file is away, is no YAML or lacks what a case needs.
    """
    verdicts = list(check_cases(read_cases(path)))
    for verdict in verdicts:
        sys.stdout.write(json.dumps(verdict.as_json(), ensure_ascii=False) + "\n")
    equal = sum(verdict.is_equal for verdict in verdicts)
    sys.stdout.write(json.dumps({"stays": len(verdicts), "equal": equal}) + "\n")
    unreadable = [verdict.unreadable for verdict in verdicts if verdict.unreadable]
    if unreadable:
        sys.stderr.write("".join(f"pingzhan: {path}: {line}\n" for line in unreadable))
        return 2
    return 0 if equal == len(verdicts) else 1


def read_cases(path: Path) -> list[Mapping[str, Any]]:
    """The cases of a file, file-wide holidays given to each.

    Raises:
        CasesUnreadable: see `tariff_check`.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as away:
        raise CasesUnreadable(f"{path}: {away.strerror}") from away
    except (YAMLError, UnicodeDecodeError) as broken:
        raise CasesUnreadable(f"{path}: {' '.join(str(broken).split())}") from broken
    cases = document.get("cases") if isinstance(document, Mapping) else document
    if not isinstance(cases, list) or not all(isinstance(case, Mapping) for case in cases):
        raise CasesUnreadable(f"{path}: has no list of cases")
    shared = (
        {"holidays": document["holidays"]} if isinstance(document, Mapping) and "holidays" in document else {}
    )
    return [{**shared, **case} for case in cases]


def check_cases(cases: list[Mapping[str, Any]]) -> Iterator[Verdict]:
    """Work out every stay of every case, in order.

    Raises:
        CasesUnreadable: a case lacks what it needs; the place is named.
    """
    for number, case in enumerate(cases):
        name = str(case.get("id", f"cases[{number}]"))
        stays = case.get("stays")
        if not isinstance(stays, list) or not isinstance(case.get("tariff"), Mapping):
            raise CasesUnreadable(f"{name}: needs a tariff and a list of stays")
        entered_dates: set[object] = set()
        for index, raw in enumerate(stays, start=1):
            try:
                stay = read_stay(raw, case, entered_dates)
                yield _verdict(name, index, stay)
            except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as broken:
                yield _unreadable(name, index, broken)


def _unreadable(case: str, index: int, broken: Exception) -> Verdict:
    said = f"lacks {broken}" if isinstance(broken, KeyError) else str(broken)
    return Verdict(
        case=case,
        stay=index,
        expected_fen=None,
        settled=None,
        differences=(f"cannot be read: {said}",),
        unreadable=f"{case}, stay {index}: {said}",
    )


def _verdict(case: str, index: int, stay: CaseStay) -> Verdict:
    try:
        tariff = read_tariff(stay.price_list)
        if tariff.follows is not None:
            reason = "a file of cases has no calendar; give holidays"
            raise PriceListRefused([("holiday_calendar", reason)])
    except Invalid as refused:
        differences = (f"price list refused: {refused.detail}",)
        return Verdict(
            case=case, stay=index, expected_fen=stay.expected_fen, settled=None, differences=differences
        )
    settled = settlement(stay.priced, stay.left_at, tariff, stay.payments)
    return Verdict(
        case=case,
        stay=index,
        expected_fen=stay.expected_fen,
        settled=settled,
        differences=tuple(_differences(stay, settled)),
    )


def _differences(stay: CaseStay, settled: Settlement) -> Iterator[str]:
    if settled.fee.total_fen != stay.expected_fen:
        yield f"fee {settled.fee.total_fen} fen, expected {stay.expected_fen}"
    if stay.expected_due_fen is not None and settled.due_fen != stay.expected_due_fen:
        yield f"due {settled.due_fen} fen, expected {stay.expected_due_fen}"
    by_kind: dict[str, int] = {}
    for line in settled.fee.lines:
        by_kind[line.kind.value] = by_kind.get(line.kind.value, 0) + line.fen
    for kind, expected_fen in stay.expected_lines_fen:
        if by_kind.get(kind, 0) != expected_fen:
            yield f"{kind} {by_kind.get(kind, 0)} fen, expected {expected_fen}"
