"""Rows of shops' coupons and of places kept for a driver who is on the way."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from facility.errors import Conflict

Conn = AsyncConnection[Any]


class CouponNotUsable(Conflict):
    """A coupon was used before, has run out, or does not exist."""

    code = "coupon.not_usable"


class LevelFull(Conflict):
    """A level has no place that could be kept."""

    code = "place.level_full"


class PlaceNotKept(Conflict):
    """The plate has a place kept already."""

    code = "place.kept_already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A shop's gift of minutes or of fen, used once."""

    code: str
    shop: str
    worth_minutes: int | None
    worth_fen: int | None
    valid_until: datetime
    made_at: datetime
    made_by: str
    stay_id: UUID | None
    used_at: datetime | None


async def insert_coupon(conn: Conn, coupon: Coupon) -> None:
    """Keep a coupon a shop may hand out."""
    await conn.execute(
        """
        insert into parking.coupon (code, shop, worth_minutes, worth_fen, valid_until, made_at, made_by)
        values (%(code)s, %(shop)s, %(worth_minutes)s, %(worth_fen)s, %(valid_until)s, %(made_at)s, %(made_by)s)
        """,
        {
            "code": coupon.code,
            "shop": coupon.shop,
            "worth_minutes": coupon.worth_minutes,
            "worth_fen": coupon.worth_fen,
            "valid_until": coupon.valid_until,
            "made_at": coupon.made_at,
            "made_by": coupon.made_by,
        },
    )


async def use_coupon(conn: Conn, code: str, stay_id: UUID, *, now: datetime) -> Coupon:
    """Put a coupon to a stay, once: the row itself decides between two that try.

    Raises:
        CouponNotUsable: it was used, has run out, or does not exist.
    """
    async with conn.cursor(row_factory=class_row(Coupon)) as cur:
        await cur.execute(
            """
            update parking.coupon set stay_id = %(stay_id)s, used_at = %(now)s
            where code = %(code)s and used_at is null and valid_until > %(now)s
            returning code, shop, worth_minutes, worth_fen, valid_until, made_at, made_by, stay_id, used_at
            """,
            {"code": code, "stay_id": stay_id, "now": now},
        )
        row = await cur.fetchone()
    if row is None:
        raise CouponNotUsable("the coupon was used before, has run out, or does not exist")
    return row


async def read_coupons_of_stay(conn: Conn, stay_id: UUID) -> list[Coupon]:
    """The coupons put to a stay, in the order they were used."""
    async with conn.cursor(row_factory=class_row(Coupon)) as cur:
        await cur.execute(
            """
            select code, shop, worth_minutes, worth_fen, valid_until, made_at, made_by, stay_id, used_at
            from parking.coupon where stay_id = %(stay_id)s order by used_at, code
            """,
            {"stay_id": stay_id},
        )
        return await cur.fetchall()


async def read_coupons(conn: Conn, *, shop: str | None, limit: int = 200) -> list[Coupon]:
    """The newest coupons first, of one shop or of all."""
    async with conn.cursor(row_factory=class_row(Coupon)) as cur:
        await cur.execute(
            """
            select code, shop, worth_minutes, worth_fen, valid_until, made_at, made_by, stay_id, used_at
            from parking.coupon where %(shop)s::text is null or shop = %(shop)s
            order by made_at desc, code limit %(limit)s
            """,
            {"shop": shop, "limit": limit},
        )
        return await cur.fetchall()


async def keep_place(
    conn: Conn, *, place_id: UUID, plate: str, level_id: str, kept_from: datetime, kept_until: datetime
) -> None:
    """Keep a place on a level for a plate.

    Raises:
        PlaceNotKept: the plate has one kept already.
    """
    kept = await conn.execute(
        """
        insert into parking.place_kept (id, plate, level_id, kept_from, kept_until)
        values (%(id)s, %(plate)s, %(level_id)s, %(kept_from)s, %(kept_until)s)
        on conflict (plate) where used_at is null and given_up_at is null do nothing
        """,
        {
            "id": place_id,
            "plate": plate,
            "level_id": level_id,
            "kept_from": kept_from,
            "kept_until": kept_until,
        },
    )
    if not kept.rowcount:
        raise PlaceNotKept("a place is kept for this plate already")


async def count_places_kept(conn: Conn, levels: Collection[str], *, now: datetime) -> int:
    """Places kept on some levels for cars that have not come yet."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from parking.place_kept
            where level_id = any(%(levels)s) and used_at is null and given_up_at is null and kept_until > %(now)s
            """,
            {"levels": list(levels), "now": now},
        )
        row: int | None = await cur.fetchone()
        return row or 0


async def take_place_kept(conn: Conn, plate: str, *, now: datetime) -> None:
    """The car a place was kept for has come."""
    await conn.execute(
        """
        update parking.place_kept set used_at = %(now)s
        where plate = %(plate)s and used_at is null and given_up_at is null
        """,
        {"plate": plate, "now": now},
    )


async def give_up_place(conn: Conn, place_id: UUID, *, now: datetime) -> bool:
    """A driver does not come after all; returns False where nothing was kept."""
    return (
        await conn.execute(
            """
            update parking.place_kept set given_up_at = %(now)s
            where id = %(id)s and used_at is null and given_up_at is null
            """,
            {"id": place_id, "now": now},
        )
    ).rowcount == 1


async def drop_stale_places(conn: Conn, *, now: datetime) -> int:
    """Give places back whose driver did not come in time; returns how many."""
    return (
        await conn.execute(
            """
            update parking.place_kept set given_up_at = %(now)s
            where used_at is null and given_up_at is null and kept_until <= %(now)s
            """,
            {"now": now},
        )
    ).rowcount


async def count_ask(conn: Conn, key: str, minute: datetime) -> int:
    """Count one question of an address or a plate; returns how many it asked in this minute."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into parking.ask_count (key, minute, asked) values (%(key)s, %(minute)s, 1)
            on conflict (key, minute) do update set asked = parking.ask_count.asked + 1
            returning asked
            """,
            {"key": key, "minute": minute},
        )
        row: int | None = await cur.fetchone()
        return row or 0


async def forget_asks(conn: Conn, *, before: datetime) -> None:
    """Forget how often anybody asked before a moment."""
    await conn.execute("delete from parking.ask_count where minute < %(before)s", {"before": before})
