"""Two books compared number by number."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.parking.rules.reconciliation import DifferenceKind, compare_books

books = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-500, 500))


def test_each_kind_of_difference_is_named() -> None:
    compared = compare_books({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": -4})
    assert compared.matched == 1
    assert [(one.number, one.kind) for one in compared.differences] == [
        ("b", DifferenceKind.AMOUNT),
        ("c", DifferenceKind.ONLY_OURS),
        ("d", DifferenceKind.ONLY_THEIRS),
    ]


@given(books, books)
def test_the_differences_explain_the_whole_difference_of_the_sums(
    ours: dict[str, int], theirs: dict[str, int]
) -> None:
    compared = compare_books(ours, theirs)
    explained = sum((one.ours_fen or 0) - (one.theirs_fen or 0) for one in compared.differences)
    assert compared.ours_fen - compared.theirs_fen == explained
    assert compared.matched + len(compared.differences) == len(ours.keys() | theirs.keys())


@given(books)
def test_a_book_agrees_with_itself(book: dict[str, int]) -> None:
    assert compare_books(book, book).differences == ()
