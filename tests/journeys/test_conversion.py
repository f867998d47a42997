"""Journeys (iii) and (iv) on the whole house: an order turns the garage into a depot, and a plan brings it back."""

import hashlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.journeys.house import PASSWORD, ROOT, House, eventually
from tests.wartime_conversion.phones import Hand, Phone, join, values_for

API = "/api/v1/conversion"
PEOPLE = {
    "commander": ("孙指挥", ("commander", "manager")),
    "leader": ("张组长", ("crew", "storekeeper")),
    "second": ("李副手", ("crew",)),
}
PICTURE = b"\xff\xd8\xff" + b"a small picture"


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of its own, for a conversion changes all of it, with one simulated charger connected."""
    house = House(tmp_path_factory.mktemp("works"))
    house.start()
    command = [
        sys.executable,
        "-m",
        "charging.simulator",
        "--only",
        "E27,E03",
        "--no-cars",
        "--sample-s",
        "0.5",
    ]
    charger = subprocess.Popen(
        [*command, "--url", f"ws://127.0.0.1:{house.ocpp_port}/ocpp"],
        cwd=ROOT,
        env=house.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield house
    charger.terminate()
    charger.wait(10)
    assert house.stop() == 0


@pytest.fixture
async def hands(works: House) -> AsyncIterator[dict[str, Hand]]:
    """Signed-in people with PINs."""
    async with AsyncExitStack() as stack:
        found = {}
        for number, (login, (name, roles)) in enumerate(PEOPLE.items(), 1):
            works.add_person(login, name, *roles)
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=works.url, timeout=30))
            answer = await client.post("/api/v1/session", json={"login": login, "password": PASSWORD})
            key = await join(client, f"{1111 * number}")
            found[login] = Hand(id=answer.json()["id"], name=name, key=key, client=client)
        yield found


async def start(hand: Hand, **order: Any) -> str:
    answer = await hand.client.post(f"{API}/runs", json={"reason": "test of the whole house", **order})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def give_roles(hands: dict[str, Hand], run: str) -> None:
    for role in ("leader", "safety", "inspector", "storekeeper"):
        body = {"role": role, "person": str(hands["leader"].id)}
        answer = await hands["commander"].client.post(f"{API}/runs/{run}/roles", json=body)
        assert answer.status_code == 201, answer.text


async def tasks_of(hand: Hand, run: str) -> list[dict[str, Any]]:
    answer = await hand.client.get(f"{API}/runs/{run}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tasks"]
    return found


def say_done(phone: Phone, hands: dict[str, Hand], task: dict[str, Any], photos: list[str]) -> None:
    now = datetime.now(UTC)
    signer = hands["commander" if task["sign_role"] == "commander" else "leader"]
    if task["is_read_wanted"]:
        phone.say(hands["second"], "read", task["code"], now)
    phone.say(signer, "report", task["code"], now, values=values_for(task), photos=photos)
    if task["is_two_person"]:
        phone.say(hands["second"], "second", task["code"], now)
    if task["is_hold_point"]:
        phone.say(hands["commander"], "accept", task["code"], now)


async def publish_without_waits(hand: Hand) -> str:
    """Publish the reference plan with every lag at nothing: drying and curing are not waited for in a test."""
    (version,) = (await hand.client.get(f"{API}/plans")).json()
    source = (await hand.client.get(f"{API}/plans/versions/{version['id']}.yaml")).text
    body = {"source": re.sub(r"lag_min: \d+", "lag_min: 0", source), "note": "no waits"}
    answer = await hand.client.post(f"{API}/plans/{version['plan_id']}/versions", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def work_through(hands: dict[str, Hand], run: str, photos: list[str]) -> None:
    """Report every task as it is released, with its second signature, and accept every hold point."""
    phone, said = Phone(run=run), set[str]()
    while open_tasks := [t for t in await tasks_of(hands["commander"], run) if t["state"] != "done"]:
        ready = [task for task in open_tasks if task["state"] == "ready" and task["code"] not in said]
        assert ready, open_tasks
        for task in ready:
            say_done(phone, hands, task, photos)
        said |= {task["code"] for task in ready}
        fates = await phone.send(hands["commander"], datetime.now(UTC))
        refused = [fate for fate in fates if fate["outcome"] not in ("accepted", "pending")]
        assert not refused, refused


def status(house: House, evse: str) -> str:
    rows = house.rows("select status from charging.connector where evse_id = %(evse)s", evse=evse)
    return str(rows[0][0]) if rows else ""


def decided(house: House, plate: str, outcome: str) -> bool:
    return bool(
        house.rows(
            "select 1 from parking.lane_log where plate = %(plate)s and outcome = %(outcome)s",
            plate=plate,
            outcome=outcome,
        )
    )


async def test_an_order_turns_the_garage_into_a_depot_and_the_plan_brings_it_back(
    works: House, hands: dict[str, Hand]
) -> None:
    eventually(lambda: status(works, "E27") == "Available", "the charger is free")
    works.show("A-IN", "苏F2K8M6", seed=5)
    eventually(lambda: decided(works, "苏F2K8M6", "open"), "a car comes in, in peacetime")
    with works.signed_in() as manager:
        body = {"kind": "evse", "equipment_id": "E03", "reason": "fan is loud"}
        assert manager.post("/api/v1/lockouts", json=body).status_code == 201
    eventually(lambda: status(works, "E03") == "Unavailable", "maintenance took E03 out")
    photo = hashlib.sha256(PICTURE).hexdigest()
    await hands["leader"].client.put(f"{API}/photos/{photo}", content=PICTURE)

    plan = await publish_without_waits(hands["commander"])
    drill = await start(hands["commander"], kind="drill", plan_version=plan)
    assert works.rows("select mode from report.mode_now") == [("peacetime",)]
    works.show("B-IN", "苏F3L9N7", seed=6)
    eventually(lambda: decided(works, "苏F3L9N7", "open"), "a drill moves no gate")
    answer = await hands["commander"].client.post(f"{API}/runs/{drill}/end", json={"reason": "enough"})
    assert answer.status_code == 200, answer.text

    run = await start(hands["commander"], kind="actual", plan_version=plan)
    works.show("A-IN", "苏F4M2P8", seed=7)
    eventually(lambda: decided(works, "苏F4M2P8", "refuse"), "the entry refuses while converting")
    for plate, seed in (("苏F2K8M6", 8), ("苏F3L9N7", 9)):
        works.show("A-OUT", plate, seed=seed)
        eventually(
            lambda plate=plate: (
                not works.rows(  # type: ignore[misc]
                    "select 1 from report.stay_open where plate = %(plate)s", plate=plate
                )
            ),
            f"{plate} drove out: the exits stay free",
        )
    await give_roles(hands, run)
    await work_through(hands, run, [photo])
    eventually(lambda: status(works, "E27") == "Unavailable", "the charger was ordered out of service")
    ended = await hands["commander"].client.post(
        f"{API}/runs/{run}/end", json={"reason": "depot handed over"}
    )
    assert ended.status_code == 200, ended.text
    assert works.rows("select mode from report.mode_now") == [("wartime",)]
    assert works.rows("select distinct use from report.bay_use") == [("storage",)]

    works.kill("work")
    back = await start(hands["commander"], kind="actual", purpose="restoration", plan_version=plan)
    await give_roles(hands, back)
    await work_through(hands, back, [photo])
    ended = await hands["commander"].client.post(f"{API}/runs/{back}/end", json={"reason": "open again"})
    assert ended.status_code == 200, ended.text
    assert works.rows("select mode from report.mode_now") == [("peacetime",)]
    assert works.rows(
        "select equipment_id, source from report.lockout_standing where shadow_run is null"
    ) == [("E03", "maintenance")]
    eventually(lambda: status(works, "E27") == "Available", "the charger serves again")
    assert status(works, "E03") == "Unavailable"
    works.show("A-IN", "苏F5N3Q9", seed=10)
    eventually(lambda: decided(works, "苏F5N3Q9", "open"), "the garage admits cars again")
