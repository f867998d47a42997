"""How often a film is looked at: a look costs ten times a glance at the motion. Pure."""

UNSAID_S = 0.0  # a car whose plate is not settled: every frame
MOVING_S = 0.07
MOVING_SAID_S = 0.15  # everybody in the picture has been said; a new car may come behind
STANDING_S = 0.35  # below `tracks.GONE_S`, so that a standing car is not taken for gone
QUIET_S = 1.0  # nothing moves: still look now and then, in case the motion is too faint to be noticed
FINE_S = 0.5  # the second, four times dearer look for small plates


def look_after_s(*, is_moving: bool, unsaid: int, said: int) -> float:
    """How long after the last look the next one is due.

    Args:
        is_moving: something moves in the picture.
        unsaid: cars in the picture that are still to be said.
        said: cars in the picture that have been said.
    """
    if unsaid:
        return UNSAID_S
    if is_moving:
        return MOVING_SAID_S if said else MOVING_S
    return STANDING_S if said else QUIET_S
