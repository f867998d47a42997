"""The embedded database server of one installation: made, started, joined and stopped."""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from facility.errors import Refused, Unavailable
from facility.server_copy import Account, ServerCopy, server_account, server_copy
from facility.tether import tethered

USER = "pingzhan"
DATABASE = "pingzhan"
_START_WITHIN_S = 40.0
_RETRY_FOR_S = 15.0  # after a crash the dead server's workers hold the data for some seconds
_STOP_WITHIN_S = 30.0
_SOCKET_ROOM = 107 - len("/.s.PGSQL.5432")  # Linux: 108 bytes with the closing zero
_LOG_LIMIT_BYTES = 8_000_000
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


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server, ours or one that another process of this installation started.

    Attributes:
        copy: the server's files.
        data: its data directory.
        socket: folder of its socket; nobody but the owner and root can enter it.
        process: the server when we started it, else None.
    """

    copy: ServerCopy
    data: Path
    socket: Path
    process: subprocess.Popen[bytes] | None
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


def _run(command: Sequence[str], account: Account | None) -> None:
    """Run one of the server's tools to its end, as the server's account.

    Raises:
        Unavailable: it failed; the line is its own last one.
    """
    result = subprocess.run(
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if result.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name}: {_telling_line(result.stderr)}")


def _telling_line(text: str) -> str:
    """The line of a server's output that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for mark in ("PANIC:", "FATAL:", "fatal:", "could not", "error:"):
        for line in reversed(lines):
            if mark in line:
                return line[line.index(mark) :] if mark.isupper() else line
    return lines[-1] if lines else "no message"


def _reachable(folder: Path, account: Account) -> bool:
    """Whether `account` may walk down to `folder`."""
    for parent in [folder, *folder.parents]:
        mode = parent.stat()
        if not (
            mode.st_mode & 0o001
            or (mode.st_uid == account.uid and mode.st_mode & 0o100)
            or (mode.st_gid == account.gid and mode.st_mode & 0o010)
        ):
            return False
    return True


def _data_folder(state: Path, account: Account | None) -> Path:
    """Where the data lies: in the state directory, or linked from there when the account cannot reach it."""
    here = state / "database"
    if here.is_symlink() or here.exists() or account is None or _reachable(state, account):
        return here.resolve()
    root = Path("/var/lib/pingzhan")
    root.mkdir(parents=True, exist_ok=True)
    elsewhere = Path(tempfile.mkdtemp(prefix="database-", dir=root))
    elsewhere.rmdir()
    here.symlink_to(elsewhere)
    return elsewhere


def _socket_folder(data: Path, account: Account | None) -> Path:
    """A folder for the socket that only the owner can enter and whose path is short enough for the kernel."""
    if len(str(data)) <= _SOCKET_ROOM:
        return data
    owner = account.uid if account else os.geteuid()
    mark = hashlib.sha256(str(data).encode()).hexdigest()[:10]
    folder = Path(tempfile.gettempdir()) / f"pz-{owner}-{mark}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None and folder.stat().st_uid == os.geteuid():
        os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    if found.st_uid != owner or found.st_mode & 0o077:
        raise Unavailable(
            f"{folder}: wanted for the database's socket, but it belongs to another user or is open to all"
        )
    return folder


def _check_ours(data: Path, copy: ServerCopy, account: Account | None) -> None:
    owner = account.uid if account else os.geteuid()
    found = data.stat()
    if found.st_uid != owner:
        raise Refused(
            f"{data}: belongs to user {_user_name(found.st_uid)}, and the database would run as "
            f"{_user_name(owner)}; start as the user who made it, or set PINGZHAN_DATA to another directory"
        )
    try:
        made_by = (data / "PG_VERSION").read_text("utf-8").strip()
    except FileNotFoundError as fault:
        raise Refused(f"{data}: is not a database directory (no PG_VERSION); move it away") from fault
    if made_by != copy.version.split(".")[0]:
        raise Refused(f"{data}: made by PostgreSQL {made_by}, the server here is {copy.version}")


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _make_cluster(data: Path, copy: ServerCopy, account: Account | None, quick: bool) -> None:
    """Make an empty cluster beside its place and rename it when whole."""
    for leftover in data.parent.glob(f"{data.name}.making-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = data.with_name(f"{data.name}.making-{os.getpid()}")
    fresh.mkdir(mode=0o700)
    if account is not None:
        os.chown(fresh, account.uid, account.gid)
    command = [
        copy.program("initdb"),
        "-D",
        str(fresh),
        "-U",
        USER,
        "-E",
        "UTF8",
        "--locale=C",
        "--no-instructions",
    ]
    command += ["--auth-local=trust", "--auth-host=reject", *(["--no-sync"] if quick else [])]
    try:
        _run(command, account)
        fresh.rename(data)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _forget_stranger(data: Path) -> None:
    """Drop a pid file left by a power cut whose number now belongs to some other program.

    The caller holds the installation's lock, so no server of ours is meant to be up. PostgreSQL itself would
    refuse to start as long as that other program lives.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text("utf-8").split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"postgres" not in command:
        pid_file.unlink(missing_ok=True)


def _launch(server: Server, account: Account | None, options: Mapping[str, str], log: Path) -> None:
    """Start the server and wait until it answers, trying again for a while after a crash."""
    settings = {**OPTIONS, **options, "unix_socket_directories": str(server.socket)}
    if server.copy.timescale is not None:
        # No job of the Apache edition runs in the background, and its launcher would spoil template copies.
        settings |= {"shared_preload_libraries": "timescaledb", "timescaledb.max_background_workers": "0"}
    command = [server.copy.program("postgres"), "-D", str(server.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    started = time.monotonic()
    while True:
        _forget_stranger(server.data)
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            from_here = output.tell()
            server.process = subprocess.Popen(
                command,
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
        if _answers(server):
            return
        said = log.read_bytes()[from_here:].decode("utf-8", "replace")
        line = _telling_line(said)
        code = server.process.poll()
        server.process = None
        if not any(mark in said for mark in _PASSING) or time.monotonic() - started > _RETRY_FOR_S:
            raise Unavailable(f"the database did not start (exit {code}): {line} (log: {log})")
        time.sleep(0.5)


def _answers(server: Server) -> bool:
    """Wait until our server answers; False when its process has ended or the wait is over."""
    process = server.process
    assert process is not None
    until = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if _can_connect(server.dsn("postgres")):
            return True
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()
    return False


def _can_connect(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(server: Server) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        if (
            conn.execute("SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": DATABASE}).fetchone()
            is None
        ):
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def start_server(
    state: Path, *, options: Mapping[str, str] | None = None, copy: ServerCopy | None = None
) -> Server:
    """Start the installation's server, making the cluster at first.

    Args:
        state: state directory (`PINGZHAN_DATA`), made when missing.
        options: server settings beyond `OPTIONS`, such as `QUICK`.
        copy: the server's files; default the ones in the cache.

    Raises:
        Refused: the data is not ours, or another version's.
        Unavailable: it runs already, or it cannot start; the line carries the server's own reason.
    """
    account = server_account()
    copy = copy or server_copy()
    options = options or {}
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "database.lock").open("a")
    except OSError as fault:
        raise Unavailable(f"{state}: cannot be written: {fault.strerror}") from fault
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        lock.close()
        raise Unavailable(f"{state}: its database is already running, started by another process") from fault
    server = Server(copy=copy, data=state, socket=state, process=None, _lock=lock)
    try:
        server.data = _data_folder(state, account)
        if not server.data.exists():
            _make_cluster(server.data, copy, account, quick=options.get("fsync") == "off")
        _check_ours(server.data, copy, account)
        server.socket = _socket_folder(server.data, account)
        _launch(server, account, options, state / "database.log")
        _make_database(server)
    except OSError as fault:
        server.stop()
        raise Unavailable(f"{fault.filename or state}: {fault.strerror}") from fault
    except BaseException:
        server.stop()
        raise
    return server


def join_server(state: Path, copy: ServerCopy | None = None) -> Server | None:
    """The installation's server if another process has it running, else None."""
    data = (state / "database").resolve()
    if not (data / "postmaster.pid").exists():
        return None
    server = Server(
        copy=copy or server_copy(), data=data, socket=_socket_folder(data, server_account()), process=None
    )
    return server if _can_connect(server.dsn("postgres")) else None


@contextmanager
def embedded_server(state: Path, *, options: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Use the installation's server for one command: join it when it runs, else start it and stop it after."""
    server = join_server(state) or start_server(state, options=options)
    try:
        yield server
    finally:
        server.stop()
