"""The look of a bay says the one thing that matters most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.bays import GLYPHS, LOOKS, BayState, Look, look_of
from dashboard.pages.looks import LOOK_NAMES


@pytest.mark.parametrize(
    ("occupied", "use", "has_evse", "evse", "look"),
    [
        (False, "parking", False, None, "free"),
        (True, "parking", False, None, "taken"),
        (None, "parking", False, None, "unknown"),
        (False, "parking", True, "Available", "plug"),
        (True, "parking", True, "Charging", "charging"),
        (True, "parking", True, "SuspendedEV", "waiting"),
        (True, "parking", True, "Finishing", "waiting"),
        (True, "parking", True, "Available", "taken"),
        (False, "parking", True, "Faulted", "faulty"),
        (True, "clearing", False, None, "clearing"),
        (None, "clearing", False, None, "clearing"),
        (False, "clearing", False, None, "clear"),
        (True, "clear", False, None, "clear"),
        (True, "storage", True, "Charging", "storage"),
    ],
)
def test_each_state_has_its_look(
    occupied: bool | None, use: str, has_evse: bool, evse: str | None, look: Look
) -> None:
    assert look_of(BayState(bay_id="b", occupied=occupied, use=use, has_evse=has_evse, evse=evse)) == look


def test_every_look_has_a_glyph_of_its_own_and_a_name() -> None:
    assert set(GLYPHS) == set(LOOKS) == set(LOOK_NAMES)
    assert len(set(GLYPHS.values())) == len(LOOKS)


@given(
    st.sampled_from([True, False, None]),
    st.sampled_from(["parking", "clearing", "clear", "storage"]),
    st.booleans(),
    st.none() | st.text(max_size=12),
)
def test_whatever_is_reported_there_is_a_look(
    occupied: bool | None, use: str, has_evse: bool, evse: str | None
) -> None:
    assert look_of(BayState(bay_id="b", occupied=occupied, use=use, has_evse=has_evse, evse=evse)) in LOOKS
