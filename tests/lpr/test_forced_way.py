"""Complete texts from poor lattices, and which way a car drives."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.rules.forced import forced_text, forced_texts
from lpr.rules.lattice import candidates, decode
from lpr.rules.plate import CHARS, DIGITS, LETTERS, PATTERNS, PROVINCES, fits
from lpr.rules.way import Mark, motion_of

CIVIL = PATTERNS[0]


def lattice_of(text: str, *, sure: float = 0.97, moments: int = 42) -> np.ndarray:
    """Each character for two moments, blanks between them."""
    rows = np.full((moments, len(CHARS) + 1), math.log(1e-6), np.float32)
    rows[:, 0] = math.log(0.999)
    for i, char in enumerate(text):
        for t in (2 + 5 * i, 3 + 5 * i):
            rows[t, 0] = math.log(1 - sure)
            rows[t, CHARS.index(char) + 1] = math.log(sure)
    return rows


@settings(deadline=None)
@given(
    st.sampled_from(PROVINCES),
    st.sampled_from(LETTERS),
    st.text(LETTERS + DIGITS, min_size=5, max_size=5),
)
def test_a_clear_plate_is_forced_to_its_own_text(province: str, area: str, serial: str) -> None:
    text = province + area + serial
    assert forced_text(lattice_of(text), CIVIL) == text


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_forced_text_fits_a_pattern(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 3, (42, len(CHARS) + 1))
    lattice = (noise - np.logaddexp.reduce(noise, axis=1, keepdims=True)).astype(np.float32)
    texts = forced_texts(lattice)
    assert texts
    assert all(any(fits(p, t) for p in PATTERNS) for t in texts)


def test_a_lattice_shorter_than_the_pattern_gives_nothing() -> None:
    assert forced_text(lattice_of("", moments=5), CIVIL) == ""


def crowded() -> np.ndarray:
    """Last place heard at half strength among blanks, so weakly that each beginning without it is likelier."""
    rows = lattice_of("苏F1234")
    rows[32, :] = math.log(1e-6)
    rows[32, 0] = math.log(0.9999)
    rows[32, CHARS.index("5") + 1] = math.log(1.5e-4)  # below what the beam tries
    return rows


def test_where_the_beam_ends_empty_a_text_is_forced_but_kept_only_when_believable() -> None:
    rows = crowded()
    assert candidates(rows) == []
    assert forced_text(rows, CIVIL) == "苏F12345"
    assert decode([rows]).text in ("", "苏F12345")
    silent = lattice_of("")
    assert decode([silent]).text == ""


def marks(widths: list[float], ys: list[float]) -> list[Mark]:
    return [Mark(at_s=0.04 * i, width=w, y=y) for i, (w, y) in enumerate(zip(widths, ys, strict=True))]


@settings(deadline=None)
@given(st.floats(40, 300), st.floats(0.01, 0.05), st.integers(5, 40))
def test_a_growing_plate_approaches_and_the_film_backwards_leaves(
    width: float, growth: float, count: int
) -> None:
    widths = [width * (1 + growth) ** i for i in range(count)]
    film = marks(widths, [300.0] * count)
    assert motion_of(film) == "approaching"
    assert motion_of(marks(widths[::-1], [300.0] * count)) == "leaving"


def test_a_plate_that_keeps_its_size_but_sinks_in_the_picture_approaches() -> None:
    assert motion_of(marks([120.0] * 10, [200.0 + 5 * i for i in range(10)])) == "approaching"
    assert motion_of(marks([120.0] * 10, [200.0 - 5 * i for i in range(10)])) == "leaving"


def test_a_standing_plate_measured_with_noise_is_still() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        film = marks(list(120 + rng.normal(0, 1.5, 30)), list(300 + rng.normal(0, 2, 30)))
        assert motion_of(film) == "still"


def test_two_looks_say_nothing_about_the_way() -> None:
    assert motion_of(marks([100.0, 150.0], [200.0, 260.0])) == "still"
