"""The managers' screens in a real browser: live, honest about their age, whole on a phone, acting through routes."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from dashboard.figures.bays import BayState, look_of
from facility.layout import Site
from tests.dashboard import garage, war

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
SCREENS = ("", "occupancy", "charging", "conversion", "depot", "reports", "wall")


@pytest.fixture
def address(dsn: str, site: Site) -> Iterator[str]:
    """A garage with cars in it and a drill under way."""
    now = datetime.now(UTC)
    with psycopg.connect(dsn) as conn:
        garage.fill(conn, site, now, days=1)
        war.fill(conn, site, now)
    with garage.serving(dsn, site) as url:
        yield url


def open_page(
    browser: "Browser",
    address: str,
    path: str,
    *,
    language: str = "zh",
    theme: str = "light",
    wide: int = 1440,
) -> "Page":
    context = browser.new_context(viewport={"width": wide, "height": 900})
    context.set_default_timeout(60_000)
    assert context.request.post(
        f"{address}/api/v1/session", data={"login": "li", "password": garage.PASSWORD}
    ).ok
    context.add_cookies(
        [
            {"name": "lang", "value": language, "url": address},
            {"name": "theme", "value": theme, "url": address},
        ]
    )
    page = context.new_page()
    page.goto(f"{address}/ops/{path}")
    return page


def tell(dsn: str, bay: str, *, occupied: bool) -> None:
    """A sensor's report, as the parking package keeps it."""
    with psycopg.connect(dsn) as conn:
        conn.execute("update parking.bay_state set is_occupied = %s where bay_id = %s", (occupied, bay))
        row = conn.execute(
            """
            insert into facility.fact (at, kind, subject, detail)
            values (now(), 'bay.changed', %s, jsonb_build_object('occupied', %s::boolean)) returning id
            """,
            (bay, occupied),
        ).fetchone()
        assert row
        conn.execute("select pg_notify('fact', %s)", (str(row[0]),))


def test_the_open_map_follows_the_bays_and_tells_what_a_place_is_made_of(
    browser: "Browser", address: str, dsn: str
) -> None:
    page = open_page(browser, address, "")
    page.wait_for_selector("#plan [data-bay='B1-050']")
    page.wait_for_selector("[data-age=live]:not(.is-stale)")
    for occupied, look in ((True, "taken"), (False, "free"), (True, "taken")):
        tell(dsn, "B1-050", occupied=occupied)
        page.wait_for_selector(f"#plan .bay.{look}[data-bay='B1-050'] use[href='#glyph-{look}']")
    page.click(".level[data-level=L3]")
    page.wait_for_selector("#plan [data-bay='L3-001']")
    page.click("#plan [data-bay='L3-001']")
    page.wait_for_selector(".picked-card >> text=L3-001")


def test_the_screens_grey_out_without_the_server_and_come_back_with_it(
    browser: "Browser", dsn: str, site: Site
) -> None:
    with psycopg.connect(dsn) as conn:
        garage.fill(conn, site, datetime.now(UTC), days=1)
    port = garage.free_port()
    with garage.serving(dsn, site, port=port) as url:
        page = open_page(browser, url, "")
        page.wait_for_selector("[data-age=live]:not(.is-stale)")
        page.wait_for_selector("#plan [data-bay='B1-050']")
    page.wait_for_selector("html.live-stale", state="attached")
    # The greying is a transition, so its first moment still shows the full colour.
    page.wait_for_function(
        "() => Number(getComputedStyle(document.querySelector('.plan-frame')).opacity) < 1"
    )
    tell(dsn, "B1-050", occupied=False)
    with garage.serving(dsn, site, port=port, is_first=False):
        page.wait_for_selector("html:not(.live-stale)", state="attached")
        tell(dsn, "B1-050", occupied=True)
        page.wait_for_selector("#plan .bay.taken[data-bay='B1-050']")


def test_the_script_and_the_drawing_agree_on_every_look(browser: "Browser", address: str) -> None:
    page = open_page(browser, address, "")
    page.wait_for_function("() => !!window.pingzhanLookOf")
    uses = ("parking", "clearing", "clear", "storage")
    statuses = ("", "Available", "Charging", "SuspendedEV", "Finishing", "Faulted", "Unavailable", "Odd")
    for occupied, use, has_evse, status in itertools.product(
        (None, True, False), uses, (True, False), statuses
    ):
        state = BayState(bay_id="b", occupied=occupied, use=use, has_evse=has_evse, evse=status or None)
        dataset = {
            "occupied": "" if occupied is None else str(int(occupied)),
            "use": use,
            "status": status.lower(),
            **({"evse": "E01"} if has_evse else {}),
        }
        assert page.evaluate("data => pingzhanLookOf({dataset: data})", dataset) == look_of(state), dataset


@pytest.mark.parametrize(
    ("wide", "language", "theme"), [(390, "zh", "light"), (390, "en", "dark"), (1440, "en", "light")]
)
def test_every_screen_fits_and_nothing_is_logged_as_an_error(
    browser: "Browser", address: str, wide: int, language: str, theme: str
) -> None:
    page = open_page(browser, address, "", language=language, theme=theme, wide=wide)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    for screen in SCREENS:
        page.goto(f"{address}/ops/{screen}")
        page.wait_for_selector("#screen > *")
        page.wait_for_function("() => document.querySelector('#screen').innerText.trim().length > 20")
        assert page.evaluate("document.documentElement.scrollWidth") <= wide, screen
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate("document.documentElement.lang") == ("en" if language == "en" else "zh-CN")
    assert troubles == []
    assert hosts == {address.split("/")[2]}


def test_an_alarm_is_acknowledged_through_the_gateways_route(
    browser: "Browser", address: str, dsn: str
) -> None:
    page = open_page(browser, address, "")
    page.click(".alarm.critical button")
    page.wait_for_selector(".alarm.critical.seen >> text=李强")
    with psycopg.connect(dsn) as conn:
        who = conn.execute(
            "select acknowledged_by from facility.alarm where severity = 'critical'"
        ).fetchone()
    assert who == ("李强",)


def test_the_big_screen_shows_both_clocks_running(browser: "Browser", address: str) -> None:
    page = open_page(browser, address, "wall", wide=1920)
    page.wait_for_selector(".wall .gantt .task.holding")
    legal = ".clock-block.legal .clock"
    before = page.inner_text(legal)
    page.wait_for_function(
        "([where, was]) => document.querySelector(where).textContent !== was", arg=[legal, before]
    )
    left = page.inner_text(legal).split(":")
    assert 60 < int(left[0]) < 72  # of 72 hours, an hour has gone
    assert page.inner_text(".drill-time .clock").startswith("01:0")
