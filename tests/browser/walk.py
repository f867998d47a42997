"""What a crew does with a phone: sign in, open a task, enter values, sign with a PIN."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.garage import SECRET, Garage

PINS = {"sun": "1111", "zhang": "2222", "li": "3333", "zhou": "4444"}
NAMES = {"sun": "孙指挥", "zhang": "张组长", "li": "李副手", "zhou": "周评估"}
API = "/api/v1/conversion"


def prepare_run(garage: Garage, **order: Any) -> str:
    """People join with PINs, the commander orders a run and gives the roles; returns the run's id."""
    ids: dict[str, str] = {}
    for login, pin in PINS.items():
        with garage.client(login) as client:
            reply = client.put(f"{API}/members/me", json={"pin": pin})
            assert reply.status_code == 200, reply.text
            ids[login] = reply.json()["id"]
    with garage.client("sun") as boss:
        reply = boss.post(f"{API}/runs", json={"kind": "drill", "reason": "季度演练", **order})
        assert reply.status_code == 201, reply.text
        run = str(reply.json()["id"])
        for role in ("leader", "safety", "inspector", "storekeeper"):
            given = boss.post(f"{API}/runs/{run}/roles", json={"role": role, "person": ids["zhang"]})
            assert given.status_code == 201, given.text
    return run


def sign_in(page: Page, garage: Garage, login: str, url: str | None = None) -> None:
    """Open the page, sign in, and wait until it also works without a network."""
    page.goto(f"{url or garage.url}/drill/")
    fill_login(page, login)
    page.wait_for_selector("[data-tab=todo]")


def fill_login(page: Page, login: str) -> None:
    """Fill the page's own sign-in form."""
    page.wait_for_selector("[data-form=login]")
    page.fill("[name=login]", login)
    page.fill("[name=password]", SECRET)
    page.click("[data-form=login] button")


def wait_ready_offline(page: Page) -> None:
    """Wait until the service worker keeps the page."""
    page.wait_for_function("() => document.documentElement.dataset.offline === 'ready'")


def fill(page: Page) -> None:
    """Enter values that meet the acceptance, and answer every challenge."""
    fill_values(page)
    answer(page)


def fill_values(page: Page, form: str = "[data-sheet]") -> None:
    """Enter values that meet the acceptance."""
    for field in page.locator(f"{form} [data-value]").all():
        if field.get_attribute("type") == "checkbox":
            field.check()
            continue
        if field.evaluate("e => e.tagName") == "BUTTON":
            if "met" not in (field.get_attribute("class") or ""):
                field.click()
            continue
        kind = field.get_attribute("type")
        if kind == "time":
            field.fill("09:30:15")
        elif kind == "text":
            field.fill("通人防令〔2026〕7号")
        else:
            bound = field.evaluate(
                "e => e.closest('label').textContent.match(/[≥≤=] *([0-9.]+)/)?.[1] ?? '1'"
            )
            field.fill(bound)


def answer(page: Page) -> None:
    """Answer every challenge; where another must read, the two take turns on this phone and the reader signs first."""
    if page.locator("[data-voice=both]").count():
        page.click("[data-voice=both]")
        while page.locator("[data-point]").count():
            at = page.get_attribute("[data-point]", "data-point")
            page.click(f"[data-read='{at}']")
            page.click(f"[data-answer='{at}']")
        page.click("[data-act=read]")
        put_pin(page, "li")
        page.wait_for_selector(".cover", state="detached")
        return
    for index in range(page.locator("[data-sheet] [data-answer]").count()):
        page.locator(f"[data-sheet] [data-answer='{index}']").click()


def put_pin(page: Page, login: str) -> None:
    """Choose who signs and press the PIN."""
    page.select_option("[data-signer]", label=NAMES[login])
    for digit in PINS[login]:
        page.click(f"[data-key='{digit}']")
    page.click("[data-key='✓']")


def sign(page: Page, code: str, act: str, login: str) -> None:
    """Open a task, do what the act asks for, and sign."""
    if page.locator(f"[data-task='{code}']").count() == 0:
        page.click("[data-tab=todo]")
    page.click(f"[data-task='{code}']")
    if act == "report":
        fill(page)
    elif act in ("second", "accept"):
        answer(page)
    page.click(f"[data-act='{act}']")
    put_pin(page, login)
    page.wait_for_selector("[data-sheet]", state="detached")


def wait_count(page: Page, what: str, number: int) -> None:
    """Wait until the strip shows a number."""
    page.wait_for_function(
        "([what, n]) => document.querySelector(`[data-count='${what}'] b`)?.textContent === String(n)",
        arg=[what, number],
        timeout=15_000,
    )
