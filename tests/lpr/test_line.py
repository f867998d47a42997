"""A line drawn in the picture: crossing it, nosing over it, going round it."""

from hypothesis import given
from hypothesis import strategies as st

from facility.layout import PictureLine
from lpr.rules.line import MARGIN, UNCROSSED, Crossing, Place, depth, followed

ACROSS = PictureLine(start=(0.1, 0.5), end=(0.9, 0.5), inside=(0.5, 0.9))
UPHILL = PictureLine(start=(0.1, 0.5), end=(0.9, 0.5), inside=(0.5, 0.1))


def walked(line: PictureLine, places: list[Place]) -> Crossing:
    way = UNCROSSED
    for place in places:
        way = followed(line, way, place)
    return way


def test_down_over_the_line_is_in_and_back_up_again_is_out() -> None:
    assert walked(ACROSS, [(0.5, 0.3), (0.5, 0.45), (0.5, 0.6)]).direction == "in"
    assert walked(ACROSS, [(0.5, 0.8), (0.5, 0.55), (0.5, 0.4)]).direction == "out"


def test_the_side_that_is_in_is_the_one_that_is_drawn() -> None:
    assert walked(UPHILL, [(0.5, 0.3), (0.5, 0.6)]).direction == "out"


def test_a_car_that_noses_over_the_line_and_backs_out_has_not_crossed() -> None:
    assert walked(ACROSS, [(0.5, 0.3), (0.5, 0.6), (0.5, 0.7), (0.5, 0.4)]).direction is None


def test_trembling_on_the_line_is_no_crossing() -> None:
    tremble = [(0.5, 0.5 + MARGIN * 0.9 * (-1) ** i) for i in range(20)]
    assert walked(ACROSS, [(0.5, 0.3), *tremble]).direction is None


def test_a_car_in_the_neighbouring_lane_goes_round_the_end() -> None:
    short = PictureLine(start=(0.1, 0.5), end=(0.4, 0.5), inside=(0.25, 0.9))
    assert walked(short, [(0.7, 0.3), (0.7, 0.6)]).direction is None
    assert walked(short, [(0.3, 0.3), (0.3, 0.6)]).direction == "in"


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=30))
def test_the_drawn_end_points_may_be_swapped(places: list[Place]) -> None:
    swapped = PictureLine(start=ACROSS.end, end=ACROSS.start, inside=ACROSS.inside)
    one, other = walked(ACROSS, places), walked(swapped, places)
    assert (one.direction, one.is_inside) == (other.direction, other.is_inside)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_who_ends_where_it_began_has_not_crossed(ys: list[float]) -> None:
    places = [(0.5, y) for y in ys]
    clear = [p for p in places if abs(depth(ACROSS, p)) >= MARGIN]
    way = walked(ACROSS, places)
    if clear:
        is_same_side = (clear[0][1] > 0.5) == (clear[-1][1] > 0.5)
        assert (way.direction is None) == is_same_side
