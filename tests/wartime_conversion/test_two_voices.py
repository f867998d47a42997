"""Challenge and response: one person reads, another does the work, on one phone or on two."""

from typing import Any

from facility.ids import PersonId
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, Phone, values_for
from tests.wartime_conversion.test_conversion_journey import API, give_roles, look, start
from wartime_conversion.rules.plan import RunRole
from wartime_conversion.rules.sign_off import Act, Outcome, Post, Signer, TaskFacts, judge
from wartime_conversion.rules.task_state import TaskState

DOER, READER = PersonId("doer"), PersonId("reader")


def facts(**more: Any) -> TaskFacts:
    base: dict[str, Any] = {
        "state": TaskState.STARTED, "is_two_person": False, "is_hold_point": False, "sign_role": RunRole.LEADER,
        "hold_role": None, "crews": frozenset({"SEAL"}), "wanted": (), "is_photo_wanted": False, "is_free": True,
        "may_finish": True, "is_read_wanted": True,
    }  # fmt: skip
    return TaskFacts(**(base | more))


def said(task: TaskFacts, act: Act, who: PersonId = DOER) -> tuple[Outcome, str | None]:
    signer = Signer(id=who, posts=frozenset({Post(role=RunRole.LEADER)}), is_member=True, is_proved=True)
    verdict = judge(task, act, signer, {}, [])
    return verdict.outcome, verdict.reason


def test_a_report_waits_for_the_reader_and_the_reader_is_another_person() -> None:
    assert said(facts(), Act.REPORT) == (Outcome.PENDING, "reader_missing")
    assert said(facts(read_by=DOER), Act.REPORT) == (Outcome.REFUSED, "reader_is_doer")
    assert said(facts(read_by=READER), Act.REPORT) == (Outcome.ACCEPTED, None)
    assert said(facts(is_read_wanted=False), Act.REPORT) == (Outcome.ACCEPTED, None)


def test_challenges_are_read_while_the_work_is_at_hand() -> None:
    fates = {state: said(facts(state=state), Act.READ, READER) for state in TaskState}
    at_hand = {TaskState.READY, TaskState.CLAIMED, TaskState.STARTED}
    assert {state for state, fate in fates.items() if fate == (Outcome.ACCEPTED, None)} == at_hand
    assert fates[TaskState.WAITING] == (Outcome.PENDING, "needs_open")
    assert fates[TaskState.DONE] == (Outcome.CONCURRENT, "already_done")
    assert said(facts(is_read_wanted=False), Act.READ) == (Outcome.REFUSED, "nothing_to_read")


async def ready_door(hands: dict[str, Hand]) -> tuple[str, dict[str, Any]]:
    """A drill in which the blast door U08 may be closed: what stands before it is freed by sign-off of its needs."""
    run = await start(hands["commander"], kind="drill", profile="siren918")
    await give_roles(hands, run)
    phone = Phone(run=run)
    for _ in range(40):
        tasks = {t["code"]: t for t in (await look(hands["commander"], run))["tasks"]}
        if tasks["U08"]["state"] == "ready":
            return run, tasks["U08"]
        for task in tasks.values():
            if task["state"] == "ready":
                who = hands["commander" if task["sign_role"] == "commander" else "leader"]
                now = (await look(hands["commander"], run))["clocks"]["now"]
                phone.say(who, "report", task["code"], _moment(now), values=values_for(task))
                if task["is_two_person"]:
                    phone.say(hands["second"], "second", task["code"], _moment(now))
                if task["is_hold_point"]:
                    phone.say(hands["commander"], "accept", task["code"], _moment(now))
        await phone.send(hands["leader"], _moment(now))
    raise AssertionError(tasks["U08"])


def _moment(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)


async def test_two_phones_below_ground_meet_on_the_server_whichever_comes_first(
    hands: dict[str, Hand], clock: FakeClock
) -> None:
    run, door = await ready_door(hands)
    doer, reader = Phone(run=run), Phone(run=run)
    doer.say(hands["leader"], "report", "U08", clock.now(), values=values_for(door), answers=["到位并锁紧"])
    (fate,) = await doer.send(hands["leader"], clock.now())
    assert (fate["outcome"], fate["reason"]) == ("pending", "reader_missing")
    reader.say(hands["second"], "read", "U08", clock.now(), answers=["到位并锁紧"])
    (heard,) = await reader.send(hands["second"], clock.now())
    assert heard["outcome"] == "accepted"
    told = {t["code"]: t for t in (await look(hands["commander"], run))["tasks"]}["U08"]
    assert told["state"] in ("second", "holding", "done")
    assert told["read_by_name"] == "李副手"
    record = (await hands["commander"].client.get(f"{API}/runs/{run}/events")).json()
    (event,) = [row for row in record if row["kind"] == "challenge.read"]
    assert (event["task"], event["person"]) == ("U08", "李副手")
    assert "到位并锁紧" in event["body"]


async def test_who_read_cannot_also_have_done_it(hands: dict[str, Hand], clock: FakeClock) -> None:
    run, door = await ready_door(hands)
    phone = Phone(run=run)
    phone.say(hands["leader"], "read", "U08", clock.now())
    phone.say(hands["leader"], "report", "U08", clock.now(), values=values_for(door))
    fates = await phone.send(hands["leader"], clock.now())
    assert [(f["outcome"], f["reason"]) for f in fates] == [
        ("accepted", None),
        ("refused", "reader_is_doer"),
    ]
