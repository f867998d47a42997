"""Grammar and decoding."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.rules.ctc import Lattice, aligned, log_posterior, log_posteriors, raw_text
from lpr.rules.lattice import decode
from lpr.rules.plate import CHARS, COLOURS, PATTERNS, Kind, Pattern, fits, kind_of, pattern_of, printed

BLUE = dict.fromkeys(COLOURS, 0.02) | {"blue": 0.9}
GREEN = dict.fromkeys(COLOURS, 0.02) | {"green": 0.9}


def lattice_of(text: str, doubts: dict[int, dict[str, float]] | None = None) -> Lattice:
    """A lattice that says `text`, with other characters at some places as likely as given."""
    rows = []
    for place, char in enumerate(text):
        row = np.full(len(CHARS) + 1, 1e-6)
        row[CHARS.index(char) + 1] = 1.0
        for other, share in (doubts or {}).get(place, {}).items():
            row[CHARS.index(other) + 1] = share
        blank = np.full(len(CHARS) + 1, 1e-6)
        blank[0] = 1.0
        rows += [row / row.sum(), blank / blank.sum()]
    lattice: Lattice = np.log(np.array(rows)).astype(np.float32)
    return lattice


@pytest.mark.parametrize(
    ("text", "colour", "two_rows", "kind"),
    [
        ("苏F9K210", "blue", False, Kind.BLUE),
        ("苏FD12345", "green", False, Kind.GREEN),
        ("苏F12345D", "green", False, Kind.GREEN),
        ("苏F12345", "yellow", False, Kind.YELLOW1),
        ("苏F12345", "yellow", True, Kind.YELLOW2),
        ("苏F1234挂", "blue", True, Kind.YELLOW2),
        ("苏F1234学", "yellow", False, Kind.YELLOW1),
        ("苏F1234警", "blue", False, Kind.WHITE),
        ("粤Z12A4港", "blue", False, Kind.BLACK),
        ("使123456", "black", False, Kind.BLACK),
        ("WJ苏1234A", "white", False, Kind.WHITE),
        ("VA12345", "white", False, Kind.WHITE),
        ("民航B1234", "green", False, Kind.OTHER),
        ("皖1234567", "green", True, Kind.OTHER),
    ],
)
def test_text_colour_and_rows_name_the_kind(text: str, colour: str, two_rows: bool, kind: Kind) -> None:
    assert kind_of(pattern_of(text), colour, two_rows) is kind


@pytest.mark.parametrize(
    "text", ["苏I12345", "苏FI2345", "F苏12345", "苏F1234", "苏F123456", "苏F1学345", "苏FDI2345"[:7]]
)
def test_what_no_plate_says_fits_no_pattern(text: str) -> None:
    assert not any(fits(p, text) for p in PATTERNS)


def test_a_likely_character_that_the_grammar_forbids_gives_way() -> None:
    seen = decode([lattice_of("苏F12345", {0: {"8": 3.0}})], BLUE, False)
    assert seen.text == "苏F12345"
    assert seen.raw_text == "8F12345"


def test_the_colour_decides_between_seven_and_eight_characters() -> None:
    lattice = lattice_of("苏FD12345")
    lattice[4, 0] = math.log(0.5)  # the energy letter is as likely a smear
    assert decode([lattice], GREEN, False).text == "苏FD12345"
    assert decode([lattice], GREEN, False).pattern == pattern_of("苏FD12345")


def test_two_readers_that_differ_are_weighed_together() -> None:
    sure = lattice_of("苏F12345")
    unsure = lattice_of("苏F12845", {4: {"3": 0.9}})
    assert decode([unsure, sure], BLUE, False).text == "苏F12345"


def test_an_empty_lattice_reads_nothing() -> None:
    blank = np.full((10, len(CHARS) + 1), -14.0, np.float32)
    blank[:, 0] = 0.0
    assert decode([blank], BLUE, False).text == ""


def test_the_area_letter_o_is_printed_as_a_letter() -> None:
    assert decode([lattice_of("粤0A1234")], BLUE, False).text == "粤OA1234"


def plates(pattern: Pattern) -> st.SearchStrategy[str]:
    return st.tuples(*(st.sampled_from(place) for place in pattern.places)).map("".join)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATTERNS).flatmap(plates))
def test_every_plate_the_grammar_knows_is_read_back(text: str) -> None:
    seen = decode([lattice_of(text)])
    assert seen.pattern is not None
    assert seen.text == printed(text, seen.pattern)
    assert min(seen.char_confidence) > 0.9
    assert len(aligned(lattice_of(text), text)) == len(text)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whatever_the_lattice_the_text_fits_the_grammar(seed: int) -> None:
    noise = np.random.default_rng(seed).gumbel(size=(16, len(CHARS) + 1)) * 3
    lattice = (noise - np.log(np.exp(noise).sum(1, keepdims=True))).astype(np.float32)
    seen = decode([lattice])
    assert seen.text == "" or pattern_of(seen.text) is not None
    assert all(0 <= c <= 1 for c in seen.char_confidence)
    assert log_posterior(lattice, seen.text.replace("O", "0")) <= 1e-3
    assert len(raw_text(lattice)) <= 16


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_texts_weighed_side_by_side_weigh_what_each_weighs_alone(seed: int) -> None:
    noise = np.random.default_rng(seed).gumbel(size=(20, len(CHARS) + 1))
    lattice = (noise - np.log(np.exp(noise).sum(1, keepdims=True))).astype(np.float32)
    texts = ["苏F12345", "苏FD12345", "使112233", "A"]
    together = log_posteriors(lattice, texts)
    assert together == pytest.approx([log_posterior(lattice, text) for text in texts])
    assert max(together) < 0


def test_all_texts_of_a_tiny_lattice_make_up_the_whole() -> None:
    shares = np.full((2, len(CHARS) + 1), 1e-9)
    shares[:, 0], shares[:, 1], shares[:, 2] = 0.5, 0.3, 0.2
    lattice = np.log(shares).astype(np.float32)
    one, two = CHARS[0], CHARS[1]
    texts = ["", one, two, one + two, two + one]  # the same character twice needs a blank between
    assert sum(math.exp(v) for v in log_posteriors(lattice, texts)) == pytest.approx(1, abs=1e-4)


def test_the_best_path_is_aligned_as_any_other_text_is() -> None:
    lattice = lattice_of("苏F12345")
    assert aligned(lattice, "苏F12345") == [0, 2, 4, 6, 8, 10, 12]
    assert aligned(lattice, "苏F12845") == [0, 2, 4, 6, 8, 10, 12]
