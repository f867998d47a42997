"""CPU of the charging process for each stored TransactionEvent (2.0.1), beside the bare ocpp library in the same run.

    .venv/bin/python bench/charging_events201.py [--chargers 50] [--messages 6000]

Every event is an *Updated* with 8 sampled values of a running transaction; its samples, the event itself and the
message trace are stored in the database before it is answered. The bare library validates, calls a handler and stores
nothing. The load comes from this process. Ends with one JSON object.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from charging_speed import HZ, Process, ask, free_port, until_open
from websockets.asyncio.client import ClientConnection, connect

from charging.rules.moments import moment_text
from facility.clock import SystemClock
from facility.db import open_pool, unit_of_work
from facility.embedded import start_server
from facility.migrate import migrate

EVSE = {"id": 1, "connectorId": 1}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chargers", type=int, default=50)
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--bare", type=int, metavar="PORT")
    args = parser.parse_args()
    if args.bare:
        asyncio.run(serve_bare(args.bare))
        return
    with tempfile.TemporaryDirectory(prefix="pingzhan-bench-") as folder:
        state = Path(folder)
        state.chmod(0o711)
        server = start_server(state)
        try:
            migrate(server.dsn())
            asyncio.run(measure(server.dsn(), state, args))
        finally:
            server.stop()


async def serve_bare(port: int) -> None:
    """The library as its documentation shows it."""
    import logging

    from ocpp.routing import on
    from ocpp.v201 import ChargePoint, call_result
    from websockets.asyncio.server import serve as serve_ws

    logging.getLogger("ocpp").setLevel(logging.ERROR)

    class Bare(ChargePoint):  # type: ignore[misc]
        @on("TransactionEvent")
        def transaction_event(self, **_sent: Any) -> Any:
            return call_result.TransactionEvent()

    async def handle(ws: Any) -> None:
        try:
            await Bare("b", ws).start()
        except Exception:
            return

    async with serve_ws(handle, "127.0.0.1", port, ping_interval=None, compression=None):
        await asyncio.get_running_loop().create_future()


class BareProcess(Process):
    """The bare library in a process of its own."""

    def __init__(self, port: int) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        self.process = subprocess.Popen([sys.executable, __file__, "--bare", str(port)], env=environment)


def event(name: str, seq_no: int, register_wh: int) -> dict[str, Any]:
    """One event with 8 sampled values."""
    at = moment_text(SystemClock().now())

    def value(measurand: str, number: float, unit: str, **more: str) -> dict[str, Any]:
        return {"value": number, "measurand": measurand, "unitOfMeasure": {"unit": unit}, **more}

    sampled = [
        value("Energy.Active.Import.Register", register_wh, "Wh"),
        value("Power.Active.Import", 6600, "W"),
        value("Current.Import", 10.1, "A", phase="L1"),
        value("Current.Import", 10.2, "A", phase="L2"),
        value("Current.Import", 10.0, "A", phase="L3"),
        value("Voltage", 229.8, "V", phase="L1-N"),
        value("SoC", 48, "Percent"),
        value("Power.Offered", 7000, "W"),
    ]
    return {
        "eventType": "Started" if seq_no == 0 else "Updated",
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": name, "chargingState": "Charging"},
        "meterValue": [{"timestamp": at, "sampledValue": sampled}],
        **({"evse": EVSE} if seq_no == 0 else {}),
    }


async def enter(port: int, path: str) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{port}{path}",
        subprotocols=["ocpp2.0.1"],  # type: ignore[list-item]
        ping_interval=None,
        compression=None,
        open_timeout=60,
    )


async def cpu_us(process: Process, sockets: list[ClientConnection], messages: int) -> tuple[float, float]:
    """Microseconds of CPU for each event, and events each second; every socket sends its next when answered."""

    async def send(place: int, first: int, count: int) -> None:
        for number in range(first, first + count):
            await ask_past_orders(sockets[place], event(f"T{place}", number, 1000 + number))

    warm = 6
    await asyncio.gather(*(send(place, 0, warm) for place in range(len(sockets))))
    share = messages // len(sockets)
    before_s, began_s = process.cpu_s(), time.monotonic()
    await asyncio.gather(*(send(place, warm, share) for place in range(len(sockets))))
    count = share * len(sockets)
    return (process.cpu_s() - before_s) / count * 1e6, count / (time.monotonic() - began_s)


async def ask_past_orders(ws: ClientConnection, payload: dict[str, Any]) -> None:
    """Call, and answer whatever the central system orders meanwhile."""
    await ws.send(json.dumps([2, "m", "TransactionEvent", payload]))
    while (frame := json.loads(await ws.recv()))[0] == 2:
        await ws.send(json.dumps([3, frame[1], {}]))
    if frame[0] != 3:
        raise SystemExit(f"an event was refused: {frame}")


async def measure(dsn: str, state: Path, args: argparse.Namespace) -> None:
    result: dict[str, Any] = {"load_average": os.getloadavg()[0], "clock_ticks_a_second": HZ}
    port = free_port()
    bare = BareProcess(port)
    await until_open(port)
    sockets = [await enter(port, "/") for _ in range(args.chargers)]
    us, _ = await cpu_us(bare, sockets, min(args.messages, 2000))
    result["bare_us_per_event"] = round(us)
    bare.stop()

    pool = await open_pool(dsn)
    async with unit_of_work(pool) as conn:
        await conn.execute(
            """
            insert into charging.charger (identity, registered_at)
            select 'B' || n, now() from generate_series(0, %(count)s - 1) n
            """,
            {"count": args.chargers},
        )
    port = free_port()
    ours = Process("--serve", dsn, str(port), str(state))
    await until_open(port)
    await asyncio.sleep(2)
    sockets = [await enter(port, f"/ocpp/B{number}") for number in range(args.chargers)]
    station = {"model": "B", "vendorName": "B"}
    for ws in sockets:
        await ask(ws, "BootNotification", {"reason": "PowerUp", "chargingStation": station})
    us, rate = await cpu_us(ours, sockets, args.messages)
    result |= {"stored_us_per_event": round(us), "events_a_second": round(rate)}
    async with unit_of_work(pool) as conn:
        cur = await conn.execute(
            "select (select count(*) from charging.transaction_event), (select count(*) from charging.meter_sample)"
        )
        row = await cur.fetchone()
    await pool.close()
    ours.stop()
    assert row is not None
    result["rows"] = {"events": row[0], "samples": row[1]}
    for key, value in result.items():
        print(f"{key:24} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
