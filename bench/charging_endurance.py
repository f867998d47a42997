"""Kill -9 of the charging process and of the database, in turn, in the middle of running transactions.

    .venv/bin/python bench/charging_endurance.py [--chargers 200] [--kills 20]

Simulated chargers start, sample and stop, and repeat each message until it is answered, as real ones do. Every answer
is remembered as a promise. In the end each promise is looked up: no acknowledged start, stop or sample may be missing,
no transaction doubled, no fen of a bill differ from the fee of the promised energy. Ends with one JSON object; exit 1
where a promise was broken.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from charging.bills import price_charge
from charging.transaction_store import lock_transaction
from facility.clock import SystemClock
from facility.db import open_pool, unit_of_work
from facility.embedded import Server, launch, start_server
from facility.migrate import migrate

BENCH = Path(__file__).parent
CLOCK = SystemClock()


@dataclass
class Promise:
    """What was answered for one transaction."""

    charger: int
    meter_start: int
    started_raw: str
    number: int | None = None
    samples: list[int] = field(default_factory=list)
    stop_wh: int | None = None


@dataclass
class Yard:
    """The processes under test."""

    server: Server
    state: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, str(BENCH / "charging_speed.py"), "--serve"]
        environment = {**os.environ, "PYTHONPATH": str(BENCH.parent)}
        log = (self.state / "charging.log").open("ab")
        self.process = subprocess.Popen(
            [*command, self.server.dsn(), str(self.port), str(self.state)],
            env=environment,
            stderr=log,
            stdout=log,
        )

    def kill_charging(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.start()

    def kill_database(self) -> None:
        pid = int(next(self.state.rglob("postmaster.pid")).read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        assert self.server.process is not None
        self.server.process.wait()
        launch(self.server)


async def until_open(port: int) -> None:
    """Wait until the charging process serves again."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.2)


def now_text() -> str:
    return CLOCK.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Charger:
    """A charger that repeats itself until it is answered."""

    def __init__(self, number: int, port: int, done: asyncio.Event) -> None:
        self.number = number
        self.address = f"ws://127.0.0.1:{port}/ocpp/K{number:04d}"
        self.done = done
        self.promises: list[Promise] = []
        self.repeats = 0
        self._ws: Any = None
        self._id = 0

    async def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                if self._ws is None:
                    self._ws = await connect(
                        self.address,
                        subprotocols=["ocpp1.6"],  # type: ignore[list-item]
                        ping_interval=None,
                        compression=None,
                        open_timeout=30,
                    )
                self._id += 1
                async with asyncio.timeout(40):
                    await self._ws.send(json.dumps([2, f"{self._id}", action, payload]))
                    answer = json.loads(await self._ws.recv())
                if answer[0] == 3 and answer[1] == f"{self._id}":
                    result: dict[str, Any] = answer[2]
                    return result
            except (OSError, WebSocketException, TimeoutError):
                self._ws = None
            self.repeats += 1
            await asyncio.sleep(0.3 + random.random() / 2)

    async def live(self) -> None:
        register = 1000 * self.number
        await asyncio.sleep(random.random() * 2)
        while not self.done.is_set():
            promise = Promise(charger=self.number, meter_start=register, started_raw=now_text())
            self.promises.append(promise)
            start = {"connectorId": 1, "idTag": f"K{self.number}", "meterStart": register}
            answer = await self.ask("StartTransaction", {**start, "timestamp": promise.started_raw})
            promise.number = answer["transactionId"]
            for _ in range(random.randint(2, 6)):
                await asyncio.sleep(0.5 + random.random())
                register += random.randint(1, 40)
                value = {"value": str(register), "measurand": "Energy.Active.Import.Register"}
                element = {"timestamp": now_text(), "sampledValue": [value]}
                await self.ask(
                    "MeterValues",
                    {"connectorId": 1, "transactionId": promise.number, "meterValue": [element]},
                )
                promise.samples.append(register)
            register += random.randint(0, 40)
            stop = {"transactionId": promise.number, "meterStop": register, "timestamp": now_text()}
            await self.ask("StopTransaction", {**stop, "reason": "EVDisconnected"})
            promise.stop_wh = register
        if self._ws is not None:
            await self._ws.close()


async def broken_promises(dsn: str, promises: list[Promise]) -> list[str]:
    pool = await open_pool(dsn)
    broken: list[str] = []
    async with unit_of_work(pool) as conn:
        cur = await conn.execute("select count(*) from charging.transaction")
        row = await cur.fetchone()
        if row is None or row[0] != len(promises):
            broken.append(f"{len(promises)} starts made {row} transactions")
        for promise in promises:
            assert promise.number is not None and promise.stop_wh is not None
            one = await lock_transaction(conn, promise.number)
            if one is None or one.started_raw != promise.started_raw:
                broken.append(f"start {promise.number} lost")
                continue
            if one.state != "ended" or one.delivered_wh != promise.stop_wh - promise.meter_start:
                broken.append(f"stop {promise.number}: {one.state} {one.delivered_wh} {one.flags}")
            cur = await conn.execute(
                "select distinct register_wh from charging.meter_sample where transaction_id = %(id)s",
                {"id": promise.number},
            )
            kept = {wh for (wh,) in await cur.fetchall()}
            broken += [f"sample {wh} of {promise.number} lost" for wh in promise.samples if wh not in kept]
            cur = await conn.execute(
                "select total_fen, delivered_wh from charging.bill where transaction_id = %(id)s",
                {"id": promise.number},
            )
            bills = await cur.fetchall()
            priced = await price_charge(conn, one, CLOCK.now())
            if bills != [(priced.fee.total_fen, one.delivered_wh)]:
                broken.append(f"bill of {promise.number}: {bills}, priced {priced.fee.total_fen}")
    await pool.close()
    return broken


async def endure(yard: Yard, count: int, kills: int) -> dict[str, Any]:
    done = asyncio.Event()
    chargers = [Charger(number, yard.port, done) for number in range(count)]
    began = time.monotonic()
    living = [asyncio.create_task(charger.live()) for charger in chargers]
    await asyncio.sleep(6)
    for kill in range(kills):
        # From the main thread: a child is tied to the thread that started it.
        (yard.kill_database if kill % 2 else yard.kill_charging)()
        await until_open(yard.port)
        await asyncio.sleep(5 + random.random() * 3)
    done.set()
    async with asyncio.timeout(180):
        await asyncio.gather(*living)
    promises = [promise for charger in chargers for promise in charger.promises]
    broken = await broken_promises(yard.server.dsn(), promises)
    for line in broken[:20]:
        print(line, file=sys.stderr)
    return {
        "chargers": count,
        "kills": kills,
        "seconds": round(time.monotonic() - began),
        "transactions": len(promises),
        "samples": sum(len(promise.samples) for promise in promises),
        "repeated_messages": sum(charger.repeats for charger in chargers),
        "broken_promises": len(broken),
    }


async def register(dsn: str, count: int) -> None:
    pool = await open_pool(dsn)
    async with unit_of_work(pool) as conn:
        await conn.execute(
            """
            insert into charging.charger (identity, registered_at)
            select 'K' || lpad(n::text, 4, '0'), now() from generate_series(0, %(count)s - 1) n
            """,
            {"count": count},
        )
    await pool.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chargers", type=int, default=200)
    parser.add_argument("--kills", type=int, default=6)
    args = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = int(trial.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="pingzhan-endure-") as folder:
        state = Path(folder)
        state.chmod(0o711)
        yard = Yard(server=start_server(state), state=state, port=port)
        try:
            migrate(yard.server.dsn())
            asyncio.run(register(yard.server.dsn(), args.chargers))
            yard.start()
            result = asyncio.run(endure(yard, args.chargers, args.kills))
        finally:
            if yard.process is not None:
                yard.process.terminate()
                yard.process.wait(30)
            yard.server.stop()
    for key, value in result.items():
        print(f"{key:20} {value}")
    print(json.dumps(result))
    sys.exit(1 if result["broken_promises"] else 0)


if __name__ == "__main__":
    main()
