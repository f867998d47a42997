"""No task is released before its needs, whatever the links say."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wartime_conversion.rules.plan import LinkKind
from wartime_conversion.rules.release import Need, Progress, finish_waits, released, start_waits, without

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def need(task: str, kind: LinkKind = LinkKind.FS, minutes: int = 0) -> Need:
    return Need(task=task, kind=kind, lag=timedelta(minutes=minutes))


def test_a_task_without_needs_is_free_at_once() -> None:
    assert released(["A"], {}, {}, START) == (["A"], None)


def test_finish_to_start_waits_for_the_end_and_the_lag() -> None:
    needs = [need("A", minutes=30)]
    begun = {"A": Progress(started_at=START)}
    assert start_waits(needs, begun, START)[0].until is None
    ended = {"A": Progress(started_at=START, finished_at=START)}
    assert start_waits(needs, ended, START + timedelta(minutes=29))[0].until == START + timedelta(minutes=30)
    assert start_waits(needs, ended, START + timedelta(minutes=30)) == []


def test_start_to_start_frees_the_start_and_finish_to_finish_holds_the_end() -> None:
    needs = [need("A", LinkKind.SS, 60), need("A", LinkKind.FF, 30)]
    begun = {"A": Progress(started_at=START)}
    later = START + timedelta(hours=2)
    assert start_waits(needs, begun, later) == []
    assert [wait.need.kind for wait in finish_waits(needs, begun, later)] == [LinkKind.FF]


def test_the_next_lag_to_end_is_told_so_that_a_clock_can_wait_for_it() -> None:
    needs = {"B": [need("A", minutes=10)], "C": [need("A", minutes=20)], "D": [need("X")]}
    ended = {"A": Progress(started_at=START, finished_at=START)}
    assert released(["B", "C", "D"], needs, ended, START) == ([], START + timedelta(minutes=10))


def test_leaving_tasks_out_keeps_the_order_of_the_rest() -> None:
    needs = {"C": [need("B", minutes=60)], "B": [need("A")], "A": []}
    assert [n.task for n in without(needs, ["A", "C"])["C"]] == ["A"]


tasks = st.lists(st.sampled_from("ABCDEFGH"), min_size=2, max_size=8, unique=True)


@given(tasks, st.data())
def test_whatever_is_kept_of_a_plan_waits_for_everything_kept_before_it(
    order: list[str], data: st.DataObject
) -> None:
    needs = {
        task: [need(p) for p in order[:index] if data.draw(st.booleans())] for index, task in enumerate(order)
    }
    kept = [task for task in order if data.draw(st.booleans())]

    def behind(task: str, links: dict[str, list[Need]]) -> set[str]:
        direct = {n.task for n in links[task]}
        return direct.union(*(behind(t, links) for t in direct)) if direct else set()

    shortened = without(needs, kept)
    for task in kept:
        assert behind(task, shortened) == behind(task, needs) & set(kept)


@given(tasks, st.data())
def test_no_task_is_released_before_its_needs(order: list[str], data: st.DataObject) -> None:
    needs = {
        task: [
            need(p, data.draw(st.sampled_from([LinkKind.FS, LinkKind.SS])), data.draw(st.integers(0, 90)))
            for p in order[:index]
            if data.draw(st.booleans())
        ]
        for index, task in enumerate(order)
    }
    progress: dict[str, Progress] = {}
    now = START
    for _ in range(12):
        now += timedelta(minutes=data.draw(st.integers(1, 60)))
        waiting = [task for task in order if task not in progress]
        free, _next = released(waiting, needs, progress, now)
        for task in free:
            for link in needs[task]:
                done = progress[link.task]
                reached = done.started_at if link.kind is LinkKind.SS else done.finished_at
                assert reached is not None and reached + link.lag <= now
            progress[task] = Progress(started_at=now, finished_at=now if data.draw(st.booleans()) else None)
