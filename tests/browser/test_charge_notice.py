"""A driver who asked for it is told that the charge stopped, costs an idle fee, or ended, while the page is open."""

import json
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.garage import Garage

pytestmark = [pytest.mark.browser]

KEEP_NOTICES = """
    ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
        const shown = JSON.parse(localStorage.getItem('shown') || '[]');
        localStorage.setItem('shown', JSON.stringify([...shown, [title, options.body]]));
    };
"""


def begin_charge(dsn: str) -> None:
    """A connected charger with this driver's charge running."""
    with psycopg.connect(dsn) as conn:
        conn.execute(
            """
            with made as (
                insert into charging.charger (identity, registered_at, socket, connected_at, last_seen_at, protocol)
                values ('NT-E01', now(), gen_random_uuid(), now(), now(), 'ocpp1.6') returning id
            ), plugged as (
                insert into charging.connector (charger_id, evse_no, evse_id, status, status_at)
                select id, 1, 'E01', 'Charging', now() from made
            )
            insert into charging.transaction
                (charger_id, evse_no, id_tag, token, state, started_at, started_raw, start_received_at, meter_start_wh,
                 last_sign_at, energy_tariff_id)
            select id, 1, 'QDRIVER', 'QDRIVER', 'running', now() - interval '2 hours', '', now(), 0, now(),
                   (select min(id) from charging.energy_tariff)
            from made
            """
        )


def change(dsn: str, statement: bytes) -> None:
    """Change the charge as the charging process would."""
    with psycopg.connect(dsn) as conn:
        conn.execute(statement)


def driver_page(garage: Garage, browser: Browser, permissions: list[str]) -> Page:
    """The driver's own page of E01."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    context.grant_permissions(permissions, origin=garage.url)
    context.add_cookies([{"name": "charge", "value": "QDRIVER", "url": garage.url}])
    context.add_init_script(KEEP_NOTICES)
    page = context.new_page()
    page.goto(f"{garage.url}/c/E01")
    page.wait_for_selector("[data-moment=charging]")
    return page


def shown(page: Page) -> list[list[str]]:
    """Notifications shown so far: title and text."""
    kept: Any = page.evaluate("localStorage.getItem('shown')")
    return json.loads(kept or "[]")  # type: ignore[no-any-return]


def test_the_driver_is_told_of_each_change_once(garage: Garage, browser: Browser) -> None:
    begin_charge(garage.dsn)
    page = driver_page(garage, browser, ["notifications"])
    page.click("#notify button")
    page.wait_for_selector("#notify p:not([hidden])")
    assert "已开启" in page.inner_text("#notify p")
    change(garage.dsn, b"update charging.transaction set state = 'suspended', charging_ended_at = now()")
    page.wait_for_selector("[data-moment=suspended]")
    change(garage.dsn, b"update charging.transaction set charging_ended_at = now() - interval '45 minutes'")
    page.wait_for_selector("[data-moment=idle]")
    page.wait_for_function("() => JSON.parse(localStorage.getItem('shown') || '[]').length === 2")
    change(
        garage.dsn,
        b"update charging.transaction set state = 'ended', stopped_at = now(), unplugged_at = now(), "
        b"delivered_wh = 0, charging_ended_at = now()",
    )
    page.wait_for_selector("[data-moment=done]")
    page.wait_for_function("() => JSON.parse(localStorage.getItem('shown') || '[]').length === 3")
    page.reload()
    page.wait_for_selector("[data-moment=done]")
    titles = [title for title, _ in shown(page)]
    assert titles == ["车辆已停止取电，请及时驶离", "占位费开始计收", "充电已结束"]
    assert all("E01" in body and "kWh" in body for _, body in shown(page))


def test_who_did_not_ask_is_not_told(garage: Garage, browser: Browser) -> None:
    begin_charge(garage.dsn)
    page = driver_page(garage, browser, ["notifications"])
    change(garage.dsn, b"update charging.transaction set state = 'suspended', charging_ended_at = now()")
    page.wait_for_selector("[data-moment=suspended]")
    assert shown(page) == []
    assert page.is_visible("#notify button")
