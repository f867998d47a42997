"""From a reader's lattice (log posteriors over time) to a text that the grammar allows.

A lattice is `(T, 79) float32`, natural logarithms; class 0 is the CTC blank, the rest `plate.CHARS` in order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lpr.rules.ctc import NEVER, Lattice, aligned, log_posteriors, raw_text
from lpr.rules.forced import forced_texts
from lpr.rules.plate import CHARS, PATTERNS, Pattern, fits, printed
from lpr.rules.provinces import commonness

BEAM = 10
KEEP_CHAR = math.log(2e-4)  # a character below this at a moment is not tried there
SKIP_BLANK = math.log(0.9995)  # a moment as blank as this changes nothing
FORCED_LEAST = 0.3  # mean posterior of the characters from which a text that had to be forced is kept
COLOUR_WEIGHT = 0.5  # the colour head is surer than it is right
SURE_PEAK = -0.02  # each character of a best path this likely: no other text is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text read from one lattice.

    Attributes:
        text: as the grammar allows it and people write it; empty when nothing fits.
        pattern: the pattern it fits, `None` with an empty text.
        raw_text: the best path without any grammar.
        char_confidence: one 0..1 for each character of `text`.
    """

    text: str
    pattern: Pattern | None
    raw_text: str
    char_confidence: tuple[float, ...]


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


def texts_of(lattice: Lattice) -> list[str]:
    """Complete texts worth weighing: the best path alone when it is sure and fits, else the beam's six best."""
    text = raw_text(lattice)
    if any(len(PATTERNS[i].places) == len(text) for i in _alive(text)):
        spoken = lattice.argmax(1) != 0
        if spoken.any() and float(lattice[spoken, 1:].max(1).min()) > SURE_PEAK:
            return [text]
    return [text for text, _ in candidates(lattice)[:6]]


def decode(
    lattices: Sequence[Lattice],
    colours: Mapping[str, float] | None = None,
    two_rows: bool | None = None,
    texts: Sequence[str] | None = None,
) -> Decoded:
    """The text that the grammar allows and the lattices of one or more readers say together.

    Args:
        lattices: one for each reader, of any lengths; the first is the one `raw_text` comes from.
        colours: posterior of each colour, or `None` when unknown.
        two_rows: whether the plate has two rows, or `None` when unknown.
        texts: what `texts_of` gave for these lattices, where that is known already.
    """
    raw = raw_text(lattices[0])
    weighed = list(dict.fromkeys(texts or [t for lattice in lattices for t in texts_of(lattice)]))
    is_forced = not weighed
    if is_forced:
        weighed = list(dict.fromkeys(t for lattice in lattices for t in forced_texts(lattice)))
    best = _likeliest(lattices, weighed, colours, two_rows)
    if best is None:
        return Decoded(text="", pattern=None, raw_text=raw, char_confidence=())
    text, pattern = best
    sure = char_confidence(lattices, text)
    if is_forced and math.prod(sure) < FORCED_LEAST ** len(text):
        return Decoded(text="", pattern=None, raw_text=raw, char_confidence=())
    return Decoded(text=printed(text, pattern), pattern=pattern, raw_text=raw, char_confidence=sure)


def _likeliest(
    lattices: Sequence[Lattice],
    texts: Sequence[str],
    colours: Mapping[str, float] | None,
    two_rows: bool | None,
) -> tuple[str, Pattern] | None:
    heard = [0.0]
    if len(texts) > 1:
        heard = [
            sum(scores)
            for scores in zip(*(log_posteriors(lattice, texts) for lattice in lattices), strict=True)
        ]
    best: tuple[float, str, Pattern] | None = None
    for text, posterior in zip(texts, heard, strict=False):
        for pattern in PATTERNS:
            if fits(pattern, text):
                weight = prior(pattern, colours, two_rows) + commonness(text) - _odd_area(text, pattern)
                if best is None or posterior + weight > best[0]:
                    best = (posterior + weight, text, pattern)
    return None if best is None else best[1:]


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
