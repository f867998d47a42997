"""Privacy (PIPL): nothing is kept longer than its kind may be, and one plate's owner may see and erase what
is kept.

A run deletes, then counts what is older than its cutoff and looks for the pictures on disk: that count is
the proof, and anything but nought raises an alarm. Files go only once the rows that name them are gone for
good.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from psycopg import AsyncConnection

import charging.retention_store as charging_rows
import lpr.retention_store as read_rows
from facility.alarm_store import clear_alarm, raise_alarm
from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Conflict
from facility.ids import new_secret, new_uuid
from facility.units import local
from gateway.parking import privacy_store, store
from gateway.parking.privacy_store import Erasure, RetentionRun
from gateway.parking.rules.retention import ORDER, Kind, cutoff

Conn = AsyncConnection[Any]
log = structlog.get_logger(__name__)

_RUN_HOUR = 4
_LOOK_EVERY_S = 300.0


class PlateInside(Conflict):
    """A plate whose car is inside cannot be erased: its stay is not over."""

    code = "privacy.plate_inside"


async def keep_days(conn: Conn) -> dict[Kind, int]:
    """The days that people set."""
    return {Kind(row.kind): row.keep_days for row in await privacy_store.read_retention(conn)}


async def run_retention(ctx: Context) -> list[RetentionRun]:
    """Delete what is older than its kind may be kept, one kind a unit of work, and prove it."""
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        days = await keep_days(conn)
    return [await _run_kind(ctx, kind, cutoff(kind, now, days), now) for kind in ORDER]


async def _run_kind(ctx: Context, kind: Kind, before: datetime, now: datetime) -> RetentionRun:
    async with unit_of_work(ctx.pool) as conn:
        deleted, pictures = await _delete(conn, kind, before)
        remaining = await _count(conn, kind, before)
    files_deleted, files_remaining = await asyncio.to_thread(remove_files, ctx.settings.data, pictures)
    run = RetentionRun(
        id=new_uuid(),
        kind=kind.value,
        run_at=now,
        cutoff_at=before,
        deleted=deleted,
        remaining=remaining,
        files_deleted=files_deleted,
        files_remaining=files_remaining,
    )
    async with unit_of_work(ctx.pool) as conn:
        await privacy_store.insert_run(conn, run)
        if remaining or files_remaining:
            facts = {"remaining": remaining, "files": files_remaining}
            await raise_alarm(conn, "privacy.not_deleted", kind.value, "warning", facts, now=now)
        else:
            await clear_alarm(conn, "privacy.not_deleted", kind.value, now=now)
    log.info("retention.run", kind=kind.value, deleted=deleted, remaining=remaining)
    return run


async def _delete(conn: Conn, kind: Kind, before: datetime) -> tuple[int, list[str]]:
    """Delete one kind; returns how many rows, and the pictures to remove from disk."""
    match kind:
        case Kind.PICTURE:
            pictures = await read_rows.take_old_pictures(conn, before=before)
            await privacy_store.forget_old_lane_pictures(conn, before=before)
            return len(pictures), pictures
        case Kind.READ:
            pictures = await read_rows.take_old_pictures(conn, before=before)
            reads = await read_rows.delete_old_reads(conn, before=before)
            return reads + await privacy_store.delete_old_lane_log(conn, before=before), pictures
        case Kind.STAY:
            stays = await privacy_store.forget_old_stays(conn, before=before)
            return stays + await charging_rows.forget_old_plates(conn, before=before), []
        case Kind.BILL:
            return await privacy_store.delete_old_bills(conn, before=before), []


async def _count(conn: Conn, kind: Kind, before: datetime) -> int:
    match kind:
        case Kind.PICTURE:
            return await read_rows.count_old(conn, before=before, only_pictures=True)
        case Kind.READ:
            return await read_rows.count_old(conn, before=before, only_pictures=False)
        case Kind.STAY:
            stays = await privacy_store.count_old_stays(conn, before=before)
            return stays + await charging_rows.count_old_plates(conn, before=before)
        case Kind.BILL:
            return await privacy_store.count_old_bills(conn, before=before)


def remove_files(data: Path, pictures: Sequence[str]) -> tuple[int, int]:
    """Remove pictures below the state directory; returns how many are gone and how many are there still.

    A path that leads out of the state directory is not touched and counts as there.
    """
    gone, left = 0, 0
    base = data.resolve()
    for picture in pictures:
        path = (base / picture).resolve()
        if not path.is_relative_to(base):
            left += 1
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as fault:
            log.warning("picture.not_removed", picture=picture, why=fault.strerror)
        left += path.exists()
        gone += not path.exists()
    return gone, left


async def export_plate(conn: Conn, plate: str) -> dict[str, Any]:
    """Everything that is kept about a plate, as JSON values by what it is."""
    reads = await read_rows.read_reads_of_plate(conn, plate)
    charges = await charging_rows.read_charges_of_plate(conn, plate)
    return {
        "plate": plate,
        **await privacy_store.read_all_of_plate(conn, plate),
        "reads": [
            {
                "at": read.seen_at.isoformat(),
                "lane": read.lane_id,
                "direction": read.direction,
                "has_picture": read.has_picture,
            }
            for read in reads
        ],
        "charging": [
            {
                "started_at": charge.started_at.isoformat(),
                "stopped_at": charge.stopped_at.isoformat() if charge.stopped_at else None,
                "delivered_wh": charge.delivered_wh,
                "total_fen": charge.total_fen,
            }
            for charge in charges
        ],
    }


async def erase_plate(ctx: Context, plate: str, *, reason: str, by: str) -> Erasure:
    """Take a plate out of everything that is kept, and prove it.

    Payments stay for the books, without the plate. An entry of the deny list stays, and the proof says so.

    Raises:
        PlateInside: the car is inside.
    """
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        if await store.find_open_stay(conn, plate) is not None:
            raise PlateInside("the car is inside; erase its plate once it has left")
        pictures = await read_rows.take_pictures_of_plate(conn, plate)
        counts = await privacy_store.erase_plate(conn, plate)
        counts |= {
            "reads": await read_rows.delete_reads_of_plate(conn, plate),
            "pictures": len(pictures),
            "charging": await charging_rows.forget_plate(conn, plate),
        }
        remaining = await privacy_store.count_plate(conn, plate)
        remaining |= {
            "reads": len(await read_rows.read_reads_of_plate(conn, plate)),
            "charging": len(await charging_rows.read_charges_of_plate(conn, plate)),
        }
    _, remaining["pictures"] = await asyncio.to_thread(remove_files, ctx.settings.data, pictures)
    salt = new_secret(16)
    proof = Erasure(
        id=new_uuid(),
        salt=salt,
        digest=digest_of(salt, plate),
        erased_at=now,
        erased_by=by,
        reason=reason,
        counts=counts,
        remaining=remaining,
    )
    async with unit_of_work(ctx.pool) as conn:
        await privacy_store.insert_erasure(conn, proof)
    return proof


def digest_of(salt: str, plate: str) -> str:
    """What a proof names a plate by: only who knows the plate can tell that it is its."""
    return hashlib.sha256(f"{salt}{plate}".encode()).hexdigest()


def is_run_due(last: datetime | None, now: datetime) -> bool:
    """Whether to delete: once a night after four, and at once where it was missed."""
    here = local(now)
    tonight = here.replace(hour=_RUN_HOUR, minute=0, second=0, microsecond=0)
    due = tonight if here >= tonight else tonight - timedelta(days=1)
    return last is None or last < due


async def run(ctx: Context) -> None:
    """Delete once a night what is older than it may be kept."""
    while True:
        async with unit_of_work(ctx.pool) as conn:
            last = await privacy_store.read_last_run(conn)
        if is_run_due(last, ctx.clock.now()):
            await run_retention(ctx)
        await asyncio.sleep(_LOOK_EVERY_S)
