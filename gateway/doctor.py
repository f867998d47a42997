"""`pingzhan doctor`: what is installed, what works, and the mend for what does not."""

import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from facility.clock import SystemClock
from facility.db import connect_sync, place_of
from facility.edition import read_edition
from facility.embedded import embedded_server, join_server
from facility.errors import OpsError
from facility.migrate import pending
from facility.server_copy import server_copy
from facility.settings import Settings, load_settings
from facility.site import demonstration_site, load_site
from gateway.up import PROCESSES, PortInUse, check_ports

_ROOT = Path(__file__).parent.parent
_ROOM_WANTED_BYTES = 1_000_000_000  # a month of plate pictures at 200 arrivals a day, and the database's log
_EARLIEST_SANE = datetime(2026, 1, 1, tzinfo=UTC)  # before this software was written: the clock was reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at.

    Attributes:
        subject: what was looked at.
        is_well: whether it is as it should be.
        found: what was found.
        mend: what to do; empty where all is well.
    """

    subject: str
    is_well: bool
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"subject": self.subject, "well": self.is_well, "found": self.found, "mend": self.mend}

    def __str__(self) -> str:
        """For people."""
        line = f"{'ok  ' if self.is_well else 'MEND'}  {self.subject}: {self.found}"
        return f"{line}\n        -> {self.mend}" if self.mend else line


def well(subject: str, found: str) -> Finding:
    """A finding without trouble."""
    return Finding(subject=subject, is_well=True, found=found)


def ill(subject: str, found: str, mend: str) -> Finding:
    """A finding with its mend."""
    return Finding(subject=subject, is_well=False, found=found, mend=mend)


def examine() -> list[Finding]:
    """Look at everything; without readable settings nothing else can be looked at."""
    try:
        settings = load_settings()
    except OpsError as fault:
        return [
            _python(),
            ill("settings", str(fault), "correct the value, in the environment or in pingzhan.toml"),
        ]
    looks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _machine,
        _state,
        _site,
        _server,
        _database,
        _ports,
        _models,
        _certificates,
        _clock,
    )
    return [_python(), *(finding for look in looks for finding in look(settings))]


def _python() -> Finding:
    return well("python", f"{platform.python_version()} in {sys.prefix}")


def _machine(_settings: Settings) -> Iterator[Finding]:
    cores = os.cpu_count() or 1
    yield well("machine", f"{platform.machine()}, {cores} cores, {' '.join(platform.libc_ver())}")


def _state(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        yield ill(
            "state directory",
            f"{settings.data}: cannot be written",
            "set PINGZHAN_DATA, or give this user the right",
        )
        return
    free = shutil.disk_usage(folder).free
    found = f"{settings.data}, {free / 1e9:.1f} GB free"
    if free < _ROOM_WANTED_BYTES:
        yield ill(
            "state directory", found, "make room: the database stops accepting writes when the disk is full"
        )
    else:
        yield well("state directory", found)


def _site(settings: Settings) -> Iterator[Finding]:
    try:
        site = load_site(settings.site) if settings.site else demonstration_site()
    except OpsError as fault:
        yield ill("site", str(fault), "correct the site file at that place")
        return
    yield well(
        "site", f"{settings.site or 'demonstration site'}: {len(site.bays)} bays, {len(site.evses)} EVSEs"
    )


def _server(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is not None:
        return
    try:
        copy = server_copy()
    except OpsError as fault:
        yield ill(
            "database server",
            str(fault),
            "run make setup on a supported machine, or set PINGZHAN_DATABASE_URL",
        )
        return
    if copy.timescale is None:
        found = f"PostgreSQL {copy.version}, plain: {copy.why_plain}"
    else:
        found = f"PostgreSQL {copy.version} with TimescaleDB {copy.timescale} (apache), in {copy.home.parent.parent}"
    yield well("database server", found)


def _database(settings: Settings) -> Iterator[Finding]:
    subject = "database"
    try:
        if settings.database_url is not None:
            yield from _database_at(settings.database_url, f"external, {place_of(settings.database_url)}")
        elif (settings.data / "database").exists():
            with embedded_server(settings.data) as server:
                state = "running" if server.process is None else "stopped, starts"
                yield from _database_at(server.dsn(), f"embedded, {state}")
        else:
            yield well(subject, "embedded, made at the first start")
    except OpsError as fault:
        mend = (
            "correct PINGZHAN_DATABASE_URL or start that server"
            if settings.database_url
            else "see the line above"
        )
        yield ill(subject, str(fault), mend)


def _database_at(dsn: str, how: str) -> Iterator[Finding]:
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        yield well("database", f"{how}: {read_edition(conn, install=False)}")
    missing = pending(dsn)
    if missing:
        yield ill(
            "schema", f"{len(missing)} steps to take, the first is {missing[0]}", "run pingzhan migrate"
        )
    else:
        yield well("schema", "up to date")


def _is_ours(settings: Settings) -> bool:
    """Whether the ports are taken by this installation itself."""
    if settings.database_url is None and join_server(settings.data) is not None:
        return True
    try:
        with socket.create_connection((settings.host, settings.http_port), timeout=2) as trial:
            trial.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b"alive" in trial.recv(4096)
    except OSError:
        return False


def _ports(settings: Settings) -> Iterator[Finding]:
    places = f"{settings.host}:{settings.http_port} and :{settings.ocpp_port}"
    try:
        check_ports(settings, PROCESSES)
    except PortInUse as fault:
        if _is_ours(settings):
            yield well("ports", f"{places}, in use by the running pingzhan")
        else:
            yield ill(
                "ports", str(fault), "stop that program, or set PINGZHAN_HTTP_PORT or PINGZHAN_OCPP_PORT"
            )
        return
    yield well("ports", f"{places}, free")


def _models(_settings: Settings) -> Iterator[Finding]:
    folder = _ROOT / "lpr" / "models"
    found = sorted(folder.glob("*.onnx"))
    names = ", ".join(f"{path.name} ({path.stat().st_size / 1e6:.1f} MB)" for path in found)
    if importlib.util.find_spec("onnxruntime") is None:
        yield ill("plate reader", "onnxruntime is not installed", "run make setup")
    elif found:
        yield well("plate reader", names)
    else:
        yield ill("plate reader", f"no model in {folder}", "check the project out again, whole")


def _certificates(settings: Settings) -> Iterator[Finding]:
    authority = settings.data / "tls" / "ca.pem"
    if authority.exists():
        yield well("certificates", f"own authority in {authority}")
    else:
        yield well("certificates", "none; phones in the basement need them: pingzhan tls init")


def _clock(_settings: Settings) -> Iterator[Finding]:
    now = SystemClock().now()
    try:
        here = now.astimezone(ZoneInfo("Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        yield ill("clock", "the time zone Asia/Shanghai is not known here", "apt-get install tzdata")
        return
    found = here.strftime("%Y-%m-%d %H:%M:%S Asia/Shanghai")
    if now < _EARLIEST_SANE:
        yield ill("clock", found, "set the machine's clock: fees and the legal clock depend on it")
    else:
        yield well("clock", found)
