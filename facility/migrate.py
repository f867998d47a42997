"""Schema steps: numbered `.sql` files of every package, each applied once and in order."""

import hashlib
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection, errors

from facility.db import connect_sync
from facility.edition import Edition, read_edition, refuse_unreadable_chunks
from facility.errors import Conflict, Invalid, Unavailable

_ROOT = Path(__file__).parent.parent
PACKAGES: Sequence[tuple[str, Path]] = (
    ("facility", _ROOT / "facility" / "sql"),
    ("staff", _ROOT / "gateway" / "staff" / "sql"),
    ("charging", _ROOT / "charging" / "sql"),
    ("lpr", _ROOT / "lpr" / "sql"),
    ("parking", _ROOT / "gateway" / "parking" / "sql"),
    ("conversion", _ROOT / "wartime_conversion" / "sql"),
    ("dashboard", _ROOT / "dashboard" / "sql"),
)
"""Packages in the order their steps run; steps refer only to their own schema, `facility` and `report`."""

_BOOKKEEPING = Path(__file__).parent / "sql" / "0000_schema_step.sql"
_STEP_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)(?:\.(timescale|community))?\.sql")
_ALONE = "-- alone"  # first line of a step that PostgreSQL will not run inside a unit of work
_LOCK_KEY = 0x70696E67
_LOCK_WITHIN_S = 120.0
_LOCK_POLL_S = 0.1


class SchemaChanged(Conflict):
    """A step that has been applied reads differently now."""

    code = "migrate.step_changed"


class SchemaBusy(Unavailable):
    """Another process is migrating and does not finish."""

    code = "migrate.busy"


class BadStep(Invalid):
    """A file among the steps cannot be applied."""

    code = "migrate.bad_step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file.

    Attributes:
        package: whose schema it builds.
        number: order within the package, from 1.
        name: what it is about.
        part: empty, or the edition that it is for: `timescale` (any edition) or `community`.
        text: the SQL.
    """

    package: str
    number: int
    name: str
    part: str
    text: str

    @property
    def sha256(self) -> str:
        """Digest of the SQL."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def is_alone(self) -> bool:
        """Whether it runs outside a unit of work; then it is a single statement."""
        return self.text.startswith(_ALONE)

    def __str__(self) -> str:
        """The way people name it: `lpr/0001_reads`."""
        return f"{self.package}/{self.number:04d}_{self.name}{'.' + self.part if self.part else ''}"


def read_steps(packages: Iterable[tuple[str, Path]] = PACKAGES) -> list[Step]:
    """Read every package's steps in the order they run: by package, number, then the edition's part.

    Raises:
        BadStep: a `.sql` file is misnamed, or two carry one number.
    """
    steps: list[Step] = []
    for package, folder in packages:
        found: list[Step] = []
        for path in sorted(folder.glob("*.sql")):
            match = _STEP_NAME.fullmatch(path.name)
            if match is None:
                raise BadStep(
                    f"{path}: not named NNNN_name.sql, NNNN_name.timescale.sql or NNNN_name.community.sql"
                )
            if path == _BOOKKEEPING:
                continue
            number, name, part = int(match[1]), match[2], match[3] or ""
            found.append(
                Step(package=package, number=number, name=name, part=part, text=path.read_text("utf-8"))
            )
        _check_numbers(found)
        steps += sorted(
            found, key=lambda step: (step.number, ("", "timescale", "community").index(step.part))
        )
    return steps


def _check_numbers(steps: Sequence[Step]) -> None:
    names: dict[int, str] = {}
    for step in steps:
        if step.part == "" and step.number in names:
            raise BadStep(f"{step}: number {step.number:04d} is already {names[step.number]}")
        if step.part == "":
            names[step.number] = step.name
    for step in steps:
        if names.get(step.number) != step.name:
            raise BadStep(f"{step}: there is no step {step.number:04d}_{step.name}.sql that it belongs to")


def fingerprint(steps: Sequence[Step]) -> str:
    """Digest of all steps: two databases with one fingerprint have one schema."""
    digest = hashlib.sha256(_BOOKKEEPING.read_bytes())
    for step in steps:
        digest.update(f"{step}\0{step.sha256}\0".encode())
    return digest.hexdigest()


def _wanted(step: Step, edition: Edition) -> bool:
    return (
        step.part == ""
        or (step.part == "timescale" and edition.has_timescale)
        or edition.license == step.part
    )


def migrate(dsn: str, steps: Sequence[Step] | None = None) -> list[Step]:
    """Bring a database up to date; safe to call from several processes at once.

    Args:
        dsn: address of the database; the user may create schemas.
        steps: default, all of this system's.

    Returns:
        The steps applied now.

    Raises:
        SchemaChanged: an applied step was edited.
        SchemaBusy: another process holds the migration lock too long.
        Refused: the database cannot be used with this edition of TimescaleDB.
        BadStep: a step fails; its own unit of work is rolled back, the steps before it stay.
    """
    steps = read_steps() if steps is None else steps
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        _lock(conn)
        try:
            edition = read_edition(conn, install=True)
            refuse_unreadable_chunks(conn, edition)
            conn.execute(_BOOKKEEPING.read_bytes())
            return _apply_missing(conn, [step for step in steps if _wanted(step, edition)])
        finally:
            if not conn.closed and not conn.broken:
                conn.execute("SELECT pg_advisory_unlock(%(key)s)", {"key": _LOCK_KEY})


def pending(dsn: str) -> list[Step]:
    """The steps that `migrate` would apply."""
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        edition = read_edition(conn, install=False)
        if conn.execute("SELECT to_regclass('migration.step')").fetchone() == (None,):
            return [step for step in read_steps() if _wanted(step, edition)]
        done = _applied(conn)
        return [s for s in read_steps() if _wanted(s, edition) and (s.package, s.number, s.part) not in done]


def _lock(conn: Connection) -> None:
    """Take the migration lock by asking again and again.

    Waiting inside `pg_advisory_lock` keeps a snapshot open, and `CREATE INDEX CONCURRENTLY` in the process
    that holds the lock waits for all snapshots: the two would wait for each other.
    """
    until = time.monotonic() + _LOCK_WITHIN_S
    while True:
        row = conn.execute("SELECT pg_try_advisory_lock(%(key)s)", {"key": _LOCK_KEY}).fetchone()
        if row == (True,):
            return
        if time.monotonic() > until:
            raise SchemaBusy(f"another process has been migrating the database for {_LOCK_WITHIN_S:.0f} s")
        time.sleep(_LOCK_POLL_S)


def _applied(conn: Connection) -> dict[tuple[str, int, str], str]:
    rows: list[tuple[Any, ...]] = conn.execute(
        "SELECT package, number, part, sha256 FROM migration.step"
    ).fetchall()
    return {(package, number, part): sha256 for package, number, part, sha256 in rows}


def _apply_missing(conn: Connection, steps: Sequence[Step]) -> list[Step]:
    done = _applied(conn)
    missing: list[Step] = []
    for step in steps:
        before = done.get((step.package, step.number, step.part))
        if before is None:
            missing.append(step)
        elif before != step.sha256:
            raise SchemaChanged(
                f"step {step} was edited after this database took it; write a new step instead"
            )
    for step in missing:
        _apply(conn, step)
    return missing


def _apply(conn: Connection, step: Step) -> None:
    try:
        if step.is_alone:
            conn.execute(step.text.encode())
            _record(conn, step)
        else:
            with conn.transaction():
                conn.execute(step.text.encode())
                _record(conn, step)
    except errors.Error as fault:
        place = f" at character {fault.diag.statement_position}" if fault.diag.statement_position else ""
        raise BadStep(f"step {step}{place}: {fault.diag.message_primary or fault}") from fault


def _record(conn: Connection, step: Step) -> None:
    conn.execute(
        "INSERT INTO migration.step (package, number, name, part, sha256) "
        "VALUES (%(package)s, %(number)s, %(name)s, %(part)s, %(sha256)s)",
        {
            "package": step.package,
            "number": step.number,
            "name": step.name,
            "part": step.part,
            "sha256": step.sha256,
        },
    )
