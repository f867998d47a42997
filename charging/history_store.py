"""Rows of what chargers said in the past: statuses and errors, events, the message trace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """One line of a charger's status and error history."""

    evse_no: int
    connector_no: int
    status: str
    error_code: str | None
    info: str | None
    vendor_error: str | None
    status_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One line of the message trace."""

    at: datetime
    is_incoming: bool
    kind: int
    message_id: str | None
    action: str | None
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEvent:
    """Something a charger told besides transactions: firmware, logs, security."""

    id: int
    subject: str
    status: str
    occurred_at: datetime
    received_at: datetime
    detail: dict[str, Any]


async def read_status_history(conn: Connection, charger_id: int, limit: int) -> list[StatusChange]:
    """The newest status reports first."""
    async with conn.cursor(row_factory=class_row(StatusChange)) as cur:
        await cur.execute(
            """
            select evse_no, connector_no, status, error_code, info, vendor_error, status_at, received_at
            from charging.status_change where charger_id = %(id)s order by received_at desc limit %(limit)s
            """,
            {"id": charger_id, "limit": limit},
        )
        return await cur.fetchall()


async def read_station_events(conn: Connection, charger_id: int, limit: int) -> list[StationEvent]:
    """The newest firmware, log and security messages first."""
    async with conn.cursor(row_factory=class_row(StationEvent)) as cur:
        await cur.execute(
            """
            select id, subject, status, occurred_at, received_at, detail
            from charging.station_event where charger_id = %(id)s order by id desc limit %(limit)s
            """,
            {"id": charger_id, "limit": limit},
        )
        return await cur.fetchall()


async def read_messages(
    conn: Connection,
    charger_id: int,
    *,
    since: datetime,
    until: datetime,
    action: str | None,
    text: str | None,
    limit: int,
    is_incoming: bool | None = None,
) -> list[MessageLine]:
    """The trace between two moments, newest first.

    `action` narrows it to one operation, with the answers to it (which name none), `text` to frames that contain it,
    `is_incoming` to what the charger sent, or what was sent to it.
    """
    async with conn.cursor(row_factory=class_row(MessageLine)) as cur:
        await cur.execute(
            """
            select at, is_incoming, kind, message_id, action, body from charging.message m
            where charger_id = %(id)s and at >= %(since)s and at < %(until)s
              and (%(action)s::text is null or action = %(action)s
                   or (action is null and message_id is not null and exists (
                       select from charging.message asked
                       where asked.charger_id = %(id)s and asked.at >= %(since)s and asked.at < %(until)s
                         and asked.message_id = m.message_id and asked.action = %(action)s
                         and asked.is_incoming <> m.is_incoming)))
              and (%(text)s::text is null or position(%(text)s in body) > 0)
              and (%(is_incoming)s::boolean is null or is_incoming = %(is_incoming)s)
            order by at desc limit %(limit)s
            """,
            {
                "id": charger_id,
                "since": since,
                "until": until,
                "action": action,
                "text": text,
                "limit": limit,
                "is_incoming": is_incoming,
            },
        )
        return await cur.fetchall()


async def read_actions(conn: Connection, charger_id: int, since: datetime, until: datetime) -> list[str]:
    """The operations that occur in the trace between two moments, by name."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select distinct action from charging.message
            where charger_id = %(id)s and at >= %(since)s and at < %(until)s and action is not null order by action
            """,
            {"id": charger_id, "since": since, "until": until},
        )
        return await cur.fetchall()
