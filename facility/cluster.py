"""The files of one database cluster: where they lie, whose they are, how they are first made."""

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from facility.errors import Refused, Unavailable
from facility.server_copy import Account, ServerCopy

USER = "pingzhan"
_ELSEWHERE = Path("/var/lib/pingzhan")  # for data of an installation that the server's account cannot reach
_SOCKET_ROOM = 107 - len("/.s.PGSQL.5432")  # Linux: 108 bytes with the closing zero


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
        raise Unavailable(f"{Path(command[0]).name}: {telling_line(result.stderr)}")


def telling_line(text: str) -> str:
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


def data_folder(state: Path, account: Account | None) -> Path:
    """Where the data lies: in the state directory, or linked from there when the account cannot reach it."""
    here = state / "database"
    if here.is_symlink() and not here.exists():
        raise Refused(
            f"{here}: leads to {here.resolve()}, which is gone; bring it back, or remove the link to begin anew"
        )
    if here.exists() or account is None or _reachable(state, account):
        return here.resolve()
    _ELSEWHERE.mkdir(parents=True, exist_ok=True)
    return _ELSEWHERE / f"database-{secrets.token_hex(4)}"


def link_data(state: Path, data: Path) -> None:
    """Leave a link in the state directory to data that lies elsewhere, once the data is there."""
    if data.parent != state.resolve():
        (state / "database").symlink_to(data)


def socket_folder(data: Path, account: Account | None) -> Path:
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


def check_ours(data: Path, copy: ServerCopy, account: Account | None) -> None:
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


def make_cluster(data: Path, copy: ServerCopy, account: Account | None, quick: bool) -> None:
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


def forget_stranger(data: Path) -> None:
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
