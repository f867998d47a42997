"""A real browser on a real server. Skipped, with the reason, where the system has no Chromium."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.garage import Garage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this system"))


@pytest.fixture(scope="session")
def browser_command() -> tuple[str, list[str]]:
    """The browser and how to start it: without its sandbox as root, which Chromium demands."""
    assert CHROMIUM is not None
    return CHROMIUM, ["--no-sandbox"] if os.geteuid() == 0 else []


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
