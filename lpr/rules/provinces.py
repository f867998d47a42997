"""How common the plates of each province are, for weighing look-alikes: a blurred 粤 is seldom a 琼."""

import math

from lpr.rules.plate import PROVINCES

# Civil vehicles in millions, rounded, about 2022 (order of magnitude of the National Bureau of Statistics' yearbook).
VEHICLES_MILLION = dict(
    zip(
        "粤鲁苏浙冀豫川皖湘鄂辽云桂陕闽晋赣京蒙黑渝贵吉沪新甘津宁琼青藏",
        (
            *(29, 27, 23, 21, 19, 19, 15, 11, 11, 11, 10, 9, 9, 9, 8, 8),
            *(7, 7, 7, 6, 6, 6, 5, 5, 5, 4, 4, 2, 2, 1.5, 0.7),
        ),
        strict=True,
    )
)
WEIGHT = 0.5  # cars travel, and cameras stand in one place: less than the shares themselves would say
_MEAN = math.fsum(math.log(VEHICLES_MILLION[p]) for p in PROVINCES) / len(PROVINCES)


def commonness(text: str) -> float:
    """Log weight of the province a text begins with, 0 on average and for a text without one."""
    share = VEHICLES_MILLION.get(text[:1])
    return 0.0 if share is None else WEIGHT * (math.log(share) - _MEAN)
