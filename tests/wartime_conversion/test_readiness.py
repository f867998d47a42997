"""Readiness is one figure with its reasons; a missing plate is never hidden by a good average."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facility.context import Context
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand
from wartime_conversion.rules.readiness import (
    HAZARD_TABLE,
    ComponentState,
    CrewState,
    HazardEvent,
    HazardState,
    OpenHazard,
    RoundState,
    WrongHazardState,
    advance_hazard,
    readiness,
)

TODAY = date(2026, 3, 2)
PLATE = ComponentState(id="CP-K2", zh="封堵板", quantity=1, present=1, condition="good")
ROUND = RoundState(id="IN-DOOR", zh="启闭", every_days=30, passed_on=TODAY - timedelta(days=10))
CREW = CrewState(id="DOR", zh="防护组", wanted=2, members=2, trained=2, has_leader=True)
URL = "/api/v1/conversion/readiness"


def test_everything_in_place_is_a_hundred_without_a_reason() -> None:
    told = readiness([PLATE], [ROUND], [CREW], [], TODAY)
    assert (told.percent, told.is_ready, told.reasons) == (100, True, ())


def test_a_missing_plate_is_not_ready_whatever_the_average() -> None:
    many = [ComponentState(id=f"C{n}", zh="x", quantity=1, present=1, condition="good") for n in range(200)]
    gone = ComponentState(id="CP-K4", zh="K4 封堵板", quantity=2, present=1, condition="good")
    told = readiness([*many, gone], [ROUND], [CREW], [], TODAY)
    assert told.percent == 99 and not told.is_ready
    assert (told.reasons[0].id, told.reasons[0].detail) == ("CP-K4", "1/2")


def test_a_plate_nobody_has_counted_is_not_taken_to_be_there() -> None:
    unseen = ComponentState(id="CP-K2", zh="封堵板", quantity=1, present=0, condition="unknown")
    told = readiness([unseen], [ROUND], [CREW], [], TODAY)
    assert not told.is_ready and told.reasons[0].detail == "never counted"


def test_a_round_is_in_date_on_its_last_day_and_late_the_day_after() -> None:
    edge = RoundState(id="R", zh="r", every_days=30, passed_on=TODAY - timedelta(days=30))
    assert readiness([], [edge], [], [], TODAY).reasons == ()
    assert readiness([], [edge], [], [], TODAY + timedelta(days=1)).reasons[0].part == "rounds"


def test_a_critical_hazard_and_a_crew_without_a_leader_block() -> None:
    hazard = OpenHazard(subject="K3", words="密封条脱落", severity="critical", is_overdue=True)
    headless = CrewState(id="ELE", zh="电气组", wanted=1, members=1, trained=1, has_leader=False)
    told = readiness([PLATE], [ROUND], [headless], [hazard], TODAY)
    assert [reason.id for reason in told.reasons if reason.is_blocking] == ["ELE", "K3"]


@pytest.mark.parametrize(("state", "event"), list(itertools.product(HazardState, HazardEvent)))
def test_a_hazards_loop_moves_only_as_the_table_says(state: HazardState, event: HazardEvent) -> None:
    if (state, event) in HAZARD_TABLE:
        assert advance_hazard(state, event) is HAZARD_TABLE[state, event]
    else:
        with pytest.raises(WrongHazardState):
            advance_hazard(state, event)


@given(st.integers(0, 20), st.integers(0, 20))
def test_putting_one_more_thing_in_order_never_lowers_the_figure(sound: int, bad: int) -> None:
    good = [ComponentState(id=f"g{n}", zh="", quantity=1, present=1, condition="good") for n in range(sound)]
    poor = [
        ComponentState(id=f"b{n}", zh="", quantity=1, present=0, condition="unknown") for n in range(bad + 1)
    ]
    before = readiness([*good, *poor], [], [], [], TODAY)
    mended = ComponentState(id="m", zh="", quantity=1, present=1, condition="good")
    after = readiness([*good, *poor[1:], mended], [], [], [], TODAY)
    assert after.percent >= before.percent


async def test_the_ledger_rounds_and_a_hazards_loop_move_the_figure(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    leader, second = hands["leader"].client, hands["second"].client
    before = (await leader.get(URL)).json()
    assert not before["is_ready"] and before["percent"] < 40
    for line in before["components"]:
        counted = {"present": line["quantity"], "condition": "good", "last_fitted": "2026-02-20"}
        assert (await leader.put(f"{URL}/components/{line['id']}", json=counted)).status_code == 204
    for item in before["rounds"]:
        assert (await leader.post(f"{URL}/rounds/{item['id']}", json={"is_passed": True})).status_code == 201
    found = await leader.post(
        f"{URL}/hazards", json={"subject": "K3", "words": "密封条脱落", "severity": "critical"}
    )
    steps = f"{URL}/hazards/{found.json()['id']}/steps"
    assert (await leader.post(steps, json={"event": "assign"})).status_code == 422
    assign = {"event": "assign", "owner": "张组长", "due_on": "2026-03-09"}
    assert (await leader.post(steps, json=assign)).status_code == 200
    assert (await leader.post(steps, json={"event": "mend"})).status_code == 200
    same = await leader.post(steps, json={"event": "recheck"})
    assert (same.status_code, same.json()["code"]) == (409, "conversion.same_hand")
    assert (await second.post(steps, json={"event": "recheck"})).status_code == 200
    assert (await second.post(steps, json={"event": "strike_off"})).json() == {"state": "struck_off"}
    after = (await leader.get(URL)).json()
    assert after["parts"]["components"] == after["parts"]["rounds"] == after["parts"]["hazards"] == 1.0
    assert {reason["part"] for reason in after["reasons"]} == {"crews"}
    trained = {
        "person": str(hands["leader"].id),
        "subject": "启闭",
        "trained_on": "2026-03-01",
        "valid_until": "2027-03-01",
    }
    assert (await hands["commander"].client.post(f"{URL}/training", json=trained)).status_code == 201
    await leader.put("/api/v1/conversion/members/me", json={"crew": "DOR", "is_leader": True})
    manned = (await leader.get(URL)).json()
    assert manned["parts"]["crews"] > after["parts"]["crews"]
