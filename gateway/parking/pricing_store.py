"""Rows of price lists, and what a fee is read from: permits, passes, charging and payments of one stay."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.errors import Missing
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]


class PriceListMissing(Missing):
    """No price list answers to this id, or none was in force."""

    code = "parking.price_list_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """One version of the price list; `body` is the document as JSON text in the vocabulary of price lists."""

    id: int
    name: str
    body: str
    in_force_from: datetime
    saved_at: datetime
    saved_by: str
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitRow:
    """A permit that names a stay's plate; `others_inside` counts its other cars when it could begin to cover."""

    valid_from: date
    valid_to: date
    ended_at: datetime | None
    max_inside: int
    is_held: bool
    others_inside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRow:
    """A visitor pass or an entry of the allow list."""

    valid_from: datetime
    valid_until: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingRow:
    """One charging transaction of a stay and its bill, if it is made and unpaid (`open_fen`)."""

    transaction_id: int
    started_at: datetime
    energy_wh: int
    ended_at: datetime | None
    left_bay_at: datetime | None
    open_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidRow:
    """Money received (positive) or given back (negative) for parking, and the moment its price was of."""

    paid_at: datetime
    priced_at: datetime
    amount_fen: int


async def insert_price_list(
    conn: Conn, *, name: str, body: dict[str, Any], in_force_from: datetime, saved_at: datetime, saved_by: str
) -> int | None:
    """Keep a version; returns its id, `None` where another begins at the same moment."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into parking.tariff_version (name, body, in_force_from, saved_at, saved_by)
            values (%(name)s, %(body)s, %(in_force_from)s, %(saved_at)s, %(saved_by)s)
            on conflict (in_force_from) where withdrawn_at is null do nothing
            returning id
            """,
            {
                "name": name,
                "body": Jsonb(body),
                "in_force_from": in_force_from,
                "saved_at": saved_at,
                "saved_by": saved_by,
            },
        )
        row: int | None = await cur.fetchone()
        return row


async def withdraw_price_list(conn: Conn, list_id: int, *, by: str, now: datetime) -> bool:
    """Withdraw a version that has not begun; returns False where it has, or is not there."""
    return (
        await conn.execute(
            """
            update parking.tariff_version set withdrawn_at = %(now)s, withdrawn_by = %(by)s
            where id = %(id)s and withdrawn_at is null and in_force_from > %(now)s
            """,
            {"id": list_id, "by": by, "now": now},
        )
    ).rowcount == 1


async def read_price_lists(conn: Conn) -> list[PriceList]:
    """Every version, the newest first."""
    async with conn.cursor(row_factory=class_row(PriceList)) as cur:
        await cur.execute(
            """
            select id, name, body::text, in_force_from, saved_at, saved_by, withdrawn_at
            from parking.tariff_version order by in_force_from desc, id desc
            """
        )
        return await cur.fetchall()


async def read_price_list(conn: Conn, list_id: int) -> PriceList:
    """One version.

    Raises:
        PriceListMissing: there is none of this id.
    """
    async with conn.cursor(row_factory=class_row(PriceList)) as cur:
        await cur.execute(
            """
            select id, name, body::text, in_force_from, saved_at, saved_by, withdrawn_at
            from parking.tariff_version where id = %(id)s
            """,
            {"id": list_id},
        )
        row = await cur.fetchone()
    if row is None:
        raise PriceListMissing(f"no price list {list_id}")
    return row


async def find_price_list_in_force(conn: Conn, at: datetime) -> PriceList | None:
    """The version in force at a moment."""
    async with conn.cursor(row_factory=class_row(PriceList)) as cur:
        await cur.execute(
            """
            select id, name, body::text, in_force_from, saved_at, saved_by, withdrawn_at
            from parking.tariff_version where in_force_from <= %(at)s and withdrawn_at is null
            order by in_force_from desc limit 1
            """,
            {"at": at},
        )
        return await cur.fetchone()


async def is_first_of_date(conn: Conn, stay: Stay, *, day_begins_at: datetime) -> bool:
    """Whether no earlier stay of this plate entered since the local midnight before this one's entry."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select not exists (
                select 1 from parking.stay
                where plate = %(plate)s and id <> %(id)s and state <> 'void'
                  and entered_at >= %(day_begins_at)s and entered_at < %(entered_at)s)
            """,
            {
                "plate": stay.plate,
                "id": stay.id,
                "day_begins_at": day_begins_at,
                "entered_at": stay.entered_at,
            },
        )
        return bool(await cur.fetchone())


async def read_permit_rows(conn: Conn, stay: Stay) -> list[PermitRow]:
    """The permits that name the plate of a stay, and the one it took its place on."""
    async with conn.cursor(row_factory=class_row(PermitRow)) as cur:
        await cur.execute(
            """
            select p.valid_from, p.valid_to, p.ended_at, p.max_inside, p.id is not distinct from %(held)s as is_held,
                   (select count(*)::integer from parking.stay o
                    where o.permit_id = p.id and o.id <> %(id)s and o.state <> 'void'
                      and o.entered_at < b.begins_at and coalesce(o.left_at > b.begins_at, true)) as others_inside
            from parking.permit p
            cross join lateral (
                select greatest(p.valid_from::timestamp at time zone 'Asia/Shanghai', %(entered_at)s) as begins_at
            ) b
            where p.id = %(held)s
               or exists (select 1 from parking.permit_plate pp where pp.permit_id = p.id and pp.plate = %(plate)s)
            order by p.valid_from, p.id
            """,
            {"held": stay.permit_id, "id": stay.id, "plate": stay.plate, "entered_at": stay.entered_at},
        )
        return await cur.fetchall()


async def read_pass_rows(conn: Conn, stay: Stay) -> list[PassRow]:
    """Free visitor passes of the plate and its entries on the allow list."""
    async with conn.cursor(row_factory=class_row(PassRow)) as cur:
        await cur.execute(
            """
            select valid_from, least(valid_until, ended_at) as valid_until, 'visitor' as why
            from parking.visitor_pass where plate = %(plate)s and is_free and valid_until > %(entered_at)s
            union all
            select valid_from, least(valid_until, ended_at), 'allowed'
            from parking.list_entry where list = 'allow' and plate = %(plate)s
              and coalesce(valid_until > %(entered_at)s, true)
            order by 1, 3
            """,
            {"plate": stay.plate, "entered_at": stay.entered_at},
        )
        return await cur.fetchall()


async def read_charging_rows(conn: Conn, stay: Stay, *, until: datetime) -> list[ChargingRow]:
    """Charging transactions of the plate that began during the stay."""
    async with conn.cursor(row_factory=class_row(ChargingRow)) as cur:
        await cur.execute(
            """
            select t.id as transaction_id, t.started_at, coalesce(t.delivered_wh, 0) as energy_wh,
                   t.charging_ended_at as ended_at, t.unplugged_at as left_bay_at,
                   coalesce(b.total_fen, 0) as open_fen
            from report.charging_transaction t
            left join report.charging_bill b on b.transaction_id = t.id and b.state = 'open'
            where t.plate = %(plate)s and t.started_at >= %(entered_at)s and t.started_at <= %(until)s
            order by t.started_at, t.id
            """,
            {"plate": stay.plate, "entered_at": stay.entered_at, "until": until},
        )
        return await cur.fetchall()


async def read_paid_rows(conn: Conn, stay_id: UUID) -> list[PaidRow]:
    """What was received (positive) and given back (negative) for the parking of a stay, oldest first.

    Money that came while its price still held covers the moment it was priced at.
    """
    async with conn.cursor(row_factory=class_row(PaidRow)) as cur:
        await cur.execute(
            """
            select m.at as paid_at, m.amount_fen,
                   case when m.at <= p.expires_at then p.priced_at else m.at end as priced_at
            from parking.money m left join parking.payment p on p.number = m.reference and p.provider = m.how
            where m.stay_id = %(stay_id)s and m.part = 'parking'
            order by m.at, m.id
            """,
            {"stay_id": stay_id},
        )
        return await cur.fetchall()
