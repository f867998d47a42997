"""The depot over its routes, on a real database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.settings import Settings
from facility.site import Site
from facility.store import read_bay_uses, write_bay_use
from gateway.app import create_app
from gateway.staff.people import add_token
from tests.fakes import FakeClock
from wartime_conversion.depot.store import read_balances, read_ledger_sums

BAYS = ["B1-001", "B1-002", "B1-003", "B1-004"]


class Depot:
    """Two storekeepers and a manager at their terminals."""

    def __init__(self, ctx: Context, clients: dict[str, httpx.AsyncClient]) -> None:
        self.ctx = ctx
        self._clients = clients

    async def post(self, who: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return await self._clients[who].post(f"/api/v1/depot{path}", json=body or {})

    async def get(self, path: str) -> Any:
        return (await self._clients["manager"].get(f"/api/v1/depot{path}")).json()

    async def receive(self, pallets: int, expires_on: str | None = "2028-03-02", **more: Any) -> str:
        body = {"id": str(uuid4()), "category": "A2", "batch": "L1", "made_on": "2026-02-02", **more}
        answer = await self.post("keeper", "/lots", {**body, "pallets": pallets, "expires_on": expires_on})
        assert answer.status_code == 201, answer.text
        assert (
            await self.post("keeper", f"/lots/{body['id']}/decision", {"accept": True})
        ).status_code == 200
        return str(body["id"])

    async def put_away(self, lot: str, bay: str, pallets: int, **more: Any) -> httpx.Response:
        body = {"id": str(uuid4()), "lot": lot, "bay": bay, "pallets": pallets, "released_by": "钱工", **more}
        return await self.post("keeper", "/put-aways", body)


@pytest.fixture
async def depot(dsn: str, pool: Pool, site: Site, clock: FakeClock) -> AsyncIterator[Depot]:
    ctx = Context(settings=Settings(), dsn=dsn, pool=pool, clock=clock, site=site)
    app = create_app(ctx)
    people = {"keeper": "storekeeper", "other": "storekeeper", "manager": "manager"}
    async with AsyncExitStack() as stack:
        clients = {}
        for name, role in people.items():
            async with unit_of_work(pool) as conn:
                _, secret = await add_token(conn, name=name, roles=[role], by="test", now=clock.now())
            transport = httpx.ASGITransport(app=app)
            client = httpx.AsyncClient(
                transport=transport, base_url="http://garage", headers={"Authorization": f"Bearer {secret}"}
            )
            clients[name] = await stack.enter_async_context(client)
        async with unit_of_work(pool) as conn:
            for bay in BAYS:
                await write_bay_use(conn, bay, "clear", by="test", now=clock.now())
        yield Depot(ctx, clients)


async def _ledger_agrees(depot: Depot) -> None:
    async with unit_of_work(depot.ctx.pool) as conn:
        assert await read_balances(conn) == await read_ledger_sums(conn)


async def test_clear_bays_become_slots_take_a_lot_and_are_emptied_again(depot: Depot) -> None:
    assert (await depot.post("keeper", "/slots")).json() == {"opened": BAYS}
    lot = await depot.receive(8)
    found = await depot.get(f"/lots/{lot}/suggestion?pallets=8")
    assert found["unplaced"] == 0
    for place in found["places"]:
        assert (await depot.put_away(lot, place["bay"], place["pallets"])).status_code == 201
    (stock,) = await depot.get("/stock")
    assert (stock["pallets"], stock["alert_days"]) == (8, None)
    assert sum(stock["places"].values()) == 8

    order = str(uuid4())
    body = {"id": order, "category": "A2", "pallets": 8, "destination": "南通"}
    assert (await depot.post("keeper", "/orders", body)).status_code == 201
    picks = (await depot.post("other", f"/orders/{order}/approve")).json()
    assert sum(row["pallets"] for row in picks) == 8
    assert (await depot.post("keeper", f"/orders/{order}/pick")).status_code == 200
    assert (await depot.post("other", f"/orders/{order}/load")).json()["state"] == "issued"
    assert await depot.get("/stock") == []
    assert (await depot.post("keeper", "/slots/empty")).json() == {"closed": BAYS}
    async with unit_of_work(depot.ctx.pool) as conn:
        uses = await read_bay_uses(conn)
    assert {uses[bay].use for bay in BAYS} == {"clear"}
    await _ledger_agrees(depot)


async def test_a_bay_that_is_not_clear_does_not_become_a_slot(depot: Depot) -> None:
    answer = await depot.post("keeper", "/slots", {"bays": ["B1-001", "B1-050"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "depot.bay_not_clear")
    assert await depot.get("/slots") == []


async def test_a_receipt_and_a_put_away_sent_again_change_nothing(depot: Depot) -> None:
    await depot.post("keeper", "/slots")
    body = {"id": str(uuid4()), "category": "B1", "batch": "T1", "pallets": 4}
    first, again = [await depot.post("keeper", "/lots", body) for _ in range(2)]
    assert (first.json()["new"], again.json()["new"]) == (True, False)
    changed = await depot.post("keeper", "/lots", {**body, "pallets": 5})
    assert (changed.status_code, changed.json()["code"]) == (409, "depot.different_words")
    await depot.post("keeper", f"/lots/{body['id']}/decision", {"accept": True})
    move = {"id": str(uuid4())}
    for expected in (True, False):
        answer = await depot.put_away(body["id"], "B1-001", 3, **move)
        assert answer.json()["new"] is expected
    assert (await depot.put_away(body["id"], "B1-001", 2, **move)).json()["code"] == "depot.different_words"
    (stock,) = await depot.get("/stock")
    assert stock["places"] == {"B1-001": 3, "quarantine": 1}
    await _ledger_agrees(depot)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"found_at_gate": ["fuel"]}, "depot.forbidden_goods"),
        ({"category": "Z1"}, "depot.unknown_category"),
        ({"expires_on": "2026-03-01"}, "depot.lot_refused"),
        ({"expires_on": None}, "depot.lot_refused"),
    ],
)
async def test_what_must_not_enter_does_not(depot: Depot, more: dict[str, Any], code: str) -> None:
    body = {
        "id": str(uuid4()),
        "category": "A1",
        "batch": "W1",
        "pallets": 2,
        "expires_on": "2028-01-01",
        **more,
    }
    assert (await depot.post("keeper", "/lots", body)).json()["code"] == code
    assert await depot.get("/stock") == []


async def test_a_lot_with_little_life_left_wants_a_reason_and_a_rejected_one_leaves(depot: Depot) -> None:
    short = {"id": str(uuid4()), "category": "A1", "batch": "S", "pallets": 2}
    dates = {"made_on": "2025-01-01", "expires_on": "2026-06-01"}
    await depot.post("keeper", "/lots", {**short, **dates})
    path = f"/lots/{short['id']}/decision"
    assert (await depot.post("keeper", path, {"accept": True})).json()["code"] == "depot.lot_refused"
    assert (await depot.put_away(short["id"], "B1-001", 1)).json()["code"] == "depot.lot_refused"
    assert (await depot.post("keeper", path, {"accept": False, "remark": "近效期"})).json()[
        "state"
    ] == "rejected"
    assert await depot.get("/stock") == []
    await _ledger_agrees(depot)


async def test_goods_do_not_stand_where_they_must_not(depot: Depot) -> None:
    await depot.post("keeper", "/slots")
    water = await depot.receive(20, category="A1")
    tents = await depot.receive(20, category="B1", expires_on=None)
    unreleased = await depot.put_away(water, "B1-001", 1, released_by=None)
    assert unreleased.json()["facts"]["faults"] == ["engineer_release"]
    assert (await depot.put_away(water, "B1-001", 7)).json()["facts"]["faults"] == ["no_room"]
    assert (await depot.put_away(water, "B1-001", 6)).status_code == 201
    assert (await depot.put_away(tents, "B1-001", 1)).json()["facts"]["faults"] == ["other_category"]
    assert (await depot.put_away(tents, "B1-090", 1)).json()["facts"]["faults"] == ["not_a_slot"]
    assert (await depot.put_away(water, "B1-002", 21)).status_code == 403
    closing = await depot.post("keeper", "/slots/empty", {"bays": ["B1-001"]})
    assert closing.json()["code"] == "depot.slot_not_empty"


async def test_the_earliest_expiry_is_issued_first_and_not_promised_twice(depot: Depot) -> None:
    await depot.post("keeper", "/slots")
    late = await depot.receive(3, "2028-03-02")
    early = await depot.receive(3, "2028-01-01", batch="L0")
    await depot.put_away(late, "B1-001", 3)
    await depot.put_away(early, "B1-002", 3)
    orders = [str(uuid4()) for _ in range(3)]
    for order, pallets in zip(orders, (2, 2, 3), strict=True):
        body = {"id": order, "category": "A2", "pallets": pallets, "destination": "启东"}
        await depot.post("keeper", "/orders", body)
    own = await depot.post("keeper", f"/orders/{orders[0]}/approve")
    assert own.json()["code"] == "depot.same_person"
    first = (await depot.post("other", f"/orders/{orders[0]}/approve")).json()
    assert [(row["lot_id"], row["pallets"]) for row in first] == [(early, 2)]
    second = (await depot.post("other", f"/orders/{orders[1]}/approve")).json()
    assert [(row["lot_id"], row["pallets"]) for row in second] == [(early, 1), (late, 1)]
    third = await depot.post("other", f"/orders/{orders[2]}/approve")
    assert (third.status_code, third.json()["code"]) == (409, "depot.stock_short")
    await depot.post("keeper", f"/orders/{orders[0]}/pick")
    same = await depot.post("keeper", f"/orders/{orders[0]}/load")
    assert same.json()["code"] == "depot.same_person"
    assert (await depot.post("other", f"/orders/{orders[2]}/refuse")).json()["state"] == "refused"
    await _ledger_agrees(depot)


async def test_a_count_is_blind_and_approved_by_another(depot: Depot) -> None:
    await depot.post("keeper", "/slots")
    lot = await depot.receive(6)
    await depot.put_away(lot, "B1-002", 6)
    body = {"id": str(uuid4()), "bay": "B1-002", "lot": lot, "counted": 4}
    counted = (await depot.post("keeper", "/counts", body)).json()
    assert counted == {"count": body["id"], "wants_recount": True}
    path = f"/counts/{body['id']}/approve"
    assert (await depot.post("keeper", path)).json()["code"] == "depot.same_person"
    assert (await depot.post("other", path)).status_code == 200
    (stock,) = await depot.get("/stock")
    assert stock["pallets"] == 4
    assert (await depot.get("/ledger"))[0]["kind"] == "adjust"
    await _ledger_agrees(depot)


async def test_a_manager_may_look_but_not_move(depot: Depot) -> None:
    assert (await depot.post("manager", "/slots")).status_code == 403


async def test_the_database_itself_keeps_stock_from_going_negative_and_the_ledger_from_change(
    depot: Depot,
) -> None:
    lot = await depot.receive(2)
    async with unit_of_work(depot.ctx.pool) as conn:
        with pytest.raises(psycopg.errors.CheckViolation):
            await conn.execute("update conversion.depot_balance set pallets = -1 where lot_id = %s", (lot,))
    async with unit_of_work(depot.ctx.pool) as conn:
        with pytest.raises(psycopg.errors.IntegrityError):
            await conn.execute("delete from conversion.depot_move")
