"""The embedded database server of one installation: made, started, joined and stopped."""

import fcntl
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from facility.cluster import (
    USER,
    check_ours,
    data_folder,
    forget_stranger,
    link_data,
    make_cluster,
    socket_folder,
    telling_line,
)
from facility.errors import Unavailable
from facility.migrate import migrate
from facility.server_copy import ServerCopy, server_account, server_copy
from facility.settings import Settings
from facility.tether import tethered

DATABASE = "pingzhan"
LOG_NAME = "database.log"
_START_WITHIN_S = 180.0  # recovery after a crash replays the log first
_RETRY_FOR_S = 15.0  # after a crash the dead server's workers hold the data for some seconds
_STOP_WITHIN_S = 30.0
_WAIT_FOR_OTHERS_S = 5.0  # a command such as `user add` may have it for a moment
_LOG_LIMIT_BYTES = 8_000_000
_ROOM_TO_START_BYTES = 1_000_000
_PASSING = ("lock file", "shared memory block is still in use", "the database system is starting up")

OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %d ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
QUICK: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
}
"""For tests and trials whose data nobody will miss."""


class AlreadyRunning(Unavailable):
    """Another process of this installation has the database up."""

    code = "database.already_running"


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server, ours or one that another process of this installation started.

    Attributes:
        copy: the server's files.
        state: state directory of the installation.
        data: its data directory.
        socket: folder of its socket; nobody but the owner and root can enter it.
        options: server settings beyond `OPTIONS`.
        process: the server when we started it, else None.
    """

    copy: ServerCopy
    state: Path
    data: Path
    socket: Path
    options: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    _lock: IO[str] | None = None

    def dsn(self, database: str = DATABASE) -> str:
        """Connection string of one database."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.socket), safe='')}"

    def stop(self) -> None:
        """End our server: open work is rolled back, the data is left whole. Does nothing to a joined one."""
        if self.process is not None:
            for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                if self.process.poll() is not None:
                    break
                self.process.send_signal(order)
                try:
                    self.process.wait(_STOP_WITHIN_S)
                except subprocess.TimeoutExpired:
                    continue
            self.process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def start_server(
    state: Path, *, options: Mapping[str, str] | None = None, copy: ServerCopy | None = None
) -> Server:
    """Start the installation's server, making the cluster at first.

    It ends with the thread that calls this, so a lasting server is started from the main thread.

    Args:
        state: state directory (`PINGZHAN_DATA`), made when missing.
        options: server settings beyond `OPTIONS`, such as `QUICK`.
        copy: the server's files; default the ones in the cache.

    Raises:
        AlreadyRunning: another process of this installation has it up.
        Refused: the data is not ours, or another version's.
        Unavailable: it cannot start; the line carries the server's own reason.
    """
    account = server_account()
    copy = copy or server_copy()
    server = Server(copy=copy, state=state, data=state, socket=state, options=options or {})
    server._lock = _hold(state)
    try:
        server.data = data_folder(state, account)
        if not server.data.exists():
            make_cluster(server.data, copy, account, quick=server.options.get("fsync") == "off")
            link_data(state, server.data)
        check_ours(server.data, copy, account)
        server.socket = socket_folder(server.data, account)
        launch(server)
        _make_database(server)
    except (OSError, psycopg.Error) as fault:
        server.stop()
        reason = str(fault).strip().splitlines()[0]
        raise Unavailable(f"{state}: the database cannot be started: {reason}") from fault
    except BaseException:
        server.stop()
        raise
    return server


def _hold(state: Path) -> IO[str]:
    """Take the installation's lock, which goes by itself when this process ends."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "database.lock").open("a")
    except OSError as fault:
        raise Unavailable(f"{state}: cannot be written: {fault.strerror}") from fault
    until = time.monotonic() + _WAIT_FOR_OTHERS_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            if time.monotonic() > until:
                lock.close()
                raise AlreadyRunning(f"{state}: in use: pingzhan is already running there") from fault
            time.sleep(0.1)
        else:
            return lock


def launch(server: Server) -> None:
    """Start the server's process, or start it again after it died, and wait until it answers.

    Raises:
        Unavailable: it does not start.
    """
    log = server.state / LOG_NAME
    started = time.monotonic()
    while True:
        forget_stranger(server.data)
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            from_here = output.tell()
            server.process = _popen(server, output)
        if _answers(server, server.process):
            return
        said = log.read_bytes()[from_here:].decode("utf-8", "replace")
        code = server.process.returncode
        if not any(mark in said for mark in _PASSING) or time.monotonic() - started > _RETRY_FOR_S:
            # On a full disk the log may lack the very line that says so.
            is_full = shutil.disk_usage(server.data).free < _ROOM_TO_START_BYTES
            reason = f"no space left on the disk of {server.data}" if is_full else telling_line(said)
            raise Unavailable(f"the database did not start (exit {code}): {reason} (log: {log})")
        time.sleep(0.3)


def _popen(server: Server, output: IO[bytes]) -> subprocess.Popen[bytes]:
    settings = {**OPTIONS, **server.options, "unix_socket_directories": str(server.socket)}
    if server.copy.timescale is not None:
        # No job of the Apache edition runs in the background, and its launcher would spoil template copies.
        settings |= {"shared_preload_libraries": "timescaledb", "timescaledb.max_background_workers": "0"}
    account = server_account()
    return subprocess.Popen(
        [server.copy.program("postgres"), "-D", str(server.data)]
        + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, which orders the stop
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=tethered(signal.SIGINT),
    )


def _answers(server: Server, process: subprocess.Popen[bytes]) -> bool:
    """Wait until our process answers; False when it has ended or the wait is over."""
    until = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        # The number in the file tells our server from one that is still on its way out.
        if _server_pid(server.data) == process.pid and _can_connect(server.dsn("postgres")):
            return True
        time.sleep(0.03)
    if process.poll() is None:
        process.kill()
    process.wait()
    return False


def _server_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _can_connect(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(server: Server) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        found = conn.execute(
            "SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": DATABASE}
        ).fetchone()
        if found is None:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def join_server(state: Path, copy: ServerCopy | None = None) -> Server | None:
    """The installation's server if another process has it running, else None."""
    data = (state / "database").resolve()
    if _server_pid(data) is None:
        return None
    socket = socket_folder(data, server_account())
    server = Server(copy=copy or server_copy(), state=state, data=data, socket=socket)
    return server if _can_connect(server.dsn()) else None


@contextmanager
def embedded_server(state: Path, *, options: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Use the installation's server for one command: join it when it runs, else start it and stop it after."""
    try:
        server = join_server(state) or start_server(state, options=options)
    except AlreadyRunning:  # it came up while we asked
        joined = join_server(state)
        if joined is None:
            raise
        server = joined
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of a migrated database for one command: the external server, or the embedded one.

    Raises:
        OpsError: it cannot be reached, started or migrated; one line says why.
    """
    if settings.database_url is not None:
        migrate(settings.database_url)
        yield settings.database_url
        return
    with embedded_server(settings.data) as server:
        migrate(server.dsn())
        yield server.dsn()
