"""OCPP 2.0.1 over a real websocket: provisioning, authorisation, transactions, cost."""

from datetime import timedelta

import pytest

from charging import bills
from facility.db import unit_of_work
from tests.charging.charger201 import charger201
from tests.charging.conftest import Yard

MINUTE = timedelta(minutes=1)
CARD = {"idToken": "TAG1", "type": "ISO14443"}


async def test_tc_b_01_a_cold_boot_is_accepted_and_kept(yard: Yard) -> None:
    async with charger201(yard) as charger:
        assert (await charger.boot())["interval"] == 300
        assert (await charger.call("Heartbeat", {}))["currentTime"].endswith("Z")
    found = await yard.rows(
        "select protocol, vendor, model, firmware from charging.charger where identity = 'CP1'"
    )
    assert found == [("ocpp2.0.1", "Maker", "Two", "2.0")]


async def test_tc_b_02_a_pending_charger_is_told_to_wait_and_may_not_charge(yard: Yard) -> None:
    await yard.register("CP1")
    async with unit_of_work(yard.ctx.pool) as conn:
        await conn.execute("update charging.charger set registration = 'pending'")
    await yard.central._door.learn()
    async with charger201(yard, is_new=False) as charger:
        assert (await charger.boot())["status"] == "Pending"
        assert await charger.raw.refusal("Authorize", {"idToken": CARD}) == "SecurityError"


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (CARD, "Accepted"),
        ({"idToken": "tag1", "type": "ISO15693"}, "Accepted"),
        ({"idToken": "TAG1", "type": "KeyCode"}, "Invalid"),
        ({"idToken": "", "type": "NoAuthorization"}, "Accepted"),
        ({"idToken": "NOBODY", "type": "ISO14443"}, "Invalid"),
        ({"idToken": "LOST", "type": "ISO14443"}, "Blocked"),
    ],
)
async def test_tc_c_01_a_token_is_judged_by_its_text_and_its_type(
    yard: Yard, token: dict[str, str], status: str
) -> None:
    await yard.tag("LOST", status="Blocked")
    async with charger201(yard) as charger:
        assert (await charger.call("Authorize", {"idToken": token}))["idTokenInfo"]["status"] == status


async def test_tc_c_09_group_ids_and_master_passes_are_told_to_the_charger(yard: Yard) -> None:
    await yard.tag("FAMILY", parent_tag="HOUSE-7")
    await yard.tag("GUARD", is_master_pass=True)
    async with charger201(yard) as charger:
        groups = []
        for tag in ("FAMILY", "GUARD"):
            answer = await charger.call("Authorize", {"idToken": {"idToken": tag, "type": "ISO14443"}})
            groups.append(answer["idTokenInfo"]["groupIdToken"]["idToken"])
    assert groups == ["HOUSE-7", "MASTERPASS"]


async def test_tc_e_01_to_e_06_a_charge_from_start_to_bill_tells_the_same_cost_as_the_fee_rule(
    yard: Yard,
) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        assert (await charger.start(now))["idTokenInfo"]["status"] == "Accepted"
        assert await charger.event("Updated", now + MINUTE, wh=1100) == {}
        assert await charger.event("Updated", now + 2 * MINUTE, wh=1200) == {}
        ended = await charger.end(now + 3 * MINUTE, 1300)
    ((number, delivered_wh, state, evse_no),) = await yard.rows(
        "select id, delivered_wh, state, evse_no from charging.transaction"
    )
    assert (delivered_wh, state, evse_no) == (300, "ended", 1)
    assert await yard.rows("select delivered_wh from charging.meter_sample order by measured_at") == [
        (0,), (100,), (200,), (300,)
    ]  # fmt: skip
    async with unit_of_work(yard.ctx.pool) as conn:
        bill = await bills.price_open_bill(conn, number, yard.clock.now())
    assert bill.total_fen > 0
    assert ended["totalCost"] == bill.total_fen / 100
    assert await yard.rows("select count(*) from charging.transaction_event") == [(4,)]
