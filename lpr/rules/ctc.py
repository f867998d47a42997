"""A lattice and a text: what the lattice says by itself, how likely a text is in it, where its characters stand.

A lattice is `(T, 79) float32`, natural logarithms; class 0 is the CTC blank, the rest `plate.CHARS` in order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lpr.rules.plate import CHARS

Lattice = NDArray[np.float32]
NEVER = -1e30


def raw_text(lattice: Lattice) -> str:
    """Best path: the likeliest class at each moment, repeats merged, blanks dropped."""
    best = lattice.argmax(1).tolist()
    return "".join(CHARS[c - 1] for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1]))


def _with_blanks(text: str) -> list[int]:
    """The text's classes with a blank before, between and after; the printed O is a zero."""
    classes = [0]
    for char in text:
        classes += [CHARS.index("0" if char == "O" else char) + 1, 0]
    return classes


def aligned(lattice: Lattice, text: str) -> list[int]:
    """The moment at which each character of `text` is read best (Viterbi); empty when it cannot be."""
    if not text:
        return []
    if raw_text(lattice) == text:
        return _on_best_path(lattice)
    classes = _with_blanks(text)
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


def _on_best_path(lattice: Lattice) -> list[int]:
    """The same for the best path's own text: where each run of one class is likeliest."""
    best = lattice.argmax(1).tolist()
    at: list[int] = []
    for t, char in enumerate(best):
        if not char:
            continue
        if t and best[t - 1] == char:
            at[-1] = t if lattice[t, char] > lattice[at[-1], char] else at[-1]
        else:
            at.append(t)
    return at


def log_posteriors(lattice: Lattice, texts: Sequence[str]) -> list[float]:
    """Log probability of each text under the lattice, summed over all CTC paths; the texts go side by side."""
    rows = [_with_blanks(text) for text in texts]
    longest = max(map(len, rows), default=0)
    classes = np.array([row + [-1] * (longest - len(row)) for row in rows])
    emit = np.where(classes >= 0, lattice[:, classes], NEVER).astype(np.float64)
    before = np.full_like(classes, -1)
    before[:, 2:] = classes[:, :-2]
    skip = (classes > 0) & (classes != before) & (before >= 0)
    alpha = np.full((classes.shape[0], longest + 2), NEVER)  # two places that never are, before the first
    alpha[:, 2:4] = emit[0, :, :2]
    for row in emit[1:]:
        two = np.where(skip, alpha[:, :-2], NEVER)
        alpha[:, 2:] = np.logaddexp(np.logaddexp(alpha[:, 2:], alpha[:, 1:-1]), two) + row
    ends = np.array([len(row) + 1 for row in rows])
    at = np.arange(len(rows))
    return np.logaddexp(alpha[at, ends], alpha[at, ends - 1]).tolist()  # type: ignore[no-any-return]


def log_posterior(lattice: Lattice, text: str) -> float:
    """Log probability of one text."""
    return log_posteriors(lattice, [text])[0]
