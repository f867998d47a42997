"""`pingzhan up`: the database, the schema, the first manager, every process, and then the line `ready`."""

import asyncio
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from facility.clock import Clock, SystemClock
from facility.db import connect_sync, full_dsn
from facility.edition import read_edition
from facility.embedded import Server, start_server
from facility.errors import Unavailable
from facility.logs import set_up_logs
from facility.migrate import migrate
from facility.settings import Settings, inherited_environment
from facility.site import load_site
from gateway.first_start import credential_lines, prepare
from gateway.readiness import unready_parts
from gateway.supervisor import Supervisor

PROCESSES = ("web", "work", "charging", "lpr")
SIMULATOR = "simulator"
_READY_WITHIN_S = 300.0
_REMIND_EVERY_S = 15.0


class PortInUse(Unavailable):
    """Another program listens where one of our processes is to listen."""

    code = "port.in_use"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_up(settings: Settings, names: Sequence[str]) -> int:
    """Start everything and keep it up until SIGINT or SIGTERM.

    Returns:
        0 after an orderly stop.

    Raises:
        OpsError: it cannot start; one line says what and where.
    """
    set_up_logs("up")
    clock = SystemClock()
    began_s = clock.monotonic()
    load_site(settings.site)  # a broken one is told before anything starts
    with _database(settings) as (dsn, server):
        check_ports(settings, names)
        for step in migrate(dsn):
            _say(f"schema step {step}")
        for line in credential_lines(asyncio.run(prepare(settings, dsn, clock))):
            _print(line)
        supervisor = Supervisor(
            [*names, *simulated(settings, names)],
            server=server,
            environment={**inherited_environment(), "PINGZHAN_DATABASE_URL": dsn},
            logs=_logs_folder(settings),
            clock=clock,
            say=_say,
        )
        supervisor.hear_signals()
        try:
            _until_ready(supervisor, settings, dsn, clock)
            if not supervisor.is_told_to_stop:
                for line in address_table(settings, names, _edition(dsn)):
                    _print(line)
                _print(f"ready after {clock.monotonic() - began_s:.1f} s; Ctrl-C stops everything")
                supervisor.has_been_ready = True
            while not supervisor.is_told_to_stop:
                supervisor.wait()
                if not supervisor.is_told_to_stop:
                    supervisor.look()
        finally:
            _say("stopping")
            supervisor.stop()
    return 0


def simulated(settings: Settings, names: Sequence[str]) -> list[str]:
    """The demonstration's own process: simulated chargers, where a real central system is there to hear them."""
    return [SIMULATOR] if settings.demo and "charging" in names else []


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[str, Server | None]]:
    if settings.database_url is not None:
        full_dsn(settings.database_url)
        yield settings.database_url, None
        return
    server = start_server(settings.data)
    try:
        yield server.dsn(), server
    finally:
        server.stop()


def check_ports(settings: Settings, names: Sequence[str]) -> None:
    """See that the ports of the processes to start are free.

    Raises:
        PortInUse: names the port, the setting that moves it, and what the system says.
    """
    wanted = {
        "web": ("PINGZHAN_HTTP_PORT", settings.http_port),
        "charging": ("PINGZHAN_OCPP_PORT", settings.ocpp_port),
    }
    for name, (setting, port) in wanted.items():
        if name not in names:
            continue
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        try:
            with socket.socket(family) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((settings.host, port))
        except OSError as fault:
            raise PortInUse(
                f"port {port} on {settings.host} cannot be opened for {name}: {fault.strerror}; "
                f"stop the other program or set {setting}"
            ) from fault


def _logs_folder(settings: Settings) -> Path:
    folder = settings.data / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Unavailable(f"{folder}: cannot be made: {fault.strerror}") from fault
    return folder


def _edition(dsn: str) -> str:
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        return str(read_edition(conn, install=False))


def _until_ready(supervisor: Supervisor, settings: Settings, dsn: str, clock: Clock) -> None:
    began_s = reminded_s = clock.monotonic()
    while not supervisor.is_told_to_stop:
        supervisor.look()
        pids = {
            name: pid for name, pid in supervisor.pids().items() if name != SIMULATOR
        }  # it has no heartbeat
        unready = unready_parts(settings, dsn, pids, clock.now())
        missing = [child.name for child in supervisor.children if child.process is None]
        if not unready and not missing:
            return
        now_s = clock.monotonic()
        waiting_for = ", ".join([*unready, *missing])
        if now_s - began_s > _READY_WITHIN_S:
            raise Unavailable(
                f"not ready after {_READY_WITHIN_S:.0f} s: {waiting_for} (logs: {settings.data / 'logs'})"
            )
        if now_s - reminded_s > _REMIND_EVERY_S:
            reminded_s = now_s
            _say(f"waiting for {waiting_for}")
        supervisor.wait(0.2)


def address_table(settings: Settings, names: Sequence[str], edition: str) -> list[str]:
    """Where everything is found, one line each."""
    rows: list[tuple[str, str]] = []
    if "web" in names:
        pages = [
            ("drivers", "/"),
            ("a charger's page (QR code)", "/c/E01"),
            ("managers", "/ops/"),
            ("big screen", "/ops/wall"),
            ("conversion checklist", "/drill/"),
            ("API description", "/api/docs"),
            ("health", "/readyz"),
        ]
        rows += [(what, settings.http_url + path) for what, path in pages]
    if "charging" in names:
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
        rows.append(("chargers (OCPP)", f"ws://{host}:{settings.ocpp_port}/ocpp/<identity>"))
    rows += [("database", edition), ("state", str(settings.data)), ("logs", str(settings.data / "logs"))]
    width = max(len(what) for what, _ in rows)
    return [f"  {what.ljust(width)}  {where}" for what, where in rows]
