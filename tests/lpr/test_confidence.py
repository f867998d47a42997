"""Calibrated confidence."""

from hypothesis import given
from hypothesis import strategies as st

from lpr.rules.confidence import plate_confidence

CHARS = st.lists(st.floats(0, 1), min_size=7, max_size=8)


def test_an_empty_text_is_worth_nothing() -> None:
    assert plate_confidence((), readers=2, agree=True) == 0


@given(CHARS, st.integers(0, 6), st.booleans())
def test_a_surer_character_never_makes_the_plate_less_sure(
    chars: list[float], place: int, agree: bool
) -> None:
    surer = [*chars]
    surer[place] = 1.0
    low = plate_confidence(chars, readers=2, agree=agree)
    assert 0 <= low <= plate_confidence(surer, readers=2, agree=agree) <= 1


@given(CHARS)
def test_agreement_makes_surer(chars: list[float]) -> None:
    assert plate_confidence(chars, readers=2, agree=True) >= plate_confidence(chars, readers=2, agree=False)
