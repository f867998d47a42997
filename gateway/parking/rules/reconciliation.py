"""Our books of a day against a provider's statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DifferenceKind(StrEnum):
    """How a payment or refund differs between the two books."""

    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One number that does not agree; an amount is `None` in the book that lacks it."""

    number: str
    kind: DifferenceKind
    ours_fen: int | None
    theirs_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two books compared: how many numbers agree, and those that do not, by number."""

    matched: int
    ours_fen: int
    theirs_fen: int
    differences: tuple[Difference, ...]


def compare_books(ours: Mapping[str, int], theirs: Mapping[str, int]) -> Comparison:
    """Compare two books of fen by number; refunds are negative."""
    differences = tuple(
        Difference(
            number=number,
            kind=_kind(ours.get(number), theirs.get(number)),
            ours_fen=ours.get(number),
            theirs_fen=theirs.get(number),
        )
        for number in sorted(ours.keys() | theirs.keys())
        if ours.get(number) != theirs.get(number)
    )
    return Comparison(
        matched=len(ours.keys() | theirs.keys()) - len(differences),
        ours_fen=sum(ours.values()),
        theirs_fen=sum(theirs.values()),
        differences=differences,
    )


def _kind(ours_fen: int | None, theirs_fen: int | None) -> DifferenceKind:
    if theirs_fen is None:
        return DifferenceKind.ONLY_OURS
    return DifferenceKind.ONLY_THEIRS if ours_fen is None else DifferenceKind.AMOUNT
