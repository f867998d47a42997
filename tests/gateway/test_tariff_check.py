"""A file of cases comes out stay by stay."""

import json
from pathlib import Path

import pytest

from gateway.parking.tariff_check import CasesUnreadable, tariff_check

SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "tariff-cases.yaml"

CASES = """
cases:
- id: permit-and-prepayment
  tariff: {unit_minutes: 30, price_per_unit: 2, exit_grace_minutes: 15}
  vehicle: small
  stays:
  - {entry: "2026-03-31T23:00:00", exit: "2026-04-01T01:00:00", permit: {last_date: 2026-03-31}, expected_fee: 4}
  - entry: "2026-03-02T09:00:00"
    exit: "2026-03-02T10:16:00"
    payments: [{at: "2026-03-02T10:00:00", amount: 4}]
    expected_fee: 6.00
    expected_due_at_exit: 2.00
- id: first-stays
  tariff: {unit_minutes: 30, price_per_unit: 2, nev_first_stay_free_minutes: 60}
  vehicle: small-nev
  same_plate_sequence: true
  stays:
  - {entry: "2026-03-02T09:00:00", exit: "2026-03-02T10:00:00", expected_fee: 0}
  - {entry: "2026-03-02T11:00:00", exit: "2026-03-02T12:00:00", expected_fee: 4}
  - {entry: "2026-03-03T11:00:00", exit: "2026-03-03T12:00:00", expected_fee: 0}
"""


def lines(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, object]]]:
    code = tariff_check(path)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_stay_of_the_reference_cases_is_equal(capsys: pytest.CaptureFixture[str]) -> None:
    if not SHARED.exists():
        pytest.skip("the reference cases are not beside this checkout")
    code, answer = lines(SHARED, capsys)
    assert code == 0
    assert [line for line in answer[:-1] if not line["equal"]] == []
    assert answer[-1] == {"stays": len(answer) - 1, "equal": len(answer) - 1}


def test_permits_payments_and_first_stays_are_read_from_a_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES, encoding="utf-8")
    code, answer = lines(path, capsys)
    assert [line.get("differences") for line in answer[:-1]] == [None] * 5
    assert (code, answer[-1]) == (0, {"stays": 5, "equal": 5})


def test_a_fee_that_differs_is_said_and_ends_in_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(
        CASES.replace("expected_due_at_exit: 2.00", "expected_due_at_exit: 1.00"), encoding="utf-8"
    )
    code, answer = lines(path, capsys)
    assert code == 1
    assert answer[1]["equal"] is False
    assert answer[1]["differences"] == ["due 200 fen, expected 100"]
    assert answer[-1] == {"stays": 5, "equal": 4}


def test_a_refused_price_list_is_not_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES.replace("unit_minutes: 30", "unit_minutes: 0"), encoding="utf-8")
    code, answer = lines(path, capsys)
    assert (code, answer[0]["fee"], answer[-1]) == (1, None, {"stays": 5, "equal": 0})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [", "cases.yaml"),
        ("colour: red", "has no list of cases"),
        ("cases: [{id: a}]", "a: needs a tariff"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CasesUnreadable, match=said):
        tariff_check(path)


def test_a_stay_that_cannot_be_read_does_not_keep_the_others_from_being_worked_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES.replace('exit: "2026-03-02T10:16:00"', "left: x"), encoding="utf-8")
    code = tariff_check(path)
    out, err = capsys.readouterr()
    answer = [json.loads(line) for line in out.splitlines()]
    assert (code, answer[-1]) == (2, {"stays": 5, "equal": 4})
    assert "permit-and-prepayment, stay 2: lacks 'exit'" in err


def test_a_permit_may_be_written_in_several_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.yaml"
    for written in (
        "permit: {valid_to: 2026-03-31}",
        "permit_until: 2026-03-31",
        'permit_valid_to: "2026-03-31T23:59:59"',
        'permit: {from: 2026-03-01, to: "2026-04-01T00:00:00"}',
        "permit_from: 2026-03-01, permit_to: 2026-03-31",
    ):
        path.write_text(CASES.replace("permit: {last_date: 2026-03-31}", written), encoding="utf-8")
        assert lines(path, capsys)[1][0]["equal"], written


def test_a_file_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(CasesUnreadable, match="nowhere"):
        tariff_check(tmp_path / "nowhere.yaml")
