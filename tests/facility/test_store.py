from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from facility import alarm_store, board_store, fact_store, store
from facility.board import EquipmentKind, Source
from facility.errors import Missing
from facility.mode import Mode, ModeConflict, ModeEvent

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
EVSE = EquipmentKind.EVSE
Conn = AsyncConnection[Any]


async def place(conn: Conn, source: Source, equipment_id: str = "E01", **more: Any) -> bool:
    return await board_store.place_lockout(
        conn, kind=EVSE, equipment_id=equipment_id, source=source, reason="r", by="b", now=AT, **more
    )


async def test_a_new_building_is_in_peacetime(conn: Conn) -> None:
    assert (await store.read_mode(conn)).mode == Mode.PEACETIME


async def test_the_mode_moves_by_the_table_only(conn: Conn) -> None:
    await store.write_mode(conn, ModeEvent.CONVERSION_ORDERED, by="李强", reason="order 7", now=AT)
    row = await store.read_mode(conn)
    assert (row.mode, row.changed_by, row.reason) == (Mode.CONVERTING, "李强", "order 7")
    with pytest.raises(ModeConflict):
        await store.write_mode(conn, ModeEvent.CONVERSION_ORDERED, by="x", reason="again", now=AT)


async def test_a_source_lifts_only_its_own_lockout(conn: Conn) -> None:
    assert await place(conn, Source.CONVERSION)
    assert await place(conn, Source.MAINTENANCE)
    assert not await place(conn, Source.CONVERSION)
    lifted = await board_store.lift_lockout(
        conn, kind=EVSE, equipment_id="E01", source=Source.CONVERSION, by="b", now=AT
    )
    assert lifted
    assert [lockout.source for lockout in await board_store.read_lockouts(conn)] == [Source.MAINTENANCE]


async def test_a_shadow_lockout_is_not_on_the_real_board(conn: Conn) -> None:
    drill = uuid4()
    await place(conn, Source.CONVERSION, shadow_run=drill)
    assert await board_store.read_lockouts(conn) == ()
    assert len(await board_store.read_lockouts(conn, shadow_run=drill)) == 1


async def test_an_older_report_never_replaces_a_newer_one(conn: Conn) -> None:
    await board_store.report_status(conn, EVSE, "E01", "Charging", now=AT)
    await board_store.report_status(conn, EVSE, "E01", "Available", now=AT - timedelta(minutes=5))
    assert [status.status for status in await board_store.read_statuses(conn)] == ["Charging"]


async def test_facts_come_back_in_order_after_a_given_one(conn: Conn) -> None:
    first = await fact_store.write_fact(conn, "bay.changed", "B1-001", {"occupied": True}, now=AT)
    second = await fact_store.write_fact(conn, "bay.changed", "B1-002", {"occupied": False}, now=AT)
    assert [fact.id for fact in await fact_store.read_facts(conn, after_id=first)] == [second]


async def test_an_alarm_is_raised_once_until_it_is_cleared(conn: Conn) -> None:
    assert await alarm_store.raise_alarm(conn, "evse.fault", "E01", "warning", {"code": "x"}, now=AT)
    assert not await alarm_store.raise_alarm(conn, "evse.fault", "E01", "warning", {}, now=AT)
    (alarm,) = await alarm_store.read_open_alarms(conn)
    seen = await alarm_store.acknowledge_alarm(conn, alarm.id, by="李强", now=AT)
    assert seen.acknowledged_by == "李强"
    assert await alarm_store.clear_alarm(conn, "evse.fault", "E01", now=AT)
    assert await alarm_store.read_open_alarms(conn) == []
    with pytest.raises(Missing):
        await alarm_store.acknowledge_alarm(conn, alarm.id, by="李强", now=AT)


async def test_bay_use_and_audit_are_kept(conn: Conn) -> None:
    await store.write_bay_use(conn, "B1-001", "clear", by="王", now=AT)
    assert (await store.read_bay_uses(conn))["B1-001"].use == "clear"
    await store.write_audit(
        conn, person_id=None, person_name="王", act="bay.cleared", subject="B1-001", detail={}, now=AT
    )
    assert (await store.read_audit(conn))[0].act == "bay.cleared"
