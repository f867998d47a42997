"""The supervisor: what dies is started again, later and later; what stops, stops whole."""

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facility.clock import SystemClock
from facility.embedded import QUICK, Server, start_server
from facility.errors import Unavailable
from gateway.supervisor import (
    FAULTS_AT_START,
    LONGEST_WAIT_S,
    STEADY_AFTER_S,
    Supervisor,
    ended_how,
    wait_after,
)

LASTING = [sys.executable, "-c", "import signal; signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()",
]
FAILING = [sys.executable, "-c", "import sys; sys.exit('no such camera')"]


class HandClock(SystemClock):
    """The machine's clock with a push forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


class Watched:
    """A supervisor over made-up commands, what it said, and its clock."""

    def __init__(
        self, folder: Path, commands: dict[str, Sequence[str]], server: Server | None = None
    ) -> None:
        self.said: list[str] = []
        self.clock = HandClock()
        self.supervisor = Supervisor(
            list(commands),
            server=server,
            environment=dict(os.environ),
            logs=folder,
            clock=self.clock,
            say=self.said.append,
            command_of=commands.__getitem__,
        )

    def pid(self, name: str) -> int:
        return self.supervisor.pids()[name]

    def await_end(self, name: str) -> None:
        """Wait until the process has ended, without taking note of it."""
        child = next(child for child in self.supervisor.children if child.name == name)
        assert child.process is not None
        child.process.wait(20)


Watch = Callable[..., Watched]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made: list[Watched] = []

    def make(commands: dict[str, Sequence[str]], server: Server | None = None) -> Watched:
        made.append(Watched(tmp_path, commands, server))
        return made[-1]

    yield make
    for each in made:
        each.supervisor.stop()


def test_a_killed_process_is_started_again_and_the_others_are_left_alone(watch: Watch) -> None:
    watched = watch({"web": LASTING, "work": LASTING})
    watched.supervisor.look()
    web, work = watched.pid("web"), watched.pid("work")
    os.kill(web, signal.SIGKILL)
    watched.await_end("web")
    watched.supervisor.look()
    assert watched.said == ["web ended (SIGKILL); starting it again in 0.2 s"]
    assert "web" not in watched.supervisor.pids()
    watched.clock.ahead_s += 0.2
    watched.supervisor.look()
    assert watched.pid("web") != web
    assert watched.pid("work") == work


def test_a_process_that_never_starts_ends_the_start_with_its_last_line(watch: Watch) -> None:
    watched = watch({"lpr": FAILING})
    with pytest.raises(Unavailable, match=r"lpr does not start \(exit 1\): no such camera"):
        for _ in range(FAULTS_AT_START):
            watched.supervisor.look()
            watched.await_end("lpr")
            watched.supervisor.look()
            watched.clock.ahead_s += LONGEST_WAIT_S


def test_once_ready_a_failing_process_is_tried_for_ever(watch: Watch) -> None:
    watched = watch({"lpr": FAILING})
    watched.supervisor.has_been_ready = True
    for _ in range(FAULTS_AT_START + 2):
        watched.supervisor.look()
        watched.await_end("lpr")
        watched.supervisor.look()
        watched.clock.ahead_s += LONGEST_WAIT_S
    assert len(watched.said) == FAULTS_AT_START + 2


def test_a_steady_run_forgives_the_faults_before_it(watch: Watch) -> None:
    watched = watch({"web": LASTING})
    watched.supervisor.look()
    watched.supervisor.children[0].faults = 4
    watched.clock.ahead_s += STEADY_AFTER_S
    os.kill(watched.pid("web"), signal.SIGKILL)
    watched.await_end("web")
    watched.supervisor.look()
    assert watched.said == ["web ended (SIGKILL); starting it again in 0.2 s"]


def test_stopping_leaves_no_process_not_even_a_stubborn_one(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.supervisor.STOP_WITHIN_S", 0.3)
    watched = watch({"web": LASTING, "work": STUBBORN})
    watched.supervisor.look()
    files = [os.pidfd_open(pid) for pid in watched.supervisor.pids().values()]
    while not (tmp_path / "work.log").read_text("utf-8"):
        watched.supervisor.wait(0.02)
    watched.supervisor.stop()
    for file in files:
        assert select.select([file], [], [], 0)[0]
        os.close(file)
    assert watched.supervisor.pids() == {}


def test_what_a_process_started_and_left_behind_goes_too(watch: Watch, tmp_path: Path) -> None:
    parent = [
        sys.executable,
        "-c",
        "import subprocess, sys, signal\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print(p.pid, flush=True); signal.pause()",
    ]
    watched = watch({"work": parent})
    watched.supervisor.look()
    while not (line := (tmp_path / "work.log").read_text("utf-8")).endswith("\n"):
        watched.supervisor.wait(0.02)
    left = os.pidfd_open(int(line))
    watched.supervisor.stop()
    assert select.select([left], [], [], 10)[0], "a grandchild outlived the stop"
    os.close(left)


def test_a_killed_database_comes_back_with_what_was_committed(watch: Watch, open_folder: Path) -> None:
    durable = {**QUICK, "fsync": "on", "synchronous_commit": "on"}
    server = start_server(open_folder / "state", options=durable)
    watched = watch({"web": LASTING}, server)
    watched.supervisor.look()
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("CREATE TABLE kept (n int)")
        conn.execute("INSERT INTO kept VALUES (7)")
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    watched.supervisor.look()
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("SELECT n FROM kept").fetchall() == [(7,)]
    assert watched.said == ["database ended (SIGKILL); starting it again", "database is up again"]


def test_a_signal_to_stop_is_heard(watch: Watch) -> None:
    watched = watch({"web": LASTING})
    before = {number: signal.getsignal(number) for number in (2, 15, 1, signal.SIGCHLD)}
    try:
        watched.supervisor.hear_signals()
        os.kill(os.getpid(), signal.SIGTERM)
        watched.supervisor.wait(5)
        assert watched.supervisor.is_told_to_stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@given(st.integers(min_value=0, max_value=500))
def test_the_wait_never_shrinks_and_has_an_end(faults: int) -> None:
    assert 0 < wait_after(faults) <= wait_after(faults + 1) <= LONGEST_WAIT_S


def test_an_end_is_told_in_words() -> None:
    assert [ended_how(code) for code in (None, 0, 3, -9, -250)] == [
        "running",
        "exit 0",
        "exit 3",
        "SIGKILL",
        "signal 250",
    ]
