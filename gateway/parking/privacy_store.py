"""Rows of stays, lists and payments as privacy sees them, and the proofs of what was deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRow:
    """How many days a kind is kept, as a person set it."""

    kind: str
    keep_days: int
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRun:
    """What a run deleted of one kind, and how much that is older than its cutoff is left: nothing, or it failed."""

    id: UUID
    kind: str
    run_at: datetime
    cutoff_at: datetime
    deleted: int
    remaining: int
    files_deleted: int
    files_remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """That a plate was erased, without the plate."""

    id: UUID
    salt: str
    digest: str
    erased_at: datetime
    erased_by: str
    reason: str
    counts: dict[str, int]
    remaining: dict[str, int]


async def read_retention(conn: Conn) -> list[RetentionRow]:
    """What people set."""
    async with conn.cursor(row_factory=class_row(RetentionRow)) as cur:
        await cur.execute("select kind, keep_days, set_by, set_at from parking.retention order by kind")
        return await cur.fetchall()


async def write_retention(conn: Conn, row: RetentionRow) -> None:
    """Set how many days a kind is kept."""
    await conn.execute(
        """
        insert into parking.retention (kind, keep_days, set_by, set_at)
        values (%(kind)s, %(keep_days)s, %(set_by)s, %(set_at)s)
        on conflict (kind) do update
        set keep_days = excluded.keep_days, set_by = excluded.set_by, set_at = excluded.set_at
        """,
        {"kind": row.kind, "keep_days": row.keep_days, "set_by": row.set_by, "set_at": row.set_at},
    )


async def forget_old_lane_pictures(conn: Conn, *, before: datetime) -> None:
    """Let go of the pictures that the lane log names."""
    await conn.execute(
        "update parking.lane_log set picture_path = null where at < %(before)s and picture_path is not null",
        {"before": before},
    )


async def delete_old_lane_log(conn: Conn, *, before: datetime) -> int:
    """Delete the lane log before a moment; returns how many entries."""
    return (
        await conn.execute("delete from parking.lane_log where at < %(before)s", {"before": before})
    ).rowcount


async def forget_old_stays(conn: Conn, *, before: datetime) -> int:
    """Take plate and ticket off stays that ended before a moment, and end what the lists keep of that time.

    Returns:
        How many stays lost their plate; the stays themselves stay for the statistics.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with old as (
                update parking.stay set plate = null, ticket = null
                where state in ('closed', 'void') and (plate is not null or ticket is not null)
                  and coalesce(left_at, entered_at) < %(before)s
                returning id
            ), corrected as (
                update parking.correction set before = null, after = null
                where subject_kind = 'stay' and field = 'plate' and at < %(before)s
            ), passes as (
                delete from parking.visitor_pass where coalesce(ended_at, valid_until) < %(before)s
            ), entries as (
                delete from parking.list_entry where coalesce(ended_at, valid_until) < %(before)s
            ), places as (
                delete from parking.place_kept where kept_until < %(before)s
            ), plates as (
                delete from parking.permit_plate pp using parking.permit p
                where p.id = pp.permit_id
                  and coalesce(p.ended_at, (p.valid_to + 1)::timestamp at time zone 'Asia/Shanghai') < %(before)s
            )
            select count(*)::integer from old
            """,
            {"before": before},
        )
        return int(await cur.fetchone() or 0)


async def count_old_stays(conn: Conn, *, before: datetime) -> int:
    """How many stays that ended before a moment carry a plate or ticket still."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*)::integer from parking.stay
            where state in ('closed', 'void') and (plate is not null or ticket is not null)
              and coalesce(left_at, entered_at) < %(before)s
            """,
            {"before": before},
        )
        return int(await cur.fetchone() or 0)


async def delete_old_bills(conn: Conn, *, before: datetime) -> int:
    """Delete payments, their refunds, invoice requests and the ledger before a moment; returns how many payments."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with gone as (
                delete from parking.payment where asked_at < %(before)s and state not in ('asked', 'pending')
                returning 1
            ), ledger as (
                delete from parking.money where at < %(before)s
            ), told as (
                delete from parking.payment_notification where received_at < %(before)s
            )
            select count(*)::integer from gone
            """,
            {"before": before},
        )
        return int(await cur.fetchone() or 0)


async def count_old_bills(conn: Conn, *, before: datetime) -> int:
    """How many ended payments and ledger rows before a moment there are still."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select ((select count(*) from parking.payment
                     where asked_at < %(before)s and state not in ('asked', 'pending'))
                    + (select count(*) from parking.money where at < %(before)s))::integer
            """,
            {"before": before},
        )
        return int(await cur.fetchone() or 0)


async def insert_run(conn: Conn, run: RetentionRun) -> None:
    """Keep the proof of a run."""
    await conn.execute(
        """
        insert into parking.retention_run
            (id, kind, run_at, cutoff_at, deleted, remaining, files_deleted, files_remaining)
        values (%(id)s, %(kind)s, %(run_at)s, %(cutoff_at)s, %(deleted)s, %(remaining)s, %(files_deleted)s,
                %(files_remaining)s)
        """,
        {
            "id": run.id,
            "kind": run.kind,
            "run_at": run.run_at,
            "cutoff_at": run.cutoff_at,
            "deleted": run.deleted,
            "remaining": run.remaining,
            "files_deleted": run.files_deleted,
            "files_remaining": run.files_remaining,
        },
    )


async def read_runs(conn: Conn, *, limit: int = 100) -> list[RetentionRun]:
    """The newest runs."""
    async with conn.cursor(row_factory=class_row(RetentionRun)) as cur:
        await cur.execute(
            "select * from parking.retention_run order by run_at desc, kind limit %(limit)s", {"limit": limit}
        )
        return await cur.fetchall()


async def read_last_run(conn: Conn) -> datetime | None:
    """When the last run was."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select max(run_at) from parking.retention_run")
        row: datetime | None = await cur.fetchone()
        return row


async def read_all_of_plate(conn: Conn, plate: str) -> dict[str, Any]:
    """Everything parking keeps about a plate, as JSON values by what it is."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select jsonb_build_object(
                'stays', (select coalesce(jsonb_agg(jsonb_build_object(
                        'id', s.id, 'entered_at', s.entered_at, 'left_at', s.left_at, 'entry_lane', s.entry_lane,
                        'exit_lane', s.exit_lane, 'state', s.state) order by s.entered_at), '[]')
                    from parking.stay s where s.plate = %(plate)s),
                'payments', (select coalesce(jsonb_agg(jsonb_build_object(
                        'number', p.number, 'provider', p.provider, 'state', p.state, 'parking_fen', p.parking_fen,
                        'charging_fen', p.charging_fen, 'paid_at', p.paid_at) order by p.asked_at), '[]')
                    from parking.payment p join parking.stay s on s.id = p.stay_id where s.plate = %(plate)s),
                'invoice_requests', (select coalesce(jsonb_agg(jsonb_build_object(
                        'title', i.title, 'tax_number', i.tax_number, 'deliver_to', i.deliver_to,
                        'asked_at', i.asked_at) order by i.asked_at), '[]')
                    from parking.invoice_request i join parking.payment p on p.id = i.payment_id
                    join parking.stay s on s.id = p.stay_id where s.plate = %(plate)s),
                'lane_log', (select coalesce(jsonb_agg(jsonb_build_object(
                        'at', l.at, 'lane', l.lane_id, 'outcome', l.outcome, 'reason', l.reason) order by l.at), '[]')
                    from parking.lane_log l where l.plate = %(plate)s),
                'permits', (select coalesce(jsonb_agg(jsonb_build_object(
                        'kind', p.kind, 'holder', p.holder, 'valid_from', p.valid_from, 'valid_to', p.valid_to)
                        order by p.valid_from), '[]')
                    from parking.permit p join parking.permit_plate pp on pp.permit_id = p.id
                    where pp.plate = %(plate)s),
                'lists', (select coalesce(jsonb_agg(jsonb_build_object(
                        'list', e.list, 'reason', e.reason, 'valid_from', e.valid_from, 'valid_until', e.valid_until)
                        order by e.valid_from), '[]')
                    from parking.list_entry e where e.plate = %(plate)s),
                'visitor_passes', (select coalesce(jsonb_agg(jsonb_build_object(
                        'host', v.host, 'valid_from', v.valid_from, 'valid_until', v.valid_until)
                        order by v.valid_from), '[]')
                    from parking.visitor_pass v where v.plate = %(plate)s),
                'places_kept', (select coalesce(jsonb_agg(jsonb_build_object(
                        'level', k.level_id, 'kept_from', k.kept_from, 'kept_until', k.kept_until)
                        order by k.kept_from), '[]')
                    from parking.place_kept k where k.plate = %(plate)s))
            """,
            {"plate": plate},
        )
        found: dict[str, Any] = await cur.fetchone() or {}
        return found


async def erase_plate(conn: Conn, plate: str) -> dict[str, int]:
    """Take a plate out of everything parking keeps, but for the deny list; returns how many rows by what they were."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with invoices as (
                update parking.invoice_request i set deliver_to = ''
                from parking.payment p join parking.stay s on s.id = p.stay_id
                where p.id = i.payment_id and s.plate = %(plate)s returning 1
            ), log as (
                update parking.lane_log set plate = null, picture_path = null where plate = %(plate)s returning 1
            ), corrected as (
                update parking.correction set before = null, after = null
                where before = %(plate)s or after = %(plate)s returning 1
            ), permits as (
                delete from parking.permit_plate where plate = %(plate)s returning 1
            ), entries as (
                delete from parking.list_entry where plate = %(plate)s and list <> 'deny' returning 1
            ), passes as (
                delete from parking.visitor_pass where plate = %(plate)s returning 1
            ), places as (
                delete from parking.place_kept where plate = %(plate)s returning 1
            ), stays as (
                update parking.stay set plate = null where plate = %(plate)s returning 1
            )
            select jsonb_build_object(
                'stays', (select count(*) from stays), 'lane_log', (select count(*) from log),
                'permits', (select count(*) from permits), 'lists', (select count(*) from entries),
                'visitor_passes', (select count(*) from passes), 'places_kept', (select count(*) from places),
                'corrections', (select count(*) from corrected), 'invoice_requests', (select count(*) from invoices))
            """,
            {"plate": plate},
        )
        counts: dict[str, int] = await cur.fetchone() or {}
        return counts


async def count_plate(conn: Conn, plate: str) -> dict[str, int]:
    """How many rows name a plate still, by what they are; the deny list counts as such."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select jsonb_build_object(
                'stays', (select count(*) from parking.stay where plate = %(plate)s),
                'lane_log', (select count(*) from parking.lane_log where plate = %(plate)s),
                'permits', (select count(*) from parking.permit_plate where plate = %(plate)s),
                'lists', (select count(*) from parking.list_entry where plate = %(plate)s and list <> 'deny'),
                'deny_list', (select count(*) from parking.list_entry where plate = %(plate)s and list = 'deny'),
                'visitor_passes', (select count(*) from parking.visitor_pass where plate = %(plate)s),
                'places_kept', (select count(*) from parking.place_kept where plate = %(plate)s),
                'corrections', (select count(*) from parking.correction
                                where before = %(plate)s or after = %(plate)s))
            """,
            {"plate": plate},
        )
        counts: dict[str, int] = await cur.fetchone() or {}
        return counts


async def insert_erasure(conn: Conn, row: Erasure) -> None:
    """Keep the proof of an erasure."""
    await conn.execute(
        """
        insert into parking.erasure (id, salt, digest, erased_at, erased_by, reason, counts, remaining)
        values (%(id)s, %(salt)s, %(digest)s, %(erased_at)s, %(erased_by)s, %(reason)s, %(counts)s, %(remaining)s)
        """,
        {
            "id": row.id,
            "salt": row.salt,
            "digest": row.digest,
            "erased_at": row.erased_at,
            "erased_by": row.erased_by,
            "reason": row.reason,
            "counts": Jsonb(row.counts),
            "remaining": Jsonb(row.remaining),
        },
    )


async def read_erasures(conn: Conn, *, limit: int = 100) -> list[Erasure]:
    """The newest erasures."""
    async with conn.cursor(row_factory=class_row(Erasure)) as cur:
        await cur.execute(
            "select * from parking.erasure order by erased_at desc limit %(limit)s", {"limit": limit}
        )
        return await cur.fetchall()
