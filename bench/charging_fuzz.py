"""Random frames into the frame reader and the handlers: nothing may escape but a refusal.

    .venv/bin/python bench/charging_fuzz.py [--frames 20000] [--seed 1] [--version 1.6|2.0.1|2.1]

Half of the frames are random octets and mutated real frames, half are well-formed calls whose members have random
values; in 2.x most members have a value that their schema allows, so that many calls pass it. The handlers run with a
database that is away, so that each goes as far as its first unit of work. Ends with one JSON object; exit 1 where
anything escaped.
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
from charging.notices16 import NOTICES
from charging.operations201 import CSMS_ACTIONS_21, CSMS_ACTIONS_201
from charging.passwords import Passwords
from charging.rpc import BadFrame, Call, CallRefused
from charging.rules.metering import start_meter
from charging.running201 import Running
from charging.samples import OpenTransaction
from charging.station import Station, StationContext
from charging.station16 import HANDLERS, Station16
from charging.station201 import Station201
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


def station(state: Path, version: str) -> Station:
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
    now = ctx.clock.now()
    running = OpenTransaction(id=1, evse_no=1, meter=start_meter(0, now))
    given = StationContext(
        ctx=ctx,
        batch=cast(Batch, KeptBatch()),
        passwords=Passwords(b"f"),
        charger=charger,
        outlets={},
        open_transactions=[] if version == "1.6" else [running],
    )
    if version == "1.6":
        return Station16(given)
    made = Station201(given, version)
    made._events._known["x"] = Running(
        id=1, open=running, last_seq=0, has_tag=True, has_register=True, has_asked=True, cost_told_at=now
    )
    return made


_PLAIN = {
    "string": ("x", "2026-03-02T01:00:00Z", "1", "", "Charging", "2026-11-23T22:00:00"),
    "integer": (0, 1, 2, 7, 300, -1, 2**31, 2**63),
    "number": (0, 1, 1.5, 230.2, -4, 1e12, 2**63),
    "boolean": (True, False),
}


def actions(version: str) -> list[str]:
    """What a charger of a version may call."""
    if version == "1.6":
        return [*HANDLERS, *NOTICES]
    ours = CSMS_ACTIONS_21 if version == "2.1" else CSMS_ACTIONS_201
    folder = schemas._path(version, "Heartbeat", is_response=False).parent
    every = {one.name.removesuffix("Request.json") for one in folder.glob("*Request.json")}
    return sorted(every - ours)


class Maker:
    """Makes frames."""

    def __init__(self, seed: int, version: str) -> None:
        self.rng = random.Random(seed)
        self.version = version
        self.members = {action: list(schemas._member_order(version, action)) for action in actions(version)}
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

    def near(self, schema: Any, definitions: Any) -> Any:
        """A value that the schema allows, with a random one here and there."""
        rng = self.rng
        if rng.random() < 0.04:
            return self.value(3)
        if "$ref" in schema:
            return self.near(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "properties" in schema or schema.get("type") == "object":
            required = schema.get("required", ())
            return {
                name: self.near(member, definitions)
                for name, member in schema.get("properties", {}).items()
                if name in required or rng.random() < 0.3
            }
        if schema.get("type") == "array":
            return [self.near(schema["items"], definitions) for _ in range(rng.randrange(1, 4))]
        return rng.choice(_PLAIN.get(schema.get("type"), (None,)))

    def frame(self) -> str | bytes:
        rng = self.rng
        action = rng.choice(list(self.members))
        if self.version == "1.6":
            payload: Any = {name: self.value() for name in self.members[action] if rng.random() < 0.9}
        else:
            schema = schemas._schema(self.version, action, False)
            payload = self.near(schema, schema.get("definitions", {}))
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


async def fuzz(frames: int, seed: int, version: str, state: Path) -> dict[str, Any]:
    maker, target, clock = Maker(seed, version), station(state, version), SystemClock()
    counts = {"answered": 0, "refused": 0, "bad": 0, "other": 0, "escaped": 0}
    began = time.monotonic()
    for _ in range(frames):
        raw = maker.frame()
        try:
            frame = rpc.read_frame(raw)
            if isinstance(frame, BadFrame):
                counts["bad"] += 1
                rpc.bad_frame_answer(frame, version)
            elif isinstance(frame, Call):
                payload = await target.answer(frame, clock.now())
                rpc.result_text(frame.message_id, payload)
                counts["answered"] += 1
            else:
                counts["other"] += 1
        except CallRefused as refused:
            rpc.error_text("id", refused.fault, version)
            counts["refused"] += 1
        except Exception as escaped:
            counts["escaped"] += 1
            if counts["escaped"] <= 5:
                print(repr(escaped)[:200], raw[:300], file=sys.stderr)
    return {
        "version": version,
        "frames": frames,
        "seed": seed,
        "seconds": round(time.monotonic() - began),
        **counts,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", default="1.6", choices=["1.6", "2.0.1", "2.1"])
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(fuzz(args.frames, args.seed, args.version, Path(folder)))
    for key, value in result.items():
        print(f"{key:10} {value}")
    print(json.dumps(result))
    sys.exit(1 if result["escaped"] else 0)


if __name__ == "__main__":
    main()
