"""From several looks at one car to one text: a vote for each character, weighed by how well each look could see."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

GOOD_HEIGHT_PX = 30.0  # from here on a plate does not become easier to read
GOOD_SHARPNESS = 40.0
AGREEING_LOOKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a vote takes from one look.

    Attributes:
        text: as the grammar allowed it; may be empty.
        char_confidence: 0..1 for each character of `text`.
        confidence: of the whole text, 0..1.
        height_px: of the plate in the picture.
        sharpness: of the straightened plate, any scale that is the same for all.
    """

    text: str
    char_confidence: tuple[float, ...]
    confidence: float
    height_px: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the looks say together: text (empty when none could be read), how sure, and how many said just this."""

    text: str
    confidence: float
    char_confidence: tuple[float, ...]
    agreeing: int

    @property
    def is_settled(self) -> bool:
        """Whether enough looks agree to say it before the car has passed."""
        return self.agreeing >= AGREEING_LOOKS


NOTHING = Verdict(text="", confidence=0.0, char_confidence=(), agreeing=0)


def weight(opinion: Opinion) -> float:
    """How much a look counts, 0 to 1."""
    size = min(1.0, opinion.height_px / GOOD_HEIGHT_PX)
    sharp = min(1.0, max(0.1, opinion.sharpness / GOOD_SHARPNESS))
    return size * math.sqrt(sharp) * max(opinion.confidence, 0.01)


def vote(opinions: Sequence[Opinion]) -> Verdict:
    """Decide length and then each character by weight, and take the nearest text that some look has read.

    Only a text that the grammar allowed in at least one look can win: characters mixed from several looks may
    make a plate that nobody saw.
    """
    readable = [o for o in opinions if o.text]
    if not readable:
        return NOTHING
    by_length: defaultdict[int, float] = defaultdict(float)
    for opinion in readable:
        by_length[len(opinion.text)] += weight(opinion)
    length = max(by_length, key=lambda n: (by_length[n], n))
    fitting = [o for o in readable if len(o.text) == length]
    support: list[defaultdict[str, float]] = [defaultdict(float) for _ in range(length)]
    for opinion in fitting:
        for place, (char, sure) in enumerate(zip(opinion.text, opinion.char_confidence, strict=True)):
            support[place][char] += weight(opinion) * sure
    winner = max(
        {o.text for o in fitting},
        key=lambda text: (sum(support[i][c] for i, c in enumerate(text)), text),
    )
    return _verdict(winner, fitting, support)


def _verdict(text: str, fitting: Sequence[Opinion], support: Sequence[dict[str, float]]) -> Verdict:
    shares = tuple(support[i][c] / max(sum(support[i].values()), 1e-9) for i, c in enumerate(text))
    same = [o for o in fitting if o.text == text]
    unsure = math.prod(1 - o.confidence for o in same[:AGREEING_LOOKS])
    return Verdict(
        text=text,
        confidence=(1 - unsure) * min(shares),
        char_confidence=shares,
        agreeing=len(same),
    )
