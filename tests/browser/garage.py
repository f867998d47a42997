"""A garage for a browser: the real web process in a process of its own, which can be stopped and started again."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from facility.db import open_pool, unit_of_work
from gateway.staff.people import add_person

SECRET = "a long password 9"
PEOPLE = {
    "sun": ("孙指挥", ["commander", "manager", "crew"]),
    "zhang": ("张组长", ["crew"]),
    "li": ("李副手", ["crew"]),
    "zhou": ("周评估", ["evaluator", "crew"]),
}


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


async def _add_people(dsn: str) -> None:
    pool = await open_pool(dsn)
    try:
        async with unit_of_work(pool) as conn:
            for login, (name, roles) in PEOPLE.items():
                await add_person(
                    conn, login=login, name=name, roles=roles, password=SECRET, now=datetime.now(UTC)
                )
    finally:
        await pool.close()


@dataclass(slots=True, kw_only=True)
class Garage:
    """The web process on a database, and where it answers."""

    dsn: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    work: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """This test's environment with the garage's settings."""
        return {
            **os.environ,
            "PINGZHAN_DATABASE_URL": self.dsn,
            "PINGZHAN_HTTP_PORT": str(self.port),
            "PINGZHAN_DEMO": "0",
            **self.settings,
        }

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def people(self) -> None:
        """Add the people who work here."""
        asyncio.run(_add_people(self.dsn))

    def start(self) -> None:
        """Start the web process and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "process", "web"],
            env=self.environment(),
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the web process did not answer within 90 s")

    def start_work(self) -> None:
        """Start the process whose loops move what falls due by the clock."""
        self.work = subprocess.Popen(
            [sys.executable, "-m", "gateway", "process", "work"],
            env=self.environment(),
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """Stop everything as a power cut does."""
        if self.work is not None:
            self.work.kill()
            self.work.wait()
            self.work = None
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @contextmanager
    def client(self, login: str) -> Iterator[httpx.Client]:
        """A signed-in client."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            reply = client.post("/api/v1/session", json={"login": login, "password": SECRET})
            assert reply.status_code in (200, 204), reply.text
            yield client
