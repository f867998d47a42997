"""A real browser on a real server. Skipped, with the reason, where the system has no Chromium."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.garage import Garage
from tests.conftest import browser_program

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser_command() -> tuple[str, list[str]]:
    """The browser and how to start it: without its sandbox as root, which Chromium demands."""
    program = browser_program()
    assert program is not None, "tests that want a browser carry the marker browser"
    return program, ["--no-sandbox"] if os.geteuid() == 0 else []


@pytest.fixture
def browser(browser_command: tuple[str, list[str]]) -> Iterator["Browser"]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    path, arguments = browser_command
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture
def garage(dsn: str) -> Iterator[Garage]:
    """The web process on a database of this test's own, with people."""
    place = Garage(dsn=dsn)
    place.people()
    place.start()
    yield place
    place.stop()
