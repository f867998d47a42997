"""Schema steps: order, once each, editions, and what is refused."""

import threading
from pathlib import Path

import psycopg
import pytest

from facility.migrate import BadStep, SchemaChanged, Step, fingerprint, migrate, pending, read_steps


def step(number: int, text: str, *, package: str = "a", name: str = "x", part: str = "") -> Step:
    return Step(package=package, number=number, name=name, part=part, text=text)


def test_each_step_runs_once_and_in_order(empty_dsn: str) -> None:
    first = [step(1, "CREATE TABLE t (n int)"), step(2, "INSERT INTO t VALUES (2)", name="y")]
    assert migrate(empty_dsn, first) == first
    assert migrate(empty_dsn, first) == []
    third = step(3, "INSERT INTO t VALUES (3)", name="z")
    assert migrate(empty_dsn, [*first, third]) == [third]
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("SELECT n FROM t ORDER BY n").fetchall() == [(2,), (3,)]


def test_a_failing_step_leaves_nothing_of_itself(empty_dsn: str) -> None:
    with pytest.raises(BadStep, match="a/0002_y"):
        migrate(
            empty_dsn, [step(1, "CREATE TABLE t (n int)"), step(2, "CREATE TABLE u (); SELECT 1/0", name="y")]
        )
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("SELECT to_regclass('t'), to_regclass('u')").fetchone() == ("t", None)


def test_an_edited_step_is_refused(empty_dsn: str) -> None:
    migrate(empty_dsn, [step(1, "CREATE TABLE t (n int)")])
    with pytest.raises(SchemaChanged, match="a/0001_x"):
        migrate(empty_dsn, [step(1, "CREATE TABLE t (n bigint)")])


def test_a_step_for_timescale_runs_after_its_own_where_the_extension_is(empty_dsn: str) -> None:
    steps = [
        step(1, "CREATE TABLE t (seen_at timestamptz NOT NULL)"),
        step(1, "SELECT create_hypertable('t', by_range('seen_at'))", part="timescale"),
        step(1, "SELECT 1/0", part="community"),
    ]
    applied = migrate(empty_dsn, steps)
    with psycopg.connect(empty_dsn) as conn:
        extension = conn.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        if extension == (1,):
            assert applied == steps[:2]
            assert conn.execute("SELECT count(*) FROM timescaledb_information.hypertables").fetchone() == (1,)
        else:
            assert applied == steps[:1]


def test_a_step_that_cannot_run_in_a_unit_of_work_runs_alone(empty_dsn: str) -> None:
    steps = [
        step(1, "CREATE TABLE t (n int)"),
        step(2, "-- alone\nCREATE INDEX CONCURRENTLY t_n ON t (n)", name="i"),
    ]
    assert migrate(empty_dsn, steps) == steps


def test_two_migrations_at_once_do_not_wait_for_each_other_for_ever(empty_dsn: str) -> None:
    steps = [
        step(1, "CREATE TABLE t (n int)"),
        step(2, "SELECT pg_sleep(0.3)", name="w"),
        step(3, "-- alone\nCREATE INDEX CONCURRENTLY t_n ON t (n)", name="i"),
    ]
    applied: list[list[Step]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(empty_dsn, steps))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(len(found) for found in applied) == [0, 0, 3]


def test_a_misnamed_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "1_first.sql").write_text("SELECT 1", "utf-8")
    with pytest.raises(BadStep, match=r"1_first\.sql"):
        read_steps([("a", tmp_path)])


def test_two_steps_of_one_number_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_first.sql").write_text("SELECT 1", "utf-8")
    (tmp_path / "0001_second.sql").write_text("SELECT 1", "utf-8")
    with pytest.raises(BadStep, match="already first"):
        read_steps([("a", tmp_path)])


def test_a_part_without_its_step_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_first.timescale.sql").write_text("SELECT 1", "utf-8")
    with pytest.raises(BadStep, match="no step 0001_first"):
        read_steps([("a", tmp_path)])


def test_the_fingerprint_moves_with_any_letter() -> None:
    assert fingerprint([step(1, "SELECT 1")]) != fingerprint([step(1, "SELECT 2")])
    assert fingerprint([step(1, "SELECT 1")]) == fingerprint([step(1, "SELECT 1")])


def test_this_systems_own_steps_apply_to_an_empty_database(empty_dsn: str) -> None:
    before = pending(empty_dsn)
    assert {found.part for found in migrate(empty_dsn)} <= {"", "timescale"}
    assert pending(empty_dsn) == []
    assert len(before) <= len(read_steps())


def test_steps_refer_only_to_their_own_schema_the_ground_floor_and_report() -> None:
    schemas = {"staff", "charging", "lpr", "parking", "conversion", "dashboard"}
    for found in read_steps():
        for other in schemas - {found.package}:
            for word in ("REFERENCES ", "FROM ", "JOIN "):
                assert f"{word}{other}." not in found.text, f"{found} refers to the schema {other}"
