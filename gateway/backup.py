"""`pingzhan backup` and `restore`: the database and the state directory in one file."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from facility.clock import SystemClock
from facility.cluster import telling_line
from facility.db import connect_sync, place_of
from facility.edition import Edition, read_edition
from facility.embedded import AlreadyRunning, database, start_server
from facility.errors import Conflict, Invalid, Refused, Unavailable
from facility.migrate import migrate
from facility.server_copy import server_copy
from facility.settings import Settings, inherited_environment
from facility.unpack import unpack

FORMAT = 1
_NOT_KEPT = (
    "database",
    "logs",
    "restoring",
)  # by the beginning of the name, at the top of the state directory
_TOOL_WITHIN_S = 3600
_BLOCK_BYTES = 1 << 20


class BrokenBackup(Invalid):
    """The file is not a whole backup."""

    code = "backup.broken"


class StillRunning(Conflict):
    """A restore needs the installation stopped."""

    code = "backup.still_running"


def write_backup(settings: Settings, file: Path) -> dict[str, Any]:
    """Write a backup; the installation may be running.

    The file appears under its name only when whole.

    Returns:
        The manifest, and the file's size in bytes.

    Raises:
        Unavailable: the database or the file's folder cannot be used.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=".backup-", dir=file.absolute().parent))
    except OSError as fault:
        raise Unavailable(f"{file}: cannot be written: {fault.strerror}") from fault
    try:
        dump = folder / "database.dump"
        with database(settings) as dsn:
            edition = _edition(dsn)
            _tool("pg_dump", dsn, "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        manifest = {
            "format": FORMAT,
            "made_at": SystemClock().now().isoformat(),
            "timescale": edition.timescale_version,
            "license": edition.license,
            "server": edition.server_version,
            "sha256": _sha256(dump),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        whole = folder / "whole.tar"
        _pack(whole, folder, settings.data)
        whole.replace(file)
    except OSError as fault:
        raise Unavailable(f"{file}: cannot be written: {fault.strerror}") from fault
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"file": str(file), "bytes": file.stat().st_size, **manifest}


def _pack(whole: Path, folder: Path, state: Path) -> None:
    with whole.open("wb") as raw, tarfile.open(fileobj=raw, mode="w") as packed:
        for name in ("manifest.json", "database.dump"):
            packed.add(folder / name, name)
        for path in sorted(state.iterdir()) if state.exists() else []:
            if not path.name.startswith(_NOT_KEPT):
                packed.add(path, f"state/{path.name}", filter=_plain)
        packed.close()
        raw.flush()
        os.fsync(raw.fileno())


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return member if member.isfile() or member.isdir() else None


def restore_backup(settings: Settings, file: Path) -> dict[str, Any]:
    """Put a backup in place of the present database and state.

    The present ones stay until the new ones are whole: the databases change places by name, and the state's
    folders by rename.

    Returns:
        The backup's manifest.

    Raises:
        BrokenBackup: the file is not a whole backup.
        StillRunning: the installation is up.
        Refused: the backup needs TimescaleDB and this server has none.
    """
    with _unpacked(settings, file) as folder:
        manifest = _checked_manifest(folder, file)
        with _database_at_rest(settings) as dsn:
            _replace_database(dsn, folder / "database.dump", manifest)
        _replace_state(folder / "state", settings.data)
    return {"restored": str(file), **manifest}


@contextmanager
def _unpacked(settings: Settings, file: Path) -> Iterator[Path]:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="restoring-", dir=settings.data))
    except OSError as fault:
        raise Unavailable(f"{settings.data}: cannot be written: {fault.strerror}") from fault
    try:
        with tarfile.open(file) as packed:
            unpack(packed, folder)
        yield folder
    except (tarfile.TarError, EOFError) as fault:
        raise BrokenBackup(f"{file}: is not a whole backup: {fault}") from fault
    except FileNotFoundError as fault:
        raise BrokenBackup(f"{file}: {fault.strerror}") from fault
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _checked_manifest(folder: Path, file: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        is_whole = manifest["sha256"] == _sha256(folder / "database.dump")
    except (OSError, ValueError, KeyError) as fault:
        raise BrokenBackup(f"{file}: is not a backup of this system ({fault})") from fault
    if manifest.get("format") != FORMAT:
        raise BrokenBackup(f"{file}: has format {manifest.get('format')}, this version reads {FORMAT}")
    if not is_whole:
        raise BrokenBackup(f"{file}: the database in it is damaged (its SHA-256 is not the one written down)")
    return manifest


@contextmanager
def _database_at_rest(settings: Settings) -> Iterator[str]:
    if settings.database_url is None:
        try:
            server = start_server(settings.data)
        except AlreadyRunning as fault:
            raise StillRunning(f"{settings.data}: stop pingzhan before restoring") from fault
        try:
            yield server.dsn()
        finally:
            server.stop()
        return
    with connect_sync(settings.database_url) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    if row is not None and row[0] > 0:
        place = place_of(settings.database_url)
        raise StillRunning(
            f"{place}: {row[0]} connections are open; stop everything that uses it before restoring"
        )
    yield settings.database_url


def _replace_database(dsn: str, dump: Path, manifest: Mapping[str, Any]) -> None:
    name = str(conninfo_to_dict(dsn)["dbname"])
    fresh, former = f"{name}_restoring", f"{name}_former"
    fresh_dsn = make_conninfo(dsn, dbname=fresh)
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as conn:
        for leftover in (fresh, former):
            _drop(conn, leftover)
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(fresh)))
        try:
            _fill(fresh_dsn, dump, manifest)
            migrate(fresh_dsn)
        except BaseException:
            _drop(conn, fresh)
            raise
        _rename(conn, name, former)
        _rename(conn, fresh, name)
        _drop(conn, former)


def _fill(dsn: str, dump: Path, manifest: Mapping[str, Any]) -> None:
    has_timescale = manifest["timescale"] is not None
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        edition = read_edition(conn, install=has_timescale)
        if has_timescale and edition.timescale_version != manifest["timescale"]:
            _refuse_edition(edition, manifest)
        if has_timescale:
            conn.execute("SELECT timescaledb_pre_restore()")
    _tool("pg_restore", dsn, "--no-owner", "--no-privileges", "--exit-on-error", str(dump))
    if has_timescale:
        with connect_sync(dsn) as conn:
            conn.autocommit = True
            conn.execute("SELECT timescaledb_post_restore()")


def _refuse_edition(edition: Edition, manifest: Mapping[str, Any]) -> NoReturn:
    raise Refused(f"the backup was made with TimescaleDB {manifest['timescale']}, here is {edition}")


def _drop(conn: psycopg.Connection[Any], name: str) -> None:
    conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _rename(conn: psycopg.Connection[Any], name: str, to: str) -> None:
    conn.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to)))


def _replace_state(fresh: Path, state: Path) -> None:
    for path in sorted(fresh.iterdir()) if fresh.exists() else []:
        present = state / path.name
        former = fresh.parent / f"former-{path.name}"
        if present.exists():
            present.rename(former)
        path.rename(present)


def _edition(dsn: str) -> Edition:
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        return read_edition(conn, install=False)


def _tool(name: str, dsn: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore; the password goes by the environment, where other users cannot read it."""
    given = conninfo_to_dict(dsn)
    password = given.pop("password", None)
    environment = inherited_environment() | ({"PGPASSWORD": str(password)} if password else {})
    command = [server_copy().program(name), f"--dbname={make_conninfo('', **given)}", *arguments]
    result = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TOOL_WITHIN_S,
    )
    if result.returncode != 0:
        raise Unavailable(f"{name}: {telling_line(result.stderr)}")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
