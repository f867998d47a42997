"""Drivers' pages over HTTP, with the real database."""

import ast
import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from facility.context import Context
from facility.db import unit_of_work
from facility.mode import ModeEvent
from facility.store import write_mode
from gateway.parking import dues_store, gates_store, occupancy, store
from gateway.parking.arrivals import arrive
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.gates import carry_out
from gateway.parking.payment_providers import open_providers
from gateway.parking.payments import apply_trade
from gateway.web.render import HERE
from tests.fakes import FakeClock
from tests.gateway.parking_world import read_of

LIST = {"free_minutes": 30, "unit_minutes": 30, "price_per_unit": 2, "exit_grace_minutes": 15}


@pytest.fixture
async def parked(context: Context, clock: FakeClock) -> store.Stay:
    """苏F12345, inside for 95 minutes, in bay B1-050."""
    await occupancy.prepare(context)
    async with unit_of_work(context.pool) as conn:
        await dues_store.insert_tariff(
            conn,
            name="list",
            body=LIST,
            in_force_from=clock.now() - timedelta(days=1),
            saved_at=clock.now(),
            saved_by="manager",
        )
    async with unit_of_work(context.pool) as conn:
        await arrive(conn, context.site, read_of("苏F12345", "A-IN", clock.now()), now=clock.now())
    async with unit_of_work(context.pool) as conn:
        (order,) = await gates_store.read_waiting_orders(conn)
    await carry_out(context, SimulatedGate(0.0), order)
    async with unit_of_work(context.pool) as conn:
        (stay,) = await store.read_open_stays(conn)
        await occupancy.bay_heard(conn, "B1-050", is_occupied=True, now=clock.now(), stay_id=stay.id)
    clock.advance(timedelta(minutes=95))
    return stay


async def test_the_first_page_says_what_is_free_in_both_languages(
    client: httpx.AsyncClient, parked: store.Stay
) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert "查询停车并缴费" in page.text
    assert re.search(r"地下一层.*?<b>89</b>", page.text, re.S)
    english = await client.get("/?lang=en")
    assert "Find my stay and pay" in english.text
    assert "查询" not in english.text
    assert "Find my stay" in (await client.get("/")).text  # the choice is remembered


async def test_everything_a_first_visit_loads_is_under_fifty_kilobytes(
    client: httpx.AsyncClient, parked: store.Stay
) -> None:
    page = await client.get("/")
    octets = 0
    for address in ["/", *re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)]:
        async with client.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
            octets += len(b"".join([part async for part in answer.aiter_raw()]))
    assert 10_000 < octets < 50_000


async def test_the_first_page_is_whole_in_one_trip_and_names_what_runs_in_it(
    client: httpx.AsyncClient, parked: store.Stay
) -> None:
    page = await client.get("/")
    assert 'rel="stylesheet"' not in page.text
    for inside, kind in (("style", "style-src"), ("script", "script-src")):
        text = re.search(rf"<{inside}(?: type=\"module\")?>(.+?)</{inside}>", page.text, re.S)
        assert text is not None
        digest = base64.b64encode(hashlib.sha256(text.group(1).encode()).digest()).decode()
        policy = page.headers["content-security-policy"]
        (rule,) = [one for one in policy.split("; ") if one.startswith(kind)]
        assert f"'sha256-{digest}'" in rule
    assert "sha256" not in (await client.get("/keep")).headers["content-security-policy"]


async def test_a_plate_leads_to_its_fee_with_its_lines_and_not_to_its_place(
    client: httpx.AsyncClient, parked: store.Stay
) -> None:
    answer = await client.post("/stay", data={"plate": " 苏f·12345 "})
    assert answer.status_code == 303
    page = await client.get(answer.headers["location"])
    assert "8.00" in page.text and "1 小时 35 分钟" in page.text
    assert "每30分钟 2.00元 × 4" in page.text
    assert "B1" not in page.text
    found = await client.get(answer.headers["location"] + "/find")
    assert "B1-050" not in found.text and "缴费后可以在这里查看" in found.text


async def test_a_page_nobody_was_given_and_one_that_ran_out_show_nothing(
    client: httpx.AsyncClient, parked: store.Stay, clock: FakeClock
) -> None:
    assert (await client.get("/s/guess")).status_code == 404
    answer = await client.post("/stay", data={"plate": "苏F12345"})
    clock.advance(timedelta(minutes=41))
    gone = await client.get(answer.headers["location"])
    assert gone.status_code == 404
    assert "页面已过期" in gone.text and "8.00" not in gone.text and "苏F·" not in gone.text


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("苏F1234", 422, "车牌号不完整"),
        ("苏F9999Z", 404, "没有找到"),
        ("<script>", 422, "车牌号不完整"),
        ("苏FZ123456", 422, "车牌号不完整"),
    ],
)
async def test_what_is_no_plate_or_is_not_inside_is_said_in_words(
    client: httpx.AsyncClient, parked: store.Stay, typed: str, status: int, said: str
) -> None:
    answer = await client.post("/stay", data={"plate": typed})
    assert answer.status_code == status
    assert said in answer.text
    assert "<script>" not in answer.text.replace('<script src="', "")


async def test_asking_again_and_again_for_one_plate_is_stopped(
    client: httpx.AsyncClient, parked: store.Stay, clock: FakeClock
) -> None:
    answers = [await client.post("/stay", data={"plate": "苏F12345"}) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 6 + [429]
    clock.advance(timedelta(minutes=1))
    assert (await client.post("/stay", data={"plate": "苏F12345"})).status_code == 303


async def test_walking_through_plates_from_one_address_is_stopped(
    client: httpx.AsyncClient, parked: store.Stay
) -> None:
    answers = [await client.post("/stay", data={"plate": f"苏F100{n:02d}"}) for n in range(14)]
    assert [answer.status_code for answer in answers] == [404] * 12 + [429] * 2


async def test_a_phone_remembers_the_bay_it_scanned(client: httpx.AsyncClient, parked: store.Stay) -> None:
    assert (await client.get("/b/B1-077")).status_code == 303
    page = await client.get("/find")
    assert "B1-077" in page.text and "<svg" in page.text
    assert (await client.get("/b/B9-001")).status_code == 404


async def test_a_kept_place_is_one_less_for_others_and_one_a_plate(
    client: httpx.AsyncClient, parked: store.Stay
) -> None:
    assert "已预留" in (await client.post("/keep", data={"plate": "苏FD54321", "level": "L3"})).text
    assert re.search(r"三层.*?<b>77</b>", (await client.get("/")).text, re.S)
    again = await client.post("/keep", data={"plate": "苏FD54321", "level": "L2"})
    assert again.status_code == 409


async def test_while_the_garage_is_converted_every_page_says_so_and_the_basement_is_closed(
    client: httpx.AsyncClient, parked: store.Stay, context: Context, clock: FakeClock
) -> None:
    async with unit_of_work(context.pool) as conn:
        await write_mode(conn, ModeEvent.CONVERSION_ORDERED, by="commander", reason="test", now=clock.now())
    page = await client.get("/")
    assert 'data-world="converting"' in page.text and "请尽快驶离地下一层" in page.text
    assert re.search(r"地下一层.*?关闭", page.text, re.S)


async def test_a_static_file_is_packed_kept_for_ever_by_its_digest_and_checked_without(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/keep")
    address = re.search(r"/static/pingzhan\.css\?v=\w+", page.text)
    assert address is not None
    named = await client.get(address.group())
    assert "immutable" in named.headers["cache-control"]
    plain = await client.get("/static/pingzhan.css")
    assert plain.headers["cache-control"] == "no-cache"
    again = await client.get("/static/pingzhan.css", headers={"if-none-match": plain.headers["etag"]})
    assert again.status_code == 304
    assert (await client.get("/static/..%2Frender.py")).status_code == 404
    async with client.stream("GET", "/static/pingzhan.css", headers={"accept-encoding": "gzip"}) as packed:
        assert gzip.decompress(b"".join([part async for part in packed.aiter_raw()])) == plain.content


def _said() -> Iterator[tuple[str, str]]:
    for path in sorted((HERE / "templates").rglob("*.html")):
        found = Environment(extensions=["jinja2.ext.i18n"]).extract_translations(path.read_text("utf-8"))
        for _line, _function, text in found:
            if text is not None:  # a text that code chose
                yield path.name, text if isinstance(text, str) else str(text[0])
    for path in sorted(HERE.glob("*.py")):
        for text in re.findall(r'\bword\(\s*"([^"]+)"', path.read_text("utf-8")):
            yield path.name, text
    for path in sorted((HERE.parent / "office").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and re.search("[\u4e00-\u9fff]", str(node.value)):
                yield path.name, str(node.value)


def test_every_text_of_the_pages_has_its_english_and_no_english_is_left_over() -> None:
    with Path(HERE / "locale" / "en.po").open("rb") as file:
        catalogue = {str(message.id): str(message.string) for message in read_po(file) if message.id}
    written = Path(HERE / "locale" / "en.po").read_text("utf-8").splitlines()
    assert [line for line in written if line and not line.startswith(("msgid ", "msgstr ", '"', "#"))] == []
    said = {text for _name, text in _said()}
    assert said - catalogue.keys() == set()
    assert catalogue.keys() - said == set()
    for chinese, english in catalogue.items():
        assert english and set(re.findall(r"%\(\w+\)s", chinese)) == set(re.findall(r"%\(\w+\)s", english))


async def test_paying_leads_to_the_bank_and_back_and_then_shows_the_way_to_the_car(
    client: httpx.AsyncClient, parked: store.Stay, context: Context, clock: FakeClock
) -> None:
    mine = (await client.post("/stay", data={"plate": "苏F12345"})).headers["location"]
    asked = await client.post(f"{mine}/pay", data={"way": "simulated", "amount_fen": "800"})
    assert asked.headers["location"] == f"{mine}/paying"
    paying = await client.get(f"{mine}/paying")
    bank = re.search(r'href="[^"]*(/pay/simulated/\w+\?back=[^"]+)"', paying.text)
    assert bank is not None and "8.00" in paying.text
    paid = await client.post(bank.group(1).split("?")[0], data={"act": "pays", "back": f"{mine}/paying"})
    assert paid.headers["location"] == f"{mine}/paying"
    trade = await open_providers(context)
    number = bank.group(1).split("?")[0].split("/")[-1]
    async with unit_of_work(context.pool) as conn:
        await apply_trade(context, conn, "simulated", await trade.named("simulated").look_up(number))
    assert (await client.get(f"{mine}/paying")).headers["location"] == mine
    page = await client.get(mine)
    assert "现在无需缴费" in page.text and "找我的车" in page.text
    assert "B1-050" in (await client.get(f"{mine}/find")).text
    receipt = await client.get(f"{mine}/receipt")
    assert "8.00" in receipt.text and "含模拟付款" in receipt.text
    assert "申请电子发票" in receipt.text
    short = await client.post(f"{mine}/invoice", data={"title": "王", "tax_number": "1"})
    assert "税号为" in (await client.get(short.headers["location"])).text
    words = {"title": "南通某公司", "tax_number": "91320600MA1ABCDEF0", "deliver_to": "a@example.com"}
    assert (await client.post(f"{mine}/invoice", data=words)).headers["location"].endswith("asked=1")
    assert "已申请电子发票" in (await client.get(f"{mine}/receipt")).text
    assert "invoice.asked" in (await client.post(f"{mine}/invoice", data=words)).headers["location"]
    another = (await client.post("/stay", data={"plate": "苏F12345"})).headers["location"]
    assert "申请电子发票" not in (await client.get(f"{another}/receipt")).text
    assert "invoice.nothing" in (await client.post(f"{another}/invoice", data=words)).headers["location"]
    assert "B1-050" not in (await client.get(f"{another}/find")).text


async def test_a_fee_that_moved_is_shown_again_before_it_is_paid(
    client: httpx.AsyncClient, parked: store.Stay, clock: FakeClock
) -> None:
    mine = (await client.post("/stay", data={"plate": "苏F12345"})).headers["location"]
    clock.advance(timedelta(minutes=31))
    answer = await client.post(f"{mine}/pay", data={"way": "simulated", "amount_fen": "800"})
    assert answer.headers["location"] == f"{mine}?changed=1"
    assert "费用已变化" in (await client.get(answer.headers["location"])).text


async def test_a_ticket_is_given_only_to_a_car_without_a_plate_that_waits(
    client: httpx.AsyncClient, parked: store.Stay, context: Context, clock: FakeClock
) -> None:
    assert (await client.post("/t/B-IN")).status_code == 409
    async with unit_of_work(context.pool) as conn:
        await arrive(conn, context.site, read_of("", "B-IN", clock.now(), accepted=False), now=clock.now())
    page = await client.post("/t/B-IN")
    ticket = re.search(r"T[2-9A-Z]{6}", page.text)
    assert page.status_code == 200 and ticket is not None
    assert (await client.post("/t/B-IN")).status_code == 409
    clock.advance(timedelta(minutes=40))
    mine = await client.post("/stay", data={"plate": "", "ticket": ticket.group()})
    assert "4.00" in (await client.get(mine.headers["location"])).text
