"""What the screens read of charging: views of the schema `report`."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from dashboard.store import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerRow:
    """A charger's outlet: what it says of itself, and the transaction under way."""

    identity: str
    evse_id: str | None
    status: str
    error_code: str | None
    protocol: str | None
    max_w: int
    is_simulated: bool
    is_connected: bool
    last_seen_at: datetime | None
    transaction_started_at: datetime | None
    power_w: int | None
    delivered_wh: int | None
    soc_pct: float | None
    sampled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPoint:
    """Mean power of all outlets over a step that begins at `at`, in W."""

    at: datetime
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySum:
    """What was delivered and billed of transactions that ended in a span: whole Wh and whole fen."""

    transactions: int
    delivered_wh: int
    billed_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRow:
    """A charging transaction, under way or ended."""

    id: int
    evse_id: str | None
    identity: str
    plate: str | None
    state: str
    started_at: datetime
    stopped_at: datetime | None
    delivered_wh: int | None
    total_fen: int | None
    bill_state: str | None
    is_simulated: bool


async def read_chargers(conn: Conn) -> list[ChargerRow]:
    """Every outlet, those of the site first, by name."""
    async with conn.cursor(row_factory=class_row(ChargerRow)) as cur:
        await cur.execute(
            """
            select identity, evse_id, status, error_code, protocol, max_w, is_simulated, is_connected, last_seen_at,
                   transaction_started_at, power_w, delivered_wh, soc_pct, sampled_at
            from report.charger order by evse_id nulls last, identity, evse_no
            """
        )
        return await cur.fetchall()


async def read_power(conn: Conn, *, since: datetime, until: datetime, step_s: int) -> list[PowerPoint]:
    """Power of all outlets together, in steps of `step_s` seconds, oldest first; a step without a sample is missing."""
    async with conn.cursor(row_factory=class_row(PowerPoint)) as cur:
        await cur.execute(
            """
            select at, sum(power_w)::double precision as power_w
            from (
                select date_bin(make_interval(secs => %(step_s)s), measured_at, timestamptz 'epoch') as at,
                       identity, evse_no, avg(power_w) as power_w
                from report.charging_power
                where measured_at >= %(since)s and measured_at < %(until)s and power_w is not null
                group by 1, 2, 3
            ) as each_outlet
            group by at order by at
            """,
            {"since": since, "until": until, "step_s": step_s},
        )
        return await cur.fetchall()


async def read_energy(conn: Conn, *, since: datetime, until: datetime) -> EnergySum:
    """Energy and bills of the transactions that ended between two moments."""
    async with conn.cursor(row_factory=class_row(EnergySum)) as cur:
        await cur.execute(
            """
            select count(*)::integer as transactions, coalesce(sum(delivered_wh), 0)::bigint as delivered_wh,
                   coalesce(sum(total_fen), 0)::bigint as billed_fen
            from report.charging_transaction where stopped_at >= %(since)s and stopped_at < %(until)s
            """,
            {"since": since, "until": until},
        )
        row = await cur.fetchone()
    return row or EnergySum(transactions=0, delivered_wh=0, billed_fen=0)


async def read_transactions(conn: Conn, *, limit: int) -> list[TransactionRow]:
    """The newest transactions."""
    async with conn.cursor(row_factory=class_row(TransactionRow)) as cur:
        await cur.execute(
            """
            select id, evse_id, identity, plate, state, started_at, stopped_at, delivered_wh, total_fen, bill_state,
                   is_simulated
            from report.charging_transaction order by started_at desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()
