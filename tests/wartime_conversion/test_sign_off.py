"""Who may sign what, with which values, and what happens to a statement that comes too early or too late."""

import dataclasses
from typing import Any
from uuid import UUID

import pytest

from facility.ids import PersonId
from wartime_conversion.rules.plan import AcceptanceValue, RunRole, ValueKind
from wartime_conversion.rules.sign_off import Act, Outcome, Post, Signer, TaskFacts, faults_of, judge
from wartime_conversion.rules.task_state import TaskEvent, TaskState

LEADER, OTHER, BOSS = (PersonId(UUID(int=n)) for n in (1, 2, 3))
GAP = AcceptanceValue(id="gap", zh="缝隙", en="gap", kind=ValueKind.NUMBER, unit="mm", least=None, most=1)
SHUT = AcceptanceValue(id="shut", zh="已关", en="shut", kind=ValueKind.COUNT, unit="drain", least=12, most=12)
GOOD = {"gap": 0.8, "shut": 12}


def task(**facts: Any) -> TaskFacts:
    usual: dict[str, Any] = {
        "state": TaskState.STARTED,
        "is_two_person": False,
        "is_hold_point": False,
        "sign_role": RunRole.LEADER,
        "hold_role": None,
        "crews": frozenset({"DOR"}),
        "wanted": (GAP, SHUT),
        "is_photo_wanted": False,
        "is_free": True,
        "may_finish": True,
    }
    return TaskFacts(**{**usual, **facts})


def signer(who: PersonId = LEADER, *posts: Post, **facts: Any) -> Signer:
    held = frozenset(posts or {Post(role=RunRole.LEADER, crew="DOR")})
    return Signer(**{"id": who, "posts": held, "is_member": True, "is_proved": True, **facts})


def test_a_good_report_by_the_crews_leader_ends_the_task() -> None:
    verdict = judge(task(), Act.REPORT, signer(), GOOD, [])
    assert (verdict.outcome, verdict.event) == (Outcome.ACCEPTED, TaskEvent.REPORT)


@pytest.mark.parametrize(
    ("facts", "who", "values", "reason"),
    [
        ({}, signer(is_member=False), GOOD, "not_on_roster"),
        ({}, signer(is_proved=False), GOOD, "wrong_pin"),
        ({}, signer(LEADER, Post(role=RunRole.LEADER, crew="ELE")), GOOD, "role_missing"),
        ({"sign_role": RunRole.SAFETY}, signer(), GOOD, "role_missing"),
        ({}, signer(), {"gap": 1.1, "shut": 12}, "values"),
        ({}, signer(), {"gap": 0.8}, "values"),
        ({}, signer(), {"gap": 0.8, "shut": 11}, "values"),
        ({}, signer(), {"gap": True, "shut": 12}, "values"),
        ({"is_photo_wanted": True}, signer(), GOOD, "photo_missing"),
        ({"barred": ("U03 first",)}, signer(), GOOD, "barred"),
    ],
)
def test_a_report_is_refused_with_its_reason(
    facts: dict[str, Any], who: Signer, values: dict[str, Any], reason: str
) -> None:
    verdict = judge(task(**facts), Act.REPORT, who, values, [])
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, reason)


def test_a_sample_may_count_less_but_must_measure_true() -> None:
    assert faults_of((GAP, SHUT), {"gap": 0.8, "shut": 2}, is_sample=True) == []
    assert faults_of((GAP, SHUT), {"gap": 1.2, "shut": 2}, is_sample=True) != []
    assert faults_of((SHUT,), {"shut": -1}, is_sample=True) != []


def test_two_person_work_asks_for_a_second_and_refuses_the_first_again() -> None:
    work = task(is_two_person=True)
    assert judge(work, Act.REPORT, signer(), GOOD, []).event is TaskEvent.REPORT_TO_SECOND
    reported = dataclasses.replace(work, state=TaskState.SECOND, reported_by=LEADER)
    assert judge(reported, Act.SECOND, signer(), {}, []).reason == "same_person"
    assert judge(reported, Act.SECOND, signer(OTHER), {}, []).event is TaskEvent.SECOND


def test_a_second_signature_that_overtakes_the_first_waits_for_it() -> None:
    verdict = judge(task(is_two_person=True), Act.SECOND, signer(OTHER), {}, [])
    assert (verdict.outcome, verdict.reason) == (Outcome.PENDING, "not_there_yet")


def test_a_hold_point_waits_for_its_role_only() -> None:
    held = task(is_hold_point=True, hold_role=RunRole.COMMANDER, state=TaskState.HOLDING)
    assert judge(held, Act.ACCEPT, signer(OTHER), {}, []).reason == "role_missing"
    boss = signer(BOSS, Post(role=RunRole.COMMANDER))
    assert judge(held, Act.ACCEPT, boss, {}, []).event is TaskEvent.ACCEPT


def test_the_second_of_two_completions_is_kept_beside_the_first() -> None:
    verdict = judge(task(state=TaskState.DONE), Act.REPORT, signer(), GOOD, [])
    assert verdict.outcome is Outcome.CONCURRENT


def test_a_report_from_below_ground_waits_for_what_has_not_arrived() -> None:
    verdict = judge(task(state=TaskState.WAITING, is_free=False), Act.REPORT, signer(), GOOD, [])
    assert (verdict.outcome, verdict.reason) == (Outcome.PENDING, "needs_open")


def test_a_report_waits_while_a_link_holds_the_end() -> None:
    assert judge(task(may_finish=False), Act.REPORT, signer(), GOOD, []).outcome is Outcome.PENDING


def test_nobody_gives_up_what_another_has_taken() -> None:
    taken = task(state=TaskState.CLAIMED, claimed_by=OTHER)
    assert judge(taken, Act.GIVE_UP, signer(), {}, []).reason == "not_yours"
