from datetime import timedelta

import httpx

from facility.db import Pool, unit_of_work
from gateway.staff.people import SESSION_LENGTH, add_token
from tests.fakes import FakeClock


async def sign_in(
    client: httpx.AsyncClient, login: str = "li", password: str = "long enough"
) -> httpx.Response:
    return await client.post("/api/v1/session", json={"login": login, "password": password})


async def test_signing_in_opens_a_session_that_ends(client: httpx.AsyncClient, clock: FakeClock) -> None:
    assert (await client.get("/api/v1/session")).status_code == 401
    assert (await sign_in(client)).json()["name"] == "李强"
    assert (await client.get("/api/v1/session")).json()["roles"] == ["manager"]
    clock.advance(SESSION_LENGTH + timedelta(seconds=1))
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_used_session_stays_open(client: httpx.AsyncClient, clock: FakeClock) -> None:
    await sign_in(client)
    for _ in range(3):
        clock.advance(SESSION_LENGTH - timedelta(minutes=1))
        assert (await client.get("/api/v1/session")).status_code == 200


async def test_a_wrong_password_and_an_unknown_login_answer_alike(client: httpx.AsyncClient) -> None:
    wrong, unknown = await sign_in(client, password="wrong one"), await sign_in(client, login="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "password.wrong"


async def test_ten_failures_block_the_login_for_a_while(client: httpx.AsyncClient, clock: FakeClock) -> None:
    for _ in range(10):
        await sign_in(client, password="wrong one")
    blocked = await sign_in(client)
    assert (blocked.status_code, blocked.json()["code"]) == (403, "sign_in.blocked")
    clock.advance(timedelta(minutes=11))
    assert (await sign_in(client)).status_code == 200


async def test_signing_out_ends_the_session_on_the_server(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    kept = dict(client.cookies)
    await client.delete("/api/v1/session")
    client.cookies.update(kept)
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_only_a_manager_adds_people_and_each_act_is_in_the_audit(client: httpx.AsyncClient) -> None:
    body = {"login": "zhao", "name": "赵云", "roles": ["crew"], "password": "long enough"}
    await sign_in(client, "wu")
    refused = await client.post("/api/v1/people", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "role.missing")
    await client.delete("/api/v1/session")
    await sign_in(client)
    assert (await client.post("/api/v1/people", json=body)).status_code == 201
    assert (await client.post("/api/v1/people", json=body)).json()["code"] == "login.taken"
    acts = [(row["person_name"], row["act"]) for row in (await client.get("/api/v1/audit")).json()]
    assert acts[0] == ("李强", "person.added")
    assert ("吴敏", "session.opened") in acts


async def test_a_shut_out_person_is_out_at_once(client: httpx.AsyncClient) -> None:
    await sign_in(client, "wu")
    wu_cookie = client.cookies["pingzhan_session"]
    client.cookies.clear()
    await sign_in(client)
    people = {row["login"]: row["id"] for row in (await client.get("/api/v1/people")).json()}
    body = {"roles": ["attendant"], "is_active": False}
    assert (await client.patch(f"/api/v1/people/{people['wu']}", json=body)).status_code == 204
    client.cookies.clear()
    client.cookies.set("pingzhan_session", wu_cookie)
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_manager_cannot_take_the_role_from_himself(client: httpx.AsyncClient) -> None:
    me = (await sign_in(client)).json()["id"]
    answer = await client.patch(f"/api/v1/people/{me}", json={"roles": ["crew"], "is_active": True})
    assert answer.status_code == 422


async def test_a_token_works_until_it_is_revoked(
    client: httpx.AsyncClient, pool: Pool, clock: FakeClock
) -> None:
    async with unit_of_work(pool) as conn:
        token_id, secret = await add_token(conn, name="report", roles=["manager"], by="test", now=clock.now())
    bearer = {"authorization": f"Bearer {secret}"}
    assert (await client.get("/api/v1/people", headers=bearer)).status_code == 200
    assert secret not in (await client.get("/api/v1/tokens", headers=bearer)).text
    assert (await client.delete(f"/api/v1/tokens/{token_id}", headers=bearer)).status_code == 204
    assert (await client.get("/api/v1/people", headers=bearer)).status_code == 401


async def test_a_cookie_used_from_another_sites_page_counts_for_nothing(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    body = {"login": "eve", "name": "Eve", "roles": ["manager"], "password": "long enough"}
    answer = await client.post("/api/v1/people", json=body, headers={"origin": "http://elsewhere"})
    assert answer.status_code == 401


async def test_the_login_page_goes_only_to_places_of_its_own(client: httpx.AsyncClient) -> None:
    form = {"login": "li", "password": "long enough", "next": "//elsewhere/"}
    answer = await client.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/")
    assert "密码不正确" in (await client.post("/login", data=form | {"password": "wrong one"})).text


async def test_an_unknown_api_path_is_a_json_404(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "missing"


async def test_a_broken_body_says_where(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/session", json={"login": "li", "pasword": "x"})
    assert answer.status_code == 422
    assert {place["at"] for place in answer.json()["places"]} == {"body.password", "body.pasword"}


async def test_readyz_is_503_until_every_process_was_seen(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    parts = answer.json()["components"]
    assert parts["database"]["ready"]
    assert parts["lpr"] == {"ready": False, "why": "never seen"}


async def test_metrics_name_the_mode(client: httpx.AsyncClient) -> None:
    assert 'pingzhan_mode{mode="peacetime"} 1.0' in (await client.get("/metrics")).text
