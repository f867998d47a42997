"""Starts the processes of one machine, watches them, starts again what dies, and stops all of them together."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facility.clock import Clock
from facility.embedded import Server, launch
from facility.errors import Unavailable
from facility.tether import tethered

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 15.0
STEADY_AFTER_S = 20.0  # a process that ran this long has started well; the next fault waits the least again
STOP_WITHIN_S = 8.0
LOOK_EVERY_S = 0.5
FAULTS_AT_START = 5  # before the first `ready`: so many quick ends mean that it will never start
LOG_LIMIT_BYTES = 20_000_000

Say = Callable[[str], None]
CommandOf = Callable[[str], Sequence[str]]


def process_command(name: str) -> Sequence[str]:
    """Command line of one of our processes."""
    if name == "simulator":  # the demonstration's chargers, on the client side of OCPP
        return [sys.executable, "-m", "charging.simulator"]
    return [sys.executable, "-m", "gateway", "process", name]


@dataclass(slots=True, kw_only=True)
class Child:
    """One process that is to be up.

    Attributes:
        name: of the process.
        process: it, or None while it waits to be started.
        started_s: monotonic moment of its last start.
        start_at_s: monotonic moment from which it may be started.
        faults: how often it ended soon after its start, without a steady run between.
    """

    name: str
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    faults: int = 0


def wait_after(faults: int) -> float:
    """Seconds to wait before the next start: doubles with every fault in a row, up to `LONGEST_WAIT_S`."""
    return min(FIRST_WAIT_S * 2.0 ** max(faults - 1, 0), LONGEST_WAIT_S)


class Supervisor:
    """The processes of one machine.

    Args:
        names: processes to keep up.
        server: the embedded database to keep up as well, or None when the database is somebody else's.
        environment: what the processes see.
        logs: folder for what they print, one file each.
        clock: for waiting.
        say: where lines for people go.
        command_of: command line of a process.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        server: Server | None,
        environment: Mapping[str, str],
        logs: Path,
        clock: Clock,
        say: Say,
        command_of: CommandOf = process_command,
    ) -> None:
        self.children = [Child(name=name) for name in names]
        self.is_told_to_stop = False
        self.has_been_ready = False
        self._server = server
        self._database = Child(name="database", start_at_s=0.0)
        self._environment = dict(environment)
        self._logs = logs
        self._clock = clock
        self._say = say
        self._command_of = command_of
        self._woken = threading.Event()

    def pids(self) -> dict[str, int]:
        """Process numbers of what is up."""
        return {child.name: child.process.pid for child in self.children if child.process is not None}

    def hear_signals(self) -> None:
        """Stop on SIGINT, SIGTERM and SIGHUP; look at once when a process ends."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: self._woken.set())

    def _told(self, _number: int, _frame: object) -> None:
        self.is_told_to_stop = True
        self._woken.set()

    def wait(self, longest_s: float = LOOK_EVERY_S) -> None:
        """Sleep until something ended, a signal came, or the time is over."""
        self._woken.wait(longest_s)
        self._woken.clear()

    def look(self) -> None:
        """Start what is due and note what has ended.

        Raises:
            Unavailable: a process cannot be started at all; its own last line says why.
        """
        self._look_at_database()
        now_s = self._clock.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, now_s)
            if child.process is None and now_s >= child.start_at_s:
                self._start(child, now_s)

    def _start(self, child: Child, now_s: float) -> None:
        path = self._log_path(child)
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            child.process = subprocess.Popen(
                self._command_of(child.name),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C comes to us alone, and we stop them in order
                preexec_fn=tethered(signal.SIGTERM),
            )
        child.started_s = now_s

    def _ended(self, child: Child, now_s: float) -> None:
        assert child.process is not None
        how = ended_how(child.process.returncode)
        if now_s - child.started_s >= STEADY_AFTER_S:
            child.faults = 0
        child.faults += 1
        child.process = None
        if not self.has_been_ready and child.faults >= FAULTS_AT_START:
            raise Unavailable(f"{child.name} does not start ({how}): {self._last_line(child)}")
        child.start_at_s = now_s + wait_after(child.faults)
        self._say(f"{child.name} ended ({how}); starting it again in {wait_after(child.faults):.1f} s")

    def _log_path(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _last_line(self, child: Child) -> str:
        path = self._log_path(child)
        with path.open("rb") as log:
            log.seek(max(path.stat().st_size - 4000, 0))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
        return f"{lines[-1][-400:] if lines else 'it printed nothing'} (log: {path})"

    def _look_at_database(self) -> None:
        server, watch = self._server, self._database
        if server is None or server.process is None or server.process.poll() is None:
            return
        now_s = self._clock.monotonic()
        if now_s < watch.start_at_s:
            return
        self._say(f"database ended ({ended_how(server.process.returncode)}); starting it again")
        try:
            launch(server)
        except (Unavailable, OSError) as fault:
            watch.faults += 1
            watch.start_at_s = now_s + wait_after(watch.faults)
            self._say(str(fault))
            return
        watch.faults = 0
        self._say("database is up again")

    def stop(self) -> None:
        """End every process: asked first, killed after `STOP_WITHIN_S`; the database goes last."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            _signal_group(process, signal.SIGTERM)
        until_s = self._clock.monotonic() + STOP_WITHIN_S
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(until_s - self._clock.monotonic(), 0.1))
        for process in running:
            _signal_group(process, signal.SIGKILL)  # also whatever a process started and left behind
            process.wait()
        for child in self.children:
            child.process = None
        if self._server is not None:
            self._server.stop()


def _signal_group(process: subprocess.Popen[bytes], order: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, order)


def ended_how(code: int | None) -> str:
    """A process's end in words: `exit 1`, or the signal that killed it."""
    if code is None:
        return "running"
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
