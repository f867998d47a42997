"""The embedded server: made once, started again, joined, refused."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from facility.embedded import (
    QUICK,
    AlreadyRunning,
    database,
    embedded_server,
    join_server,
    launch,
    start_server,
)
from facility.errors import Refused, Unavailable
from facility.migrate import read_steps
from facility.settings import Settings

DURABLE = {
    **QUICK,
    "fsync": "on",
    "synchronous_commit": "on",
}  # for what must outlive a server that ends badly


@pytest.fixture
def state(open_folder: Path) -> Path:
    return open_folder / "state"


def test_a_second_start_keeps_what_was_written(state: Path) -> None:
    server = start_server(state, options=QUICK)
    with psycopg.connect(server.dsn()) as conn:
        conn.execute("CREATE TABLE kept (n int)")
        conn.execute("INSERT INTO kept VALUES (7)")
    server.stop()
    assert join_server(state) is None
    server = start_server(state, options=QUICK)
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("SELECT n FROM kept").fetchall() == [(7,)]
    server.stop()


def test_what_was_committed_survives_a_killed_server(state: Path) -> None:
    server = start_server(state, options=DURABLE)
    assert server.process is not None
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("CREATE TABLE kept (n int)")
        conn.execute("INSERT INTO kept VALUES (7)")
        server.process.kill()
        server.process.wait()
    launch(server)
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("SELECT n FROM kept").fetchall() == [(7,)]
    server.stop()


def test_a_command_joins_the_running_server_and_leaves_it_running(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(state, options=QUICK)
    with embedded_server(state) as joined:
        assert joined.process is None
        assert joined.dsn() == server.dsn()
    assert server.process is not None
    assert server.process.poll() is None
    monkeypatch.setattr("facility.embedded._WAIT_FOR_OTHERS_S", 0.2)
    with pytest.raises(AlreadyRunning, match="already running"):
        start_server(state, options=QUICK)
    server.stop()


def test_a_command_alone_starts_the_server_and_stops_it(state: Path) -> None:
    with embedded_server(state, options=QUICK) as server:
        process = server.process
        assert process is not None
        with psycopg.connect(server.dsn()) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
    assert process.poll() is not None


def test_a_long_path_gets_a_short_socket(state: Path) -> None:
    deep = state / ("d" * 60) / ("e" * 60)
    with embedded_server(deep, options=QUICK) as server:
        assert len(str(server.socket)) < 90
        assert server.socket.stat().st_mode & 0o077 == 0


def test_the_server_goes_when_its_starter_is_killed(state: Path) -> None:
    code = (
        "import sys, pathlib; from facility.embedded import start_server, QUICK\n"
        "s = start_server(pathlib.Path(sys.argv[1]), options=QUICK)\n"
        "print(s.process.pid, flush=True); sys.stdin.read()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(state)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        cwd=Path.cwd(),
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        watch = os.pidfd_open(pid)
        starter.kill()
    assert select.select([watch], [], [], 15)[0], "the server outlived the process that started it"
    os.close(watch)


def test_a_pid_file_of_a_power_cut_does_not_stop_the_start(state: Path) -> None:
    start_server(state, options=QUICK).stop()
    stranger = subprocess.Popen(["sleep", "60"])
    pid_file = state / "database" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{state / 'database'}\n1\n5432\n{state}\n\n", "utf-8")
    owner = (state / "database").stat()
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    start_server(state, options=QUICK).stop()
    stranger.send_signal(signal.SIGTERM)
    stranger.wait()


def test_a_folder_that_is_no_database_is_refused_and_left_alone(state: Path) -> None:
    folder = state / "database"
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text("mine", "utf-8")
    if os.geteuid() == 0:
        with pytest.raises(Refused, match="belongs to user root"):
            start_server(state, options=QUICK)
    else:
        with pytest.raises(Refused, match="not a database directory"):
            start_server(state, options=QUICK)
    assert (folder / "letter.txt").read_text("utf-8") == "mine"


def test_data_of_another_version_is_refused(state: Path) -> None:
    start_server(state, options=QUICK).stop()
    (state / "database" / "PG_VERSION").write_text("15\n", "utf-8")
    with pytest.raises(Refused, match="made by PostgreSQL 15"):
        start_server(state, options=QUICK)


def test_data_lies_elsewhere_where_the_servers_account_cannot_come(
    state: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs the server as another account")
    monkeypatch.setattr("facility.cluster._ELSEWHERE", open_folder / "elsewhere")
    closed = state / "closed"
    closed.mkdir(parents=True, mode=0o700)
    with embedded_server(closed, options=QUICK) as server:
        assert server.data.parent == open_folder / "elsewhere"
        assert (closed / "database").resolve() == server.data
    assert closed.stat().st_mode & 0o777 == 0o700
    with embedded_server(closed, options=QUICK) as again:
        assert again.data == server.data
    shutil.rmtree(open_folder / "elsewhere")
    with pytest.raises(Refused, match="which is gone"):
        start_server(closed, options=QUICK)


def test_the_settings_lead_to_the_embedded_database_or_to_the_one_named(state: Path, empty_dsn: str) -> None:
    with database(Settings(data=state)) as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM migration.step").fetchone() is not None
        assert str(state) in dsn.replace("%2F", "/")
    with database(Settings(data=state, database_url=empty_dsn)) as dsn, psycopg.connect(dsn) as conn:
        assert dsn == empty_dsn
        row = conn.execute("SELECT count(*) FROM migration.step").fetchone()
        assert row is not None
        assert row[0] >= len([step for step in read_steps() if step.part == ""])


def test_a_state_directory_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(Unavailable, match="cannot be written") as caught:
        start_server(tmp_path / "file" / "state", options=QUICK)
    assert "\n" not in str(caught.value)


@pytest.fixture
def tiny_disk(open_folder: Path) -> Iterator[Path]:
    """A disk of 100 MB: a cluster fits, and little else."""
    folder = open_folder / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=755", "pingzhan-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small disk can be mounted only by root, and not everywhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"0" * 65536):
            pass
    return filler


def test_a_full_disk_is_said_in_one_line_and_leaves_the_data_whole(tiny_disk: Path) -> None:
    state = tiny_disk / "state"
    filler = _fill(tiny_disk)
    with pytest.raises(Unavailable, match=r"(?i)no space left") as caught:
        start_server(state, options=DURABLE)
    assert "\n" not in str(caught.value)
    filler.unlink()

    server = start_server(state, options=DURABLE)
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("CREATE TABLE kept (n int, t text)")
        conn.execute("INSERT INTO kept VALUES (7, '')")
        filler = _fill(tiny_disk)
        with pytest.raises(psycopg.errors.DiskFull):
            conn.execute("INSERT INTO kept SELECT n, repeat('x', 6000) FROM generate_series(1, 20000) AS n")
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (1,)
    server.stop()

    with pytest.raises(Unavailable, match=r"(?i)no space left"):
        start_server(state, options=DURABLE)
    filler.unlink()
    with embedded_server(state, options=DURABLE) as again, psycopg.connect(again.dsn()) as conn:
        assert conn.execute("SELECT n FROM kept").fetchall() == [(7,)]
