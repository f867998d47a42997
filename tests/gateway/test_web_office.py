"""The office pages: permits, passes, lists, coupons, refunds, reconciliation, invoices."""

import re
from datetime import timedelta

import httpx
import pytest

from facility.context import Context
from facility.db import unit_of_work
from facility.identity import Person, Role
from facility.store import read_audit
from gateway.parking import (
    books_store,
    dues_store,
    gates_store,
    gifts_store,
    lists_store,
    occupancy,
    payment_store,
    shifts,
    store,
)
from gateway.parking.arrivals import arrive
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.gates import carry_out
from gateway.parking.payments import take_cash
from gateway.staff.store import read_person_by_login
from tests.fakes import FakeClock
from tests.gateway.parking_world import read_of


async def sign_in(client: httpx.AsyncClient, login: str) -> httpx.AsyncClient:
    client.cookies.clear()
    answer = await client.post(
        "/login", data={"login": login, "password": "long enough", "next": "/attendant/"}
    )
    assert answer.status_code == 303
    return client


@pytest.fixture
async def office(client: httpx.AsyncClient, context: Context) -> httpx.AsyncClient:
    """李强, a manager, signed in."""
    await occupancy.prepare(context)
    async with unit_of_work(context.pool) as conn:
        await dues_store.insert_tariff(
            conn,
            name="list",
            body={"unit_minutes": 30, "price_per_unit": 2},
            in_force_from=context.clock.now() - timedelta(days=1),
            saved_at=context.clock.now(),
            saved_by="manager",
        )
    return await sign_in(client, "li")


PERMIT = {
    "kind": "monthly",
    "holder": "王芳",
    "plates": "苏F12345，苏fd12345",
    "valid_from": "2026-03-01",
    "valid_to": "2026-03-31",
    "max_inside": "1",
    "bay": "b1-007",
    "fee_yuan": "300",
}


async def test_a_permit_is_sold_shown_and_ended(office: httpx.AsyncClient, context: Context) -> None:
    sold = await office.post("/attendant/rights/permits", data=PERMIT)
    assert sold.headers["location"].endswith("done=permit")
    page = (await office.get("/attendant/rights")).text
    assert "王芳" in page and "苏F·12345" in page and "苏F·D12345" in page and "¥300.00" in page
    taken = await office.post("/attendant/rights/permits", data=PERMIT | {"holder": "赵"})
    assert "permit.bay_taken" in taken.headers["location"]
    (row,) = re.findall(r'name="row" value="([^"]+)"', page)
    await office.post("/attendant/rights/end", data={"what": "permit", "row": row})
    again = await office.post("/attendant/rights/end", data={"what": "permit", "row": row})
    assert "parking.list_row_missing" in again.headers["location"]
    async with unit_of_work(context.pool) as conn:
        assert not await lists_store.read_permits(conn, plate=None)
        acts = [row.act for row in await read_audit(conn)]
    assert {"permit.added", "permit.ended"} <= set(acts)


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"valid_to": "2026-02-01"}, "form.wrong"),
        ({"valid_to": "soon"}, "form.wrong"),
        ({"plates": "12"}, "plate.unreadable"),
        ({"fee_yuan": "-3"}, "amount.unreadable"),
        ({"bay": "B1-999"}, "permit.bay_taken"),
    ],
)
async def test_a_permit_that_cannot_be_is_refused_in_words(
    office: httpx.AsyncClient, change: dict[str, str], trouble: str
) -> None:
    refused = await office.post("/attendant/rights/permits", data=PERMIT | change)
    assert trouble in refused.headers["location"]
    assert "没有办成" not in (await office.get(refused.headers["location"])).text


async def test_a_visitor_is_entered_by_the_attendant_and_comes_in_as_one(
    office: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    booth = await sign_in(office, "wu")
    visit = {
        "plate": "苏F12345",
        "host": "李强",
        "valid_from": "2026-03-02T08:00",
        "valid_until": "2026-03-02T18:00",
        "is_free": "true",
    }
    assert "done=pass" in (await booth.post("/attendant/rights/passes", data=visit)).headers["location"]
    backwards = visit | {"valid_until": "2026-03-02T07:00"}
    assert "form.wrong" in (await booth.post("/attendant/rights/passes", data=backwards)).headers["location"]
    assert "接待人" in (await booth.get("/attendant/rights")).text
    async with unit_of_work(context.pool) as conn:
        entry = await arrive(conn, context.site, read_of("苏F12345", "A-IN", clock.now()), now=clock.now())
    assert entry is not None and entry.reason == "visitor"
    assert (await booth.post("/attendant/rights/permits", data=PERMIT)).status_code == 403
    assert "办理月卡或年卡" not in (await booth.get("/attendant/rights")).text


async def test_a_plate_on_the_deny_list_stays_out_to_the_end_of_its_date(
    office: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    listed = {"name": "deny", "plate": "苏F12345", "reason": "多次堵塞通道", "until": "2026-03-02"}
    assert "done=listed" in (await office.post("/attendant/rights/lists", data=listed)).headers["location"]
    again = await office.post("/attendant/rights/lists", data=listed)
    assert "list.plate_on_it" in again.headers["location"]
    outcomes = []
    for wait in (timedelta(), timedelta(hours=14, minutes=59), timedelta(minutes=2)):
        clock.advance(wait)
        async with unit_of_work(context.pool) as conn:
            read = read_of("苏F12345", "A-IN", clock.now())
            entry = await arrive(conn, context.site, read, now=clock.now())
        assert entry is not None
        outcomes.append(entry.reason)
    assert outcomes == ["denied", "denied", "ordinary"]


async def test_coupons_are_made_for_a_shop_worth_one_thing(
    office: httpx.AsyncClient, context: Context
) -> None:
    wanted = {"shop": "书店", "how_many": "3", "minutes": "60", "yuan": "", "valid_to": "2026-03-31"}
    assert "done=coupons" in (await office.post("/attendant/coupons", data=wanted)).headers["location"]
    both = await office.post("/attendant/coupons", data=wanted | {"yuan": "5"})
    assert "form.wrong" in both.headers["location"]
    page = (await office.get("/attendant/coupons", params={"shop": "书店"})).text
    async with unit_of_work(context.pool) as conn:
        made = await gifts_store.read_coupons(conn, shop="书店")
    assert len(made) == 3 and all(coupon.code in page for coupon in made) and "60 分钟" in page


async def paid_in_cash(context: Context, clock: FakeClock) -> tuple[store.Stay, str]:
    """A car paid four yuan at the booth; its stay and the payment's number."""
    async with unit_of_work(context.pool) as conn:
        entry = await arrive(conn, context.site, read_of("苏F12345", "A-IN", clock.now()), now=clock.now())
        (order,) = await gates_store.read_waiting_orders(conn)
    await carry_out(context, SimulatedGate(0.0), order)
    assert entry is not None and entry.stay_id is not None
    clock.advance(timedelta(minutes=50))
    async with unit_of_work(context.pool) as conn:
        row = await read_person_by_login(conn, "wu")
        assert row is not None
        person = Person(id=row.id, name=row.name, roles=frozenset({Role.ATTENDANT}))
        await shifts.begin_shift(conn, person, opening_cash_fen=0, now=clock.now())
        await take_cash(context, conn, entry.stay_id, person_id=person.id, agreed_fen=400)
        (payment,) = await payment_store.read_payments_of_stay(conn, entry.stay_id)
        return await store.read_stay(conn, entry.stay_id), payment.number


async def test_cash_is_given_back_from_the_books_and_no_more_than_was_paid(
    office: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    _stay, number = await paid_in_cash(context, clock)
    booth = await sign_in(office, "wu")
    page = (await booth.get("/attendant/books", params={"find": "f123"})).text
    assert number in page and "4.00" in page and "现金" in page
    form = {"number": number, "parking_yuan": "5", "reason": "多收了"}
    assert (
        "payment.more_than_paid"
        in (await booth.post("/attendant/books/refund", data=form)).headers["location"]
    )
    form["parking_yuan"] = "1.50"
    assert "done=refund" in (await booth.post("/attendant/books/refund", data=form)).headers["location"]
    async with unit_of_work(context.pool) as conn:
        (booked,) = await books_store.read_payments_made(conn, number, limit=5)
        acts = {row.act for row in await read_audit(conn)}
    assert booked.refunded_fen == 150 and "payment.refunded" in acts
    assert "1.50" in (await booth.get("/attendant/books")).text


async def test_invoices_are_exported_once_and_their_addresses_are_forgotten(
    office: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    _stay, number = await paid_in_cash(context, clock)
    asked = await office.post(
        f"/api/v1/payments/{number}/invoice", json={"title": "某公司", "deliver_to": "a@example.com"}
    )
    assert asked.status_code == 201
    assert "待导出：1 份" in (await office.get("/attendant/books")).text
    made = await office.post("/attendant/books/invoices")
    assert "a@example.com" in made.text and "attachment" in made.headers["content-disposition"]
    assert "a@example.com" not in (await office.post("/attendant/books/invoices")).text
    async with unit_of_work(context.pool) as conn:
        rows = await (await conn.execute("select deliver_to from parking.invoice_request")).fetchall()
    assert rows == [("",)]


async def test_a_day_without_a_statement_cannot_be_compared_and_strangers_see_nothing(
    office: httpx.AsyncClient,
) -> None:
    reply = await office.post("/attendant/books/compare", data={"provider": "moon", "day": "2026-03-01"})
    assert "payment.provider_unknown" in reply.headers["location"]
    assert (await sign_in(office, "wu")).cookies
    assert (await office.post("/attendant/books/invoices")).status_code == 403
    office.cookies.clear()
    for page in ("rights", "coupons", "books"):
        assert (await office.get(f"/attendant/{page}")).headers["location"].startswith("/login")
