"""The operators' charger pages: forms as pure functions, pages and acts over the real central system."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import pytest

from charging.orders import CSMS_ACTIONS, checked_payload, hearing_answers
from charging.web.desk_forms import FORMS, Asked, BadField, built_order, forms_for
from charging.web.desk_views import group_of
from charging.web.desk_words import DESK_WORDS
from facility.db import unit_of_work
from gateway.app import create_app
from gateway.staff.people import add_person
from tests.charging.conftest import Yard

FILLED = {
    "connector": "1", "tag": "CARD1", "type": "Soft", "available": "Inoperative", "message": "MeterValues",
    "keys": "", "key": "HeartbeatInterval", "value": "60", "location": "ftp://files/x", "log": "SecurityLog",
}  # fmt: skip
FILLED_2 = FILLED | {"type": "OnIdle", "keys": "OCPPCommCtrlr.HeartbeatInterval", "key": "A.B"}


def asked(version: str, **fields: str) -> Asked:
    return Asked(version=version, fields=fields, number=7, now=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_every_form_becomes_an_operation_that_the_standards_schema_accepts(version: str) -> None:
    for form in forms_for(version):
        action, payload = built_order(form.kind, asked(version, **(FILLED if version == "1.6" else FILLED_2)))
        assert checked_payload(version, action, payload) == payload
        assert action in CSMS_ACTIONS[version]


def test_a_form_says_what_is_wrong_with_a_field() -> None:
    for wrong in (
        {"connector": "one"}, {"connector": "-1"}, {"connector": ""}, {"connector": "²"}, {"connector": "99999"},
    ):  # fmt: skip
        with pytest.raises(BadField, match="connector"):
            built_order("unlock", asked("1.6", **wrong))
    with pytest.raises(BadField, match="type"):
        built_order("reset", asked("1.6", type="OnIdle"))  # a choice of 2.x
    with pytest.raises(BadField, match="keys"):
        built_order("get_configuration", asked("2.0.1", keys="NoDot"))
    with pytest.raises(BadField, match="no form"):
        built_order("base_report", asked("1.6"))


def test_the_whole_charger_is_meant_by_naming_no_evse_in_2x() -> None:
    _, payload = built_order("availability", asked("2.0.1", connector="0", available="Operative"))
    assert "evse" not in payload


def test_every_form_field_and_hint_has_its_words() -> None:
    for form in FORMS:
        assert f"form_{form.kind}" in DESK_WORDS
        assert all(f"field_{field.name}" in DESK_WORDS for field in form.fields)
    assert all(zh and en for zh, en in DESK_WORDS.values())


def test_a_charger_that_is_away_counts_as_away_whatever_it_said_last() -> None:
    assert group_of("Charging", is_connected=False) == "away"
    assert group_of("Charging", is_connected=True) == "charging"
    assert group_of("SuspendedEV", is_connected=True) == "taken"
    assert group_of("Faulted", is_connected=True) == "trouble"


@pytest.fixture
async def desk(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser."""
    async with unit_of_work(yard.ctx.pool) as conn:
        await conn.execute("truncate staff.person cascade")
        for login, roles in (("boss", ["manager"]), ("crew", ["crew"])):
            await add_person(
                conn, login=login, name=login, roles=roles, password="a long password 9", now=yard.clock.now()
            )
    app = create_app(yard.ctx)
    async with AsyncExitStack() as stack:
        app.state.order_answers = await stack.enter_async_context(
            hearing_answers(yard.ctx.dsn, yard.ctx.pool)
        )
        transport = httpx.ASGITransport(app)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://t"))
        await sign_in(client, "boss")
        yield client


async def sign_in(client: httpx.AsyncClient, login: str) -> None:
    client.cookies.clear()
    answer = await client.post("/api/v1/session", json={"login": login, "password": "a long password 9"})
    assert answer.status_code < 300, answer.text


async def test_a_stranger_is_led_to_the_login_and_a_crew_member_is_told_whose_page_it_is(
    desk: httpx.AsyncClient,
) -> None:
    desk.cookies.clear()
    answer = await desk.get("/chargers/?group=free")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/chargers/%3Fgroup%3Dfree"
    part = await desk.get("/chargers/", headers={"hx-request": "true"})
    assert part.status_code == 204 and part.headers["hx-redirect"].startswith("/login")
    assert (await desk.post("/chargers/NT-E01/orders/clear_cache")).status_code == 401
    await sign_in(desk, "crew")
    assert (await desk.get("/chargers/NT-E01")).status_code == 403
    assert (await desk.post("/chargers/NT-E01/orders/clear_cache")).status_code == 403


async def test_the_list_shows_every_connector_and_narrows_by_status_level_and_text(
    yard: Yard, desk: httpx.AsyncClient
) -> None:
    await yard.register("YARD-X")
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        await charger.call(
            "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        )
        everything = (await desk.get("/chargers/")).text
        assert all(f'data-charger="{name}"' in everything for name in ("NT-E01", "NT-E27", "YARD-X"))
        free = (await desk.get("/chargers/?group=free")).text
        assert 'data-charger="NT-E01"' in free and "NT-E27" not in free
        nowhere = (await desk.get("/chargers/?level=-")).text
        assert 'data-charger="YARD-X"' in nowhere and "NT-E01" not in nowhere
        found = (await desk.get("/chargers/?text=b1-001&lang=en")).text
        assert 'data-charger="NT-E01"' in found and "NT-E27" not in found and "Available" in found


async def test_an_order_by_form_reaches_the_charger_and_its_answer_reaches_the_page(
    yard: Yard, desk: httpx.AsyncClient
) -> None:
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        answer = await desk.post("/chargers/NT-E01/orders/reset", data={"type": "Hard"})
        assert answer.headers["location"] == "/chargers/NT-E01?tab=orders&done=ordered"
        message_id, action, payload = await charger.order()
        assert (action, payload) == ("Reset", {"type": "Hard"})
        waiting = (await desk.get("/chargers/NT-E01?tab=orders")).text
        assert 'data-order="Reset" data-state="sent"' in waiting and "load delay" in waiting
        await charger.reply(message_id, {"status": "Accepted"})

        async def is_answered() -> bool:
            page = (await desk.get("/chargers/NT-E01?tab=orders", headers={"hx-request": "true"})).text
            return 'data-order="Reset" data-state="answered"' in page and "load delay" not in page

        await yard.eventually(is_answered)
    assert await yard.rows(
        "select 1 from facility.audit where act = 'charger.Reset' and person_name = 'boss'"
    )


async def test_a_form_that_cannot_be_sent_says_why_and_orders_nothing(
    yard: Yard, desk: httpx.AsyncClient
) -> None:
    for kind, fields in (
        ("set_configuration", {"key": "", "value": "1"}),
        ("any", {"operation": "Reset", "payload": "{"}),
        ("any", {"operation": "Reset", "payload": '{"type": "Gently"}'}),
        ("stop", {"transaction": "12"}),
        ("reserve", {"connector": "1", "tag": "A", "minutes": "0"}),
    ):
        answer = await desk.post(f"/chargers/NT-E01/orders/{kind}", data=fields)
        assert answer.status_code == 409 and 'role="alert"' in answer.text, kind
    assert not await yard.rows("select 1 from charging.charger_order")
    assert not await yard.rows("select 1 from charging.reservation")


async def test_a_secret_on_its_way_to_the_charger_is_not_shown(yard: Yard, desk: httpx.AsyncClient) -> None:
    fields = {"key": "AuthorizationKey", "value": "0123456789abcdef0123"}
    await desk.post("/chargers/NT-E01/orders/set_configuration", data=fields)
    page = (await desk.get("/chargers/NT-E01?tab=orders")).text
    assert 'data-order="ChangeConfiguration"' in page and fields["value"] not in page


async def test_a_stuck_charge_is_closed_with_a_reason_and_billed(yard: Yard, desk: httpx.AsyncClient) -> None:
    await yard.tag("CARD1")
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        started = await charger.call(
            "StartTransaction",
            {"connectorId": 1, "idTag": "CARD1", "meterStart": 0, "timestamp": yard.clock.now().isoformat()},
        )
        number = started["transactionId"]
        assert f'id="charge-{number}"' in (await desk.get("/chargers/NT-E01")).text
        address = f"/chargers/NT-E01/transactions/{number}/close"
        refused = await desk.post(address, data={"reason": " "})
        assert refused.status_code == 409 and f'id="charge-{number}"' in refused.text
        elsewhere = await desk.post(
            f"/chargers/NT-E27/transactions/{number}/close", data={"reason": "wrong charger"}
        )
        assert elsewhere.status_code == 409
        closed = await desk.post(address, data={"reason": "车已开走"})
        assert closed.status_code == 303
        page = (await desk.get("/chargers/NT-E01?done=closed")).text
        assert f'id="charge-{number}"' not in page and "车已开走" in page
    ((state, by),) = await yard.rows("select state, closed_by from charging.transaction")
    assert (state, by) == ("closed", "boss")


async def test_the_trace_is_narrowed_by_operation_with_its_answers_direction_and_text(
    yard: Yard, desk: httpx.AsyncClient
) -> None:
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        await charger.call("Heartbeat", {})
        await desk.post("/chargers/NT-E01/orders/clear_cache")
        message_id, _, _ = await charger.order()
        await charger.reply(message_id, {"status": "Accepted"})

        async def is_traced() -> bool:
            return len(await yard.rows("select 1 from charging.message")) == 6

        await yard.eventually(is_traced)

    async def frames(query: str) -> list[str]:
        text = (await desk.get(f"/chargers/NT-E01/messages.log?{query}")).text
        return [line.split(" ", 1)[1] for line in text.splitlines()]

    assert len(await frames("")) == 6
    assert [line[0] for line in await frames("action=ClearCache")] == [">", "<"]
    assert all(line.startswith("<") for line in await frames("direction=in"))
    assert len(await frames("direction=in&text=chargePointVendor")) == 1
    assert await frames("until=2020-01-01T00:00") == []
    page = (await desk.get("/chargers/NT-E01?tab=trace&action=ClearCache&direction=out")).text
    assert page.count('<li class="out"') == 1 and "messages.log?action=ClearCache&amp;direction=out" in page
    answer = await desk.get("/api/v1/chargers/NT-E01/messages?direction=out&action=Heartbeat")
    assert [line["is_incoming"] for line in answer.json()] == [False]


async def test_the_device_model_and_the_error_history_are_shown(yard: Yard, desk: httpx.AsyncClient) -> None:
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        faulted = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted", "info": "RCD"}
        await charger.call("StatusNotification", faulted)
    page = (await desk.get("/chargers/NT-E01?lang=en")).text
    assert "GroundFailure" in page and "RCD" in page and "Faulted" in page
    async with unit_of_work(yard.ctx.pool) as conn:
        await conn.execute(
            """
            insert into charging.device_variable (charger_id, component, variable, value, mutability, read_at)
            select id, 'OCPPCommCtrlr', 'HeartbeatInterval', '300', 'ReadOnly', now()
            from charging.charger where identity = 'NT-E01'
            """
        )
    page = (await desk.get("/chargers/NT-E01?tab=device&lang=en")).text
    assert "OCPPCommCtrlr" in page and "300" in page and "read-only" in page
    assert (await desk.get("/chargers/NOBODY")).status_code == 404
