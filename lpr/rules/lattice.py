"""From a reader's lattice (log posteriors over time) to a text that the grammar allows.

A lattice is `(T, 79) float32`, natural logarithms; class 0 is the CTC blank, the rest `plate.CHARS` in order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lpr.rules.forced import forced_texts
from lpr.rules.plate import CHARS, PATTERNS, Pattern, fits, printed
from lpr.rules.provinces import commonness

Lattice = NDArray[np.float32]
BEAM = 10
KEEP_CHAR = math.log(2e-4)  # a character below this at a moment is not tried there
SKIP_BLANK = math.log(0.9995)  # a moment as blank as this changes nothing
FORCED_LEAST = 0.3  # mean posterior of the characters from which a text that had to be forced is kept
COLOUR_WEIGHT = 0.5  # the colour head is surer than it is right
NEVER = -1e30


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text read from one lattice.

    Attributes:
        text: as the grammar allows it and people write it; empty when nothing fits.
        pattern: the pattern it fits, `None` with an empty text.
        raw_text: the best path without any grammar.
        score: log posterior of `text` in the lattice with the pattern's rarity and colour, for comparing texts.
        char_confidence: one 0..1 for each character of `text`.
    """

    text: str
    pattern: Pattern | None
    raw_text: str
    score: float
    char_confidence: tuple[float, ...]


NOTHING = Decoded(text="", pattern=None, raw_text="", score=NEVER, char_confidence=())


def raw_text(lattice: Lattice) -> str:
    """Best path: the likeliest class at each moment, repeats merged, blanks dropped."""
    best = lattice.argmax(1).tolist()
    return "".join(CHARS[c - 1] for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1]))


@lru_cache(maxsize=20000)
def _alive(prefix: str) -> tuple[int, ...]:
    """Indexes of the patterns that some text beginning with `prefix` fits."""
    if not prefix:
        return tuple(range(len(PATTERNS)))
    place, char = len(prefix) - 1, prefix[-1]
    return tuple(
        i
        for i in _alive(prefix[:-1])
        if len(PATTERNS[i].places) > place and char in PATTERNS[i].places[place]
    )


def prior(pattern: Pattern, colours: Mapping[str, float] | None, two_rows: bool | None) -> float:
    """How likely the pattern is before reading, given colour posteriors and rows (either may be unknown)."""
    score = pattern.rarity
    if colours is not None:
        score += COLOUR_WEIGHT * math.log(max(1e-3, sum(colours[c] for c in pattern.colours)))
    if two_rows is not None and pattern.two_rows is not None and pattern.two_rows is not two_rows:
        score -= 3.0
    return score


def candidates(lattice: Lattice, width: int = BEAM) -> list[tuple[str, float]]:
    """Prefix beam search through the grammar: complete texts with their log posteriors, best first."""
    beams: dict[str, tuple[float, float]] = {"": (0.0, NEVER)}
    for row in lattice:
        if row[0] > SKIP_BLANK:
            beams = {t: (float(np.logaddexp(b, c)), NEVER) for t, (b, c) in beams.items()}
            continue
        beams = _advance(beams, row, width)
    return sorted(
        (
            (text, float(np.logaddexp(blank, char)))
            for text, (blank, char) in beams.items()
            if any(len(PATTERNS[i].places) == len(text) for i in _alive(text))
        ),
        key=lambda item: -item[1],
    )


def _advance(
    beams: dict[str, tuple[float, float]], row: Lattice, width: int
) -> dict[str, tuple[float, float]]:
    blank = float(row[0])
    likely = [(CHARS[c - 1], float(row[c])) for c in np.flatnonzero(row[1:] > KEEP_CHAR) + 1]
    by_char = dict(likely)
    grown: dict[str, tuple[float, float]] = {}

    def add(text: str, as_blank: float, as_char: float) -> None:
        old_blank, old_char = grown.get(text, (NEVER, NEVER))
        grown[text] = (_add(old_blank, as_blank), _add(old_char, as_char))

    for text, (ended, open_) in beams.items():
        total = _add(ended, open_)
        again = by_char.get(text[-1]) if text else None
        add(text, total + blank, open_ + again if again is not None else NEVER)
        for char, score in likely:
            longer = text + char
            if not _alive(longer):
                continue
            came = ended if text and char == text[-1] else total
            if came > NEVER / 2:
                add(longer, NEVER, came + score)
    best = sorted(grown.items(), key=lambda item: -_add(*item[1]))[:width]
    return dict(best)


def _add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if b < NEVER / 2 else a + math.log1p(math.exp(b - a))


def aligned(lattice: Lattice, text: str) -> list[int]:
    """The moment at which each character of `text` is read best (Viterbi); empty when it cannot be."""
    if not text:
        return []
    classes = [0]
    for char in text:
        classes += [CHARS.index("0" if char == "O" else char) + 1, 0]
    emit = lattice[:, classes]
    moments, places = emit.shape
    skip = np.array([i >= 2 and classes[i] != 0 and classes[i] != classes[i - 2] for i in range(places)])
    score = np.full(places, NEVER, np.float32)
    score[:2] = emit[0, :2]
    back = np.zeros((moments, places), np.int8)
    for t in range(1, moments):
        one = np.concatenate(([NEVER], score[:-1]))
        two = np.where(skip, np.concatenate(([NEVER, NEVER], score[:-2])), NEVER)
        options = np.stack((score, one, two))
        back[t] = options.argmax(0)
        score = options.max(0) + emit[t]
    place = places - 1 if score[-1] > score[-2] else places - 2
    if score[place] < NEVER / 2:
        return []
    best_at: dict[int, int] = {}
    for t in range(moments - 1, -1, -1):
        if classes[place] and (place not in best_at or emit[t, place] > emit[best_at[place], place]):
            best_at[place] = t
        place -= int(back[t, place])
    return [best_at[i] for i in sorted(best_at)]


def log_posterior(lattice: Lattice, text: str) -> float:
    """Log probability of the text under the lattice, summed over all CTC paths."""
    classes = [0]
    for char in text:
        classes += [CHARS.index("0" if char == "O" else char) + 1, 0]
    emit = lattice[:, classes].astype(np.float64)
    places = len(classes)
    skip = np.array([i >= 2 and classes[i] != 0 and classes[i] != classes[i - 2] for i in range(places)])
    alpha = np.full(places, NEVER)
    alpha[: min(2, places)] = emit[0, : min(2, places)]
    for row in emit[1:]:
        one = np.concatenate(([NEVER], alpha[:-1]))
        two = np.where(skip, np.concatenate(([NEVER, NEVER], alpha[:-2]))[:places], NEVER)
        alpha = np.logaddexp(np.logaddexp(alpha, one), two) + row
    return float(np.logaddexp(alpha[-1], alpha[-2])) if places > 1 else float(alpha[-1])


def decode(
    lattices: Sequence[Lattice],
    colours: Mapping[str, float] | None = None,
    two_rows: bool | None = None,
) -> Decoded:
    """The text that the grammar allows and the lattices of one or more readers say together.

    Args:
        lattices: one for each reader, of any lengths; the first is the one character confidences come from where
            only it has the text.
        colours: posterior of each colour, or `None` when unknown.
        two_rows: whether the plate has two rows, or `None` when unknown.
    """
    raw = raw_text(lattices[0])
    texts = dict.fromkeys(text for lattice in lattices for text, _ in _quick(lattice))
    is_forced = not texts
    if is_forced:
        texts = dict.fromkeys(text for lattice in lattices for text in forced_texts(lattice))
    best: tuple[float, str, Pattern] | None = None
    for text in texts:
        heard = sum(log_posterior(lattice, text) for lattice in lattices)
        for pattern in PATTERNS:
            if fits(pattern, text):
                score = (
                    heard + prior(pattern, colours, two_rows) + commonness(text) - _odd_area(text, pattern)
                )
                if best is None or score > best[0]:
                    best = (score, text, pattern)
    if best is None:
        return Decoded(text="", pattern=None, raw_text=raw, score=NEVER, char_confidence=())
    score, text, pattern = best
    sure = char_confidence(lattices, text)
    if is_forced and math.prod(sure) < FORCED_LEAST ** len(text):
        return Decoded(text="", pattern=None, raw_text=raw, score=NEVER, char_confidence=())
    return Decoded(
        text=printed(text, pattern), pattern=pattern, raw_text=raw, score=score, char_confidence=sure
    )


def _quick(lattice: Lattice) -> list[tuple[str, float]]:
    """Texts worth weighing: the best path alone when it is sure and fits, else the beam's."""
    text = raw_text(lattice)
    if any(len(PATTERNS[i].places) == len(text) for i in _alive(text)):
        peaks = lattice[:, 1:].max(1)
        spoken = lattice.argmax(1) != 0
        if spoken.any() and float(peaks[spoken].min()) > -0.02:
            return [(text, 0.0)]
    return candidates(lattice)[:6]


def _odd_area(text: str, pattern: Pattern) -> float:
    """Area letter O exists in 粤 (and on few old official plates): a zero there is mostly a misread D or Q."""
    is_area_o = text[1:2] == "0" and text[0] in PROVINCES_WITH_AREA and pattern.name != "farm"
    return 0.0 if not is_area_o else (1.0 if text[0] == "粤" else 4.0)


PROVINCES_WITH_AREA = frozenset(PATTERNS[0].places[0])


def char_confidence(lattices: Sequence[Lattice], text: str) -> tuple[float, ...]:
    """Mean over the readers of each character's posterior at its own moment."""
    rows = []
    for lattice in lattices:
        moments = aligned(lattice, text)
        if len(moments) == len(text):
            rows.append(
                [math.exp(float(lattice[t, CHARS.index(c) + 1])) for t, c in zip(moments, text, strict=True)]
            )
    if not rows:
        return tuple(0.0 for _ in text)
    return tuple(min(1.0, sum(column) / len(lattices)) for column in zip(*rows, strict=True))
