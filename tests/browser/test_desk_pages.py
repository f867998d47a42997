"""The desk pages in a real browser: a task changed in the draft, published and compared; the outlook; the roster."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.garage import Garage
from tests.browser.walk import fill_login, prepare_run

pytestmark = [pytest.mark.browser]


def signed_in(garage: Garage, browser: Browser, width: int = 1440) -> tuple[Page, list[str]]:
    """A page of the commander's, and what goes wrong on it."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto(f"{garage.url}/drill/")
    fill_login(page, "sun")
    page.wait_for_selector("[data-tab=todo]")
    return page, faults


def test_a_plan_is_changed_published_and_compared_and_a_run_is_foreseen(
    garage: Garage, browser: Browser
) -> None:
    prepare_run(garage, profile="skills")
    page, faults = signed_in(garage, browser)
    page.goto(f"{garage.url}/drill/plan")
    page.click("[data-plan-task=E01] .plantaskhead")
    page.fill("[data-form=task] [name=likely]", "33")
    page.click("[data-act=save-task]")
    page.wait_for_selector("[data-plan-task=E01] .plantaskhead:has-text('10 / 33 / 40')")
    page.click("[data-tab=versions]")
    page.fill("[data-form=publish] input", "演练改进")
    page.click("[data-form=publish] button")
    page.wait_for_selector("[data-version-row='2']")
    page.click("[data-act=compare]")
    row = page.wait_for_selector("[data-difference='tasks/E01/spread']")
    assert row is not None and "likely_min: 33" in row.inner_text()

    page.goto(f"{garage.url}/drill/command")
    page.click("[data-tab=outlook]")
    page.wait_for_selector("[data-live-finish]", timeout=30_000)
    page.wait_for_selector("[data-percentile=p95]", timeout=60_000)
    assert page.locator("[data-makespan]").count() == 1

    page.goto(f"{garage.url}/drill/roster")
    card = page.locator("[data-member='张组长']")
    card.locator("[name=crew]").select_option("LOG")
    card.locator("[name=leader]").check()
    card.locator("[data-act=place]").click()
    page.wait_for_function("() => document.querySelector('.toast')")
    page.reload()
    page.wait_for_selector("[data-member='张组长']")
    assert card.locator("[name=crew]").input_value() == "LOG"
    assert card.locator("[name=leader]").is_checked()
    page.goto(f"{garage.url}/drill/compared")
    page.wait_for_selector("[data-compared]")
    assert faults == []
