"""Rows of the lpr schema. The reading process uses plain connections, the routes async ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from facility.errors import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateRead:
    """One car's agreed result, as published.

    Attributes:
        text: empty when a car was seen whose plate could not be read.
        accepted: a gate may open by it without a person.
        looks: how many pictures agreed.
        corrects: an earlier read of the same car that this one replaces.
        origin: `reader`, or the maker of the camera that read it itself.
        picture_path: below the state directory.
        box: plate in the picture, x y width height.
    """

    id: UUID
    camera_id: str
    lane_id: str
    direction: str
    text: str
    raw_text: str
    kind: str
    confidence: float
    char_confidence: list[float]
    accepted: bool
    looks: int
    corrects: UUID | None
    origin: str
    picture_path: str | None
    box: list[int] | None
    seen_at: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedPicture:
    """A picture that a camera handed in, waiting to be read."""

    id: UUID
    camera_id: str
    received_at: datetime
    name: str
    picture: bytes
    claim: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedRead:
    """A picture with the text an attendant gave it."""

    read_id: UUID
    text: str
    kind: str
    picture_path: str


class NoSuchRead(Missing):
    """No plate read has this id."""

    code = "plate_read.missing"


_INSERT = """
    insert into lpr.plate_read (id, camera_id, lane_id, direction, text, raw_text, kind, confidence, char_confidence,
        accepted, looks, corrects, origin, picture_path, box, seen_at, published_at)
    values (%(id)s, %(camera_id)s, %(lane_id)s, %(direction)s, %(text)s, %(raw_text)s, %(kind)s, %(confidence)s,
        %(char_confidence)s, %(accepted)s, %(looks)s, %(corrects)s, %(origin)s, %(picture_path)s, %(box)s,
        %(seen_at)s, %(published_at)s)
    on conflict (id) do nothing
"""


def _values(read: PlateRead) -> dict[str, Any]:
    return {name: getattr(read, name) for name in PlateRead.__dataclass_fields__}


def write_read_sync(conn: Connection[Any], read: PlateRead) -> bool:
    """Keep a read and tell the listeners; `False` when it was already there."""
    kept = conn.execute(_INSERT, _values(read)).rowcount == 1
    if kept:
        conn.execute("select pg_notify('plate_read', %(id)s)", {"id": str(read.id)})
    return kept


async def write_read(conn: AsyncConnection[Any], read: PlateRead) -> bool:
    """As `write_read_sync`."""
    kept = (await conn.execute(_INSERT, _values(read))).rowcount == 1
    if kept:
        await conn.execute("select pg_notify('plate_read', %(id)s)", {"id": str(read.id)})
    return kept


async def read_one(conn: AsyncConnection[Any], read_id: UUID) -> PlateRead:
    """One read.

    Raises:
        NoSuchRead: there is none with this id.
    """
    async with conn.cursor(row_factory=class_row(PlateRead)) as cur:
        await cur.execute("select * from lpr.plate_read where id = %(id)s", {"id": read_id})
        row = await cur.fetchone()
    if row is None:
        raise NoSuchRead(f"plate read {read_id} does not exist", id=str(read_id))
    return row


async def read_latest(
    conn: AsyncConnection[Any], *, since: datetime, camera_id: str | None, limit: int
) -> Sequence[PlateRead]:
    """Reads since a moment, newest first."""
    async with conn.cursor(row_factory=class_row(PlateRead)) as cur:
        await cur.execute(
            """
            select * from lpr.plate_read
            where seen_at >= %(since)s and (%(camera_id)s::text is null or camera_id = %(camera_id)s)
            order by seen_at desc limit %(limit)s
            """,
            {"since": since, "camera_id": camera_id, "limit": limit},
        )
        return await cur.fetchall()


async def write_pushed_picture(conn: AsyncConnection[Any], pushed: PushedPicture) -> None:
    """Keep a pushed picture for the reading process and wake it."""
    await conn.execute(
        """
        insert into lpr.pushed_picture (id, camera_id, received_at, name, picture, claim)
        values (%(id)s, %(camera_id)s, %(received_at)s, %(name)s, %(picture)s, %(claim)s)
        """,
        {
            "id": pushed.id,
            "camera_id": pushed.camera_id,
            "received_at": pushed.received_at,
            "name": pushed.name,
            "picture": pushed.picture,
            "claim": Jsonb(pushed.claim) if pushed.claim is not None else None,
        },
    )
    await conn.execute("select pg_notify('pushed_picture', %(id)s)", {"id": str(pushed.id)})


def oldest_pushed_picture(conn: Connection[Any], camera_id: str) -> PushedPicture | None:
    """The picture of this camera that has waited longest."""
    with conn.cursor(row_factory=class_row(PushedPicture)) as cur:
        cur.execute(
            """
            select * from lpr.pushed_picture where camera_id = %(camera_id)s order by received_at, id limit 1
            """,
            {"camera_id": camera_id},
        )
        return cur.fetchone()


def delete_pushed_picture(conn: Connection[Any], picture_id: UUID) -> None:
    """Drop a picture that has been read."""
    conn.execute("delete from lpr.pushed_picture where id = %(id)s", {"id": picture_id})


async def write_camera_sign(conn: AsyncConnection[Any], camera_id: str, now: datetime) -> None:
    """Keep that a camera is there."""
    await conn.execute(
        """
        insert into lpr.camera_sign (camera_id, seen_at) values (%(camera_id)s, %(now)s)
        on conflict (camera_id) do update set seen_at = greatest(lpr.camera_sign.seen_at, excluded.seen_at)
        """,
        {"camera_id": camera_id, "now": now},
    )


async def read_camera_signs(conn: AsyncConnection[Any]) -> dict[str, datetime]:
    """Each pushing camera's last sign of life."""
    cursor = await conn.execute("select camera_id, seen_at from lpr.camera_sign")
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def write_correction(
    conn: AsyncConnection[Any], *, read_id: UUID, text: str, kind: str, by: str, now: datetime
) -> None:
    """Keep what an attendant says the plate is; the last word counts.

    Raises:
        NoSuchRead: there is no such read.
    """
    await read_one(conn, read_id)
    await conn.execute(
        """
        insert into lpr.correction (read_id, text, kind, corrected_by, corrected_at)
        values (%(read_id)s, %(text)s, %(kind)s, %(by)s, %(now)s)
        on conflict (read_id) do update set text = excluded.text, kind = excluded.kind,
            corrected_by = excluded.corrected_by, corrected_at = excluded.corrected_at, exported_at = null
        """,
        {"read_id": read_id, "text": text, "kind": kind, "by": by, "now": now},
    )


def corrections_with_pictures(conn: Connection[Any]) -> list[CorrectedRead]:
    """Every corrected read that has a picture, oldest first."""
    with conn.cursor(row_factory=class_row(CorrectedRead)) as cur:
        cur.execute(
            """
            select c.read_id, c.text, c.kind, r.picture_path
            from lpr.correction c join lpr.plate_read r on r.id = c.read_id
            where r.picture_path is not null order by c.corrected_at, c.read_id
            """
        )
        return cur.fetchall()


def mark_exported(conn: Connection[Any], read_ids: Sequence[UUID], now: datetime) -> None:
    """Note that these corrections stand in the labelled set."""
    conn.execute(
        "update lpr.correction set exported_at = %(now)s where read_id = any(%(ids)s)",
        {"now": now, "ids": list(read_ids)},
    )


def write_evaluation(conn: Connection[Any], *, at: datetime, result: dict[str, Any]) -> None:
    """Keep one night's measurement."""
    conn.execute(
        """
        insert into lpr.evaluation (at, images, exact, result)
        values (%(at)s, %(images)s, %(exact)s, %(result)s)
        """,
        {"at": at, "images": result["images"], "exact": result["exact"], "result": Jsonb(result)},
    )


def last_evaluation_at(conn: Connection[Any]) -> datetime | None:
    """When the corrected pictures were measured last."""
    row = conn.execute("select max(at) from lpr.evaluation").fetchone()
    return row[0] if row else None
