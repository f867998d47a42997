"""`pingzhan up` as a person runs it: one clear line for what is wrong, the table, `ready`, and nothing left behind."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from facility.embedded import Server
from facility.settings import Settings
from gateway.up import PROCESSES, PortInUse, address_table, check_ports


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def environment(state: Path, **more: str) -> dict[str, str]:
    ports = {"PINGZHAN_HTTP_PORT": str(free_port()), "PINGZHAN_OCPP_PORT": str(free_port())}
    return {**os.environ, "PINGZHAN_DATA": str(state), **ports, **more}


def run(state: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        env=environment(state, **more),
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_a_port_in_use_is_named_with_the_setting_that_moves_it(closed_port: int) -> None:
    with pytest.raises(PortInUse, match=f"port {closed_port} .*PINGZHAN_HTTP_PORT"):
        check_ports(Settings(http_port=closed_port), ["web"])
    check_ports(Settings(http_port=closed_port), ["work", "lpr"])


@pytest.mark.parametrize(
    ("more", "status", "line"),
    [
        (
            {"PINGZHAN_DATABASE_URL": "postgresql://someone:geheim@127.0.0.1:9/x"},
            1,
            "127.0.0.1:9/x does not answer",
        ),
        ({"PINGZHAN_DATABASE_URL": "postgresql://["}, 2, "cannot be read"),
        ({"PINGZHAN_SITE": "/nowhere/site.yaml"}, 2, "/nowhere/site.yaml: cannot be read"),
        ({"PINGZHAN_HTTP_PORT": "many"}, 2, "PINGZHAN_HTTP_PORT"),
    ],
)
def test_what_cannot_start_says_so_in_one_line(
    open_folder: Path, more: dict[str, str], status: int, line: str
) -> None:
    result = run(open_folder / "state", "up", **more)
    assert result.returncode == status
    assert line in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""
    assert "geheim" not in result.stderr


def test_an_unknown_process_is_bad_usage(open_folder: Path) -> None:
    result = run(open_folder / "state", "up", "--only", "web,kitchen")
    assert result.returncode == 2
    assert "kitchen" in result.stderr


def test_the_table_names_only_what_was_started() -> None:
    settings = Settings(http_port=8123, ocpp_port=9123)
    everything = "\n".join(address_table(settings, PROCESSES, "PostgreSQL"))
    assert "http://127.0.0.1:8123/ops/" in everything
    assert "ws://127.0.0.1:9123/ocpp/" in everything
    assert "http" not in "\n".join(address_table(settings, ["work"], "PostgreSQL"))


class Started:
    """A running `pingzhan up`."""

    def __init__(self, state: Path, *words: str, **more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "up", *words],
            env=environment(state, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def until_ready(self) -> list[str]:
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("ready"):
                return lines
        assert self.process.stderr is not None
        raise AssertionError(f"ended before it was ready: {lines} {self.process.stderr.read()}")

    def descendants(self) -> list[int]:
        """Open process files of everything below the supervisor."""
        table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        below: dict[int, list[int]] = {}
        for line in table.splitlines():
            pid, parent = map(int, line.split())
            below.setdefault(parent, []).append(pid)
        found, queue = [], [self.process.pid]
        while queue:
            children = below.get(queue.pop(), [])
            found += children
            queue += children
        return [os.pidfd_open(pid) for pid in found]

    def close(self) -> None:
        with self.process:
            self.process.kill()


@pytest.fixture
def started(open_folder: Path) -> Iterator[Started]:
    up = Started(open_folder / "state", "--only", "web", PINGZHAN_DEMO="0")
    yield up
    up.close()


def all_ended(files: list[int]) -> bool:
    ended = all(select.select([file], [], [], 20)[0] for file in files)
    for file in files:
        os.close(file)
    return ended


def test_up_prints_addresses_and_credentials_then_ready_and_leaves_nothing_behind(
    started: Started, open_folder: Path
) -> None:
    lines = started.until_ready()
    assert any("sign in as admin" in line and "password" in line for line in lines)
    assert any("/ops/" in line for line in lines)
    below = started.descendants()
    assert len(below) >= 2  # the web process and the database
    busy = run(open_folder / "state", "up", "--only", "work")
    assert busy.returncode == 1
    assert "already running" in busy.stderr
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(30) == 0
    assert all_ended(below)

    again = Started(open_folder / "state", "--only", "web", PINGZHAN_DEMO="0")
    try:
        assert not any("password" in line for line in again.until_ready())
        below = again.descendants()
        again.process.kill()
        assert all_ended(below), "processes outlived a supervisor that was killed outright"
    finally:
        again.close()


def test_a_command_works_beside_a_stopped_installation(open_folder: Path) -> None:
    state = open_folder / "state"
    made = run(state, "token", "add", "--role", "manager")
    assert made.returncode == 0, made.stderr
    assert '"token": "pz_' in made.stdout
    assert not (state / "database" / "postmaster.pid").exists()


def test_migrate_says_what_it_applied(open_folder: Path, server: Server, empty_dsn: str) -> None:
    first = run(open_folder / "state", "migrate", PINGZHAN_DATABASE_URL=empty_dsn)
    assert first.returncode == 0, first.stderr
    assert '{"step": "facility/0001_' in first.stdout
    second = run(open_folder / "state", "migrate", PINGZHAN_DATABASE_URL=empty_dsn)
    assert second.stdout == '{"applied": 0}\n'
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("SELECT count(*) > 0 FROM migration.step").fetchone() == (True,)


@pytest.mark.parametrize("entry", ["gateway.app", "gateway.work", "charging.central", "lpr.reading"])
def test_a_process_starts_without_the_libraries_that_only_some_work_needs(entry: str) -> None:
    heavy = ("pandas", "scipy", "sklearn", "lightgbm", "ortools", "torch", "reportlab", "ruamel", "alipay")
    code = f"import sys, {entry}; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n"
