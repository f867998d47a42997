"""The run log's chain: any change is found."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli import main
from wartime_conversion.rules.chain import Link, chain_hash, export_log, first_bad_link, next_link, verify_log
from wartime_conversion.rules.words import canonical

RUN = {"run_id": "7d", "plan_version": "0.1", "kind": "drill", "started_at": "2026-03-02T01:00:00Z"}


def chain(details: list[dict[str, Any]]) -> list[Link]:
    links: list[Link] = []
    for number, detail in enumerate(details, start=1):
        body = {"number": number, "at": "2026-03-02T01:00:00+00:00", "kind": "task.signed", "detail": detail}
        links.append(next_link(links[-1] if links else None, canonical(body)))
    return links


ENTRIES = chain([{"task": "E01", "by": "王"}, {"task": "E02", "value": 0.5}, {"task": "E03", "photo": None}])
LOG = export_log(RUN, ENTRIES)

bodies = st.lists(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=4),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8"), max_size=4),
        max_size=3,
    ),
    max_size=5,
)


@given(bodies=bodies)
def test_what_was_exported_is_intact(bodies: list[dict[str, Any]]) -> None:
    entries = chain(bodies)
    verdict = verify_log(export_log(RUN, entries))
    assert (verdict.entries, verdict.intact, verdict.first_bad) == (len(bodies), True, None)
    assert first_bad_link(entries) is None


def test_every_changed_byte_is_found() -> None:
    for at in range(len(LOG)):
        for change in (1, 32, 128):
            spoilt = LOG[:at] + bytes([LOG[at] ^ change]) + LOG[at + 1 :]
            verdict = verify_log(spoilt)
            assert not verdict.intact, (at, change)


@settings(max_examples=200)
@given(at=st.integers(0, len(LOG)), more=st.binary(min_size=1, max_size=3))
def test_every_inserted_byte_is_found(at: int, more: bytes) -> None:
    assert not verify_log(LOG[:at] + more + LOG[at:]).intact


def test_every_cut_tail_is_found() -> None:
    assert not any(verify_log(LOG[:length]).intact for length in range(len(LOG)))


def test_every_removed_or_moved_line_is_found() -> None:
    lines = LOG.splitlines(keepends=True)
    for at in range(len(lines)):
        assert not verify_log(b"".join(lines[:at] + lines[at + 1 :])).intact
    for at in range(len(lines) - 1):
        swapped = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        assert not verify_log(b"".join(swapped)).intact


def test_the_first_bad_entry_is_named() -> None:
    verdict = verify_log(LOG.replace(b'"value":0.5', b'"value":0.6'))
    assert (verdict.entries, verdict.first_bad) == (1, 2)
    assert verify_log(LOG.replace(b'"drill"', b'"actua"')).first_bad == 0
    assert verify_log(b"").first_bad == 0
    assert verify_log(LOG.splitlines(keepends=True)[0]).first_bad == 1


def test_a_tail_cut_with_a_new_end_is_found_by_the_head_known_from_outside() -> None:
    forged = export_log(RUN, ENTRIES[:2])
    assert verify_log(forged).intact
    verdict = verify_log(forged, head=ENTRIES[-1].hash)
    assert (verdict.intact, verdict.first_bad) == (False, 3)
    assert verify_log(LOG, head=ENTRIES[-1].hash.upper()).intact


def test_a_stored_entry_that_was_changed_is_found_at_its_number() -> None:
    second = ENTRIES[1]
    body = second.body.replace("E02", "E09")
    changed = Link(number=2, body=body, previous_hash=second.previous_hash, hash=second.hash)
    assert first_bad_link([ENTRIES[0], changed, ENTRIES[2]]) == 2
    assert first_bad_link([ENTRIES[0], ENTRIES[2]]) == 2
    assert first_bad_link(ENTRIES[1:]) == 1


def test_an_entry_continues_the_one_before() -> None:
    assert ENTRIES[0].hash == chain_hash("", ENTRIES[0].body)
    assert ENTRIES[1].hash == chain_hash(ENTRIES[0].hash, ENTRIES[1].body)
    assert chain_hash("a", "b") != chain_hash("", "ab")


def test_the_command_says_whether_a_log_is_intact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.log"
    path.write_bytes(LOG)
    assert main(["conversion", "verify-log", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"entries": 3, "intact": True, "first_bad": None}
    assert main(["conversion", "verify-log", str(path), "--head", "0" * 64]) == 1
    path.write_bytes(LOG[:-1])
    capsys.readouterr()
    assert main(["conversion", "verify-log", str(path)]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"entries": 3, "intact": False, "first_bad": 4}
    assert main(["conversion", "verify-log", str(tmp_path / "none.log")]) == 2
