"""Five hundred sign-offs queued on twenty phones: replies lost at random, batches shuffled, all of it sent three times.

Run: `python bench/signoffs.py`. The promise: the same state as one quiet delivery, every entry once, drained within
10 s. Real server process, real database, real HTTP on the loopback address.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from facility.embedded import QUICK, start_server
from facility.migrate import migrate
from tests.browser.garage import Garage
from tests.browser.walk import PINS, prepare_run
from tests.wartime_conversion.phones import Hand, Phone, values_for
from wartime_conversion.rules.words import pin_key

PHONES, ENTRIES, TIMES = 20, 500, 3
SEED = 7
API = "/api/v1/conversion"


def hands_of(garage: Garage) -> dict[str, Hand]:
    """The people, each with the key of their PIN."""
    with garage.client("sun") as client:
        told = {row["name"]: row for row in client.get(f"{API}/members").json()}
        cookies = dict(client.cookies)
    names = {"sun": "孙指挥", "zhang": "张组长", "li": "李副手"}
    found = {}
    for login, name in names.items():
        row = told[name]
        client = httpx.AsyncClient(base_url=garage.url, cookies=cookies, timeout=60)
        key = pin_key(PINS[login], bytes.fromhex(row["salt"]), row["rounds"])
        found[login] = Hand(id=row["id"], name=name, key=key, client=client)
    return found


def queues(run: str, tasks: list[dict[str, Any]], hands: dict[str, Hand]) -> list[Phone]:
    """Spread the whole drill over the phones, each task's statements on one phone, with notes to fill up."""
    phones = [Phone(run=run) for _ in range(PHONES)]
    now, said = datetime.now(UTC), 0
    for number, task in enumerate(tasks):
        phone = phones[number % PHONES]
        who = hands["sun"] if task["sign_role"] == "commander" else hands["zhang"]
        phone.say(who, "claim", task["code"], now)
        phone.say(who, "start", task["code"], now)
        if task["is_read_wanted"]:
            phone.say(hands["li"], "read", task["code"], now)
            said += 1
        phone.say(who, "report", task["code"], now, values=values_for(task))
        said += 3
        if task["is_two_person"]:
            phone.say(hands["li"], "second", task["code"], now)
            said += 1
        if task["is_hold_point"]:
            phone.say(hands["sun"], "accept", task["code"], now)
            said += 1
    while said < ENTRIES:
        phones[said % PHONES].say(hands["zhang"], "headcount", None, now, values={"people": 0})
        said += 1
    return phones


async def deliver(phone: Phone, hand: Hand, chance: random.Random, lost: list[int]) -> None:
    """Send a phone's queue in shuffled batches until everything was acknowledged."""
    waiting = list(phone.queue)
    while waiting:
        batch = waiting[:25]
        chance.shuffle(batch)
        body = {"device_now": datetime.now(UTC).isoformat(), "entries": batch}
        reply = await hand.client.post(f"{API}/runs/{phone.run}/entries", json=body)
        reply.raise_for_status()
        if chance.random() < 0.25:
            lost.append(1)  # the reply never came: the phone knows nothing and says it again
            continue
        kept = {fate["id"] for fate in reply.json() if fate["status"] in (200, 201)}
        waiting = [entry for entry in waiting if json.loads(entry["words"])["id"] not in kept]


async def drain(phones: list[Phone], hand: Hand, lost: list[int]) -> float:
    """All phones at once; seconds until the last is empty."""
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, phone in enumerate(phones):
            group.create_task(deliver(phone, hand, random.Random(SEED + number), lost))
    return time.monotonic() - begun


async def states(hand: Hand, run: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """How the tasks stand, and every entry."""
    told = (await hand.client.get(f"{API}/runs/{run}")).json()
    rows = (await hand.client.get(f"{API}/runs/{run}/entries")).json()
    return {task["code"]: task["state"] for task in told["tasks"]}, rows


async def measure(garage: Garage, run: str) -> dict[str, Any]:
    """Deliver everything three times and compare."""
    hands = hands_of(garage)
    tasks = (await hands["sun"].client.get(f"{API}/runs/{run}")).json()["tasks"]
    phones = queues(run, tasks, hands)
    total = sum(len(phone.queue) for phone in phones)
    lost: list[int] = []
    first_s = await drain(phones, hands["sun"], lost)
    after_one, rows_one = await states(hands["sun"], run)
    for _ in range(TIMES - 1):
        await drain(phones, hands["sun"], lost)
    after_all, rows_all = await states(hands["sun"], run)
    in_order = all(
        [row["sequence"] for row in rows_all if row["device_id"] == str(phone.device)]
        == list(range(1, len(phone.queue) + 1))
        for phone in phones
    )
    result = {
        "phones": PHONES,
        "entries": total,
        "lost_replies": len(lost),
        "stored": len(rows_all),
        "every_one_once": len(rows_all) == len({row["id"] for row in rows_all}) == total,
        "in_device_order": in_order,
        "same_state": after_one == after_all and len(rows_one) == len(rows_all),
        "accepted": sum(row["outcome"] == "accepted" for row in rows_all),
        "pending": sum(row["outcome"] == "pending" for row in rows_all),
        "refused": sum(row["outcome"] == "refused" for row in rows_all),
        "tasks_done": sum(state == "done" for state in after_all.values()),
        "drain_s": round(first_s, 2),
    }
    for hand in hands.values():
        await hand.client.aclose()
    return result


def main() -> int:
    """Measure and print; exit 1 where the promise does not hold."""
    with tempfile.TemporaryDirectory(prefix="pingzhan-bench-") as folder:
        state = Path(folder)
        state.chmod(0o711)
        server = start_server(state, options=QUICK)
        garage = Garage(dsn=server.dsn())
        try:
            migrate(server.dsn())
            garage.people()
            garage.start()
            result = asyncio.run(measure(garage, prepare_run(garage)))
        finally:
            garage.stop()
            server.stop()
    for key, value in result.items():
        print(f"{key:16} {value}")
    print(json.dumps(result))
    holds = (
        result["every_one_once"]
        and result["in_device_order"]
        and result["same_state"]
        and result["drain_s"] < 10
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
