"""Sign-offs below ground: the server stopped, the page reloaded, the browser killed, replies lost, two tabs."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, sync_playwright

from tests.browser.garage import Garage
from tests.browser.walk import (
    API,
    fill_login,
    prepare_run,
    sign,
    sign_in,
    wait_count,
    wait_ready_offline,
)

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "locale": "zh-CN"}


def arrived(garage: Garage, run: str) -> list[dict[str, Any]]:
    with garage.client("sun") as client:
        rows: list[dict[str, Any]] = client.get(f"{API}/runs/{run}/entries").json()
    return sorted(rows, key=lambda row: (row["device_id"], row["sequence"]))


def states(garage: Garage, run: str) -> dict[str, str]:
    with garage.client("sun") as client:
        return {task["code"]: task["state"] for task in client.get(f"{API}/runs/{run}").json()["tasks"]}


def opened(playwright: Playwright, command: tuple[str, list[str]], folder: Path) -> BrowserContext:
    path, arguments = command
    return playwright.chromium.launch_persistent_context(
        str(folder), executable_path=path, args=arguments, **PHONE
    )


def test_signatures_made_with_the_server_stopped_survive_reload_and_a_killed_browser(
    garage: Garage, browser_command: tuple[str, list[str]], tmp_path: Path
) -> None:
    run = prepare_run(garage)
    with sync_playwright() as playwright:
        phone = opened(playwright, browser_command, tmp_path)
        page = phone.pages[0]
        sign_in(page, garage, "sun")
        wait_ready_offline(page)
        garage.stop()
        page.reload()
        page.wait_for_selector("[data-link=offline]")
        sign(page, "E01", "report", "sun")
        sign(page, "E01", "second", "li")
        wait_count(page, "waiting", 2)
        page.reload()
        wait_count(page, "waiting", 2)
        _kill(phone)
        phone = opened(playwright, browser_command, tmp_path)
        page = phone.pages[0]
        page.goto(f"{garage.url}/drill/")
        wait_count(page, "waiting", 2)
        page.click("[data-tab=record]")
        assert page.locator("[data-fate=waiting]").count() == 2
        garage.start()
        page.click(".send")
        page.wait_for_selector("[data-link=signin], [data-link=online]")
        if page.locator("[data-form=login]").count():  # the killed browser had not written its cookie yet
            fill_login(page, "sun")
        wait_count(page, "waiting", 0)
        wait_count(page, "sent", 2)
        assert page.locator("[data-fate=accepted]").count() == 2
        phone.close()
    rows = arrived(garage, run)
    assert [(row["sequence"], row["act"], row["outcome"]) for row in rows] == [
        (1, "report", "accepted"),
        (2, "second", "accepted"),
    ]
    assert states(garage, run)["E01"] == "done"
    assert states(garage, run)["E02"] == "ready"


def _kill(phone: BrowserContext) -> None:
    """End the browser as the system does when it is short of memory: every process at once."""
    cdp = phone.new_cdp_session(phone.pages[0])
    try:
        cdp.send("Browser.crash")
    except Exception as fault:  # the browser is gone, which is what was asked for
        assert "closed" in str(fault).lower() or "crash" in str(fault).lower(), fault


def test_lost_replies_and_a_second_try_leave_every_signature_once(garage: Garage, browser: Browser) -> None:
    run = prepare_run(garage)
    page = browser.new_context(**PHONE).new_page()
    sign_in(page, garage, "sun")
    lost: list[int] = []

    def lose_reply(route: Route) -> None:
        route.fetch()  # it arrives; the answer does not come back
        lost.append(1)
        route.abort()

    page.route("**/runs/*/entries", lose_reply)
    sign(page, "E01", "report", "sun")
    page.wait_for_selector("[data-link=offline]")
    wait_count(page, "waiting", 1)
    assert lost
    page.unroute("**/runs/*/entries")
    page.click(".send")
    wait_count(page, "sent", 1)
    assert [(row["act"], row["outcome"]) for row in arrived(garage, run)] == [("report", "accepted")]


def test_two_tabs_share_one_queue_and_never_one_place_in_its_order(garage: Garage, browser: Browser) -> None:
    run = prepare_run(garage)
    context = browser.new_context(**PHONE)
    first, second = context.new_page(), context.new_page()
    sign_in(first, garage, "sun")
    wait_ready_offline(first)
    second.goto(f"{garage.url}/drill/")
    second.wait_for_selector("[data-task=E01]")
    garage.stop()
    sign(first, "E01", "report", "sun")
    wait_count(second, "waiting", 1)
    sign(second, "E01", "second", "li")
    wait_count(first, "waiting", 2)
    garage.start()
    first.click(".send")
    second.click(".send")
    wait_count(first, "sent", 2)
    wait_count(second, "sent", 2)
    assert [row["sequence"] for row in arrived(garage, run)] == [1, 2]


def test_a_session_that_ran_out_keeps_the_queue_until_the_next_sign_in(
    garage: Garage, browser: Browser
) -> None:
    run = prepare_run(garage)
    context = browser.new_context(**PHONE)
    page = context.new_page()
    sign_in(page, garage, "sun")
    context.clear_cookies()
    sign(page, "E01", "report", "sun")
    page.wait_for_selector("[data-link=signin]")
    wait_count(page, "waiting", 1)
    fill_login(page, "zhang")
    wait_count(page, "sent", 1)
    assert [row["signer_name"] for row in arrived(garage, run)] == ["孙指挥"]


def test_the_same_person_is_refused_as_second_and_sees_why(garage: Garage, browser: Browser) -> None:
    prepare_run(garage)
    page = browser.new_context(**PHONE).new_page()
    sign_in(page, garage, "sun")
    sign(page, "E01", "report", "sun")
    wait_count(page, "sent", 1)
    sign(page, "E01", "second", "sun")
    wait_count(page, "refused", 1)
    page.click("[data-tab=record]")
    assert "不能由同一人复核" in page.locator("[data-fate=refused]").inner_text()


def test_two_completions_of_one_task_are_both_kept_and_the_first_stands(
    garage: Garage, browser: Browser
) -> None:
    run = prepare_run(garage, profile="skills")
    pages: list[Page] = []
    for _ in range(2):
        page = browser.new_context(**PHONE).new_page()
        sign_in(page, garage, "sun")
        wait_ready_offline(page)
        pages.append(page)
    garage.stop()
    for page in pages:
        sign(page, "L13", "report", "zhang")
    garage.start()
    for page, fate in zip(pages, ("accepted", "concurrent"), strict=True):
        page.click(".send")
        wait_count(page, "sent", 1)
        page.click("[data-tab=record]")
        assert page.locator(f"[data-fate={fate}]").count() == 1
    assert sorted(row["outcome"] for row in arrived(garage, run)) == ["accepted", "concurrent"]


def test_plain_http_says_what_is_lost_and_still_queues(
    garage: Garage, browser_command: tuple[str, list[str]]
) -> None:
    prepare_run(garage)
    path, arguments = browser_command
    mapped = [*arguments, "--host-resolver-rules=MAP garage.test 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=mapped)
        page = browser.new_context(**PHONE).new_page()
        sign_in(page, garage, "sun", f"http://garage.test:{garage.port}")
        assert page.locator("[data-notice=http]").is_visible()
        garage.stop()
        sign(page, "E01", "report", "sun")
        wait_count(page, "waiting", 1)
        garage.start()
        page.click(".send")
        wait_count(page, "sent", 1)
        browser.close()


def test_the_phones_signature_is_the_servers_byte_for_byte(garage: Garage, browser: Browser) -> None:
    from wartime_conversion.rules import words

    page = browser.new_page()
    page.goto(f"{garage.url}/drill/")
    said = {"z": [1, 2.5, True, None], "a": {"文": "“引号”\n\\ \u2028", "b": ""}, "long": "口" * 200}
    told = page.evaluate(
        """async (said) => {
            const w = await import('/drill/words.js');
            const key = w.pinKey('4321', '000102030405060708090a0b0c0d0e0f', 2000);
            const text = w.canonical(said);
            return [text, w.hex(key), w.pinCheck(key), w.proof(key, text), w.hex(w.sha256(new Uint8Array(1000)))];
        }""",
        said,
    )
    key = words.pin_key("4321", bytes(range(16)), 2000)
    text = words.canonical(said)
    assert json.loads(told[0]) == said
    assert told[:4] == [text, key.hex(), words.pin_check(key), words.proof(key, text)]
    assert told[4] == "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"
