"""The database: starting it, writing samples in bulk, the latest of each connector, letting the past go.

Runs on a server of its own with full durability, in a temporary folder; about a minute.
Usage: python bench/database.py [--rows 1000000]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from facility.edition import read_edition
from facility.embedded import start_server
from facility.migrate import migrate

CONNECTORS = 30
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LATEST_BY_LATERAL = """
    SELECT c.id, s.register_wh FROM connector c
    CROSS JOIN LATERAL (
        SELECT register_wh FROM sample WHERE connector_id = c.id AND taken_at > %(since)s
        ORDER BY taken_at DESC LIMIT 1) s ORDER BY c.id"""
LATEST_BY_DISTINCT = """
    SELECT DISTINCT ON (connector_id) connector_id, register_wh FROM sample
    ORDER BY connector_id, taken_at DESC"""


def rows(count: int, first: datetime) -> list[tuple[datetime, int, int, int]]:
    """Samples of all connectors in turn, one connector every second."""
    return [(first + timedelta(seconds=n), n % CONNECTORS, n * 3, n % 7000) for n in range(count)]


def seconds(act: Callable[[], object]) -> float:
    """How long `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def by_copy(conn: psycopg.Connection[Any], table: str, samples: list[Any]) -> None:
    """Write samples by binary COPY."""
    with conn.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["timestamptz", "int4", "int8", "int4"])
        for sample in samples:
            copy.write_row(sample)
    conn.commit()


def by_executemany(conn: psycopg.Connection[Any], table: str, samples: list[Any]) -> None:
    """Write samples by executemany (which psycopg pipelines)."""
    with conn.cursor() as cursor:
        statement = sql.SQL("INSERT INTO {} VALUES (%s, %s, %s, %s)").format(sql.Identifier(table))
        cursor.executemany(statement, samples)
    conn.commit()


def make_tables(conn: psycopg.Connection[Any], has_timescale: bool) -> None:
    """The shape of a charger's meter samples, once as a hypertable and once plain."""
    conn.execute("CREATE TABLE connector AS SELECT n AS id FROM generate_series(0, 29) AS n")
    for name in ("sample", "plain"):
        conn.execute(
            f"CREATE TABLE {name} (taken_at timestamptz NOT NULL, connector_id int NOT NULL,"
            " register_wh bigint NOT NULL, power_w int NOT NULL)"
        )
    if has_timescale:
        conn.execute("SELECT create_hypertable('sample', by_range('taken_at', INTERVAL '1 day'))")
    for name in ("sample", "plain"):
        conn.execute(f"CREATE INDEX ON {name} (connector_id, taken_at DESC)")
    conn.commit()


def measure(dsn: str, count: int) -> dict[str, Any]:
    """Every measurement on one database."""
    found: dict[str, Any] = {}
    with psycopg.connect(dsn) as conn:
        conn.autocommit = True
        edition = read_edition(conn, install=False)
        conn.autocommit = False
        make_tables(conn, edition.has_timescale)
        some = rows(20_000, FIRST)
        found["executemany_rows_s"] = round(len(some) / seconds(lambda: by_executemany(conn, "sample", some)))
        found["copy_rows_s"] = round(
            len(some) / seconds(lambda: by_copy(conn, "sample", rows(len(some), FIRST + timedelta(hours=6))))
        )
        many = rows(count, FIRST + timedelta(days=1))
        by_copy(conn, "sample", many)
        by_copy(conn, "plain", many)
        conn.autocommit = True
        conn.execute("ANALYZE")
        since = many[-1][0] - timedelta(days=1)

        def latest() -> object:
            return conn.execute(LATEST_BY_LATERAL, {"since": since}).fetchall()

        latest()
        found["latest_lateral_ms"] = round(statistics.median(seconds(latest) for _ in range(50)) * 1000, 2)
        found["latest_distinct_ms"] = round(
            seconds(lambda: conn.execute(LATEST_BY_DISTINCT).fetchall()) * 1000, 1
        )
        if edition.has_timescale:
            differ = conn.execute(
                "SELECT count(*) FROM sample WHERE time_bucket('15 min', taken_at)"
                " <> date_bin('15 min', taken_at, '2000-01-03 00:00+00')"
            ).fetchone()
            assert differ is not None
            found["date_bin_differs_rows"] = differ[0]
            until = FIRST + timedelta(seconds=count // 2)
            found["drop_chunks_ms"] = round(
                seconds(
                    lambda: conn.execute("SELECT drop_chunks('sample', %s::timestamptz)", (until,)).fetchall()
                )
                * 1000
            )
            found["delete_vacuum_ms"] = round(
                seconds(
                    lambda: (
                        conn.execute("DELETE FROM plain WHERE taken_at < %s", (until,)),
                        conn.execute("VACUUM plain"),
                    )
                )
                * 1000
            )
        found["edition"] = str(edition)
    return found


def main() -> None:
    """Run it and print the table and the JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    count = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="pingzhan-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        state = Path(folder) / "state"
        began = time.perf_counter()
        server = start_server(state)
        migrate(server.dsn())
        first_s = time.perf_counter() - began
        server.stop()
        began = time.perf_counter()
        server = start_server(state)
        migrate(server.dsn())
        later_s = time.perf_counter() - began
        try:
            found = {"rows": count, "first_start_s": round(first_s, 2), "later_start_s": round(later_s, 2)}
            found |= measure(server.dsn(), count)
        finally:
            server.stop()
    for name, value in found.items():
        print(f"{name:24} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
