"""Rows of energy tariffs and bills."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffRow:
    """A stored price list; `body` is read by `charging.tariffs`."""

    id: int
    name: str
    valid_from: datetime
    body: dict[str, Any]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a finished charge costs."""

    id: int
    transaction_id: int
    state: str
    total_fen: int
    energy_fen: int
    service_fen: int
    idle_fen: int
    delivered_wh: int
    lines: list[dict[str, Any]]
    energy_tariff: str
    made_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    payment_reference: str | None


async def read_tariff(conn: Connection, tariff_id: int) -> TariffRow | None:
    """A price list by its id."""
    async with conn.cursor(row_factory=class_row(TariffRow)) as cur:
        await cur.execute(
            "select id, name, valid_from, body, source from charging.energy_tariff where id = %(id)s",
            {"id": tariff_id},
        )
        return await cur.fetchone()


async def tariff_in_force(conn: Connection, at: datetime) -> int | None:
    """The id of the newest price list that is valid at a moment."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select id from charging.energy_tariff where valid_from <= %(at)s
            order by valid_from desc, id desc limit 1
            """,
            {"at": at},
        )
        return await cur.fetchone()


async def add_tariff(
    conn: Connection, name: str, valid_from: datetime, body: dict[str, Any], source: str
) -> int | None:
    """Add a price list; None where the name is taken (a price list in use is never edited)."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into charging.energy_tariff (name, valid_from, body, source)
            values (%(name)s, %(valid_from)s, %(body)s, %(source)s) on conflict (name) do nothing returning id
            """,
            {"name": name, "valid_from": valid_from, "body": Jsonb(body), "source": source},
        )
        return await cur.fetchone()


async def read_tariffs(conn: Connection) -> list[TariffRow]:
    """Every price list, newest first."""
    async with conn.cursor(row_factory=class_row(TariffRow)) as cur:
        await cur.execute(
            "select id, name, valid_from, body, source from charging.energy_tariff order by valid_from desc, id desc"
        )
        return await cur.fetchall()


async def write_bill(
    conn: Connection,
    *,
    transaction_id: int,
    energy_fen: int,
    service_fen: int,
    idle_fen: int,
    delivered_wh: int,
    lines: list[dict[str, Any]],
    energy_tariff: str,
    now: datetime,
) -> bool:
    """Make a transaction's bill, or price it again while it is open; a settled bill never changes.

    Returns:
        Whether the bill now says this.
    """
    written = await conn.execute(
        """
        insert into charging.bill as b
            (transaction_id, total_fen, energy_fen, service_fen, idle_fen, delivered_wh, lines, energy_tariff, made_at)
        values (%(transaction_id)s, %(total_fen)s, %(energy_fen)s, %(service_fen)s, %(idle_fen)s, %(delivered_wh)s,
                %(lines)s, %(energy_tariff)s, %(now)s)
        on conflict (transaction_id) do update
        set total_fen = excluded.total_fen, energy_fen = excluded.energy_fen, service_fen = excluded.service_fen,
            idle_fen = excluded.idle_fen, delivered_wh = excluded.delivered_wh, lines = excluded.lines
        where b.state = 'open'
        """,
        {
            "transaction_id": transaction_id,
            "total_fen": energy_fen + service_fen + idle_fen,
            "energy_fen": energy_fen,
            "service_fen": service_fen,
            "idle_fen": idle_fen,
            "delivered_wh": delivered_wh,
            "lines": Jsonb(lines),
            "energy_tariff": energy_tariff,
            "now": now,
        },
    )
    return bool(written.rowcount)


async def read_bill(conn: Connection, transaction_id: int) -> Bill | None:
    """A transaction's bill."""
    async with conn.cursor(row_factory=class_row(Bill)) as cur:
        await cur.execute(
            """
            select id, transaction_id, state, total_fen, energy_fen, service_fen, idle_fen, delivered_wh, lines,
                   energy_tariff, made_at, settled_at, settled_by, payment_reference
            from charging.bill where transaction_id = %(id)s
            """,
            {"id": transaction_id},
        )
        return await cur.fetchone()


async def settle_open_bill(
    conn: Connection, transaction_id: int, state: str, by: str, reference: str | None, now: datetime
) -> bool:
    """Settle or waive a bill once; returns whether it was open."""
    settled = await conn.execute(
        """
        update charging.bill
        set state = %(state)s, settled_at = %(now)s, settled_by = %(by)s, payment_reference = %(reference)s
        where transaction_id = %(id)s and state = 'open'
        """,
        {"id": transaction_id, "state": state, "by": by, "reference": reference, "now": now},
    )
    return bool(settled.rowcount)
