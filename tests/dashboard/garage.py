"""A garage with cars in it, as the other packages write it, and a real web server to look at its screens."""

import asyncio
import json
import math
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from hypercorn.asyncio import serve
from hypercorn.config import Config

from facility.clock import SystemClock
from facility.context import Context
from facility.db import open_pool, unit_of_work
from facility.identity import Role
from facility.settings import Settings
from facility.site import Site
from gateway.app import create_app
from gateway.staff.people import add_person

PASSWORD = "long enough for tests"


def _id(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def fill(conn: psycopg.Connection, site: Site, now: datetime, *, days: int = 3, seed: int = 7) -> None:
    """Cars, counts, a past, alarms and a review queue, the same for every seed."""
    chance = random.Random(seed)
    with conn.pipeline():
        _fill_bays(conn, site, now, chance)
    _fill_past(conn, site, now, days, chance)
    _fill_lanes(conn, site, now, chance)
    _fill_alarms(conn, now, chance)
    _fill_chargers(conn, site, now, chance)
    with conn.pipeline():
        _fill_money(conn, now, chance)
    conn.commit()


def _fill_bays(conn: psycopg.Connection, site: Site, now: datetime, chance: random.Random) -> None:
    for bay in site.bays.values():
        is_occupied = chance.random() < {"B1": 0.74, "L2": 0.83, "L3": 0.6, "L4": 0.35}.get(bay.level, 0.12)
        stay = _id(chance) if is_occupied else None
        entered_at = now - timedelta(minutes=chance.randint(3, 700))
        if stay:
            plate = f"苏F{chance.choice('DAB')}{chance.randint(0, 99999):05d}"
            conn.execute(
                """
                insert into parking.stay (id, plate, plate_kind, state, entry_lane, entry_how, entered_at, inside_at,
                                          zone_id, is_simulated)
                values (%s, %s, 'blue', 'inside', %s, 'read', %s, %s, %s, true)
                """,
                (stay, plate, "A-IN" if bay.level == "B1" else "U-IN", entered_at, entered_at, bay.zone),
            )
        conn.execute(
            "insert into parking.bay_state values (%s, %s, %s, %s, %s, %s, true)",
            (bay.id, bay.zone, is_occupied, stay, entered_at, now - timedelta(seconds=5)),
        )
        evse = site.evse_at(bay.id)
        if evse:
            status = "Available"
            if is_occupied:
                status = chance.choice(["Charging"] * 4 + ["SuspendedEV", "Finishing"])
            elif chance.random() < 0.2:
                status = "Faulted"
            conn.execute(
                "insert into facility.equipment_status values ('evse', %s, %s, %s)",
                (evse.id, status, entered_at),
            )
    conn.execute(
        """
        insert into parking.zone_count
        select zone_id, count(*) filter (where is_occupied), count(*), %s from parking.bay_state group by zone_id
        """,
        (now - timedelta(seconds=30),),
    )


def _share(at: datetime, zone: str) -> float:
    hour = (at.hour + 8 + at.minute / 60) % 24
    work = math.exp(-(((hour - 14) / 4.5) ** 2))
    night = 0.35 if zone.startswith("B1") else 0.12
    return min(
        night + work * {"B1-G": 0.5, "B1-C": 0.55, "L2": 0.8, "L3": 0.6, "L4": 0.35}.get(zone, 0.15), 0.99
    )


def _fill_past(conn: psycopg.Connection, site: Site, now: datetime, days: int, chance: random.Random) -> None:
    start = (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    copy = "copy parking.occupancy_rollup from stdin"
    with conn.cursor() as cur, cur.copy(copy) as rows:
        for step, minutes in (("quarter", 15), ("hour", 60)):
            at = start
            while at + timedelta(minutes=minutes) <= now:
                for zone in site.zones.values():
                    taken = round(zone.capacity * _share(at, zone.id) + chance.gauss(0, 0.6))
                    taken = min(max(taken, 0), zone.capacity)
                    rows.write_row((step, zone.id, at, taken * minutes, minutes, taken, taken, zone.capacity))
                at += timedelta(minutes=minutes)


def _fill_lanes(conn: psycopg.Connection, site: Site, now: datetime, chance: random.Random) -> None:
    for lane in site.lanes:
        conn.execute(
            "insert into parking.lane_state (lane_id, camera_seen_at, changed_at, changed_by) values (%s, %s, %s, '-')",
            (lane, now, now),
        )
        log = (
            _id(chance),
            lane,
            now - timedelta(minutes=chance.randint(1, 40)),
            f"苏F{chance.randint(10000, 99999)}",
        )
        conn.execute(
            """
            insert into parking.lane_log (id, lane_id, at, plate, plate_kind, confidence, outcome, reason, decided_by,
                                          is_simulated)
            values (%s, %s, %s, %s, 'blue', 0.99, 'open', 'known', 'rule', true)
            """,
            log,
        )
    for number, (lane, sure) in enumerate([("A-IN", 0.41), ("U-IN", 0.71), ("B-IN", 0.64)]):
        conn.execute(
            """
            insert into parking.lane_log (id, lane_id, at, plate, plate_kind, confidence, outcome, reason, decided_by,
                                          is_simulated)
            values (%s, %s, %s, %s, 'blue', %s, 'ask', 'low_confidence', 'rule', true)
            """,
            (_id(chance), lane, now - timedelta(seconds=40 + 50 * number), f"苏F1{number}37{number}", sure),
        )


def _fill_alarms(conn: psycopg.Connection, now: datetime, chance: random.Random) -> None:
    for kind, subject, severity, minutes in (
        ("smoke", "S-12", "critical", 7),
        ("charger.faulted", "E17", "warning", 43),
    ):
        conn.execute(
            """
            insert into facility.alarm (id, kind, subject, severity, detail, raised_at)
            values (%s, %s, %s, %s, %s, %s)
            """,
            (_id(chance), kind, subject, severity, json.dumps({}), now - timedelta(minutes=minutes)),
        )


def _fill_chargers(conn: psycopg.Connection, site: Site, now: datetime, chance: random.Random) -> None:
    """A charger for each EVSE as its status says; those that charge have a transaction and samples."""
    statuses = {
        str(row[0]): str(row[1])
        for row in conn.execute(
            "select equipment_id, status from facility.equipment_status where kind = 'evse'"
        )
    }
    for evse in site.evses.values():
        row = conn.execute(
            """
            insert into charging.charger (identity, is_simulated, max_w, protocol, vendor, registered_at, connected_at,
                                          last_seen_at)
            values (%s, true, %s, 'ocpp1.6', 'Test', %s, %s, %s) returning id
            """,
            (evse.charger, evse.max_w, now, now, now - timedelta(seconds=chance.randint(1, 50))),
        ).fetchone()
        assert row
        conn.execute(
            """
            insert into charging.connector (charger_id, evse_no, evse_id, status, error_code)
            values (%s, 1, %s, %s, %s)
            """,
            (row[0], evse.id, statuses[evse.id], "NoError"),
        )
        if statuses[evse.id] == "Charging":
            _fill_transaction(conn, row[0], now, chance, watts=round(evse.max_w * chance.uniform(0.5, 0.98)))


def _fill_transaction(
    conn: psycopg.Connection, charger: int, now: datetime, chance: random.Random, *, watts: int
) -> None:
    minutes = chance.randint(25, 240)
    began = now - timedelta(minutes=minutes)
    row = conn.execute(
        """
        insert into charging.transaction (charger_id, evse_no, id_tag, plate, token, state, started_at, started_raw,
                                          start_received_at, meter_start_wh, last_sign_at, energy_tariff_id)
        values (%s, 1, 'TAG', %s, %s, 'running', %s, '', %s, 0, %s, 1) returning id
        """,
        (charger, f"苏FD{chance.randint(10000, 99999)}", str(_id(chance)), began, began, now),
    ).fetchone()
    assert row
    conn.execute(
        """
        insert into charging.meter_sample (measured_at, received_at, charger_id, evse_no, transaction_id,
                                           delivered_wh, power_w, context)
        select at, at, %s, 1, %s, extract(epoch from at - %s) * %s / 3600, %s, 'Sample.Periodic'
        from generate_series(%s::timestamptz, %s::timestamptz, interval '2 minutes') as at
        """,
        (charger, row[0], began, watts, watts, began, now),
    )


def _fill_money(conn: psycopg.Connection, now: datetime, chance: random.Random) -> None:
    stay = conn.execute("select id from parking.stay limit 1").fetchone()
    assert stay
    for number in range(60):
        for part in ("parking", "charging"):
            conn.execute(
                """
                insert into parking.money (stay_id, at, amount_fen, part, how, reference, is_simulated)
                values (%s, %s, %s, %s, 'wechat', %s, true)
                """,
                (
                    stay[0],
                    now - timedelta(hours=7 * number),
                    chance.randint(40_000, 260_000),
                    part,
                    f"T{number}{part}",
                ),
            )


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _serve(
    dsn: str, site: Site, port: int, is_first: bool, started: threading.Event, stop: threading.Event
) -> None:
    pool = await open_pool(dsn)
    clock = SystemClock()
    context = Context(settings=Settings(http_port=port), dsn=dsn, pool=pool, clock=clock, site=site)
    people = (
        ("li", "李强", [role.value for role in Role]),
        ("wang", "王磊", ["crew"]),
        ("wu", "吴洁", ["auditor"]),
    )
    async with unit_of_work(pool) as conn:
        for login, name, roles in people if is_first else ():
            await add_person(conn, login=login, name=name, roles=roles, password=PASSWORD, now=clock.now())
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = None
    config.graceful_timeout = 0.2
    config.shutdown_timeout = 1

    async def until_stopped() -> None:
        started.set()
        await asyncio.to_thread(stop.wait)

    await serve(create_app(context), config, shutdown_trigger=until_stopped)  # type: ignore[arg-type]
    await pool.close()


@contextmanager
def serving(dsn: str, site: Site, *, port: int | None = None, is_first: bool = True) -> Iterator[str]:
    """The whole web application in a thread, with people where it `is_first` there; yields its address."""
    port = port or free_port()
    started, stop = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(dsn, site, port, is_first, started, stop)), daemon=True
    )
    thread.start()
    assert started.wait(30), "the web server did not start"
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join(15)
