"""A camera's loop: from looks to one event a car, by the picture alone, by a line, and by loops."""

import pytest

from facility.layout import PictureLine
from lpr.camera import UNPLATED_CORRECT_S, UNPLATED_S
from lpr.passing import STANDS_S, UNREAD_S
from tests.lpr.film import Car, Film, play, said

LINE = PictureLine(start=(0.1, 0.6), end=(0.9, 0.6), inside=(0.5, 0.95))
ONE, OTHER = "苏F12345", "皖A98K76"


def test_a_car_that_passes_is_one_event_with_its_picture_and_its_way() -> None:
    passages = play(Film(cars=[Car(text=ONE, from_s=1, to_s=3)], length_s=6))
    assert said(passages) == [(ONE, False)]
    assert (passages[0].motion, passages[0].direction) == ("approaching", None)
    assert passages[0].picture is not None
    assert passages[0].looks >= 3
    assert passages[0].at_s < 2.0


def test_a_car_that_drives_away_leaves() -> None:
    away = Car(text=ONE, from_s=1, to_s=3, start=(240, 240), end=(240, 60), width=(110, 50))
    assert [p.motion for p in play(Film(cars=[away], length_s=6))] == ["leaving"]


def test_a_parked_car_is_one_event_and_is_seldom_looked_at() -> None:
    film = Film(
        cars=[Car(text=ONE, from_s=1, to_s=300, body=False, end=(240, 60), width=(80, 80))], length_s=200
    )
    assert said(play(film)) == [(ONE, False)]
    assert len(film.shown) < 200 / 0.3


def test_a_quiet_lane_is_looked_at_once_a_second() -> None:
    film = Film(cars=[], length_s=60)
    assert play(film) == []
    assert len(film.shown) == pytest.approx(60, abs=6)


def test_two_cars_nose_to_tail_are_two_events() -> None:
    cars = [Car(text=ONE, from_s=1, to_s=3), Car(text=OTHER, from_s=2.0, to_s=4)]
    assert sorted(said(play(Film(cars=cars, length_s=8)))) == sorted([(ONE, False), (OTHER, False)])


def test_a_car_without_a_plate_is_an_event_with_a_picture() -> None:
    passages = play(Film(cars=[], bodies=[(2.0, 8.0)], length_s=12))
    assert said(passages) == [("", False)]
    assert passages[0].picture is not None
    assert passages[0].at_s == pytest.approx(2.0 + UNPLATED_S, abs=1.5)


def test_a_plate_that_shows_itself_soon_after_corrects_the_car_without_one() -> None:
    late = Car(text=ONE, from_s=6.0, to_s=9, body=False)
    passages = play(Film(cars=[late], bodies=[(2.0, 9.0)], length_s=12))
    assert said(passages) == [("", False), (ONE, True)]
    assert passages[0].car == passages[1].car


def test_the_next_car_is_not_taken_for_the_one_without_a_plate() -> None:
    later = Car(text=ONE, from_s=6.0 + UNPLATED_CORRECT_S, to_s=14)
    passages = play(Film(cars=[later], bodies=[(2.0, 6.0)], length_s=16))
    assert said(passages) == [("", False), (ONE, False)]


def test_better_looks_correct_until_the_barrier_opens() -> None:
    def car() -> Car:
        return Car(text="苏F12845", from_s=1, to_s=20, later_text=ONE, later_from_s=5)

    assert said(play(Film(cars=[car()], length_s=20))) == [("苏F12845", False), (ONE, True)]
    assert said(play(Film(cars=[car()], length_s=20), opened_at_s={"at": 3.0})) == [("苏F12845", False)]


def test_the_same_text_that_becomes_sure_enough_for_the_gate_is_said_again_as_a_correction() -> None:
    car = Car(text=ONE, from_s=1, to_s=20, later_text=ONE, later_from_s=4)
    passages = play(Film(cars=[car], length_s=12))
    assert [(p.text, p.accepted, p.is_correction) for p in passages] == [
        (ONE, False, False),
        (ONE, True, True),
    ]
    assert passages[0].car == passages[1].car


def test_a_line_says_the_way_and_a_car_is_said_when_it_crosses() -> None:
    passages = play(Film(cars=[Car(text=ONE, from_s=1, to_s=4)], length_s=6), line=LINE)
    assert said(passages) == [(ONE, False)]
    assert passages[0].direction == "in"
    assert passages[0].at_s == pytest.approx(1 + 2 * (0.6 - 60 / 270) / (180 / 270), abs=0.25)


def test_over_the_line_the_other_way_is_out() -> None:
    back = Car(text=ONE, from_s=1, to_s=4, start=(240, 240), end=(240, 60))
    assert [p.direction for p in play(Film(cars=[back], length_s=6), line=LINE)] == ["out"]


def test_a_car_that_stops_before_the_line_is_no_event() -> None:
    stops = Car(text=ONE, from_s=1, to_s=5, end=(240, 150))
    assert play(Film(cars=[stops], length_s=8), line=LINE) == []


def test_a_car_before_the_line_is_said_when_it_crosses_much_later() -> None:
    cars = [
        Car(text=ONE, from_s=1, to_s=20, end=(240, 150)),
        Car(text=ONE, from_s=20, to_s=22, start=(240, 150)),
    ]
    passages = play(Film(cars=cars, length_s=24), line=LINE)
    assert [(p.text, p.direction) for p in passages] == [(ONE, "in")]
    assert passages[0].at_s > 20


def loops_of(*presses: tuple[float, bool, bool]) -> list[tuple[float, bool, bool]]:
    return list(presses)


THROUGH = loops_of((3.0, True, False), (6.0, True, True), (7.0, False, True), (8.0, False, False))


def test_a_car_is_said_when_it_stands_on_the_arrival_loop_and_not_when_it_is_seen() -> None:
    film = Film(cars=[Car(text=ONE, from_s=1, to_s=7)], length_s=10, presses=THROUGH)
    passages = play(film, loops="arrival")
    assert said(passages) == [(ONE, False)]
    assert passages[0].direction == "in"
    assert passages[0].at_s == pytest.approx(3.0 + STANDS_S, abs=0.15)


def test_a_car_from_the_exit_loop_drives_out() -> None:
    presses = loops_of((3.0, False, True), (4.0, True, True), (5.0, True, False), (6.0, False, False))
    film = Film(cars=[Car(text=ONE, from_s=1, to_s=7)], length_s=10, presses=presses)
    assert [p.direction for p in play(film, loops="arrival")] == ["out"]


def test_a_car_that_only_noses_over_the_loop_is_no_event() -> None:
    presses = loops_of((3.0, True, False), (3.2, False, False))
    film = Film(cars=[Car(text=ONE, from_s=1, to_s=4)], length_s=15, presses=presses)
    assert play(film, loops="arrival") == []


def test_at_a_lane_without_a_barrier_a_car_that_backs_out_is_no_event() -> None:
    presses = loops_of((3.0, True, False), (5.0, True, True), (6.0, True, False), (7.0, False, False))
    film = Film(cars=[Car(text=ONE, from_s=1, to_s=8)], length_s=15, presses=presses)
    assert play(film, loops="passage") == []
    film = Film(cars=[Car(text=ONE, from_s=1, to_s=7)], length_s=15, presses=THROUGH)
    passages = play(film, loops="passage")
    assert said(passages) == [(ONE, False)]
    assert passages[0].at_s == pytest.approx(8.0, abs=0.1)


def test_a_car_on_the_loop_whose_plate_nobody_reads_is_an_event_with_a_picture() -> None:
    passages = play(Film(cars=[], length_s=12, presses=THROUGH), loops="arrival")
    assert said(passages) == [("", False)]
    assert passages[0].picture is not None
    assert passages[0].direction == "in"
    assert passages[0].at_s == pytest.approx(3.0 + UNREAD_S, abs=0.1)


def test_a_plate_that_shows_itself_on_the_loop_corrects_the_car_without_one() -> None:
    stands = loops_of((3.0, True, False), (12.0, True, True), (13.0, False, True), (14.0, False, False))
    film = Film(cars=[Car(text=ONE, from_s=7.5, to_s=12)], length_s=16, presses=stands)
    passages = play(film, loops="arrival")
    assert said(passages) == [("", False), (ONE, True)]
    assert passages[0].car == passages[1].car


def test_presence_holds_a_track_open_while_the_plate_is_hidden() -> None:
    stands = loops_of((2.0, True, False), (60.0, True, True), (61.0, False, True), (62.0, False, False))
    car = Car(text=ONE, from_s=1, to_s=61, hidden=(5.0, 55.0))
    film = Film(cars=[car], length_s=64, presses=stands)
    assert said(play(film, loops="arrival")) == [(ONE, False)]


def test_two_cars_nose_to_tail_over_the_loops_are_each_said_in_their_turn() -> None:
    presses = loops_of(
        (2.0, True, False),
        (5.0, True, True),
        (6.0, False, True),
        (6.5, True, True),
        (7.0, True, False),
        (10.0, True, True),
        (11.0, False, True),
        (12.0, False, False),
    )
    cars = [
        Car(text=ONE, from_s=0.5, to_s=6, start=(240, 120)),
        Car(text=OTHER, from_s=1.0, to_s=11, end=(240, 150), width=(40, 60)),
    ]
    passages = play(Film(cars=cars, length_s=14, presses=presses), loops="arrival")
    assert said(passages) == [(ONE, False), (OTHER, False)]
    assert passages[1].at_s >= 7.0


def test_the_same_car_again_on_the_loop_after_it_had_left_is_a_new_event() -> None:
    again = [(at + 12.0, a, b) for at, a, b in THROUGH]
    cars = [Car(text=ONE, from_s=1, to_s=7), Car(text=ONE, from_s=13, to_s=19)]
    film = Film(cars=cars, length_s=24, presses=[*THROUGH, *again])
    assert said(play(film, loops="arrival")) == [(ONE, False), (ONE, False)]


def test_while_the_loops_are_away_the_picture_decides() -> None:
    film = Film(cars=[Car(text=ONE, from_s=1, to_s=4)], length_s=8)
    film.loops.is_away = True
    passages = play(film, loops="arrival")
    assert [(p.text, p.motion, p.direction) for p in passages] == [(ONE, "approaching", None)]
