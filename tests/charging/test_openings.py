"""Sockets that open in groups, and rows written in groups: what one of them does must not touch the others."""

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from charging import opening_store, station201
from charging.batch_store import MessageRow, SeenRow
from charging.opening_store import NewSocket
from charging.openings import Openings
from facility.ids import new_uuid
from tests.charging.charger201 import charger201
from tests.charging.conftest import Yard


def openings_of(yard: Yard) -> Openings:
    """Openings of a process of their own, which counts nothing but itself."""
    tasks: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    return Openings(yard.ctx.pool, yard.clock, new_uuid(), lambda work: tasks.add(loop.create_task(work)))


async def newest_of(yard: Yard, charger_id: int) -> UUID | None:
    ((socket,),) = await yard.rows("select socket from charging.charger where id = %(id)s", id=charger_id)
    found: UUID | None = socket
    return found


async def test_of_two_sockets_of_a_charger_in_one_group_the_later_is_the_newest(yard: Yard) -> None:
    first, second = await yard.register("CP1"), await yard.register("CP2")
    openings, sockets = openings_of(yard), [new_uuid() for _ in range(3)]
    rows = [
        NewSocket(first.id, sockets[0], "ocpp1.6"),
        NewSocket(second.id, sockets[1], "ocpp2.0.1"),
        NewSocket(first.id, sockets[2], "ocpp2.1"),
    ]
    await asyncio.gather(*(openings.open(row) for row in rows))
    assert await newest_of(yard, first.id) == sockets[2]
    assert await newest_of(yard, second.id) == sockets[1]
    assert await yard.rows("select 1 from charging.charger where identity = 'CP1' and protocol = 'ocpp2.1'")


async def test_each_socket_of_a_group_gets_its_own_running_charges_and_outlets(yard: Yard) -> None:
    numbers = {}
    await yard.tag("CARD1")
    await yard.tag("CARD2")
    for name, tag in (("NT-E01", "CARD1"), ("NT-E27", "CARD2")):
        async with yard.charger(name) as charger:
            await charger.boot()
            at = yard.clock.now()
            start = {"connectorId": 1, "idTag": tag, "meterStart": 100, "timestamp": at.isoformat()}
            numbers[name] = (await charger.call("StartTransaction", start))["transactionId"]
            later = {
                "timestamp": (at + timedelta(seconds=40)).isoformat(),
                "sampledValue": [{"value": "130" if name == "NT-E01" else "150"}],
            }
            values = {"connectorId": 1, "transactionId": numbers[name], "meterValue": [later]}
            await charger.call("MeterValues", values)
    ids = dict(await yard.rows("select identity, id from charging.charger"))
    opened = await asyncio.gather(
        *(
            openings.open(NewSocket(ids[name], new_uuid(), "ocpp1.6"))
            for openings in [openings_of(yard)]
            for name in ("NT-E01", "NT-E27")
        )
    )
    assert [one.outlets for one in opened] == [{1: "E01"}, {1: "E27"}]
    assert [[open_one.id for open_one in one.open_transactions] for one in opened] == [
        [numbers["NT-E01"]],
        [numbers["NT-E27"]],
    ]
    assert [one.open_transactions[0].meter.delivered_wh for one in opened] == [30, 50]


async def test_a_group_that_cannot_be_written_is_told_to_every_waiter_and_the_next_one_is_written(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    charger = await yard.register("CP1")
    openings = openings_of(yard)

    async def fails(*_given: object) -> None:
        raise psycopg.OperationalError("the server went away")

    with monkeypatch.context() as broken:
        broken.setattr(opening_store, "take_sockets", fails)
        rows = [NewSocket(charger.id, new_uuid(), "ocpp1.6") for _ in range(3)]
        answers = await asyncio.gather(*(openings.open(row) for row in rows), return_exceptions=True)
        assert all(isinstance(answer, psycopg.OperationalError) for answer in answers)
    newest = new_uuid()
    await openings.open(NewSocket(charger.id, newest, "ocpp1.6"))
    assert await newest_of(yard, charger.id) == newest


async def test_one_row_that_cannot_be_stored_costs_only_itself(yard: Yard) -> None:
    charger = await yard.register("CP1")
    now, batch = yard.clock.now(), yard.central.batch
    for number in range(40):
        body = "nul \x00 here" if number == 17 else f"[2,{number}]"
        batch.note(MessageRow(now, charger.id, True, 2, str(number), "Heartbeat", body))
    batch.note(SeenRow(charger.id, now))
    await batch.drain()
    kept = await yard.rows("select message_id from charging.message")
    assert {name for (name,) in kept} == {str(number) for number in range(40) if number != 17}
    assert await yard.rows("select 1 from charging.charger where id = %(id)s and last_seen_at = %(now)s",
                           id=charger.id, now=now)  # fmt: skip


async def test_the_idle_fee_ends_when_the_connector_is_free_again(yard: Yard) -> None:
    await yard.tag("CARD1")
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        at = yard.clock.now()
        start = {"connectorId": 1, "idTag": "CARD1", "meterStart": 0, "timestamp": at.isoformat()}
        number = (await charger.call("StartTransaction", start))["transactionId"]
        stop = {"transactionId": number, "meterStop": 3000, "timestamp": at.isoformat()}
        await charger.call("StopTransaction", stop)
        yard.clock.ahead += timedelta(minutes=50)
        free = {
            "connectorId": 1,
            "errorCode": "NoError",
            "status": "Available",
            "timestamp": (at + timedelta(minutes=50)).isoformat(),
        }
        await charger.call("StatusNotification", free)
        ((idle_fen, minutes),) = await yard.rows(
            """
            select b.idle_fen, extract(epoch from t.unplugged_at - t.stopped_at) / 60
            from charging.bill b join charging.transaction t on t.id = b.transaction_id
            """
        )
        assert (idle_fen, minutes) == (20 * 20, 50)  # 30 minutes of grace, then 0.20 yuan a minute
        yard.clock.ahead += timedelta(minutes=50)
        await charger.call("StatusNotification", {**free, "timestamp": yard.clock.now().isoformat()})
        assert (await yard.rows("select idle_fen from charging.bill")) == [(400,)]


async def test_a_2x_connector_that_is_free_ends_the_idle_fee_in_the_commit_of_its_status(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with charger201(yard) as charger:
        at = yard.clock.now().replace(microsecond=0)
        await charger.start(at, wh=0)
        stopped = {"stoppedReason": "Local"}
        await charger.event(
            "Ended", at, trigger="StopAuthorized", wh=0, context="Transaction.End", info=stopped
        )
        assert await yard.rows("select unplugged_at from charging.transaction") == [(None,)]
        yard.clock.ahead += timedelta(minutes=50)
        monkeypatch.delattr(station201, "unit_of_work")  # the station needs none of its own for this
        free = {
            "evseId": 1,
            "connectorId": 1,
            "connectorStatus": "Available",
            "timestamp": (at + timedelta(minutes=50)).isoformat(),
        }
        await charger.call("StatusNotification", free)
        query = """
            select b.idle_fen, extract(epoch from t.unplugged_at - t.stopped_at) / 60
            from charging.bill b join charging.transaction t on t.id = b.transaction_id
            """
        assert await yard.rows(query) == [(20 * 20, 50)]  # 30 minutes of grace, then 0.20 yuan a minute
        yard.clock.ahead += timedelta(minutes=50)
        await charger.call("StatusNotification", {**free, "timestamp": yard.clock.now().isoformat()})
        assert await yard.rows(query) == [(400, 50)]
