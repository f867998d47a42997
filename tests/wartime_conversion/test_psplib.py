"""PSPLIB files and the conversion commands."""

import json
from pathlib import Path

import pytest

from facility.clock import SystemClock
from gateway.cli import main
from wartime_conversion.commands import RequestUnusable, parse_capacities, schedule_file
from wartime_conversion.plan_file import REFERENCE_PLAN
from wartime_conversion.psplib import InstanceUnreadable, load_sm, read_sm
from wartime_conversion.rules.schedule import check_schedule

SMALL = """************************************************************************
jobs (incl. supersource/sink ):  5
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        1          1           4
   3        1          1           5
   4        1          1           5
   5        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     4       2    0
  3      1     5       2    1
  4      1     3       1    0
  5      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  R 2
   3    1
************************************************************************
"""
SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "psplib"


def test_an_instance_is_read_with_its_dummies() -> None:
    problem = read_sm(SMALL)
    assert problem.durations == (0, 4, 5, 3, 0)
    assert problem.demands[2] == {0: 2, 1: 1}
    assert problem.capacities == (3, 1)
    assert problem.path_units == 7


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("PRECEDENCE RELATIONS:", "PRECEDENCE", "no section 'PRECEDENCE RELATIONS'"),
        ("  2      1     4       2    0", "  2      1     x       2    0", "line 16: numbers wanted"),
        ("  2      1     4       2    0", "  2      1     4       2", "line 16: 5 numbers wanted, found 4"),
        (
            "  2      1     4       2    0",
            "  2      2     4       2    0",
            "line 16: job 2 has several modes",
        ),
        (
            "  2      1     4       2    0",
            "  2      1     4       9    0",
            "line 16: job 2 wants what there is not",
        ),
        ("   2        1          1           4", "   2        1          1           9", "line 7: no job 9"),
        (
            "   2        1          1           4",
            "   2        1          2           4",
            "line 7: number of successors",
        ),
        ("incl. supersource/sink ):  5", "incl. supersource/sink ):  6", "5 jobs with durations"),
    ],
)
def test_a_spoilt_instance_is_refused_with_its_line(old: str, new: str, words: str) -> None:
    assert old in SMALL
    with pytest.raises(InstanceUnreadable) as refusal:
        read_sm(SMALL.replace(old, new), "small.sm")
    assert words in str(refusal.value)


def test_scheduling_an_instance_gives_its_makespan_in_its_own_units(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.sm"
    path.write_text(SMALL, encoding="ascii")
    assert main(["conversion", "schedule", str(path), "--time-limit", "5", "--workers", "2", "--starts"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["makespan"], result["lower_bound"], result["proved"]) == (9, 9, True)
    assert check_schedule(read_sm(SMALL), [result["starts"][str(job)] for job in range(1, 6)]) == ()
    assert set(result["critical"]) >= {"2", "3"}


def test_scheduling_a_plan_gives_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--tier", "emergency+activation", "--durations", "likely", "--capacity", "FORK=3"]
    assert main(["conversion", "schedule", str(REFERENCE_PLAN), *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"makespan", "lower_bound", "proved", "seconds", "critical"}
    assert result["makespan"] == result["lower_bound"] == 4000
    assert result["critical"][0] == "U01"


def test_scheduling_within_working_hours_judges_each_tier(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--tier", "imminent", "--calendars", "--time-limit", "4"]
    assert main(["conversion", "schedule", str(REFERENCE_PLAN), *words]) == 0
    result = json.loads(capsys.readouterr().out)
    (tier,) = result["tiers"]
    assert (tier["tier"], tier["limit"], tier["kept"], tier["limit_confirmed"]) == (
        "imminent",
        21600,
        True,
        False,
    )
    assert result["makespan"] >= result["lower_bound"] > 2505


@pytest.mark.parametrize(
    "words",
    [
        ["schedule", "none.sm"],
        ["schedule", "none.yaml"],
        ["schedule", str(REFERENCE_PLAN), "--tier", "late"],
        ["schedule", str(REFERENCE_PLAN), "--capacity", "FORK"],
        ["schedule", str(REFERENCE_PLAN), "--capacity", "CRANE=1"],
        ["schedule", str(REFERENCE_PLAN), "--capacity", "FORK=1"],
        ["check", "none.yaml"],
    ],
)
def test_unusable_requests_exit_2_with_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conversion", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


def test_checking_a_plan_exits_0_without_faults_and_1_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conversion", "check", str(REFERENCE_PLAN)]) == 0
    assert json.loads(capsys.readouterr().out) == {"faults": 0}
    text = REFERENCE_PLAN.read_text(encoding="utf-8").replace("closed_by: [L06]", "closed_by: []")
    spoilt = tmp_path / "plan.yaml"
    spoilt.write_text(text, encoding="utf-8")
    assert main(["conversion", "check", str(spoilt)]) == 1
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["fault"], first["place"], last) == ("opening_not_closed", "openings[LK]", {"faults": 1})


def test_a_plan_that_refers_to_nothing_is_not_scheduled(tmp_path: Path) -> None:
    text = REFERENCE_PLAN.read_text(encoding="utf-8").replace(
        "- {id: E01, type: FS", "- {id: E99, type: FS", 1
    )
    spoilt = tmp_path / "plan.yaml"
    spoilt.write_text(text, encoding="utf-8")
    with pytest.raises(RequestUnusable, match="no task 'E99'"):
        schedule_file(
            spoilt, seconds=1, workers=1, tier=None, durations=None, capacities={}, clock=SystemClock()
        )


def test_capacities_are_whole_numbers_by_name() -> None:
    assert parse_capacities(["FORK=3", "LOG=20"]) == {"FORK": 3, "LOG": 20}
    for bad in ("FORK", "=3", "FORK=", "FORK=-1", "FORK=1.5"):
        with pytest.raises(RequestUnusable):
            parse_capacities([bad])


def test_a_shared_instance_reaches_its_best_known_makespan() -> None:
    if not SHARED.exists():
        pytest.skip("the shared PSPLIB instances are not beside this checkout")
    problem = load_sm(SHARED / "j30" / "j3040_2.sm")
    assert (problem.size, problem.path_units) == (32, 56)
