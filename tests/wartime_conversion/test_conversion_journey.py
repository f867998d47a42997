"""Journeys (iii) and (iv): a drill moves nothing real; an actual run turns the garage into a depot and back."""

from datetime import timedelta
from typing import Any

import pytest

from facility.board import EquipmentKind, Source
from facility.board_store import place_lockout, read_lockouts
from facility.context import Context
from facility.db import unit_of_work
from facility.store import read_bay_uses, read_mode
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, Phone, values_for
from wartime_conversion.rules.chain import verify_log
from wartime_conversion.ticker import tick

API = "/api/v1/conversion"
PICTURE = b"\xff\xd8\xff" + b"a small picture"


async def start(hand: Hand, **order: Any) -> str:
    reply = await hand.client.post(f"{API}/runs", json={"reason": "test", **order})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


async def give_roles(hands: dict[str, Hand], run: str) -> None:
    boss = hands["commander"].client
    for role in ("leader", "safety", "inspector", "storekeeper"):
        body = {"role": role, "person": str(hands["leader"].id)}
        assert (await boss.post(f"{API}/runs/{run}/roles", json=body)).status_code == 201


async def look(hand: Hand, run: str) -> dict[str, Any]:
    reply = await hand.client.get(f"{API}/runs/{run}")
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def signer_of(task: dict[str, Any], hands: dict[str, Hand]) -> Hand:
    return hands["commander"] if task["sign_role"] == "commander" else hands["leader"]


async def work_through(
    ctx: Context, hands: dict[str, Hand], run: str, clock: FakeClock, photos: list[str]
) -> int:
    """Sign every task in the order in which it is released; returns how many rounds it took."""
    phone = Phone(run=run)
    for rounds in range(1, 200):
        told = await look(hands["commander"], run)
        open_tasks = [t for t in told["tasks"] if t["state"] != "done"]
        if not open_tasks:
            return rounds
        clock.advance(timedelta(minutes=5))
        await tick(ctx)
        for task in (t for t in open_tasks if t["state"] != "waiting"):
            who = signer_of(task, hands)
            if task["state"] == "ready":
                if task["is_read_wanted"]:
                    phone.say(hands["second"], "read", task["code"], clock.now(), answers=["在位"])
                phone.say(who, "report", task["code"], clock.now(), values=values_for(task), photos=photos)
                if task["is_two_person"]:
                    phone.say(hands["second"], "second", task["code"], clock.now())
                if task["is_hold_point"]:
                    phone.say(hands["commander"], "accept", task["code"], clock.now())
        if phone.queue:
            fates = await phone.send(hands["commander"], clock.now())
            assert {f["outcome"] for f in fates} <= {"accepted", "pending"}, [
                f for f in fates if f["outcome"] not in ("accepted", "pending")
            ]
    raise AssertionError([t["code"] for t in open_tasks])


async def test_a_drill_runs_through_all_tasks_and_moves_nothing_real(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill")
    await give_roles(hands, run)
    await work_through(ctx, hands, run, clock, [])
    told = await look(hands["commander"], run)
    assert len(told["tasks"]) == 105
    async with unit_of_work(ctx.pool) as conn:
        assert await read_lockouts(conn) == ()
        shadow = await read_lockouts(conn, shadow_run=told["run"]["id"])
        assert {lock.equipment_id for lock in shadow if lock.kind == EquipmentKind.LANE} == {"A-IN", "B-IN"}
        assert sum(lock.kind == EquipmentKind.EVSE for lock in shadow) == 30
        assert await read_bay_uses(conn) == {}
        assert (await read_mode(conn)).mode == "peacetime"
    ended = await hands["commander"].client.post(f"{API}/runs/{run}/end", json={"reason": "done"})
    assert ended.status_code == 200, ended.text
    log = await hands["commander"].client.get(f"{API}/runs/{run}/log")
    head = log.headers["X-Record-Head"]
    assert verify_log(log.content, head=head).intact
    spoiled = log.content.replace("李副手".encode(), "张组长".encode(), 1)
    assert not verify_log(spoiled).intact
    assert not verify_log(b"".join(log.content.splitlines(keepends=True)[:-1])).intact


async def keep_picture(hand: Hand) -> str:
    import hashlib

    name = hashlib.sha256(PICTURE).hexdigest()
    reply = await hand.client.put(f"{API}/photos/{name}", content=PICTURE)
    assert reply.status_code == 201, reply.text
    return name


async def test_an_actual_conversion_and_its_restoration_leave_only_the_maintenance_lockout(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    photos = [await keep_picture(hands["leader"])]
    async with unit_of_work(ctx.pool) as conn:
        await place_lockout(
            conn, kind=EquipmentKind.EVSE, equipment_id="E07", source=Source.MAINTENANCE, reason="fan", by="wang",
            now=clock.now(),
        )  # fmt: skip
    run = await start(hands["commander"], kind="actual")
    async with unit_of_work(ctx.pool) as conn:
        assert (await read_mode(conn)).mode == "converting"
        lanes = {lock.equipment_id for lock in await read_lockouts(conn) if lock.kind == EquipmentKind.LANE}
        assert lanes == {"A-IN", "B-IN"}
        assert {use.use for use in (await read_bay_uses(conn)).values()} == {"clearing"}
    await give_roles(hands, run)
    await work_through(ctx, hands, run, clock, photos)
    ended = await hands["commander"].client.post(f"{API}/runs/{run}/end", json={"reason": "handed over"})
    assert ended.status_code == 200, ended.text
    async with unit_of_work(ctx.pool) as conn:
        assert (await read_mode(conn)).mode == "wartime"
        assert {use.use for use in (await read_bay_uses(conn)).values()} == {"storage"}
    back = await start(hands["commander"], kind="actual", purpose="restoration")
    await give_roles(hands, back)
    await work_through(ctx, hands, back, clock, photos)
    ended = await hands["commander"].client.post(f"{API}/runs/{back}/end", json={"reason": "open again"})
    assert ended.status_code == 200, ended.text
    async with unit_of_work(ctx.pool) as conn:
        assert (await read_mode(conn)).mode == "peacetime"
        standing = await read_lockouts(conn)
        assert [(lock.equipment_id, lock.source) for lock in standing] == [("E07", "maintenance")]
        assert {use.use for use in (await read_bay_uses(conn)).values()} == {"parking"}


async def test_only_one_actual_run_of_the_unit_can_stand(hands: dict[str, Hand]) -> None:
    await start(hands["commander"], kind="actual")
    again = await hands["commander"].client.post(f"{API}/runs", json={"kind": "actual", "reason": "twice"})
    assert again.status_code == 409
    assert again.json()["code"] == "conversion.actual_run_stands"
    await start(hands["commander"], kind="drill")


@pytest.mark.parametrize("role", ["leader", "evaluator"])
async def test_only_the_commander_orders_a_run(hands: dict[str, Hand], role: str) -> None:
    reply = await hands[role].client.post(f"{API}/runs", json={"kind": "drill", "reason": "x"})
    assert reply.status_code == 403
