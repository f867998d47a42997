"""A driver's phone in a real browser: the plate's keys, the fee, paying, the receipt; also without scripts."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import driver_world
from tests.browser.garage import Garage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def garage(dsn: str) -> Iterator[Garage]:
    """The web process with two cars inside, and the simulated bank."""
    driver_world.run_apart(driver_world.fill(dsn, now=datetime.now(UTC)))
    place = Garage(dsn=dsn, settings={"PINGZHAN_DEMO": "1"})
    place.start()
    with driver_world.bank(dsn, place.port):
        yield place
    place.stop()


def phone(browser: "Browser", *, script: bool = True, language: str = "zh") -> "Page":
    context = browser.new_context(viewport=PHONE, java_script_enabled=script)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.set_extra_http_headers({"accept-language": "zh-CN" if language == "zh" else "en"})
    return page


def keep(page: "Page", name: str) -> None:
    """Keep a picture where `PINGZHAN_PICTURES` names a folder, and see that nothing is wider than the phone."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if folder := os.environ.get("PINGZHAN_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"driver-{name}.png"), full_page=True)


def tap(page: "Page", plate: str) -> None:
    for sign in plate:
        page.click(f"plate-input [data-sign='{sign}']")


def pay_by_bank(page: "Page") -> None:
    page.click("button[name=way][value=simulated]")
    page.click("section.card a.button.wide")
    page.click("button[name=act][value=pays]")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_plate_is_tapped_the_fee_read_paid_and_its_receipt_shown(
    browser: "Browser", garage: Garage, language: str
) -> None:
    page = phone(browser, language=language)
    page.goto(f"{garage.url}/?lang={language}")
    assert page.locator("plate-input .box").count() == 8
    tap(page, driver_world.PLATE)
    keep(page, f"home-{language}")
    page.click("form[action='/stay'] button.wide")
    page.wait_for_selector(".amount >> text=8.00")
    assert page.locator(".lines li.sum >> text=8.00").count() == 1
    assert "B1-050" not in page.content()
    keep(page, f"stay-{language}")
    page.click("button[name=way][value=simulated]")
    page.wait_for_selector("a.button.wide")
    keep(page, f"paying-{language}")
    page.click("section.card a.button.wide")
    keep(page, f"bank-{language}")
    page.click("button[name=act][value=pays]")
    page.wait_for_selector("a[href$='/receipt']")  # the page turns by itself once the bank has told
    keep(page, f"paid-{language}")
    page.click("a[href$='/receipt']")
    page.wait_for_selector("#receipt-title")
    assert "8.00" in page.inner_text(".lines")
    keep(page, f"receipt-{language}")


def test_the_eighth_box_takes_a_new_energy_plate_and_a_wrong_sign_is_rubbed_out(
    browser: "Browser", garage: Garage
) -> None:
    page = phone(browser)
    page.goto(garage.url)
    assert page.locator("plate-input .box.eighth.bare").count() == 1
    tap(page, "苏F")
    assert page.locator("plate-input [data-sign='港']").is_disabled()
    tap(page, "D12346")
    page.click("plate-input [data-rub]")
    tap(page, "5")
    assert page.locator("plate-input .box.eighth.bare").count() == 0
    assert page.input_value("#plate") == driver_world.NEV_PLATE
    page.click("form[action='/stay'] button.wide")
    page.wait_for_selector(".plate.green")


def test_without_scripts_the_same_is_done_by_forms(browser: "Browser", garage: Garage) -> None:
    page = phone(browser, script=False)
    page.goto(garage.url)
    assert page.locator("plate-input .box").count() == 0
    page.fill("#plate", driver_world.PLATE)
    page.click("form[action='/stay'] button.wide")
    page.wait_for_selector(".amount >> text=8.00")
    pay_by_bank(page)
    page.wait_for_selector("a[href$='/receipt']")  # by the page's own refresh
    page.click("a[href$='/receipt']")
    assert "8.00" in page.inner_text(".lines")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_car_without_a_plate_takes_its_ticket_by_phone(
    browser: "Browser", garage: Garage, language: str
) -> None:
    page = phone(browser, language=language)
    page.goto(f"{garage.url}/t/U-IN?lang={language}")
    page.click("form[action='/t/U-IN'] button")
    assert page.locator("[role=alert]").count() == 1  # nobody stands there
    driver_world.car_without_plate(garage.dsn)
    page.goto(f"{garage.url}/t/U-IN")
    keep(page, f"ticket-{language}")
    page.click("form[action='/t/U-IN'] button")
    assert page.inner_text(".amount").startswith("T")
    keep(page, f"ticket-given-{language}")
