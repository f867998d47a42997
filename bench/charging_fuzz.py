"""Random frames into the frame reader and the 1.6 handlers: nothing may escape but a refusal.

    .venv/bin/python bench/charging_fuzz.py [--frames 20000] [--seed 1]

Half of the frames are random octets and mutated real frames, half are well-formed calls whose members have random
values. The handlers run with a database that is away, so that each goes as far as its first unit of work. Ends with one
JSON object; exit 1 where anything escaped.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import psycopg
import structlog

from charging import rpc, schemas
from charging.batch import Batch
from charging.charger_store import Charger
from charging.passwords import Passwords
from charging.rpc import BadFrame, Call, CallRefused
from charging.station import StationContext
from charging.station16 import HANDLERS, Station16
from facility.clock import SystemClock
from facility.context import Context
from facility.settings import Settings
from facility.site import demonstration_site


class AwayPool:
    """A pool whose database is away."""

    def connection(self) -> Any:
        raise psycopg.OperationalError("away")


class KeptBatch:
    """Takes rows and checks that they are tuples of plain values."""

    async def keep(self, rows: Any) -> None:
        for row in rows:
            json.dumps(row, default=str)


def station(state: Path) -> Station16:
    pool = cast(Any, AwayPool())
    ctx = Context(
        settings=Settings(data=state), dsn="", pool=pool, clock=SystemClock(), site=demonstration_site()
    )
    charger = Charger(
        id=1,
        identity="F",
        registration="accepted",
        is_simulated=False,
        password_hash=None,
        password_tag=None,
        password_pepper=None,
        security_profile=0,
        max_w=7000,
    )
    return Station16(
        StationContext(
            ctx=ctx,
            batch=cast(Batch, KeptBatch()),
            passwords=Passwords(b"f"),
            charger=charger,
            outlets={},
            open_transactions=[],
        )
    )


class Maker:
    """Makes frames."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.members = {action: list(schemas._member_order("1.6", action)) for action in HANDLERS}
        self.deeper = [
            "timestamp",
            "sampledValue",
            "value",
            "measurand",
            "unit",
            "phase",
            "context",
            "location",
        ]

    def value(self, depth: int = 0) -> Any:
        rng = self.rng
        chance = rng.random()
        if chance < 0.5 or depth > 4:
            return rng.choice(
                [None, True, 0, 1, -1, 255, 256, 2**31, 2**63, 10**30, 1.5, 1e308, "", "1", "-1", "NaN", "1e999",
                 "\x00", "😀" * 30, "Accepted", "NoError", "Charging", "Wh", "kWh", "L1", "x" * 600,
                 "2026-03-02T01:00:00Z", "1970-01-01", "9999-12-31T23:59:59-14:00", "Energy.Active.Import.Register"]
            )  # fmt: skip
        if chance < 0.75:
            return [self.value(depth + 1) for _ in range(rng.randrange(4))]
        return {rng.choice(self.deeper): self.value(depth + 1) for _ in range(rng.randrange(5))}

    def frame(self) -> str | bytes:
        rng = self.rng
        action = rng.choice(list(self.members))
        payload: Any = {name: self.value() for name in self.members[action] if rng.random() < 0.9}
        text = json.dumps([2, "id", action, payload])
        chance = rng.random()
        if chance < 0.5:
            return text
        if chance < 0.6:
            return rng.randbytes(rng.randrange(80))
        octets = bytearray(text.encode())
        for _ in range(rng.randrange(1, 5)):
            octets[rng.randrange(len(octets))] = rng.randrange(256)
        return bytes(octets) if rng.random() < 0.5 else octets.decode("utf-8", "replace")


async def fuzz(frames: int, seed: int, state: Path) -> dict[str, Any]:
    maker, target, clock = Maker(seed), station(state), SystemClock()
    counts = {"answered": 0, "refused": 0, "bad": 0, "other": 0, "escaped": 0}
    began = time.monotonic()
    for _ in range(frames):
        raw = maker.frame()
        try:
            frame = rpc.read_frame(raw)
            if isinstance(frame, BadFrame):
                counts["bad"] += 1
                rpc.bad_frame_answer(frame, "1.6")
            elif isinstance(frame, Call):
                payload = await target.answer(frame, clock.now())
                rpc.result_text(frame.message_id, payload)
                counts["answered"] += 1
            else:
                counts["other"] += 1
        except CallRefused as refused:
            rpc.error_text("id", refused.fault, "1.6")
            counts["refused"] += 1
        except Exception as escaped:
            counts["escaped"] += 1
            if counts["escaped"] <= 5:
                print(repr(escaped)[:200], raw[:300], file=sys.stderr)
    return {"frames": frames, "seed": seed, "seconds": round(time.monotonic() - began), **counts}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(fuzz(args.frames, args.seed, Path(folder)))
    for key, value in result.items():
        print(f"{key:10} {value}")
    print(json.dumps(result))
    sys.exit(1 if result["escaped"] else 0)


if __name__ == "__main__":
    main()
