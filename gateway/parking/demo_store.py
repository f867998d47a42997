"""Rows of the demonstration: the cars it made up, and a past written by COPY."""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from facility.errors import Missing
from facility.units import local
from gateway.parking.rules.stay import StayState
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]

# PostgreSQL's binary COPY: an 11-octet signature, flags and header length; moments count microseconds from 2000.
COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
COPY_END = struct.pack(">h", -1)
COPY_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE_US = 60_000_000
QUARTER_MINUTES = 15
CAUSE = b"history"
PERMIT_PRICE_FEN = 30_000


class NoSimulatedCar(Missing):
    """Every simulated car is inside, or there is none."""

    code = "demo.no_car"


class HistoricStay(Protocol):
    """What is kept of one stay of the past."""

    @property
    def id(self) -> UUID: ...
    @property
    def plate(self) -> str: ...
    @property
    def plate_kind(self) -> str: ...
    @property
    def entry_lane(self) -> str: ...
    @property
    def exit_lane(self) -> str | None: ...
    @property
    def entered_at(self) -> datetime: ...
    @property
    def left_at(self) -> datetime | None: ...
    @property
    def zone_id(self) -> str: ...
    @property
    def bay_id(self) -> str | None: ...
    @property
    def permit_id(self) -> UUID | None: ...


async def has_simulated_car(conn: Conn, plate: str) -> bool:
    """Whether the demonstration made this car up."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select exists (select 1 from parking.simulated_car where plate = %(plate)s)", {"plate": plate}
        )
        return bool(await cur.fetchone())


def samples_as_copy(zone_id: str, begins_at: datetime, occupied: NDArray[np.int32], capacity: int) -> bytes:
    """One sample a minute from `begins_at` in PostgreSQL's binary COPY format; `occupied` is `(minutes,)` int32."""
    zone = zone_id.encode()
    row = np.dtype(
        [
            ("fields", ">i2"),
            ("zone_length", ">i4"),
            ("zone", f"S{len(zone)}"),
            ("at_length", ">i4"),
            ("at", ">i8"),
            ("occupied_length", ">i4"),
            ("occupied", ">i4"),
            ("capacity_length", ">i4"),
            ("capacity", ">i4"),
            ("cause_length", ">i4"),
            ("cause", f"S{len(CAUSE)}"),
        ]
    )
    made = np.zeros(len(occupied), dtype=row)
    made["fields"] = 5
    made["zone_length"], made["zone"] = len(zone), zone
    start_us = (begins_at - COPY_EPOCH) // timedelta(microseconds=1)
    made["at_length"], made["at"] = 8, start_us + np.arange(len(occupied), dtype=np.int64) * MINUTE_US
    made["occupied_length"], made["occupied"] = 4, occupied
    made["capacity_length"], made["capacity"] = 4, capacity
    made["cause_length"], made["cause"] = len(CAUSE), CAUSE
    return COPY_HEAD + made.tobytes() + COPY_END


async def copy_samples(
    conn: Conn, zone_id: str, begins_at: datetime, occupied: NDArray[np.int32], capacity: int
) -> None:
    """Write one sample a minute of a zone."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            "copy parking.occupancy_sample (zone_id, sampled_at, occupied, capacity, cause) from stdin (format binary)"
        ) as copy,
    ):
        await copy.write(samples_as_copy(zone_id, begins_at, occupied, capacity))


async def copy_quarters(
    conn: Conn, zone_id: str, begins_at: datetime, occupied: NDArray[np.int32], capacity: int
) -> None:
    """Write the quarter-hour roll-ups of the same minutes; the last quarter may be short."""
    starts = np.arange(0, len(occupied), QUARTER_MINUTES)
    sums = np.add.reduceat(occupied, starts)
    lowest, highest = np.minimum.reduceat(occupied, starts), np.maximum.reduceat(occupied, starts)
    minutes = np.diff(np.append(starts, len(occupied)))
    async with (
        conn.cursor() as cur,
        cur.copy(
            "copy parking.occupancy_rollup (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest,"
            " capacity) from stdin"
        ) as copy,
    ):
        for start, total, count, low, high in zip(
            starts.tolist(), sums.tolist(), minutes.tolist(), lowest.tolist(), highest.tolist(), strict=True
        ):
            at = begins_at + timedelta(minutes=start)
            await copy.write_row(("quarter", zone_id, at, total, count, low, high, capacity))


async def copy_cars(conn: Conn, cars: Sequence[tuple[str, str]]) -> None:
    """Keep which cars were made up."""
    async with (
        conn.cursor() as cur,
        cur.copy("copy parking.simulated_car (plate, plate_kind) from stdin") as copy,
    ):
        for car in cars:
            await copy.write_row(car)


async def insert_permits(
    conn: Conn, random: Callable[[int], bytes], plates: Sequence[str], *, since: datetime, until: datetime
) -> dict[str, UUID]:
    """Give every second plate a permit over the whole past and the coming month; returns them by plate."""
    permits = {plate: UUID(bytes=random(16), version=4) for plate in plates[::2]}
    first, last = local(since).date(), local(until).date() + timedelta(days=45)
    async with conn.cursor() as cur:
        async with cur.copy(
            "copy parking.permit (id, kind, holder, max_inside, valid_from, valid_to, fee_fen, made_at, made_by)"
            " from stdin"
        ) as copy:
            for number, permit in enumerate(permits.values(), start=1):
                holder = f"模拟住户 {number:03d}"
                await copy.write_row(
                    (permit, "monthly", holder, 1, first, last, PERMIT_PRICE_FEN, since, "demonstration")
                )
        async with cur.copy("copy parking.permit_plate (permit_id, plate) from stdin") as copy:
            for plate, permit in permits.items():
                await copy.write_row((permit, plate))
    return permits


async def read_first_tariff(conn: Conn) -> int | None:
    """The price list that the past was under."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select min(id) from parking.tariff_version")
        row: int | None = await cur.fetchone()
        return row


async def copy_stays(conn: Conn, stays: Iterable[HistoricStay], inside: StayState, closed: StayState) -> None:
    """Write the past's stays, and put the cars that are inside still into their bays."""
    parked: list[HistoricStay] = []
    tariff_id = await read_first_tariff(conn)
    async with (
        conn.cursor() as cur,
        cur.copy(
            "copy parking.stay (id, plate, plate_kind, state, entry_lane, exit_lane, entry_how, exit_how, entered_at,"
            " inside_at, leaving_at, left_at, zone_id, tariff_id, permit_id, is_simulated) from stdin"
        ) as copy,
    ):
        for stay in stays:
            is_inside = stay.left_at is None
            if is_inside:
                parked.append(stay)
            await copy.write_row(
                (
                    stay.id,
                    stay.plate,
                    stay.plate_kind,
                    inside.value if is_inside else closed.value,
                    stay.entry_lane,
                    stay.exit_lane,
                    "read",
                    None if is_inside else "read",
                    stay.entered_at,
                    stay.entered_at,
                    stay.left_at,
                    stay.left_at,
                    stay.zone_id if is_inside else None,
                    tariff_id,
                    stay.permit_id,
                    True,
                )
            )
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            update parking.bay_state
            set is_occupied = true, stay_id = %(stay_id)s, changed_at = %(at)s, heard_at = %(at)s, is_simulated = true
            where bay_id = %(bay_id)s
            """,
            [
                {"stay_id": stay.id, "at": stay.entered_at, "bay_id": stay.bay_id}
                for stay in parked
                if stay.bay_id is not None
            ],
        )


async def copy_money(conn: Conn, money: Iterable[tuple[Any, ...]]) -> None:
    """Write what the past was paid."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            "copy parking.money (stay_id, at, amount_fen, part, how, reference, is_simulated) from stdin"
        ) as copy,
    ):
        for row in money:
            await copy.write_row(row)


async def settle_now(conn: Conn, *, now: datetime) -> None:
    """Let every zone's count say how many stays it holds."""
    await conn.execute(
        """
        update parking.zone_count z set changed_at = %(now)s,
               occupied = (select count(*) from parking.stay s where s.zone_id = z.zone_id and s.state = 'inside')
        """,
        {"now": now},
    )


async def count_inside(conn: Conn, basement: Sequence[str], upper: Sequence[str]) -> tuple[int, int]:
    """Cars counted in the zones of the basement and of the upper floors."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select coalesce(sum(occupied) filter (where zone_id = any(%(basement)s)), 0)::integer,
                   coalesce(sum(occupied) filter (where zone_id = any(%(upper)s)), 0)::integer
            from parking.zone_count
            """,
            {"basement": list(basement), "upper": list(upper)},
        )
        row = await cur.fetchone()
    return (0, 0) if row is None else (row[0], row[1])


async def read_simulated_inside(conn: Conn, zones: Sequence[str]) -> list[Stay]:
    """Simulated stays inside some zones, the oldest first."""
    async with conn.cursor(row_factory=class_row(Stay)) as cur:
        await cur.execute(
            """
            select * from parking.stay
            where state = 'inside' and is_simulated and plate is not null and zone_id = any(%(zones)s)
            order by entered_at
            """,
            {"zones": list(zones)},
        )
        return await cur.fetchall()


async def pick_outside_car(conn: Conn, share: float) -> tuple[str, str]:
    """A simulated car that is not inside; `share` in [0, 1) says which."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select plate, plate_kind from parking.simulated_car c
            where not exists (select 1 from parking.stay s where s.plate = c.plate
                              and s.state in ('entering', 'inside', 'leaving'))
            offset (select floor(%(share)s * greatest(count(*) - 400, 1))::integer from parking.simulated_car)
            limit 1
            """,
            {"share": share},
        )
        row = await cur.fetchone()
    if row is None:
        raise NoSimulatedCar("no simulated car is outside")
    return str(row[0]), str(row[1])


async def find_bay(conn: Conn, stay_id: UUID) -> str | None:
    """The bay a stay stands in."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select bay_id from parking.bay_state where stay_id = %(id)s and is_occupied limit 1",
            {"id": stay_id},
        )
        row: str | None = await cur.fetchone()
        return row


async def read_unusable_bays(conn: Conn) -> set[str]:
    """Bays that are occupied or not for parking."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select s.bay_id from parking.bay_state s left join facility.bay_use u using (bay_id)
            where s.is_occupied or coalesce(u.use, 'parking') <> 'parking'
            """
        )
        return {row[0] for row in await cur.fetchall()}


async def read_occupied_bays(conn: Conn) -> set[str]:
    """Bays whose sensors say that a car stands there."""
    async with conn.cursor() as cur:
        await cur.execute("select bay_id from parking.bay_state where is_occupied")
        return {row[0] for row in await cur.fetchall()}


async def read_plugged_evses(conn: Conn) -> dict[str, bool]:
    """For every simulated charger that reports: whether a car is plugged in."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select evse_id, lower(status) in ('preparing', 'charging', 'suspendedev', 'suspendedevse', 'finishing',
                                              'occupied')
            from report.charger
            where is_simulated and is_connected and evse_id is not null
              and lower(status) not in ('unavailable', 'faulted', 'reserved')
            """
        )
        return {row[0]: row[1] for row in await cur.fetchall()}


async def pick_stay_to_move(conn: Conn, zones: Sequence[str]) -> UUID | None:
    """A simulated car in some zones that might go to a charger now: the one that came last."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select id from parking.stay
            where state = 'inside' and is_simulated and zone_id = any(%(zones)s)
            order by (plate_kind = 'green') desc, entered_at desc limit 1
            """,
            {"zones": list(zones)},
        )
        row: UUID | None = await cur.fetchone()
        return row


async def flag_stay(conn: Conn, stay_id: UUID) -> None:
    """Say that a stay's car is simulated."""
    await conn.execute(
        "update parking.stay set is_simulated = true where id = %(id)s and not is_simulated", {"id": stay_id}
    )
