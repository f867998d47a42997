"""The bill of a stay as the database knows it, and the routes of price lists."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.ids import new_uuid
from facility.units import SHANGHAI
from gateway.parking import gifts_store, lists_store, pricing_store, store
from gateway.parking.pricing import (
    DEMONSTRATION_LIST,
    PriceListBegun,
    PriceListTaken,
    ensure_demonstration_list,
    price_stay,
    save_price_list,
    withdraw_price_list,
)
from gateway.parking.pricing_store import PriceListMissing
from gateway.parking.rules.permits import PermitTerm, covered_spans, covers, permit_span
from gateway.parking.rules.stay import StayState
from gateway.parking.rules.tariff_document import PriceListRefused
from tests.gateway.tariff_lists import at

NOW = at("2026-03-02 09:00")
RATE = {"unit_minutes": 30, "price_per_unit": 1}


async def park(
    conn: AsyncConnection, plate: str | None = "苏F12345", entered_at: datetime = NOW, **facts: object
) -> store.Stay:
    new = store.NewStay(
        id=new_uuid(),
        plate=plate,
        plate_kind="blue",
        vehicle_class="small",
        ticket=None if plate else "T1",
        state=StayState.INSIDE,
        entry_lane="A-IN",
        entry_read=None,
        entry_how="attendant",
        entered_at=entered_at,
        permit_id=None,
        is_simulated=False,
    )
    assert await store.insert_stay(conn, replace(new, **facts))  # type: ignore[arg-type]
    return await store.read_stay(conn, new.id)


async def permit(
    conn: AsyncConnection, plates: list[str], first: str, last: str, inside: int = 1
) -> lists_store.Permit:
    row = lists_store.Permit(
        id=new_uuid(),
        kind="monthly",
        holder="张三",
        bay_id=None,
        max_inside=inside,
        valid_from=date.fromisoformat(first),
        valid_to=date.fromisoformat(last),
        fee_fen=30_000,
        made_at=NOW,
        made_by="test",
        ended_at=None,
        ended_by=None,
        plates=plates,
    )
    await lists_store.insert_permit(conn, row)
    return row


async def owed(conn: AsyncConnection, stay: store.Stay, after: timedelta) -> int:
    return (await price_stay(conn, stay, now=stay.entered_at + after)).due_fen


@pytest.fixture
async def priced(conn: AsyncConnection) -> AsyncConnection:
    """A connection to a garage that charges 1 yuan a started half hour since the new year."""
    await pricing_store.insert_price_list(
        conn,
        name="plain",
        body={**RATE, "permit_end": {"bill_from": "permit_end", "free_minutes": 0}},
        in_force_from=at("2026-01-01 00:00"),
        saved_at=NOW,
        saved_by="test",
    )
    return conn


async def test_a_stay_keeps_the_list_that_was_in_force_when_it_entered(priced: AsyncConnection) -> None:
    stay = await park(priced)
    await save_price_list(
        priced,
        name="dear",
        body={**RATE, "price_per_unit": 9},
        in_force_from=NOW + timedelta(minutes=1),
        by="li",
        now=NOW,
    )
    later = await park(priced, "苏F54321", NOW + timedelta(minutes=1))
    assert await owed(priced, stay, timedelta(hours=1)) == 200
    assert await owed(priced, later, timedelta(hours=1)) == 1800


async def test_without_a_price_list_a_stay_has_no_price(conn: AsyncConnection) -> None:
    stay = await park(conn, entered_at=at("2019-01-01 09:00"))
    with pytest.raises(PriceListMissing):
        await price_stay(conn, stay, now=NOW)


async def test_a_permit_that_ends_during_a_stay_leaves_the_rest_to_pay(priced: AsyncConnection) -> None:
    held = await permit(priced, ["苏F12345"], "2026-02-01", "2026-03-02")
    stay = await park(priced, entered_at=at("2026-03-02 22:00"), permit_id=held.id)
    assert await owed(priced, stay, timedelta(hours=2)) == 0
    assert await owed(priced, stay, timedelta(hours=3)) == 200


async def test_a_renewed_permit_covers_the_stay_through_its_change(priced: AsyncConnection) -> None:
    held = await permit(priced, ["苏F12345"], "2026-02-01", "2026-03-02")
    await permit(priced, ["苏F12345"], "2026-03-03", "2026-04-02")
    stay = await park(priced, entered_at=at("2026-03-02 22:00"), permit_id=held.id)
    assert await owed(priced, stay, timedelta(hours=30)) == 0


async def test_a_permit_whose_places_were_taken_at_entry_does_not_cover(priced: AsyncConnection) -> None:
    held = await permit(priced, ["苏F12345", "苏F54321"], "2026-02-01", "2026-04-01")
    await park(priced, permit_id=held.id)
    second = await park(priced, "苏F54321", NOW + timedelta(minutes=1))
    assert await owed(priced, second, timedelta(hours=1)) == 200


async def test_a_permit_that_begins_during_a_stay_covers_from_then_on_if_a_place_is_free(
    priced: AsyncConnection,
) -> None:
    await permit(priced, ["苏F12345", "苏F54321"], "2026-03-03", "2026-04-01")
    stay = await park(priced, entered_at=at("2026-03-02 23:00"))
    assert await owed(priced, stay, timedelta(hours=9)) == 200


async def test_free_passes_and_the_allow_list_cover_and_emergency_vehicles_never_pay(
    priced: AsyncConnection,
) -> None:
    visitor = lists_store.VisitorPass(
        id=new_uuid(),
        plate="苏F12345",
        host="A座",
        valid_from=NOW,
        valid_until=NOW + timedelta(hours=2),
        is_free=True,
        made_at=NOW,
        made_by="test",
    )
    await lists_store.insert_visitor_pass(priced, visitor)
    guest = await park(priced)
    assert await owed(priced, guest, timedelta(hours=2)) == 0
    assert await owed(priced, guest, timedelta(hours=3)) == 200
    entry = lists_store.ListEntry(
        id=new_uuid(),
        list="allow",
        plate="苏F00001",
        reason="物业",
        valid_from=NOW - timedelta(days=1),
        valid_until=None,
        made_at=NOW,
        made_by="test",
    )
    await lists_store.insert_list_entry(priced, entry)
    assert await owed(priced, await park(priced, "苏F00001"), timedelta(days=3)) == 0
    assert (
        await owed(priced, await park(priced, "苏F1234警", vehicle_class="emergency"), timedelta(days=3)) == 0
    )


async def test_a_coupon_put_to_a_stay_takes_its_worth_off(priced: AsyncConnection) -> None:
    stay = await park(priced)
    coupon = gifts_store.Coupon(
        code="C1",
        shop="书店",
        worth_minutes=60,
        worth_fen=None,
        valid_until=NOW + timedelta(days=1),
        made_at=NOW,
        made_by="test",
        stay_id=None,
        used_at=None,
    )
    await gifts_store.insert_coupon(priced, coupon)
    await gifts_store.use_coupon(priced, "C1", stay.id, now=NOW)
    assert await owed(priced, stay, timedelta(hours=2)) == 200


async def test_only_the_first_stay_of_a_date_is_the_first(priced: AsyncConnection) -> None:
    await pricing_store.insert_price_list(
        priced,
        name="nev",
        body={**RATE, "nev_first_stay_free_minutes": 60},
        in_force_from=NOW,
        saved_at=NOW,
        saved_by="test",
    )
    first = await park(priced, "苏FD12345", plate_kind="green")
    assert await owed(priced, first, timedelta(hours=1)) == 0
    await priced.execute(
        "update parking.stay set state = 'closed', left_at = %s where id = %s", (NOW, first.id)
    )
    second = await park(priced, "苏FD12345", NOW + timedelta(hours=2), plate_kind="green")
    assert await owed(priced, second, timedelta(hours=1)) == 200


async def test_a_list_cannot_begin_in_the_past_twice_or_be_withdrawn_late(priced: AsyncConnection) -> None:
    begins = NOW + timedelta(days=1)
    with pytest.raises(PriceListBegun):
        await save_price_list(
            priced, name="x", body=RATE, in_force_from=NOW - timedelta(hours=1), by="li", now=NOW
        )
    saved = await save_price_list(priced, name="x", body=RATE, in_force_from=begins, by="li", now=NOW)
    with pytest.raises(PriceListTaken):
        await save_price_list(priced, name="y", body=RATE, in_force_from=begins, by="li", now=NOW)
    with pytest.raises(PriceListBegun):
        await withdraw_price_list(priced, saved.id, by="li", now=begins)
    await withdraw_price_list(priced, saved.id, by="li", now=NOW)
    with pytest.raises(PriceListMissing):
        await withdraw_price_list(priced, 10**6, by="li", now=NOW)


async def test_an_impossible_list_is_not_saved(priced: AsyncConnection) -> None:
    with pytest.raises(PriceListRefused):
        await save_price_list(priced, name="x", body={**RATE, "cap": 1}, in_force_from=NOW, by="li", now=NOW)
    assert [one.name for one in await pricing_store.read_price_lists(priced)] == ["plain"]


async def test_managers_save_lists_and_attendants_read_the_bill(
    client: httpx.AsyncClient, context: Context
) -> None:
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    bad = {"name": "x", "document": {"unit_minutes": 30}, "in_force_from": "2026-03-02T10:00:00+08:00"}
    refused = await client.post("/api/v1/price-lists", json=bad)
    assert (refused.status_code, refused.json()["code"]) == (422, "parking.price_list_refused")
    assert refused.json()["facts"]["problems"][0]["place"] == "price_per_unit"
    good = bad | {"document": DEMONSTRATION_LIST, "in_force_from": "2026-03-02T09:00:00+08:00"}
    assert (await client.post("/api/v1/price-lists", json=good)).status_code == 201
    async with unit_of_work(context.pool) as conn:
        await ensure_demonstration_list(conn, in_force_from=NOW, now=NOW)
        assert len(await pricing_store.read_price_lists(conn)) == 1
        stay = await park(conn)
    await client.post("/api/v1/session", json={"login": "wu", "password": "long enough"})
    bill = (await client.get(f"/api/v1/stays/{stay.id}/bill")).json()
    assert (bill["due_fen"], bill["parking"]["lines"]) == (0, [])
    quote = {
        "document": DEMONSTRATION_LIST,
        "entered_at": "2026-03-02T09:00:00+08:00",
        "left_at": "2026-03-02T11:00:00+08:00",
    }
    priced_out = (await client.post("/api/v1/price-lists/quote", json=quote)).json()
    assert (priced_out["fee_fen"], priced_out["lines"][0]["text_zh"]) == (400, "每30分钟 1.00元 × 4")
    assert (await client.post("/api/v1/price-lists", json=good)).status_code == 403


def term(**facts: object) -> PermitTerm:
    plain = PermitTerm(
        valid_from=date(2026, 3, 1),
        valid_to=date(2026, 3, 31),
        ended_at=None,
        max_inside=1,
        is_held=True,
        others_inside=0,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def test_a_permit_is_valid_to_the_end_of_its_last_date_or_until_it_was_ended() -> None:
    assert permit_span(term()).end_at == at("2026-04-01 00:00")
    ended = at("2026-03-10 12:00")
    assert permit_span(term(ended_at=ended)).end_at == ended
    assert permit_span(term(ended_at=at("2026-01-01 00:00"))).end_at == at("2026-03-01 00:00")


@given(st.integers(0, 3), st.integers(1, 3))
def test_a_permit_not_held_covers_only_if_it_begins_later_and_has_a_place(others: int, places: int) -> None:
    free = term(is_held=False, others_inside=others, max_inside=places)
    assert covers(free, at("2026-02-28 23:00")) == (others < places)
    assert not covers(free, at("2026-03-01 08:00"))


def test_an_emergency_vehicle_is_covered_whatever_it_has() -> None:
    spans = covered_spans(NOW, permits=(), passes=(), is_emergency=True)
    assert [span.why for span in spans] == ["emergency"]
    assert spans[0].end_at > datetime(2100, 1, 1, tzinfo=SHANGHAI)
