"""The whole product as its user starts it: `pingzhan up` in a folder and on ports of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import cv2
import httpx
import psycopg

from facility.embedded import join_server
from lpr.demo import render_gate_picture

ROOT = Path(__file__).parents[2]
PASSWORD = "a password for tests"
READY_WITHIN_S = 120.0
T = TypeVar("T")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(look: Callable[[], T | None], what: str, within_s: float = 30.0) -> T:
    """Look again and again until there is something to see; a wait with an end, not a sleep."""
    end = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < end, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


class House:
    """One running installation."""

    def __init__(self, folder: Path, *, demo: bool = False) -> None:
        self.folder = folder
        self.data = folder / "state"
        self.http_port, self.ocpp_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.demo = demo
        self.process: subprocess.Popen[str] | None = None
        self.printed: list[str] = []

    def environment(self) -> dict[str, str]:
        """This test's environment with the house's settings."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PINGZHAN_")}
        return kept | {
            "PINGZHAN_DATA": str(self.data),
            "PINGZHAN_HTTP_PORT": str(self.http_port),
            "PINGZHAN_OCPP_PORT": str(self.ocpp_port),
            "PINGZHAN_DEMO": "1" if self.demo else "0",
            "PINGZHAN_ADMIN_PASSWORD": PASSWORD,
            "PYTHONUNBUFFERED": "1",
        }

    def start(self) -> None:
        """Start it and wait for the line that begins with `ready`."""
        errors = (self.folder / "stderr.txt").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "up"],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        errors.close()
        assert self.process.stdout is not None
        self.printed = []
        end = time.monotonic() + READY_WITHIN_S
        for line in self.process.stdout:
            self.printed.append(line)
            if line.startswith("ready"):
                return
            assert time.monotonic() < end, "not ready in time"
        raise AssertionError("it ended before it was ready:\n" + self.errors()[-2000:])

    def errors(self) -> str:
        """What it said to standard error."""
        return (self.folder / "stderr.txt").read_text("utf-8")

    def stop(self) -> int:
        """Ctrl-C, as a person would; returns the exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def ready(self) -> dict[str, Any]:
        """What `/readyz` says of every component; empty while nothing answers."""
        try:
            answer: dict[str, Any] = httpx.get(f"{self.url}/readyz", timeout=5).json()
        except (httpx.HTTPError, json.JSONDecodeError):
            return {}
        return answer

    def pid(self, name: str) -> int:
        """The process id of one component."""
        return int(self.ready()["components"][name]["pid"])

    def kill(self, name: str) -> None:
        """`kill -9` one component, and wait until another process has taken its place."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)

        def replaced() -> bool:
            state = self.ready()
            return bool(state.get("ready")) and state["components"][name]["pid"] != before

        eventually(replaced, f"{name} started again after kill -9", 60)

    def kill_database(self) -> None:
        """`kill -9` the database's first process, and wait until the house is ready again."""
        pid_file = self.data / "database" / "postmaster.pid"

        def pid() -> int:
            try:
                return int(pid_file.read_text().split()[0])
            except (FileNotFoundError, IndexError):
                return 0

        killed = pid()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: pid() not in (0, killed), "another database server took its place", 60)
        eventually(lambda: self.ready().get("ready"), "the house is ready again", 90)

    def rows(self, statement: LiteralString, **values: Any) -> list[tuple[Any, ...]]:
        """What the database holds, read past the product."""
        server = join_server(self.data)
        assert server is not None, "the database is not running"
        with psycopg.connect(server.dsn()) as conn:
            return conn.execute(statement, values).fetchall()

    def show(self, lane: str, plate: str, *, seed: int = 1, name: str | None = None) -> None:
        """A car stands before the camera of a lane: its picture appears in the camera's folder."""
        folder = self.data / "cameras" / f"cam-{lane}"
        folder.mkdir(parents=True, exist_ok=True)
        good, octets = cv2.imencode(
            ".jpg", render_gate_picture(plate, "green" if len(plate) == 8 else "blue", seed)
        )
        assert good
        part = folder / f".{plate}-{seed}.part"
        part.write_bytes(octets.tobytes())
        part.rename(folder / (name or f"{lane}-{seed}.jpg"))

    @contextmanager
    def signed_in(self, login: str = "admin", password: str = PASSWORD) -> Iterator[httpx.Client]:
        """A client with a session."""
        with httpx.Client(base_url=self.url, timeout=20) as client:
            answer = client.post("/api/v1/session", json={"login": login, "password": password})
            assert answer.status_code == 200, answer.text
            yield client

    def add_person(self, login: str, name: str, *roles: str) -> None:
        """Add a person who signs in with `PASSWORD`."""
        with self.signed_in() as admin:
            body = {"login": login, "name": name, "roles": list(roles), "password": PASSWORD}
            answer = admin.post("/api/v1/people", json=body)
            assert answer.status_code in (201, 409), answer.text
