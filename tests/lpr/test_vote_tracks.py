"""From looks to one read a car."""

from hypothesis import given
from hypothesis import strategies as st

from lpr.rules.vote import AGREEING_LOOKS, Opinion, vote
from lpr.track import KEPT_LOOKS, WAY_S
from lpr.tracks import GONE_S, REPEAT_S, Said, Tracks
from tests.lpr.looks import look

FRAME_S = 0.04


def opinion(text: str, sure: float = 0.9, height: float = 30.0) -> Opinion:
    return Opinion(
        text=text, char_confidence=(sure,) * len(text), confidence=sure, height_px=height, sharpness=40
    )


def drive(
    tracks: Tracks, texts: list[str], *, start_s: float = 0.0, x: float = 400.0, step_px: float = 10.0
) -> list[Said]:
    said = []
    for i, text in enumerate(texts):
        looks = [look(text, x, 300 + i * step_px, width=150 + 3 * i)] if text != "-" else []
        said += tracks.update(looks, start_s + i * FRAME_S)
    return said


def test_one_sharp_look_outweighs_two_poor_ones() -> None:
    verdict = vote(
        [opinion("苏F12345", 0.95, 40), opinion("苏F12845", 0.2, 12), opinion("苏F12845", 0.2, 12)]
    )
    assert verdict.text == "苏F12345"


def test_looks_without_text_do_not_vote() -> None:
    assert vote([opinion(""), opinion("苏F12345")]).text == "苏F12345"
    assert vote([opinion("")]).text == ""


@given(st.lists(st.sampled_from(["苏F12345", "苏F12845", "皖F12345", "苏FD12345"]), min_size=1, max_size=9))
def test_the_verdict_is_a_text_that_some_look_read(texts: list[str]) -> None:
    verdict = vote([opinion(t) for t in texts])
    assert verdict.text in texts
    assert 0 <= verdict.confidence <= 1
    assert verdict.agreeing == texts.count(verdict.text)


def test_a_car_is_said_once_after_three_agreeing_looks() -> None:
    said = drive(Tracks(), ["苏F12345"] * 40)
    assert [s.verdict.text for s in said] == ["苏F12345"]
    assert said[0].decided_at_s == (AGREEING_LOOKS - 1) * FRAME_S
    assert not said[0].is_correction


def test_a_car_that_is_gone_before_three_looks_agree_is_said_all_the_same() -> None:
    tracks = Tracks()
    assert drive(tracks, ["苏F12845", "苏F12845"]) == []
    assert [s.verdict.text for s in tracks.update([], GONE_S + 1)] == ["苏F12845"]
    assert tracks.unsaid == 0


def test_better_looks_soon_after_correct_what_was_said() -> None:
    tracks = Tracks()
    first = drive(tracks, ["苏F12845"] * 3)
    later = []
    for i in range(3, 20):
        later += tracks.update([look("苏F12345", 400, 300 + 10 * i, width=260, sure=0.99)], i * FRAME_S)
    assert [s.verdict.text for s in first] == ["苏F12845"]
    assert [(s.verdict.text, s.is_correction) for s in later] == [("苏F12345", True)]
    assert later[0].track == first[0].track


def test_a_parked_car_is_never_said_again() -> None:
    tracks = Tracks()
    said = []
    for i in range(3000):
        seen = [look("苏F12345", 400)] if i % 50 < 25 else []
        said += tracks.update(seen, i * FRAME_S)
    assert len(said) == 1


def test_a_car_hidden_for_a_moment_is_the_same_car() -> None:
    tracks = Tracks()
    said = drive(tracks, ["苏F12345"] * 5 + ["-"] * 50)
    said += drive(tracks, ["苏F12345"] * 5, start_s=REPEAT_S / 2, x=900)
    assert len(said) == 1


def test_the_same_plate_much_later_is_a_new_passage() -> None:
    tracks = Tracks()
    said = drive(tracks, ["苏F12345"] * 5 + ["-"] * 50)
    said += drive(tracks, ["苏F12345"] * 5, start_s=REPEAT_S * 3)
    assert len(said) == 2


def test_two_cars_nose_to_tail_are_two_reads() -> None:
    tracks = Tracks()
    said = []
    for i in range(30):
        said += tracks.update(
            [look("苏F12345", 400, 300 + 8 * i), look("皖A98K76", 420, 110 + 8 * i)], i * FRAME_S
        )
    assert sorted(s.verdict.text for s in said) == sorted(["苏F12345", "皖A98K76"])


def test_the_second_car_in_the_place_of_the_first_is_a_read_of_its_own() -> None:
    tracks = Tracks()
    said = drive(tracks, ["苏F12345"] * 10)
    said += drive(tracks, ["皖A98K76"] * 10, start_s=0.5)
    assert [s.verdict.text for s in said] == ["苏F12345", "皖A98K76"]


def test_a_growing_plate_comes_and_a_shrinking_one_goes() -> None:
    tracks = Tracks()
    grown = [
        s
        for i in range(12)
        for s in tracks.update([look("苏F12345" if i > 6 else "", 400, width=100 + 6 * i)], i * 0.1)
    ]
    assert [s.motion for s in grown] == ["approaching"]
    tracks = Tracks()
    shrunk = [
        s
        for i in range(12)
        for s in tracks.update([look("苏F12345" if i > 6 else "", 400, width=200 - 8 * i)], i * 0.1)
    ]
    assert [s.motion for s in shrunk] == ["leaving"]


def test_a_plate_that_nobody_could_read_is_said_without_text_when_it_is_gone() -> None:
    tracks = Tracks()
    assert drive(tracks, [""] * 10) == []
    gone = tracks.update([], 10.0)
    assert [s.verdict.text for s in gone] == [""]


def test_a_long_stay_in_the_picture_keeps_the_best_looks() -> None:
    tracks = Tracks()
    said = []
    for i in range(60):  # the plate is read best in the middle, so looks are dropped from both ends
        sure = 0.9 - abs(i - 30) / 60
        said += tracks.update([look("苏F12345", 400 + i, width=200, sure=sure)], i * FRAME_S)
    assert len(said) == 1
    (track,) = tracks._tracks
    assert len(track.looks) == KEPT_LOOKS
    assert min(k.confidence for k in track.looks) > 0.7


def test_a_grille_taken_for_a_plate_once_is_no_car() -> None:
    tracks = Tracks()
    assert tracks.update([look("", 400)], 0.0) == []
    assert tracks.update([look("苏F12345", 900, sure=0.05)], FRAME_S) == []
    assert tracks.update([], 20.0) == []


def test_a_plate_read_only_after_a_gap_is_one_read() -> None:
    tracks = Tracks()
    said = drive(tracks, [""] * 4 + ["-"] * 40)
    said += drive(tracks, ["苏F12345"] * 6, start_s=44 * FRAME_S)
    said += tracks.update([], 20.0)
    assert [s.verdict.text for s in said] == ["苏F12345"]


def test_a_standing_car_is_said_without_waiting_for_ever_for_its_way() -> None:
    tracks = Tracks()
    said = [s for i in range(40) for s in tracks.update([look("苏F12345", 400)], i * FRAME_S)]
    assert [(s.verdict.text, s.motion) for s in said] == [("苏F12345", "still")]
    assert said[0].decided_at_s <= WAY_S + FRAME_S
