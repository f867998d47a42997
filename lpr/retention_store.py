"""Rows of plate reads as privacy sees them: what is old, what is about one plate, and the end of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOfPlate:
    """A read of one plate; `has_picture` says that its picture is kept still."""

    lane_id: str
    direction: str
    text: str
    seen_at: datetime
    has_picture: bool


async def take_old_pictures(conn: Conn, *, before: datetime) -> list[str]:
    """Let go of the pictures of reads before a moment; returns their paths below the state directory."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with old as (
                select id, picture_path from lpr.plate_read where seen_at < %(before)s and picture_path is not null
            )
            update lpr.plate_read r set picture_path = null, box = null from old where r.id = old.id
            returning old.picture_path
            """,
            {"before": before},
        )
        return await cur.fetchall()


async def delete_old_reads(conn: Conn, *, before: datetime) -> int:
    """Delete reads before a moment, with what was corrected about them; their pictures are let go before."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with corrected as (
                delete from lpr.correction c using lpr.plate_read r
                where c.read_id = r.id and r.seen_at < %(before)s and r.picture_path is null
            ), pushed as (
                delete from lpr.pushed_picture where received_at < %(before)s
            ), gone as (
                delete from lpr.plate_read where seen_at < %(before)s and picture_path is null returning 1
            )
            select count(*)::integer from gone
            """,
            {"before": before},
        )
        return int(await cur.fetchone() or 0)


async def count_old(conn: Conn, *, before: datetime, only_pictures: bool) -> int:
    """How many reads before a moment there are still, or how many of them with a picture."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*)::integer from lpr.plate_read
            where seen_at < %(before)s and (not %(only_pictures)s or picture_path is not null)
            """,
            {"before": before, "only_pictures": only_pictures},
        )
        return int(await cur.fetchone() or 0)


async def read_reads_of_plate(conn: Conn, plate: str) -> list[ReadOfPlate]:
    """Every read of a plate, also those that a person corrected to it."""
    async with conn.cursor(row_factory=class_row(ReadOfPlate)) as cur:
        await cur.execute(
            """
            select r.lane_id, r.direction, coalesce(c.text, r.text) as text, r.seen_at,
                   r.picture_path is not null as has_picture
            from lpr.plate_read r left join lpr.correction c on c.read_id = r.id
            where r.text = %(plate)s or r.raw_text = %(plate)s or c.text = %(plate)s
            order by r.seen_at
            """,
            {"plate": plate},
        )
        return await cur.fetchall()


async def take_pictures_of_plate(conn: Conn, plate: str) -> list[str]:
    """Let go of the pictures of a plate; returns their paths below the state directory."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with mine as (
                select r.id, r.picture_path from lpr.plate_read r left join lpr.correction c on c.read_id = r.id
                where r.picture_path is not null
                  and (r.text = %(plate)s or r.raw_text = %(plate)s or c.text = %(plate)s)
            )
            update lpr.plate_read r set picture_path = null, box = null from mine where r.id = mine.id
            returning mine.picture_path
            """,
            {"plate": plate},
        )
        return await cur.fetchall()


async def delete_reads_of_plate(conn: Conn, plate: str) -> int:
    """Delete every read of a plate; its pictures are let go before."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with mine as (
                select r.id from lpr.plate_read r left join lpr.correction c on c.read_id = r.id
                where r.text = %(plate)s or r.raw_text = %(plate)s or c.text = %(plate)s
            ), corrected as (
                delete from lpr.correction where read_id in (select id from mine)
            ), gone as (
                delete from lpr.plate_read where id in (select id from mine) returning 1
            )
            select count(*)::integer from gone
            """,
            {"plate": plate},
        )
        return int(await cur.fetchone() or 0)
