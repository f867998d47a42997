"""A real server for the whole run, a migrated template, and a fast copy for each test that wants one."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import AsyncConnection, sql

from facility.db import Pool, full_dsn, open_pool
from facility.embedded import DATABASE, QUICK, Server, start_server
from facility.migrate import migrate

if TYPE_CHECKING:
    from facility.site import Site
    from tests.fakes import FakeClock

_numbers = itertools.count(1)
_ROOM_IN_MEMORY_BYTES = 2_000_000_000
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser_program() -> str | None:
    """Path of the system's Chromium, or None."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests with the reason where there is no Chromium."""
    if browser_program() is not None:
        return
    skip = pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def scratch() -> Path:
    """Where servers of tests keep their data: in memory where there is room, which spares the disk.

    Folders of earlier runs that were killed are cleared away.
    """
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_IN_MEMORY_BYTES
    folder = memory if has_room else Path(tempfile.gettempdir())
    for left in folder.glob("pingzhan-test-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return folder


@contextmanager
def _open_folder(scratch: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix=f"pingzhan-test-{os.getpid()}-", dir=scratch, ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def open_folder(scratch: Path) -> Iterator[Path]:
    """A folder that every account can pass through; pytest's own is closed to the one the server runs as."""
    with _open_folder(scratch) as folder:
        yield folder


@pytest.fixture(scope="module")
def module_folder(scratch: Path) -> Iterator[Path]:
    """As `open_folder`, one for all tests of a module."""
    with _open_folder(scratch) as folder:
        yield folder


@pytest.fixture(scope="session")
def server(scratch: Path) -> Iterator[Server]:
    """A server without a care for power cuts; it goes when the test run goes, however that ends."""
    with _open_folder(scratch) as state:
        started = start_server(state, options=QUICK)
        try:
            yield started
        finally:
            started.stop()


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """Name of the database that has every schema step; never connect to it while copies are being made."""
    migrate(server.dsn())
    return DATABASE


def _copy(server: Server, template: str) -> str:
    name = f"copy_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return name


def _drop(server: Server, name: str) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty_dsn(server: Server) -> Iterator[str]:
    """Address of a new database without any schema step."""
    name = _copy(server, "template1")
    yield server.dsn(name)
    _drop(server, name)


@pytest.fixture
def dsn(server: Server, template: str) -> Iterator[str]:
    """Address of a fresh copy of the migrated database: for NOTIFY, locking, several connections."""
    name = _copy(server, template)
    yield server.dsn(name)
    _drop(server, name)


@pytest.fixture(scope="session")
def shared_dsn(server: Server, template: str) -> str:
    """Address of the copy that the rolled-back connections share."""
    return server.dsn(_copy(server, template))


@pytest.fixture
async def conn(shared_dsn: str) -> AsyncIterator[AsyncConnection]:
    """A connection whose work is rolled back at the end."""
    async with await AsyncConnection.connect(full_dsn(shared_dsn)) as connection:
        yield connection
        await connection.rollback()


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """A pool on this test's own copy."""
    opened = await open_pool(dsn)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def site() -> "Site":
    """The demonstration site."""
    from facility.site import demonstration_site

    return demonstration_site()


@pytest.fixture
def clock() -> "FakeClock":
    """Stands at Monday 2026-03-02 09:00 in Shanghai and moves by hand."""
    from tests.fakes import FakeClock

    return FakeClock(datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai")))
