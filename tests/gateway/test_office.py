"""The office's pages over HTTP, with the real database; and passwords."""

import re

import httpx
import pytest

from facility.context import Context
from facility.db import unit_of_work
from gateway.office.pages import SUBJECTS
from gateway.parking import occupancy
from gateway.staff.people import add_person

CHINESE = re.compile(r"[\u4e00-\u9fff]+")
DOCUMENT = {"unit_minutes": 30, "price_per_unit": 2, "free_minutes": 30}


async def signed_in(
    client: httpx.AsyncClient, login: str, password: str = "long enough"
) -> httpx.AsyncClient:
    answer = await client.post("/api/v1/session", json={"login": login, "password": password})
    assert answer.status_code == 200, answer.text
    return client


@pytest.fixture
async def office(client: httpx.AsyncClient, context: Context) -> httpx.AsyncClient:
    """李强's browser, in a garage with a price list, a webhook and a token."""
    await occupancy.prepare(context)
    await signed_in(client, "li")
    now = context.clock.now()
    bodies = [
        (
            "/api/v1/price-lists",
            {"name": "spring", "document": DOCUMENT, "in_force_from": now.isoformat()},
        ),
        ("/api/v1/webhooks", {"url": "http://127.0.0.1:9/hook", "events": ["stay.opened"]}),
        ("/api/v1/tokens", {"name": "till", "roles": ["auditor"]}),
    ]
    for path, body in bodies:
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
    return client


async def page(client: httpx.AsyncClient, path: str, language: str = "zh") -> str:
    answer = await client.get(path, headers={"accept-language": language})
    assert answer.status_code == 200, (path, answer.text[:300])
    return answer.text


async def test_every_page_opens_and_its_english_holds_no_chinese_but_the_data(
    office: httpx.AsyncClient,
) -> None:
    data = re.compile("苏|李强|吴敏|元旦|春节|清明|劳动|端午|中秋|国庆|调休|节|国务院|待管理")
    for subject in SUBJECTS:
        assert "<h1>" in await page(office, f"/office/{subject.name}")
        text = await page(office, f"/office/{subject.name}", "en")
        said = {one for one in CHINESE.findall(text.split("<main>")[1]) if not data.search(one)}
        assert (subject.name, said) == (subject.name, set())


async def test_prices_show_what_everyday_stays_cost_and_price_a_stay_that_is_tried(
    office: httpx.AsyncClient,
) -> None:
    text = await page(office, "/office/prices", "en")
    assert re.search(r"2 h by day.*?8\.00", text, re.S)
    tried = await page(
        office,
        "/office/prices?entered_at=2026-03-02T09:00&left_at=2026-03-02T10:10&vehicle_class=small",
        "en",
    )
    assert re.search(r"What it would cost.*Total.*?6\.00", tried, re.S)
    backwards = await page(
        office, "/office/prices?entered_at=2026-03-02T09:00&left_at=2026-03-02T08:00", "en"
    )
    assert "left before it entered" in backwards


async def test_an_attendant_finds_the_own_password_alone_and_an_auditor_sees_no_button(
    client: httpx.AsyncClient, office: httpx.AsyncClient, context: Context
) -> None:
    async with unit_of_work(context.pool) as conn:
        await add_person(
            conn,
            login="audit",
            name="Zhou",
            roles=["auditor"],
            password="long enough",
            now=context.clock.now(),
        )
    await signed_in(client, "wu")
    assert (await client.get("/office/")).headers["location"] == "/office/me"
    refused = await client.get("/office/prices")
    assert (refused.status_code, refused.json()["code"]) == (403, "role.missing")
    await signed_in(client, "audit")
    text = await page(client, "/office/prices")
    assert "spring" in text and "data-path" not in text


async def test_nobody_signed_in_is_sent_to_sign_in_and_an_unknown_page_is_missing(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/office/")).headers["location"] == "/login?next=/office/"
    await signed_in(client, "li")
    assert (await client.get("/office/")).headers["location"] == "/office/prices"
    assert (await client.get("/office/cellar")).status_code == 404


async def test_a_person_changes_the_own_password_only_by_knowing_it_and_sessions_elsewhere_end(
    client: httpx.AsyncClient,
) -> None:
    await signed_in(client, "wu")
    cookie, elsewhere = next(iter(client.cookies.items()))
    client.cookies.clear()
    await signed_in(client, "wu")
    wrong = await client.put(
        "/api/v1/session/password", json={"current": "not this one", "password": "longer still"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, "password.wrong")
    right = await client.put(
        "/api/v1/session/password", json={"current": "long enough", "password": "longer still"}
    )
    assert right.status_code == 204
    assert (await client.get("/api/v1/session")).status_code == 200
    client.cookies.clear()
    stale = await client.get("/api/v1/session", headers={"cookie": f"{cookie}={elsewhere}"})
    assert stale.status_code == 401
    await signed_in(client, "wu", "longer still")


async def test_a_manager_resets_a_password_and_that_persons_sessions_end(client: httpx.AsyncClient) -> None:
    await signed_in(client, "wu")
    cookie, theirs = next(iter(client.cookies.items()))
    client.cookies.clear()
    await signed_in(client, "li")
    people = (await client.get("/api/v1/people")).json()
    wu = next(one["id"] for one in people if one["login"] == "wu")
    short = await client.put(f"/api/v1/people/{wu}/password", json={"password": "short"})
    assert short.status_code == 422
    assert (
        await client.put(f"/api/v1/people/{wu}/password", json={"password": "brand new one"})
    ).status_code == 204
    client.cookies.clear()
    assert (await client.get("/api/v1/session", headers={"cookie": f"{cookie}={theirs}"})).status_code == 401
    await signed_in(client, "wu", "brand new one")
