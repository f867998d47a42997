"""The best complete text of each pattern in a lattice, for plates on which the beam search ends empty.

The beam keeps the likeliest beginnings; on a blurred plate all of them may be a character short of every pattern. Here
the number of places is fixed first and Viterbi spreads the moments over them, so a complete text comes out.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lpr.rules.plate import CHARS, PATTERNS, Pattern

NEVER = np.float32(-1e30)
FROM_BLANK, STAY = -1, -2  # else the class of the character before, without a blank between


@cache
def _allowed(places: tuple[str, ...]) -> NDArray[np.bool_]:
    """`(places + 1, classes)`: what may stand in each place; row 0 is the beginning."""
    table = np.zeros((len(places) + 1, len(CHARS) + 1), np.bool_)
    for i, place in enumerate(places, start=1):
        table[i, [CHARS.index(c) + 1 for c in place]] = True
    return table


def forced_text(lattice: NDArray[np.float32], pattern: Pattern) -> str:
    """The text of the pattern on the likeliest single path; empty when the lattice is too short for one."""
    allowed = _allowed(pattern.places)
    count = len(pattern.places)
    blank = np.full(count + 1, NEVER, np.float32)  # in a blank after so many characters
    char = np.full(allowed.shape, NEVER, np.float32)  # in this character as so manieth
    blank[0] = 0.0
    came, ended = [], []
    for row in lattice:
        best = char.argmax(1)
        best_score = char.max(1)
        others = char.copy()
        others[np.arange(count + 1), best] = NEVER
        second, second_score = others.argmax(1), others.max(1)
        is_same = np.arange(allowed.shape[1])[None] == best[:, None]
        before = np.where(is_same, second_score[:, None], best_score[:, None])[:-1]
        before_class = np.where(is_same, second[:, None], best[:, None])[:-1]
        options = np.stack((char[1:], np.broadcast_to(blank[:-1, None], before.shape), before))
        choice = options.argmax(0)
        came.append(np.where(choice == 0, STAY, np.where(choice == 1, FROM_BLANK, before_class)))
        ended.append(np.where(best_score > blank, best, FROM_BLANK))
        blank = np.maximum(blank, best_score) + row[0]
        char[1:] = np.where(allowed[1:], options.max(0) + row, NEVER)
    if max(char[count].max(), blank[count]) < NEVER / 2:
        return ""
    state = int(char[count].argmax()) if char[count].max() > blank[count] else FROM_BLANK
    return _walked_back(came, ended, count, state)


def _walked_back(
    came: list[NDArray[np.int64]], ended: list[NDArray[np.int64]], place: int, state: int
) -> str:
    """The characters along the path; `state` is a class, or `FROM_BLANK` while in a blank."""
    text = ""
    for t in range(len(came) - 1, -1, -1):
        if place == 0:
            break
        if state == FROM_BLANK:
            state = int(ended[t][place])
            continue
        source = int(came[t][place - 1, state])
        if source != STAY:
            text, place, state = CHARS[state - 1] + text, place - 1, source
    return text


def forced_texts(lattice: NDArray[np.float32]) -> list[str]:
    """One text for each pattern, without repetition."""
    return [t for t in dict.fromkeys(forced_text(lattice, pattern) for pattern in PATTERNS) if t]
