"""A run laid over time: what happened stands, what waits follows its links, and the chain that decides is found."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.gantt import GanttWords, gantt_svg
from dashboard.figures.projection import (
    Foreseen,
    Need,
    TaskCard,
    chosen_spans,
    finish_of,
    levelled,
    project,
)

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WORDS = GanttWords(title="run", now="now", hold="hold point")


def task(code: str, minutes: int, *needs: tuple[str, str, int], **facts: object) -> TaskCard:
    values: dict[str, object] = {
        "state": "waiting",
        "started_at": None,
        "finished_at": None,
        "is_hold_point": False,
    }
    return TaskCard(
        code=code,
        name=code,
        tier="t",
        crew="A",
        duration=minutes * MINUTE,
        needs=[Need(task=name, kind=kind, lag=lag * MINUTE) for name, kind, lag in needs],
        **{**values, **facts},  # type: ignore[arg-type]
    )


def test_a_chain_runs_one_after_the_other_with_its_lag() -> None:
    spans = project([task("a", 10), task("b", 20, ("a", "FS", 5))], START, START)
    assert spans[1].begins_at == START + 15 * MINUTE
    assert finish_of(spans) == START + 35 * MINUTE


def test_start_start_and_finish_finish_links_hold() -> None:
    spans = project([task("a", 30), task("b", 5, ("a", "SS", 3)), task("c", 5, ("a", "FF", 2))], START, START)
    assert spans[1].begins_at == START + 3 * MINUTE
    assert spans[2].begins_at == START and spans[2].ends_at == START + 32 * MINUTE


def test_what_happened_stands_and_the_rest_moves_with_it() -> None:
    late = START + 50 * MINUTE
    cards = [
        task("a", 10, state="done", started_at=START, finished_at=late),
        task("b", 20, ("a", "FS", 0)),
    ]
    spans = project(cards, START, late + MINUTE)
    assert spans[0].ends_at == late
    assert spans[1].begins_at == late + MINUTE  # not in the past


def test_a_task_that_overruns_does_not_end_in_the_past() -> None:
    now = START + 60 * MINUTE
    spans = project([task("a", 10, state="started", started_at=START)], START, now)
    assert spans[0].ends_at == now


def test_the_chain_that_decides_the_end_is_marked_and_nothing_beside_it() -> None:
    cards = [
        task("a", 10),
        task("long", 60, ("a", "FS", 0)),
        task("short", 5, ("a", "FS", 0)),
        task("end", 1),
    ]
    cards.append(task("z", 5, ("long", "FS", 0), ("short", "FS", 0)))
    marked = {span.card.code for span in project(cards, START, START) if span.is_critical}
    assert marked == {"a", "long", "z"}


def test_links_that_go_round_are_named() -> None:
    with pytest.raises(ValueError, match="a, b"):
        project([task("a", 1, ("b", "FS", 0)), task("b", 1, ("a", "FS", 0))], START, START)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 300),
            st.lists(st.integers(0, 100), max_size=3),
            st.sampled_from(["FS", "SS", "FF"]),
        ),
        min_size=1,
        max_size=25,
    ),
    st.integers(0, 500),
)
def test_no_task_begins_before_what_it_needs_and_a_chain_reaches_the_end(
    drawn: list[tuple[int, list[int], str]], elapsed: int
) -> None:
    cards = [
        task(str(place), minutes, *((str(before % place), kind, 0) for before in befores if place))
        for place, (minutes, befores, kind) in enumerate(drawn)
    ]
    now = START + elapsed * MINUTE
    spans = {span.card.code: span for span in project(cards, START, now)}
    for span in spans.values():
        assert now <= span.begins_at <= span.ends_at
        for need in span.card.needs:
            before = spans[need.task]
            if need.kind == "FS":
                assert span.begins_at >= before.ends_at
            elif need.kind == "SS":
                assert span.begins_at >= before.begins_at
            else:
                assert span.ends_at >= before.ends_at
    assert max(spans.values(), key=lambda span: span.ends_at).ends_at in {
        span.ends_at for span in spans.values() if span.is_critical
    }


def test_a_short_drawing_keeps_what_is_open_and_critical() -> None:
    done = [task(f"d{n}", 1, state="done", started_at=START, finished_at=START + MINUTE) for n in range(10)]
    open_tasks = [task("x", 50), task("y", 5, ("x", "FS", 0))]
    spans = project([*done, *open_tasks], START, START + MINUTE)
    assert {span.card.code for span in chosen_spans(spans, "all", 2)} == {"x", "y"}
    assert {span.card.code for span in chosen_spans(spans, "open", 0)} == {"x", "y"}


def test_the_gantt_has_a_bar_for_each_task_its_state_and_the_line_at_now() -> None:
    cards = [
        task("a", 10, state="done", started_at=START, finished_at=START + 9 * MINUTE),
        task("b", 20, ("a", "FS", 0), state="holding", started_at=START + 9 * MINUTE, is_hold_point=True),
    ]
    now = START + 15 * MINUTE
    drawing = gantt_svg(project(cards, START, now), now=now, words=WORDS, crews={"A": "Crew <A>"})
    assert drawing.count('class="bar"') == 2
    assert 'class="task holding critical"' in drawing and "hold point" in drawing
    assert ">now</text>" in drawing and "Crew &lt;A&gt;" in drawing


def test_a_run_without_tasks_is_an_empty_drawing() -> None:
    assert gantt_svg([], now=START, words=WORDS, crews={}).startswith("<svg")
    assert finish_of([]) is None


def test_the_schedulers_moments_take_the_place_of_the_links_for_what_is_not_finished() -> None:
    now = START + 15 * MINUTE
    cards = [
        task("a", 10, state="done", started_at=START, finished_at=START + 10 * MINUTE),
        task("b", 10, state="started", started_at=START + 10 * MINUTE),
        task("c", 10),
        task("d", 10),
    ]
    spans = project(cards, START, now)
    foreseen = {
        "a": Foreseen(begins_at=START + 90 * MINUTE, ends_at=START + 99 * MINUTE, is_critical=True),
        "b": Foreseen(begins_at=START, ends_at=START + 12 * MINUTE, is_critical=True),
        "c": Foreseen(begins_at=START + 20 * MINUTE, ends_at=START + 30 * MINUTE, is_critical=True),
    }
    placed = {span.card.code: span for span in levelled(spans, foreseen, now)}
    assert (placed["a"].ends_at, placed["a"].is_critical) == (START + 10 * MINUTE, False)
    assert (placed["b"].begins_at, placed["b"].ends_at) == (START + 10 * MINUTE, now)
    assert (placed["c"].begins_at, placed["c"].is_critical) == (START + 20 * MINUTE, True)
    assert placed["d"].ends_at == {span.card.code: span for span in spans}["d"].ends_at
    assert finish_of(list(placed.values())) == START + 30 * MINUTE
