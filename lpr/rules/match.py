"""Find the stay a read belongs to, when a character was misread at one of the gates.

The distance is an edit distance in which a mistake that readers really make costs little. The sets of confused
characters come from the errors of open readers on real Chinese plates (more than half of them are the province alone).
"""

from collections.abc import Iterable
from dataclasses import dataclass

CONFUSED = ("0DQOU", "8B3", "2Z7", "5S", "17TI", "6GC", "4A", "VY", "MHNW")
CONFUSED_COST = 0.35
PROVINCE_COST = 0.4
OTHER_COST = 1.0
MAX_DISTANCE = 0.8  # two likely confusions, or the province and one more; never an unlikely substitution
MIN_MARGIN = 0.3  # how much farther away the next candidate has to be
MAX_CHOICES = 5
MAX_CHOICE_DISTANCE = 3.0

_PROVINCES = frozenset("京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新")
_PAIRS = frozenset((a, b) for group in CONFUSED for a in group for b in group if a != b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One candidate and how far it lies from the read."""

    text: str
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Outcome: `text` is the one candidate that may be taken without a person, or `None`.

    `choices` lists the nearest candidates, best first, for the attendant; it may be empty.
    """

    text: str | None
    distance: float | None
    choices: tuple[Choice, ...]


def normalised(text: str) -> str:
    """Upper case, without separators; letters O and I are written 0 and 1, since plates do not tell them apart."""
    kept = "".join(c for c in text.upper() if c not in " ·.•-")
    return kept.replace("O", "0").replace("I", "1")


def substitution_cost(first: str, second: str) -> float:
    """What reading one character for the other costs, 0 to 1, the same both ways."""
    if first == second:
        return 0.0
    if (first, second) in _PAIRS:
        return CONFUSED_COST
    if first in _PROVINCES and second in _PROVINCES:
        return PROVINCE_COST
    return OTHER_COST


def distance(first: str, second: str) -> float:
    """Weighted edit distance between two plate texts; a missing or added character costs 1."""
    a, b = normalised(first), normalised(second)
    above = [float(j) for j in range(len(b) + 1)]
    for i, char in enumerate(a, start=1):
        row = [float(i)]
        for j, other in enumerate(b, start=1):
            changed = above[j - 1] + substitution_cost(char, other)
            row.append(min(changed, above[j] + 1.0, row[j - 1] + 1.0))
        above = row
    return above[-1]


def best_match(text: str, candidates: Iterable[str]) -> Match:
    """The candidate that `text` surely means, or a list for the attendant.

    A candidate is taken when it lies within `MAX_DISTANCE` and the next different one is at least `MIN_MARGIN`
    farther. An exact match is always taken. Anything else is a person's decision: never a charge on a guess.

    Args:
        text: the read, any spelling of separators.
        candidates: plates that may be meant (those inside, or those expected); duplicates count once.

    Returns:
        The match; `text` in it is spelled as in `candidates`.
    """
    ranked = sorted(
        (Choice(text=c, distance=round(distance(text, c), 3)) for c in dict.fromkeys(candidates)),
        key=lambda choice: (choice.distance, choice.text),
    )
    choices = tuple(c for c in ranked[:MAX_CHOICES] if c.distance <= MAX_CHOICE_DISTANCE)
    if not ranked or not normalised(text):
        return Match(text=None, distance=None, choices=choices)
    best = ranked[0]
    alone = len(ranked) == 1 or ranked[1].distance - best.distance >= MIN_MARGIN
    exact = best.distance == 0 and (len(ranked) == 1 or ranked[1].distance > 0)
    if exact or (best.distance <= MAX_DISTANCE and alone):
        return Match(text=best.text, distance=best.distance, choices=choices)
    return Match(text=None, distance=None, choices=choices)
