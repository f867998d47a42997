"""What the charging process costs and how fast it answers, beside the bare ocpp library in the same run.

    .venv/bin/python bench/charging.py [--chargers 2000] [--messages 6000]

Parts: CPU of the server process for each stored MeterValues message (8 sampled values; samples, message trace and
facts are all written to the database) against the bare library with nothing stored; a quiet fleet (each charger one
message in 10 s): time from CALL to CALLRESULT and memory a connection; the whole fleet reconnecting at once with
passwords; an order from its row to the charger's answer. The load comes from this process, the servers are processes of
their own, so their CPU is theirs alone. Ends with one JSON object.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect

from charging import orders
from charging.central import run
from charging.passwords import load_passwords
from facility.clock import SystemClock
from facility.context import Context
from facility.db import open_pool, unit_of_work
from facility.embedded import start_server
from facility.migrate import migrate
from facility.settings import Settings
from facility.site import demonstration_site

PASSWORD = "bench-password-0123456789"
HZ = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chargers", type=int, default=2000)
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--quiet-s", type=int, default=30)
    parser.add_argument("--serve", nargs=3, metavar=("DSN", "PORT", "STATE"))
    parser.add_argument("--bare", type=int, metavar="PORT")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if args.serve:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the product runs it
            runner.run(serve(*args.serve))
    elif args.bare:
        asyncio.run(serve_bare(args.bare))
    else:
        with tempfile.TemporaryDirectory(prefix="pingzhan-bench-") as folder:
            state = Path(folder)
            state.chmod(0o711)
            server = start_server(state)
            try:
                migrate(server.dsn())
                asyncio.run(measure(server.dsn(), state, args))
            finally:
                server.stop()


async def serve(dsn: str, port: str, state: str) -> None:
    """The charging process, as `pingzhan up` runs it, less the demonstration."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = Settings(data=Path(state), demo=False, ocpp_port=int(port))
    pool = await open_pool(dsn)
    site = demonstration_site()
    await run(Context(settings=settings, dsn=dsn, pool=pool, clock=SystemClock(), site=site))


async def serve_bare(port: int) -> None:
    """The library as its documentation shows it: validate, call the handler, answer; nothing is stored."""
    import logging

    from ocpp.routing import on
    from ocpp.v16 import ChargePoint, call_result
    from websockets.asyncio.server import serve as serve_ws

    logging.getLogger("ocpp").setLevel(logging.ERROR)

    class Bare(ChargePoint):  # type: ignore[misc]
        @on("MeterValues")
        def meter_values(self, **_sent: Any) -> Any:
            return call_result.MeterValues()

    async def handle(ws: Any) -> None:
        try:
            await Bare("b", ws).start()
        except Exception:
            return

    async with serve_ws(
        handle, "127.0.0.1", port, subprotocols=["ocpp1.6"], ping_interval=None, compression=None
    ):  # type: ignore[list-item]
        await asyncio.get_running_loop().create_future()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


class Process:
    """A server process of this script and what the kernel says of it."""

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        self.process = subprocess.Popen([sys.executable, __file__, *arguments], env=environment)

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / HZ

    def rss_kb(self) -> float:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE / 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


async def until_open(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the server did not open its port")


def identity(number: int) -> str:
    return f"B{number:05d}"


async def enter(port: int, number: int) -> ClientConnection:
    name = identity(number)
    basic = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
    return await connect(
        f"ws://127.0.0.1:{port}/ocpp/{name}",
        subprotocols=["ocpp1.6"],  # type: ignore[list-item]
        additional_headers={"Authorization": f"Basic {basic}"},
        ping_interval=None,
        compression=None,
        open_timeout=120,
        max_queue=4,
    )


async def ask(ws: ClientConnection, action: str, payload: dict[str, Any], message_id: str = "m") -> Any:
    await ws.send(json.dumps([2, message_id, action, payload]))
    answer = json.loads(await ws.recv())
    if answer[0] != 3:
        raise SystemExit(f"{action} was refused: {answer}")
    return answer[2]


def eight_values(register: int) -> dict[str, Any]:
    at = SystemClock().now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    values = [
        {"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": "6600", "measurand": "Power.Active.Import", "unit": "W"},
        {"value": "10.1", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
        {"value": "10.2", "measurand": "Current.Import", "unit": "A", "phase": "L2"},
        {"value": "10.0", "measurand": "Current.Import", "unit": "A", "phase": "L3"},
        {"value": "229.8", "measurand": "Voltage", "unit": "V", "phase": "L1-N"},
        {"value": "48", "measurand": "SoC", "unit": "Percent"},
        {"value": "31.5", "measurand": "Temperature", "unit": "Celsius"},
    ]
    return {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": values}]}


async def meter_values_cpu(process: Process, sockets: list[ClientConnection], messages: int) -> float:
    """Microseconds of the server process for each message; every socket sends its next one when answered."""

    async def send(ws: ClientConnection, count: int) -> None:
        for number in range(count):
            await ask(ws, "MeterValues", eight_values(1000 + number))

    await asyncio.gather(*(send(ws, 5) for ws in sockets))
    before_s = process.cpu_s()
    share = messages // len(sockets)
    await asyncio.gather(*(send(ws, share) for ws in sockets))
    return (process.cpu_s() - before_s) / (share * len(sockets)) * 1e6


async def register(dsn: str, state: Path, count: int) -> None:
    passwords = load_passwords(state)
    stored = passwords.stored(PASSWORD)
    pool = await open_pool(dsn)
    async with unit_of_work(pool) as conn:
        await conn.execute(
            """
            insert into charging.charger (identity, password_hash, password_tag, password_pepper, registered_at)
            select 'B' || lpad(n::text, 5, '0'), %(hash)s, %(tag)s, %(pepper)s, now()
            from generate_series(0, %(count)s - 1) n
            """,
            {"hash": stored.password_hash, "tag": stored.tag, "pepper": stored.pepper_id, "count": count},
        )
    await pool.close()


async def reconnect_all(port: int, count: int) -> tuple[list[ClientConnection], float, int]:
    """All chargers at once: websocket with password, boot, status; seconds until the last is booted, and refusals."""
    refused = 0

    async def come(number: int) -> ClientConnection | None:
        nonlocal refused
        try:
            ws = await enter(port, number)
            await ask(ws, "BootNotification", {"chargePointVendor": "B", "chargePointModel": "B"})
            for connector in (0, 1):
                status = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
                await ask(ws, "StatusNotification", status)
            return ws
        except (OSError, Exception) as why:
            refused += 1
            print("refused:", repr(why)[:120], file=sys.stderr)
            return None

    began = time.monotonic()
    sockets = await asyncio.gather(*(come(number) for number in range(count)))
    return [ws for ws in sockets if ws is not None], time.monotonic() - began, refused


async def quiet_fleet(sockets: list[ClientConnection], seconds: int) -> list[float]:
    """Each charger one MeterValues in 10 s; milliseconds from CALL to CALLRESULT."""
    took_ms: list[float] = []
    until = time.monotonic() + seconds

    async def live(ws: ClientConnection, offset_s: float) -> None:
        await asyncio.sleep(offset_s)
        register = 0
        while time.monotonic() < until:
            began = time.monotonic()
            register += 20
            await ask(ws, "MeterValues", eight_values(register))
            took_ms.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(max(0.0, 10 - (time.monotonic() - began)))

    await asyncio.gather(*(live(ws, 10 * place / len(sockets)) for place, ws in enumerate(sockets)))
    return took_ms


async def order_latency(dsn: str, ws: ClientConnection, count: int) -> list[float]:
    """Milliseconds from the order's row to its outcome, as the API waits for it."""
    pool = await open_pool(dsn)
    took: list[float] = []

    async def answer() -> None:
        while True:
            frame = json.loads(await ws.recv())
            await ws.send(json.dumps([3, frame[1], {"status": "Accepted"}]))

    answering = asyncio.create_task(answer())
    async with orders.hearing_answers(dsn, pool) as answers:
        await asyncio.sleep(0.5)
        for _ in range(count):
            began = time.monotonic()
            async with unit_of_work(pool) as conn:
                charger = await orders.find_charger(conn, identity(0))
                order_id = await orders.request_order(
                    conn,
                    charger_id=charger.id,
                    version="1.6",
                    action="ClearCache",
                    payload={},
                    by="bench",
                    clock=SystemClock(),
                )
            outcome = await answers.outcome(order_id, 20)
            if outcome.state != "answered":
                raise SystemExit(f"order ended as {outcome.state}")
            took.append((time.monotonic() - began) * 1000)
    answering.cancel()
    await pool.close()
    return took


def share(values: list[float], of: float) -> float:
    return statistics.quantiles(values, n=1000)[int(of * 1000) - 1]


async def measure(dsn: str, state: Path, args: argparse.Namespace) -> None:
    result: dict[str, Any] = {"load_average": os.getloadavg()[0]}
    await register(dsn, state, args.chargers)
    bare_port = free_port()
    bare = Process("--bare", str(bare_port))
    await until_open(bare_port)
    sockets = [
        await connect(
            f"ws://127.0.0.1:{bare_port}/", subprotocols=["ocpp1.6"], compression=None, ping_interval=None
        )
        for _ in range(50)
    ]  # type: ignore[list-item]
    result["bare_us_per_message"] = round(await meter_values_cpu(bare, sockets, min(args.messages, 2000)))
    bare.stop()

    port = free_port()
    ours = Process("--serve", dsn, str(port), str(state))
    await until_open(port)
    await asyncio.sleep(2)
    empty_kb = ours.rss_kb()
    started_cpu_s = ours.cpu_s()
    fleet, booted_s, refused = await reconnect_all(port, args.chargers)
    result |= {"chargers": args.chargers, "all_booted_s": round(booted_s, 1), "refused": refused}
    result["connect_cpu_ms_per_charger"] = round((ours.cpu_s() - started_cpu_s) * 1000 / args.chargers, 2)
    result["kb_per_connection"] = round((ours.rss_kb() - empty_kb) / max(1, len(fleet)), 1)
    result["stored_us_per_message"] = round(await meter_values_cpu(ours, fleet[:50], args.messages))
    took_ms = await quiet_fleet(fleet, args.quiet_s)
    result |= {"quiet_messages": len(took_ms), "p50_ms": round(share(took_ms, 0.5), 1)}
    result["p99_ms"] = round(share(took_ms, 0.99), 1)
    latency = await order_latency(dsn, fleet[0], 200)
    result |= {"order_p50_ms": round(share(latency, 0.5), 1), "order_p95_ms": round(share(latency, 0.95), 1)}
    result["rows"] = await stored_rows(dsn)
    ours.stop()
    for key, value in result.items():
        print(f"{key:28} {value}")
    print(json.dumps(result))


async def stored_rows(dsn: str) -> dict[str, int]:
    """What reached the database: proof that every message was stored."""
    pool = await open_pool(dsn)
    async with unit_of_work(pool) as conn:
        cur = await conn.execute(
            "select (select count(*) from charging.meter_sample), (select count(*) from charging.message)"
        )
        row = await cur.fetchone()
    await pool.close()
    assert row is not None
    return {"samples": row[0], "messages": row[1]}


if __name__ == "__main__":
    main()
