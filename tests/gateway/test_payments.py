"""Paying for a stay with a provider that behaves like the real ones: late, twice, refused, refunded,
forged."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from facility.alarm_store import read_open_alarms
from facility.context import Context
from facility.db import unit_of_work
from facility.ids import new_uuid
from facility.units import SHANGHAI
from gateway.parking import dues, payment_store, shift_store, store
from gateway.parking.drivers import payment_simulated_store as books
from gateway.parking.drivers.payment import NotificationForged, ProviderAway
from gateway.parking.drivers.payment_simulated import SimulatedProvider, open_simulated, tell_due
from gateway.parking.payments import (
    AmountMoved,
    NothingDue,
    Providers,
    ProviderUnknown,
    ask_payment,
    take_cash,
    take_notification,
)
from gateway.parking.pricing import ensure_demonstration_list
from gateway.parking.reconcile_payments import compare_day, compare_due_days, sweep_payments, sweep_refunds
from gateway.parking.refunds import MoreThanPaid, ask_refund
from gateway.parking.rules.stay import StayState
from tests.fakes import FakeClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Booth:
    """A car that has stood for two hours (3.00 owed past the free half hour... priced by the demonstration
    list)."""

    ctx: Context
    clock: FakeClock
    bank: SimulatedProvider
    providers: Providers
    stay_id: UUID

    async def ask(self) -> payment_store.PaymentRow:
        return await ask_payment(self.ctx, self.providers, self.stay_id, "simulated")

    async def acts(self, number: str, act: str) -> None:
        now = self.clock.now()
        async with unit_of_work(self.ctx.pool) as conn:
            await books.plan_act(conn, number, acts=act, acts_at=now, notify_after_s=0, notify_times=1)
            await books.act_due(conn, now=now)

    async def tell(self, number: str) -> str:
        async with unit_of_work(self.ctx.pool) as conn:
            row = await books.find_trade(conn, number)
        assert row is not None
        letter = self.bank.letter(row)
        return await take_notification(self.ctx, self.bank, letter.headers, letter.body)

    async def pays(self) -> payment_store.PaymentRow:
        payment = await self.ask()
        await self.acts(payment.number, "pays")
        assert await self.tell(payment.number) == "paid"
        return await self.read(payment.number)

    async def read(self, number: str) -> payment_store.PaymentRow:
        async with unit_of_work(self.ctx.pool) as conn:
            return await payment_store.read_payment(conn, number)

    async def due_fen(self) -> int | None:
        async with unit_of_work(self.ctx.pool) as conn:
            stay = await store.read_stay(conn, self.stay_id)
            return (await dues.read_due(conn, stay, now=self.clock.now())).due_fen

    async def alarms(self) -> list[str]:
        async with unit_of_work(self.ctx.pool) as conn:
            return [alarm.kind for alarm in await read_open_alarms(conn)]


@pytest.fixture
async def booth(context: Context, clock: FakeClock) -> AsyncIterator[Booth]:
    bank = await open_simulated(context.pool, clock)
    stay_id = new_uuid()
    async with unit_of_work(context.pool) as conn:
        await ensure_demonstration_list(
            conn, in_force_from=datetime(2026, 1, 1, tzinfo=SHANGHAI), now=clock.now()
        )
        await store.insert_stay(
            conn,
            store.NewStay(
                id=stay_id,
                plate="苏F12345",
                plate_kind="blue",
                vehicle_class="small",
                ticket=None,
                state=StayState.INSIDE,
                entry_lane="A-IN",
                entry_read=None,
                entry_how="attendant",
                entered_at=clock.now(),
                permit_id=None,
                is_simulated=False,
            ),
        )
    clock.advance(timedelta(hours=2))
    providers = Providers(by_name={bank.name: bank}, notify_base="http://garage")
    yield Booth(ctx=context, clock=clock, bank=bank, providers=providers, stay_id=stay_id)


async def test_a_payment_that_the_bank_tells_of_settles_the_stay(booth: Booth) -> None:
    assert await booth.due_fen() == 400
    paid = await booth.pays()
    assert (paid.state, paid.parking_fen, paid.is_stray) == ("paid", 400, False)
    assert await booth.due_fen() == 0


async def test_the_lines_of_a_payment_add_up_to_its_parking_part(booth: Booth) -> None:
    payment = await booth.ask()
    assert sum(line["fen"] for line in payment.lines) == payment.parking_fen
    assert all(line["text_zh"] and line["text_en"] for line in payment.lines)


async def test_asking_twice_gives_the_same_payment_while_its_price_holds(booth: Booth) -> None:
    first = await booth.ask()
    assert (await booth.ask()).number == first.number
    booth.clock.advance(timedelta(minutes=29))
    second = await booth.ask()
    assert second.number != first.number
    assert second.parking_fen == 500
    assert (await booth.read(first.number)).state == "closed"


async def test_a_repeated_notification_changes_nothing(booth: Booth) -> None:
    paid = await booth.pays()
    assert await booth.tell(paid.number) == "repeated"
    async with unit_of_work(booth.ctx.pool) as conn:
        due = await dues.read_due(conn, await store.read_stay(conn, booth.stay_id), now=booth.clock.now())
    assert due.paid_fen == 400


async def test_a_refused_payment_leaves_the_stay_owing_and_may_be_asked_again(booth: Booth) -> None:
    payment = await booth.ask()
    await booth.acts(payment.number, "refuses")
    assert await booth.tell(payment.number) == "refused"
    assert await booth.due_fen() == 400
    assert (await booth.ask()).number != payment.number


async def test_a_payment_whose_notification_is_lost_is_found_by_the_sweep(booth: Booth) -> None:
    payment = await booth.ask()
    await booth.acts(payment.number, "pays")
    booth.clock.advance(timedelta(seconds=30))
    assert await sweep_payments(booth.ctx, booth.providers) == 1
    assert (await booth.read(payment.number)).state == "paid"
    assert await booth.tell(payment.number) == "repeated"


async def test_a_payment_nobody_makes_is_closed_once_its_price_no_longer_holds(booth: Booth) -> None:
    payment = await booth.ask()
    booth.clock.advance(timedelta(minutes=6))
    await sweep_payments(booth.ctx, booth.providers)
    assert (await booth.read(payment.number)).state == "closed"
    await booth.acts(payment.number, "pays")
    async with unit_of_work(booth.ctx.pool) as conn:
        trade = await books.find_trade(conn, payment.number)
    assert trade is not None and trade.state == "closed"


async def test_late_money_that_is_still_owed_is_taken(booth: Booth) -> None:
    payment = await booth.ask()
    now = booth.clock.now()
    async with unit_of_work(booth.ctx.pool) as conn:
        await payment_store.write_payment_ended(conn, payment.id, state="closed", reason="test")
        await books.plan_act(conn, payment.number, acts="pays", acts_at=now, notify_after_s=0, notify_times=1)
        await books.act_due(conn, now=now)
    assert await booth.tell(payment.number) == "paid"
    assert await booth.due_fen() == 0


async def test_money_that_comes_twice_for_one_stay_is_given_back_by_itself(booth: Booth) -> None:
    first = await booth.ask()
    async with unit_of_work(booth.ctx.pool) as conn:
        await payment_store.write_payment_ended(conn, first.id, state="closed", reason="test")
    await booth.pays()
    await booth.acts(first.number, "pays")
    assert await booth.tell(first.number) == "stray"
    await sweep_refunds(booth.ctx, booth.providers)
    async with unit_of_work(booth.ctx.pool) as conn:
        stray = await payment_store.read_payment(conn, first.number)
        refunds = await payment_store.read_refunds(conn, stray.id)
        due = await dues.read_due(conn, await store.read_stay(conn, booth.stay_id), now=booth.clock.now())
    assert stray.is_stray
    assert [(one.state, one.amount_fen) for one in refunds] == [("done", 400)]
    assert due.paid_fen == 400


async def test_another_amount_than_was_asked_for_is_not_taken_and_raises_an_alarm(booth: Booth) -> None:
    payment = await booth.ask()
    await booth.acts(payment.number, "pays")
    async with unit_of_work(booth.ctx.pool) as conn:
        await conn.execute("update parking.simulated_trade set amount_fen = 1")
    assert await booth.tell(payment.number) == "amount"
    assert (await booth.read(payment.number)).state == "pending"
    assert "payment.amount" in await booth.alarms()


async def test_a_notification_without_its_signature_is_refused_and_leaves_nothing(booth: Booth) -> None:
    payment = await booth.ask()
    await booth.acts(payment.number, "pays")
    async with unit_of_work(booth.ctx.pool) as conn:
        row = await books.find_trade(conn, payment.number)
    assert row is not None
    letter = booth.bank.letter(row)
    told = json.loads(letter.body) | {"amount_fen": 1}
    with pytest.raises(NotificationForged):
        await take_notification(booth.ctx, booth.bank, letter.headers, json.dumps(told).encode())
    booth.clock.advance(timedelta(minutes=6))
    with pytest.raises(NotificationForged):
        await take_notification(booth.ctx, booth.bank, letter.headers, letter.body)
    assert (await booth.read(payment.number)).state == "pending"


async def test_the_exit_grace_counts_from_the_payment_and_covers_the_moment_of_its_price(
    booth: Booth,
) -> None:
    booth.clock.advance(timedelta(minutes=-1))
    payment = await booth.ask()
    booth.clock.advance(
        timedelta(minutes=4)
    )  # a new half hour has begun, but the price of the question holds
    await booth.acts(payment.number, "pays")
    assert await booth.tell(payment.number) == "paid"
    booth.clock.advance(timedelta(minutes=15))
    assert await booth.due_fen() == 0
    booth.clock.advance(timedelta(seconds=1))
    assert await booth.due_fen() == 100


async def test_a_paid_stay_has_nothing_to_ask_for(booth: Booth) -> None:
    await booth.pays()
    with pytest.raises(NothingDue):
        await booth.ask()


async def test_a_provider_that_is_away_leaves_nothing_waiting(booth: Booth) -> None:
    class Away(SimulatedProvider):
        async def ask(self, order: object) -> str:
            raise ProviderAway("no answer")

    away = Away(booth.ctx.pool, booth.clock, "secret")
    with pytest.raises(ProviderAway):
        await ask_payment(
            booth.ctx, Providers(by_name={"simulated": away}, notify_base=""), booth.stay_id, "simulated"
        )
    async with unit_of_work(booth.ctx.pool) as conn:
        assert await payment_store.find_waiting_payment(conn, booth.stay_id) is None
    assert (await booth.ask()).state == "pending"


async def test_an_unknown_provider_is_said(booth: Booth) -> None:
    with pytest.raises(ProviderUnknown):
        await ask_payment(booth.ctx, booth.providers, booth.stay_id, "shells")


async def test_cash_needs_an_open_shift_and_the_agreed_amount(booth: Booth) -> None:
    person_id = new_uuid()
    async with unit_of_work(booth.ctx.pool) as conn:
        with pytest.raises(shift_store.ShiftMissing):
            await take_cash(booth.ctx, conn, booth.stay_id, person_id=person_id, agreed_fen=400)
        await shift_store.insert_shift(
            conn,
            shift_id=new_uuid(),
            person_id=person_id,
            person_name="吴敏",
            began_at=booth.clock.now(),
            opening_cash_fen=10_000,
        )
        with pytest.raises(AmountMoved):
            await take_cash(booth.ctx, conn, booth.stay_id, person_id=person_id, agreed_fen=300)
        paid = await take_cash(booth.ctx, conn, booth.stay_id, person_id=person_id, agreed_fen=400)
    assert await booth.due_fen() == 0
    async with unit_of_work(booth.ctx.pool) as conn:
        await ask_refund(
            conn, paid.number, parking_fen=150, charging_fen=0, reason="算错", by="吴敏", person_id=person_id,
            now=booth.clock.now(),
        )  # fmt: skip
        shift = await shift_store.find_open_shift(conn, person_id)
        assert shift is not None
        assert await shift_store.sum_cash(conn, shift.id) == 250
    assert await booth.due_fen() == 150


async def charge(booth: Booth, *, is_over: bool) -> int:
    """A charge of the car while it stands there; once it is over its bill is 12.34."""
    begun = booth.clock.now() - timedelta(minutes=90)
    ended = begun + timedelta(minutes=60) if is_over else None
    async with unit_of_work(booth.ctx.pool) as conn, conn.cursor() as cur:
        await cur.execute(
            """
            with charger as (
                insert into charging.charger (identity, registered_at) values ('T-1', %(begun)s) returning id
            )
            insert into charging.transaction
                (charger_id, evse_no, id_tag, plate, token, state, started_at, started_raw, start_received_at,
                 meter_start_wh, last_sign_at, energy_tariff_id, stopped_at, delivered_wh,
                 charging_ended_at, unplugged_at)
            select id, 1, 'QR', '苏F12345', 't', case when %(ended)s::timestamptz is null then 'running' else
                   'ended' end, %(begun)s, '', %(begun)s, 0, %(begun)s, (select min(id) from
                   charging.energy_tariff), %(ended)s, case when %(ended)s::timestamptz is null then null
                   else 21400 end, %(ended)s, %(ended)s
            from charger returning id
            """,
            {"begun": begun, "ended": ended},
        )
        row = await cur.fetchone()
        assert row is not None
        if is_over:
            await cur.execute(
                """
                insert into charging.bill
                    (transaction_id, total_fen, energy_fen, service_fen, idle_fen, delivered_wh, lines,
                     energy_tariff, made_at)
                values (%(id)s, 1234, 1000, 234, 0, 21400, '[]', 'test', %(now)s)
                """,
                {"id": row[0], "now": booth.clock.now()},
            )
        return int(row[0])


async def test_one_bill_has_the_parking_fee_and_the_unpaid_charge_and_paying_settles_both(
    booth: Booth,
) -> None:
    transaction_id = await charge(booth, is_over=True)
    assert await booth.due_fen() == 200 + 1234  # an hour of parking is waived for the charge
    paid = await booth.pays()
    assert (paid.parking_fen, paid.charging_fen) == (200, 1234)
    assert await booth.due_fen() == 0
    async with unit_of_work(booth.ctx.pool) as conn, conn.cursor() as cur:
        await cur.execute(
            "select state, payment_reference from charging.bill where transaction_id = %s", (transaction_id,)
        )
        assert await cur.fetchone() == ("settled", paid.number)
        await cur.execute("select part, sum(amount_fen)::integer from parking.money group by 1 order by 1")
        assert await cur.fetchall() == [("charging", 1234), ("parking", 200)]


async def test_a_car_that_charges_still_owes_its_parking(booth: Booth) -> None:
    await charge(booth, is_over=False)
    assert await booth.due_fen() == 400


async def test_a_refund_gives_back_once_and_never_more_than_was_paid(booth: Booth) -> None:
    paid = await booth.pays()
    async with unit_of_work(booth.ctx.pool) as conn:
        await ask_refund(
            conn, paid.number, parking_fen=300, charging_fen=0, reason="申诉", by="李强", person_id=new_uuid(),
            now=booth.clock.now(),
        )  # fmt: skip
        with pytest.raises(MoreThanPaid):
            await ask_refund(
                conn, paid.number, parking_fen=101, charging_fen=0, reason="again", by="李强",
                person_id=new_uuid(), now=booth.clock.now(),
            )  # fmt: skip
    assert await sweep_refunds(booth.ctx, booth.providers) == 1
    assert await sweep_refunds(booth.ctx, booth.providers) == 0
    async with unit_of_work(booth.ctx.pool) as conn:
        assert await books.sum_refunds(conn, paid.number, but_not="") == 300
    assert await booth.due_fen() == 300


async def test_a_days_books_are_compared_with_the_statement(booth: Booth) -> None:
    paid = await booth.pays()
    day = datetime(2026, 3, 2).date()
    equal = await compare_day(booth.ctx, booth.bank, day)
    assert equal is not None
    assert (equal.matched, equal.ours_fen, equal.theirs_fen, equal.differences) == (1, 400, 400, [])
    async with unit_of_work(booth.ctx.pool) as conn:
        await conn.execute("update parking.simulated_trade set amount_fen = 500")
    differs = await compare_day(booth.ctx, booth.bank, day)
    assert differs is not None
    assert differs.differences == [
        {"number": paid.number, "kind": "amount", "ours_fen": 400, "theirs_fen": 500}
    ]
    assert "payment.books_differ" in await booth.alarms()


async def test_each_day_is_compared_once_its_statement_is_there(booth: Booth) -> None:
    await booth.pays()
    booth.clock.advance(timedelta(hours=23))
    assert "2026-03-02" not in [str(row.day) for row in await compare_due_days(booth.ctx, booth.providers)]
    booth.clock.advance(timedelta(hours=2))
    assert [str(row.day) for row in await compare_due_days(booth.ctx, booth.providers)] == ["2026-03-02"]
    assert await compare_due_days(booth.ctx, booth.providers) == []


async def test_the_bank_tells_over_http_until_it_is_heard(booth: Booth, client: httpx.AsyncClient) -> None:
    payment = await booth.ask()
    await booth.acts(payment.number, "pays")
    url = "http://garage/api/v1/payments/notifications/simulated"
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: httpx.Response(503))) as deaf:
        assert await tell_due(booth.ctx, booth.bank, deaf, url) == 0
    assert await tell_due(booth.ctx, booth.bank, client, url) == 0  # put off, not forgotten
    booth.clock.advance(timedelta(seconds=15))
    assert await tell_due(booth.ctx, booth.bank, client, url) == 1
    answer = await client.get(f"/api/v1/payments/{payment.number}")
    assert (answer.json()["state"], answer.json()["amount_fen"]) == ("paid", 400)
    assert "plate" not in answer.text


async def test_a_driver_asks_for_an_invoice_once_and_it_is_exported_once(
    booth: Booth, client: httpx.AsyncClient
) -> None:
    paid = await booth.pays()
    body = {"title": "=南通某某公司", "tax_number": "91320600MA1ABCDE2X"}
    assert (await client.post(f"/api/v1/payments/{paid.number}/invoice", json=body)).status_code == 201
    again = await client.post(f"/api/v1/payments/{paid.number}/invoice", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "invoice.asked")
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    exported = await client.post("/api/v1/invoices/export")
    assert exported.status_code == 200
    assert "'=南通某某公司" in exported.text and "4.00" in exported.text
    assert (await client.post("/api/v1/invoices/export")).text.count("\n") == 1


async def test_the_simulated_bank_has_a_page_that_needs_no_script(
    booth: Booth, client: httpx.AsyncClient
) -> None:
    payment = await booth.ask()
    assert payment.pay_address is not None
    page = await client.get(payment.pay_address)
    assert "4.00" in page.text and 'method="post"' in page.text and 'name="act"' in page.text
    pressed = await client.post(payment.pay_address, data={"act": "pays"})
    assert pressed.status_code == 303
    assert await booth.tell(payment.number) == "paid"
