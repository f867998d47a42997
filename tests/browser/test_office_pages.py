"""The office in a real browser: a person added by the form, what a refusal says, a button of a row."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.garage import SECRET, Garage

pytestmark = [pytest.mark.browser]


def open_page(browser: Browser, garage: Garage, name: str) -> Page:
    page = browser.new_context(locale="en-US", viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{garage.url}/login?next=/office/{name}")
    page.fill("#login", "sun")
    page.fill("#password", SECRET)
    page.click("button")
    page.wait_for_selector("h1")
    return page


def test_a_manager_adds_a_person_and_shuts_the_person_out_and_a_refusal_names_the_place(
    garage: Garage, browser: Browser
) -> None:
    page = open_page(browser, garage, "people")
    form = page.locator("form[data-path='/api/v1/people']")
    form.locator("[name=name]").fill("He Jun")
    form.locator("[name=login]").fill("He Jun")
    form.locator("[name=password]").fill("long enough")
    form.locator("[value=attendant]").check()
    form.locator(".send button").click()
    refused = form.locator("[role=alert]")
    refused.wait_for()
    assert refused.inner_text().startswith("login:")
    form.locator("[name=login]").fill("hejun")
    form.locator(".send button").click()
    page.wait_for_selector("#done:not([hidden])")
    row = page.locator("tbody tr", has_text="hejun")
    assert "Attendant" in row.inner_text() and "May sign in" in row.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.on("dialog", lambda asked: asked.accept())
    row.locator("button").click()
    page.locator("tbody tr", has_text="hejun").locator("text=Let in").wait_for()


def test_a_contradictory_price_list_is_refused_with_every_place_and_a_sound_one_is_kept(
    garage: Garage, browser: Browser
) -> None:
    page = open_page(browser, garage, "prices")
    form = page.locator("form[data-path='/api/v1/price-lists']")
    form.locator("[name=name]").fill("summer")
    for document, said in (
        ('{"unit_minutes": 30', "Cannot be read"),
        ('{"unit_minutes": 0, "price_per_unit": -1}', "unit_minutes"),
    ):
        form.locator("[name=document]").fill(document)
        form.locator(".send button").click()
        page.wait_for_function(
            "said => document.querySelector('form [role=alert]:not([hidden])')?.textContent.includes(said)",
            arg=said,
        )
    assert "price_per_unit" in form.locator("[role=alert]").inner_text()
    form.locator("[name=document]").fill('{"unit_minutes": 30, "price_per_unit": 2}')
    form.locator(".send button").click()
    page.wait_for_selector("#done:not([hidden])")
    assert "To come" in page.locator("tbody tr").first.inner_text()
