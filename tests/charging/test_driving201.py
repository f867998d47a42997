"""A driver's page, the equipment board and the sharing of power, each with a simulated charger that speaks 2.x."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from charging import reconcile
from charging.needs201 import wanted_wh
from charging.rules.moments import moment_text
from charging.rules.planning import BEST, POLICIES
from charging.sharing_loop import share
from facility import board_store
from facility.board import EquipmentKind, Source
from facility.context import Context
from facility.db import unit_of_work
from facility.ids import EvseId
from facility.units import Watt
from gateway.app import create_app
from tests.charging.conftest import Yard
from tests.charging.desk201 import Desk, opened_desk

AMPERE_W = 3 * 220
"""W of one ampere on each of the three phases of E27."""


@pytest.fixture
async def desk(yard: Yard, office: httpx.AsyncClient, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A charger of 2.0.1, or of the version a test is parametrised with."""
    async with opened_desk(yard, office, getattr(request, "param", "2.0.1")) as opened:
        yield opened


in_both_versions = pytest.mark.parametrize("desk", ["2.0.1", "2.1"], indirect=True)


@pytest.fixture
async def browser(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(yard.ctx))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", follow_redirects=True
    ) as client:
        yield client


async def _page(desk: Desk, browser: httpx.AsyncClient, situation: str) -> str:
    text = ""

    async def shows() -> bool:
        nonlocal text
        text = (await browser.get("/c/E27")).text
        return f'data-situation="{situation}"' in text

    await desk.yard.eventually(shows)
    return text


@in_both_versions
async def test_a_driver_starts_by_the_code_sees_the_cost_move_and_stops_with_a_bill(
    desk: Desk, browser: httpx.AsyncClient
) -> None:
    assert 'data-situation="free"' in (await browser.get("/c/E27")).text
    await browser.post("/c/E27/start", data={"plate": "苏F·D12345"})
    await _page(desk, browser, "mine")
    await desk.until("select 1 from charging.meter_sample where delivered_wh > 100")
    assert "¥" in await _page(desk, browser, "mine")
    await browser.post("/c/E27/stop")
    assert "kWh" in await _page(desk, browser, "done")
    ((total_fen, plate, reason, wh),) = await desk.yard.rows(
        "select b.total_fen, t.plate, t.stop_reason, b.delivered_wh "
        "from charging.bill b join charging.transaction t on t.id = b.transaction_id"
    )
    assert (plate, reason) == ("苏FD12345", "Remote")
    assert total_fen > 0 and wh > 100


async def test_a_reservation_from_the_page_keeps_others_out(desk: Desk, browser: httpx.AsyncClient) -> None:
    await browser.post("/c/E27/reserve")
    await _page(desk, browser, "kept")
    await desk.until("select 1 from charging.reservation where state = 'active'")
    mine = dict(browser.cookies)
    browser.cookies.clear()
    assert 'data-situation="reserved"' in (await browser.post("/c/E27/start")).text
    browser.cookies.update(mine)
    await browser.post("/c/E27/start")
    await _page(desk, browser, "mine")
    await desk.until("select 1 from charging.reservation where state = 'used' and transaction_id is not null")


async def _lockout(desk: Desk, kind: EquipmentKind, equipment: str, *, is_placed: bool) -> None:
    async with unit_of_work(desk.yard.ctx.pool) as conn:
        given: dict[str, Any] = {
            "kind": kind,
            "equipment_id": equipment,
            "source": Source.CONVERSION,
            "by": "x",
            "now": desk.yard.clock.now(),
        }
        if is_placed:
            await board_store.place_lockout(conn, reason="run", **given)
        else:
            await board_store.lift_lockout(conn, **given)


async def test_a_lockout_ramps_the_charge_down_stops_bills_and_takes_out_until_it_is_lifted(
    desk: Desk,
) -> None:
    await desk.charging()
    await _lockout(desk, EquipmentKind.EVSE, "E27", is_placed=True)

    async def settled(status: str) -> bool:
        async with unit_of_work(desk.yard.ctx.pool) as conn:
            await reconcile.reconcile(conn, desk.yard.ctx)
        desk.yard.clock.ahead += timedelta(seconds=2)
        return bool(
            await desk.yard.rows(
                "select 1 from charging.connector where evse_id = 'E27' and status = %(s)s", s=status
            )
        )

    await desk.yard.eventually(lambda: settled("Unavailable"))
    assert await desk.yard.rows("select 1 from charging.bill")
    ramps = await desk.yard.rows(
        "select payload from charging.charger_order where action = 'SetChargingProfile'"
    )
    # Asked once, not at every look: the next comes only after half a minute.
    assert len(ramps) == 1
    schedule = ramps[0][0]["chargingProfile"]["chargingSchedule"][0]
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 6
    await _lockout(desk, EquipmentKind.EVSE, "E27", is_placed=False)
    await desk.yard.eventually(lambda: settled("Available"))


async def _round(desk: Desk, limit_w: int | None = None) -> int:
    """One round of sharing; returns how many profiles have been ordered since the beginning."""
    ctx = desk.yard.ctx if limit_w is None else _narrow(desk.yard.ctx, limit_w)
    async with unit_of_work(ctx.pool) as conn:
        await share(conn, ctx, POLICIES[BEST]())

    async def is_quiet() -> bool:
        return not await desk.yard.rows(
            "select 1 from charging.charger_order where state in ('queued', 'sent') "
            "and action in ('SetChargingProfile', 'ChangeAvailability')"
        )

    await desk.yard.eventually(is_quiet)
    return len(await _profiles(desk))


async def _profiles(desk: Desk) -> list[tuple[str, str, float, str]]:
    """Purpose, unit, limit and answer of every profile ordered, oldest first."""
    found = await desk.yard.rows(
        "select payload -> 'chargingProfile', response ->> 'status' from charging.charger_order "
        "where action = 'SetChargingProfile' order by requested_at"
    )
    seen = []
    for profile, status in found:
        schedule = profile["chargingSchedule"][0]
        limit = schedule["chargingSchedulePeriod"][0]["limit"]
        seen.append((profile["chargingProfilePurpose"], schedule["chargingRateUnit"], limit, status))
    return seen


def _narrow(ctx: Context, limit_w: int) -> Context:
    dc = replace(ctx.site.supply_limits["dc"], limit_w=Watt(limit_w))
    return replace(ctx, site=replace(ctx.site, supply_limits={**ctx.site.supply_limits, "dc": dc}))


@in_both_versions
async def test_an_offer_is_ordered_once_as_the_transactions_own_profile_and_again_when_it_changes(
    desk: Desk,
) -> None:
    await desk.charging()
    assert await _round(desk, 30_000) == 1
    assert desk.charger.limit_w == 45 * AMPERE_W
    assert await _round(desk, 30_000) == 1
    assert await _round(desk, 20_000) == 2
    assert desk.charger.limit_w == 30 * AMPERE_W
    assert {profile[:2] for profile in await _profiles(desk)} == {("TxProfile", "A")}


async def test_the_next_transaction_gets_a_profile_of_its_own(desk: Desk) -> None:
    await desk.charging()
    assert await _round(desk, 30_000) == 1
    await desk.leave()
    desk.charger._car = None
    await desk.yard.eventually(_is_free(desk))
    await desk.charging()
    assert await _round(desk, 30_000) == 2
    assert desk.charger.limit_w == 45 * AMPERE_W


def _is_free(desk: Desk) -> Any:
    async def check() -> bool:
        return desk.charger.is_free and desk.charger._session is not None and desk.charger._session.done()

    return check


async def test_a_charger_that_knows_only_one_unit_is_asked_in_nothing_else(desk: Desk) -> None:
    # The inventory of the first boot must not come after what is read below.
    await desk.until("select 1 from charging.device_variable where variable = 'ConnectorType'")
    desk.charger.memory.variables["smartchargingctrlr", 0, "rateunit", None].value = "W"
    await desk.order(
        "GetVariables",
        {
            "getVariableData": [
                {"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": "RateUnit"}}
            ]
        },
    )
    await desk.charging()
    await _round(desk, 30_000)
    assert await _profiles(desk) == [("TxProfile", "W", 45 * AMPERE_W, "Accepted")]


async def test_a_refused_profile_goes_down_the_ladder_and_at_its_end_the_outlet_is_locked_out(
    desk: Desk,
) -> None:
    def refuse(*purposes: str) -> None:
        """A charger that accepts some purposes only."""
        voice = desk.charger.line._voice
        real = voice._answers["SetChargingProfile"]

        def answer(charger: Any, sent: dict[str, Any]) -> Any:
            if sent["chargingProfile"]["chargingProfilePurpose"] in purposes:
                return replace(real(charger, sent), answer={"status": "Rejected"})
            return real(charger, sent)

        voice._answers = {**voice._answers, "SetChargingProfile": answer}

    refuse("TxProfile")
    await desk.charging()
    for _ in range(4):
        await _round(desk, 30_000)
    assert await _profiles(desk) == [
        ("TxProfile", "A", 45, "Rejected"),
        ("TxProfile", "W", 45 * AMPERE_W, "Rejected"),
        ("TxDefaultProfile", "A", 45, "Accepted"),
    ]
    refuse("TxProfile", "TxDefaultProfile", "ChargingStationMaxProfile")
    for _ in range(6):
        await _round(desk, 20_000)
    assert (await _profiles(desk))[-1][:2] == ("ChargingStationMaxProfile", "W")
    assert await desk.yard.rows("select equipment_id, source, reason from facility.lockout") == [
        ("E27", "maintenance", "limit_not_followed")
    ]
    assert await desk.yard.rows(
        "select subject from facility.alarm where kind = 'charging.limit_not_followed'"
    )
    async with unit_of_work(desk.yard.ctx.pool) as conn:
        await reconcile.reconcile(conn, desk.yard.ctx)
    await desk.until("select 1 from charging.transaction where stop_reason = 'Remote'")


async def test_a_profile_that_the_meter_shows_ignored_goes_down_the_ladder(desk: Desk) -> None:
    desk.charger.obeys_profiles = False
    await desk.charging()
    await _round(desk, 10_000)
    assert await _profiles(desk) == [("TxProfile", "A", 15, "Accepted")]
    desk.yard.clock.ahead += timedelta(minutes=2)
    await desk.until(
        "select 1 from charging.meter_sample where power_w > 20000 and measured_at > now() + interval '1 minute'"
    )
    await _round(desk, 10_000)
    assert (await _profiles(desk))[-1][:2] == ("TxProfile", "W")


async def test_a_zone_without_supply_holds_a_running_and_an_idle_charger_at_nothing_until_it_is_lifted(
    desk: Desk,
) -> None:
    site = desk.yard.ctx.site
    zone = site.bays[site.evses[EvseId("E27")].bay].zone
    await _lockout(desk, EquipmentKind.ZONE, zone, is_placed=True)
    await _round(desk)
    assert await _profiles(desk) == [("TxDefaultProfile", "A", 0, "Accepted")]
    assert desk.charger.limit_w == 0
    await _lockout(desk, EquipmentKind.ZONE, zone, is_placed=False)
    await _round(desk)
    assert desk.charger.limit_w == 6 * AMPERE_W


@in_both_versions
async def test_k_15_a_car_that_tells_its_needs_is_shared_with_by_them_and_gets_a_profile(desk: Desk) -> None:
    needs = {
        "requestedEnergyTransfer": "DC",
        "departureTime": moment_text(desk.yard.clock.now() + timedelta(hours=2)),
        "dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 500, "energyAmount": 30_000},
    }
    told = {"evseId": 1, "chargingNeeds": needs}
    assert (await desk.charger.tell("NotifyEVChargingNeeds", told))["status"] == "Rejected"
    await desk.charging()
    before = await _round(desk, 30_000)
    desk.yard.clock.ahead += timedelta(seconds=1)
    assert (await desk.charger.tell("NotifyEVChargingNeeds", told))["status"] == "Accepted"
    assert await desk.yard.rows("select wanted_wh, leaves_at > now() from charging.charging_needs") == [
        (30_000, True)
    ]
    desk.yard.clock.ahead += timedelta(seconds=1)
    assert await _round(desk, 30_000) == before + 1
    schedule = _profile_schedule()
    assert await desk.charger.tell(
        "NotifyEVChargingSchedule",
        {"timeBase": desk.charger.now_text(), "evseId": 1, "chargingSchedule": schedule},
    ) == {"status": "Accepted"}


def _profile_schedule() -> dict[str, Any]:
    return {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 20}]}


def test_what_a_car_wants_is_read_from_whichever_member_says_it() -> None:
    assert wanted_wh({"acChargingParameters": {"energyAmount": 12_000}}) == 12_000
    battery = {"evEnergyCapacity": 60_000, "stateOfCharge": 20, "fullSoC": 80}
    assert wanted_wh({"dcChargingParameters": battery}) == 36_000
    assert wanted_wh({"v2xChargingParameters": {"evTargetEnergyRequest": 5_000.5}}) == 5_000
    assert wanted_wh({"acChargingParameters": {"energyAmount": -4}}) is None
    assert wanted_wh({}) is None
