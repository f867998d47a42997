"""Matching a read to the plates inside."""

from hypothesis import given
from hypothesis import strategies as st

from lpr.rules.match import MAX_DISTANCE, MIN_MARGIN, best_match, distance

PLATES = st.text(alphabet="苏皖沪浙AB08DQZ27S5MHN1T", min_size=7, max_size=8)


def test_an_exact_plate_is_taken_even_beside_a_near_one() -> None:
    match = best_match("苏F12345", ["苏F1234S", "苏F12345"])
    assert match.text == "苏F12345"
    assert match.distance == 0


def test_a_likely_confusion_is_taken_when_nothing_else_is_near() -> None:
    assert best_match("苏F1D34B", ["苏F10348", "皖A88888"]).text == "苏F10348"


def test_a_wrong_province_alone_is_taken() -> None:
    assert best_match("皖F9K210", ["苏F9K210", "沪C77777"]).text == "苏F9K210"


def test_two_candidates_equally_near_go_to_the_attendant() -> None:
    match = best_match("苏F10348", ["苏FD0348", "苏FD0348"[:2] + "1Q348", "苏F1D348"])
    assert match.text is None
    assert len(match.choices) == 3


def test_an_unlikely_substitution_is_never_taken_without_a_person() -> None:
    match = best_match("苏F12345", ["苏F12395"])
    assert match.text is None
    assert [c.text for c in match.choices] == ["苏F12395"]


def test_an_empty_read_matches_nothing() -> None:
    assert best_match("", ["苏F12345"]).text is None


def test_no_candidates_give_no_match() -> None:
    assert best_match("苏F12345", []).choices == ()


def test_letters_o_and_i_count_as_zero_and_one_and_separators_do_not_count() -> None:
    assert best_match("粤O·1I345", ["粤011345"]).distance == 0


@given(PLATES, PLATES)
def test_the_distance_is_the_same_both_ways_and_zero_to_itself(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert distance(a, a) == 0


@given(PLATES, st.lists(PLATES, max_size=8))
def test_what_is_taken_is_near_and_alone(text: str, candidates: list[str]) -> None:
    match = best_match(text, candidates)
    if match.text is None:
        return
    others = [distance(text, c) for c in set(candidates) if c != match.text]
    assert match.distance is not None
    if match.distance > 0:
        assert match.distance <= MAX_DISTANCE
        assert all(o - match.distance >= MIN_MARGIN - 1e-9 for o in others)
    else:
        assert all(o > 0 for o in others)
