"""The operators' charger pages in a real browser: live without a reload, an order by form, a phone's width."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from facility.clock import SystemClock
from facility.db import open_pool, unit_of_work
from facility.fact_store import write_fact
from tests.browser.garage import SECRET, Garage

pytestmark = [pytest.mark.browser]


def put_charger(dsn: str) -> None:
    """One connected charger whose connector is free."""
    with psycopg.connect(dsn) as conn:
        conn.execute(
            """
            insert into charging.charger
                (identity, registered_at, socket, connected_at, last_seen_at, protocol, firmware)
            values ('NT-E01', now(), gen_random_uuid(), now(), now(), 'ocpp1.6', '1.2.3')
            """
        )
        conn.execute(
            """
            insert into charging.connector (charger_id, evse_no, evse_id, status, status_at)
            select id, 1, 'E01', 'Available', now() from charging.charger
            """
        )


async def begin_to_charge(dsn: str) -> None:
    """The connector's status changes, as the charging process writes it."""
    pool = await open_pool(dsn)
    async with unit_of_work(pool) as conn:
        await conn.execute("update charging.connector set status = 'Charging'")
        await write_fact(conn, "evse.changed", "E01", {"status": "Charging"}, now=SystemClock().now())
    await pool.close()


def signed_in(garage: Garage, browser: Browser, width: int) -> tuple[Page, list[str]]:
    """A manager's page, and what goes wrong on it."""
    page = browser.new_context(viewport={"width": width, "height": 900}, locale="zh-CN").new_page()
    faults: list[str] = []
    page.goto(f"{garage.url}/chargers/")
    page.fill("#login", "sun")
    page.fill("#password", SECRET)
    page.click("button")
    page.wait_for_selector("#chargers")
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    return page, faults


def test_the_list_moves_by_itself_and_an_order_is_sent_by_form(garage: Garage, browser: Browser) -> None:
    put_charger(garage.dsn)
    page, faults = signed_in(garage, browser, 1440)
    page.wait_for_selector("[data-charger=NT-E01][data-group=free]")
    page.wait_for_selector("#age.fresh")
    page.evaluate("window.sameDocument = true")
    with ThreadPoolExecutor() as elsewhere:  # the browser's driver has this thread's loop
        elsewhere.submit(asyncio.run, begin_to_charge(garage.dsn)).result()
    page.wait_for_selector("[data-charger=NT-E01][data-group=charging]", timeout=10_000)
    assert page.evaluate("window.sameDocument") is True

    page.click("[data-charger=NT-E01] a")
    page.click(".tabs a:has-text('指令')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.select_option("#form-reset select", "Hard")
    page.click("#form-reset button")
    page.wait_for_selector("[data-order=Reset][data-state=queued]")
    with psycopg.connect(garage.dsn) as conn:
        rows = conn.execute("select payload, requested_by from charging.charger_order").fetchall()
    assert rows == [({"type": "Hard"}, "孙指挥")]
    assert faults == []


def test_every_tab_fits_a_phone_in_both_languages(garage: Garage, browser: Browser) -> None:
    put_charger(garage.dsn)
    page, faults = signed_in(garage, browser, 360)
    for language in ("zh", "en"):
        for address in ("", *(f"NT-E01?tab={tab}" for tab in ("overview", "orders", "trace", "device"))):
            page.goto(f"{garage.url}/chargers/{address}{'&' if '?' in address else '?'}lang={language}")
            page.wait_for_selector("#now")
            too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, (address, language, too_wide)
    assert faults == []
