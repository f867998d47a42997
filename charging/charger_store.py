"""Rows of chargers and their connectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """A registered charger, as far as its socket needs it."""

    id: int
    identity: str
    registration: str
    is_simulated: bool
    password_hash: str | None
    password_tag: bytes | None
    password_pepper: bytes | None
    security_profile: int
    max_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerDetail:
    """A charger as an operator sees it; no secrets."""

    id: int
    identity: str
    registration: str
    is_simulated: bool
    has_password: bool
    security_profile: int
    max_w: int
    protocol: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware: str | None
    boot: dict[str, Any] | None
    booted_at: datetime | None
    is_connected: bool
    connected_at: datetime | None
    disconnected_at: datetime | None
    last_seen_at: datetime | None
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorRow:
    """A connector as it last reported."""

    evse_no: int
    connector_no: int
    evse_id: str | None
    status: str
    error_code: str | None
    info: str | None
    vendor_error: str | None
    status_at: datetime | None
    availability: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletRow:
    """Where an EVSE of the site is reached: charger and number."""

    evse_id: str
    charger_id: int
    identity: str
    evse_no: int
    protocol: str | None
    status: str
    status_at: datetime | None
    availability: str
    is_connected: bool
    is_simulated: bool
    max_w: int


async def read_chargers(conn: Connection) -> list[Charger]:
    """Every charger."""
    async with conn.cursor(row_factory=class_row(Charger)) as cur:
        await cur.execute(
            """
            select id, identity, registration, is_simulated, password_hash, password_tag, password_pepper,
                   security_profile, max_w
            from charging.charger order by id
            """
        )
        return await cur.fetchall()


async def find_charger(conn: Connection, identity: str) -> Charger | None:
    """A charger by its identity, compared without case."""
    async with conn.cursor(row_factory=class_row(Charger)) as cur:
        await cur.execute(
            """
            select id, identity, registration, is_simulated, password_hash, password_tag, password_pepper,
                   security_profile, max_w
            from charging.charger where lower(identity) = lower(%(identity)s)
            """,
            {"identity": identity},
        )
        return await cur.fetchone()


async def add_charger(
    conn: Connection,
    identity: str,
    *,
    registration: str,
    is_simulated: bool,
    max_w: int,
    security_profile: int,
    now: datetime,
) -> int | None:
    """Register a charger.

    Returns:
        Its id, None where the identity is already registered.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into charging.charger
                (identity, registration, is_simulated, max_w, security_profile, registered_at)
            values (%(identity)s, %(registration)s, %(is_simulated)s, %(max_w)s, %(security_profile)s, %(now)s)
            on conflict (lower(identity)) do nothing
            returning id
            """,
            {
                "identity": identity,
                "registration": registration,
                "is_simulated": is_simulated,
                "max_w": max_w,
                "security_profile": security_profile,
                "now": now,
            },
        )
        return await cur.fetchone()


async def set_password(
    conn: Connection, charger_id: int, password_hash: str | None, tag: bytes | None, pepper: bytes | None
) -> None:
    """Replace a charger's password (or take it away, with None)."""
    await conn.execute(
        """
        update charging.charger
        set password_hash = %(hash)s, password_tag = %(tag)s, password_pepper = %(pepper)s where id = %(id)s
        """,
        {"id": charger_id, "hash": password_hash, "tag": tag, "pepper": pepper},
    )


async def set_registration(conn: Connection, charger_id: int, registration: str) -> None:
    """Accept, reject or suspend a charger."""
    await conn.execute(
        "update charging.charger set registration = %(registration)s where id = %(id)s",
        {"id": charger_id, "registration": registration},
    )


async def place_connector(conn: Connection, charger_id: int, evse_no: int, evse_id: str) -> None:
    """Say which EVSE of the site a connector is; the EVSE leaves any other connector."""
    await conn.execute(
        """
        update charging.connector set evse_id = null
        where evse_id = %(evse_id)s and (charger_id, evse_no) <> (%(charger_id)s, %(evse_no)s)
        """,
        {"charger_id": charger_id, "evse_no": evse_no, "evse_id": evse_id},
    )
    await conn.execute(
        """
        insert into charging.connector (charger_id, evse_no, evse_id)
        values (%(charger_id)s, %(evse_no)s, %(evse_id)s)
        on conflict (charger_id, evse_no, connector_no) do update set evse_id = excluded.evse_id
        """,
        {"charger_id": charger_id, "evse_no": evse_no, "evse_id": evse_id},
    )


async def leave_socket(conn: Connection, charger_id: int, socket: UUID, now: datetime) -> bool:
    """Say that a socket is gone; returns whether it was the newest."""
    left = await conn.execute(
        """
        update charging.charger set socket = null, disconnected_at = %(now)s
        where id = %(id)s and socket = %(socket)s
        """,
        {"id": charger_id, "socket": socket, "now": now},
    )
    return bool(left.rowcount)


async def drop_sockets(conn: Connection, sockets: Sequence[UUID], now: datetime) -> None:
    """Say that all these sockets are gone."""
    await conn.execute(
        """
        update charging.charger set socket = null, disconnected_at = %(now)s where socket = any(%(sockets)s)
        """,
        {"sockets": list(sockets), "now": now},
    )


async def read_outlets(conn: Connection) -> list[OutletRow]:
    """Every EVSE of the site that has a charger."""
    async with conn.cursor(row_factory=class_row(OutletRow)) as cur:
        await cur.execute(
            """
            select c.evse_id, ch.id as charger_id, ch.identity, c.evse_no, ch.protocol, c.status, c.status_at,
                   c.availability, ch.socket is not null as is_connected, ch.is_simulated, ch.max_w
            from charging.connector c join charging.charger ch on ch.id = c.charger_id
            where c.evse_id is not null order by c.evse_id
            """
        )
        return await cur.fetchall()


async def find_outlet(conn: Connection, evse_id: str) -> OutletRow | None:
    """An EVSE of the site by its id, compared without case."""
    async with conn.cursor(row_factory=class_row(OutletRow)) as cur:
        await cur.execute(
            """
            select c.evse_id, ch.id as charger_id, ch.identity, c.evse_no, ch.protocol, c.status, c.status_at,
                   c.availability, ch.socket is not null as is_connected, ch.is_simulated, ch.max_w
            from charging.connector c join charging.charger ch on ch.id = c.charger_id
            where lower(c.evse_id) = lower(%(evse_id)s)
            """,
            {"evse_id": evse_id},
        )
        return await cur.fetchone()


async def read_details(conn: Connection, identity: str | None = None) -> list[ChargerDetail]:
    """One charger, or all of them, as an operator sees them."""
    async with conn.cursor(row_factory=class_row(ChargerDetail)) as cur:
        await cur.execute(
            """
            select id, identity, registration, is_simulated, password_hash is not null as has_password,
                   security_profile, max_w, protocol, vendor, model, serial_number, firmware, boot, booted_at,
                   socket is not null as is_connected, connected_at, disconnected_at, last_seen_at, registered_at
            from charging.charger
            where %(identity)s::text is null or lower(identity) = lower(%(identity)s)
            order by identity
            """,
            {"identity": identity},
        )
        return await cur.fetchall()


async def read_connectors(conn: Connection, charger_id: int) -> list[ConnectorRow]:
    """A charger's connectors as they last reported; 0 is the charger itself."""
    async with conn.cursor(row_factory=class_row(ConnectorRow)) as cur:
        await cur.execute(
            """
            select evse_no, connector_no, evse_id, status, error_code, info, vendor_error, status_at, availability
            from charging.connector where charger_id = %(id)s order by evse_no, connector_no
            """,
            {"id": charger_id},
        )
        return await cur.fetchall()


async def set_availability(conn: Connection, charger_id: int, evse_no: int, availability: str) -> None:
    """Keep what a charger accepted to be; number 0 means all of it."""
    await conn.execute(
        """
        update charging.connector set availability = %(availability)s
        where charger_id = %(id)s and (evse_no = %(evse_no)s or %(evse_no)s = 0)
        """,
        {"id": charger_id, "evse_no": evse_no, "availability": availability},
    )
