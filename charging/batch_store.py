"""Writing many small rows at once: samples and messages by binary COPY, the rest by one statement a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from charging.samples import SampleRow

Connection = AsyncConnection[Any]


class MessageRow(NamedTuple):
    """One line of the message trace; `kind` 0 is a frame that could not be read."""

    at: datetime
    charger_id: int
    is_incoming: bool
    kind: int
    message_id: str | None
    action: str | None
    body: str


class StatusRow(NamedTuple):
    """What a connector reported of itself."""

    charger_id: int
    evse_no: int
    connector_no: int
    status: str
    error_code: str | None
    info: str | None
    vendor_error: str | None
    status_at: datetime
    received_at: datetime


class BootRow(NamedTuple):
    """What a charger said of itself when it booted."""

    charger_id: int
    protocol: str
    vendor: str
    model: str
    serial_number: str | None
    firmware: str | None
    boot: dict[str, Any]
    booted_at: datetime


class SeenRow(NamedTuple):
    """A sign of life."""

    charger_id: int
    seen_at: datetime


class UnpluggedRow(NamedTuple):
    """A connector at which nothing runs is free: the last car has left its plug."""

    charger_id: int
    evse_no: int
    at: datetime
    received_at: datetime


class EventRow(NamedTuple):
    """Firmware, diagnostics, log, security and vendor messages."""

    charger_id: int
    subject: str
    status: str
    occurred_at: datetime
    received_at: datetime
    detail: dict[str, Any]


class OutletPower(NamedTuple):
    """What a screen shows of an outlet at the moment."""

    evse_id: str
    power_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedOutlet:
    """An outlet of the site whose status came in."""

    evse_id: str
    status: str
    status_at: datetime


_SAMPLE_TYPES = (
    "timestamptz timestamptz int4 int2 int8 int8 int8 int4 int4 int4 int4 int4 int4 int4 int4 int4 int4 int4 "
    "text text jsonb jsonb"
).split()
_MESSAGE_TYPES = ["timestamptz", "int4", "bool", "int2", "text", "text", "text"]


async def copy_samples(conn: Connection, rows: Sequence[SampleRow]) -> None:
    """Append samples."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            """
            copy charging.meter_sample
                (measured_at, received_at, charger_id, evse_no, transaction_id, delivered_wh, register_wh, power_w,
                 offered_w, current_l1_ma, current_l2_ma, current_l3_ma, voltage_l1_mv, voltage_l2_mv, voltage_l3_mv,
                 offered_ma, soc_pct, temperature_dc, context, flags, others, quarantined)
            from stdin (format binary)
            """
        ) as copy,
    ):
        copy.set_types(_SAMPLE_TYPES)
        for row in rows:
            if row.others is None and row.quarantined is None:
                await copy.write_row(row)
            else:
                await copy.write_row((*row[:-2], _json(row.others), _json(row.quarantined)))


async def copy_messages(conn: Connection, rows: Sequence[MessageRow]) -> None:
    """Append to the message trace."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            """
            copy charging.message (at, charger_id, is_incoming, kind, message_id, action, body)
            from stdin (format binary)
            """
        ) as copy,
    ):
        copy.set_types(_MESSAGE_TYPES)
        for row in rows:
            await copy.write_row(row)


def _json(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)


async def write_statuses(conn: Connection, rows: Sequence[StatusRow]) -> list[ChangedOutlet]:
    """Keep each connector's newest status and the history.

    Returns:
        The outlets of the site among them, with the status they now have.
    """
    columns = dict(zip(StatusRow._fields, map(list, zip(*rows, strict=True)), strict=True))
    await conn.execute(
        """
        insert into charging.status_change
            (charger_id, evse_no, connector_no, status, error_code, info, vendor_error, status_at, received_at)
        select * from unnest(%(charger_id)s::int[], %(evse_no)s::int2[], %(connector_no)s::int2[], %(status)s::text[],
            %(error_code)s::text[], %(info)s::text[], %(vendor_error)s::text[], %(status_at)s::timestamptz[],
            %(received_at)s::timestamptz[])
        """,
        columns,
    )
    async with conn.cursor(row_factory=class_row(ChangedOutlet)) as cur:
        await cur.execute(
            """
            with told as (
                select distinct on (charger_id, evse_no, connector_no) *
                from unnest(%(charger_id)s::int[], %(evse_no)s::int2[], %(connector_no)s::int2[], %(status)s::text[],
                    %(error_code)s::text[], %(info)s::text[], %(vendor_error)s::text[], %(status_at)s::timestamptz[],
                    %(received_at)s::timestamptz[])
                    with ordinality as t (charger_id, evse_no, connector_no, status, error_code, info, vendor_error,
                                          status_at, received_at, place)
                order by charger_id, evse_no, connector_no, status_at desc, place desc
            ), kept as (
                insert into charging.connector as c
                    (charger_id, evse_no, connector_no, status, error_code, info, vendor_error, status_at, received_at)
                select charger_id, evse_no, connector_no, status, error_code, info, vendor_error, status_at, received_at
                from told
                on conflict (charger_id, evse_no, connector_no) do update
                set status = excluded.status, error_code = excluded.error_code, info = excluded.info,
                    vendor_error = excluded.vendor_error, status_at = excluded.status_at,
                    received_at = excluded.received_at
                where c.status_at is null or c.status_at <= excluded.status_at
                returning evse_id, status, status_at
            )
            select evse_id, status, status_at from kept where evse_id is not null
            """,
            columns,
        )
        return await cur.fetchall()


async def write_boots(conn: Connection, rows: Sequence[BootRow]) -> None:
    """Keep what chargers said of themselves when they booted."""
    columns = dict(zip(BootRow._fields, map(list, zip(*rows, strict=True)), strict=True))
    columns["boot"] = [Jsonb(boot) for boot in columns["boot"]]
    await conn.execute(
        """
        with locked as (
            select id from charging.charger where id = any(%(charger_id)s) order by id for no key update
        )
        update charging.charger as c
        set protocol = t.protocol, vendor = t.vendor, model = t.model, serial_number = t.serial_number,
            firmware = t.firmware, boot = t.boot, booted_at = t.booted_at
        from unnest(%(charger_id)s::int[], %(protocol)s::text[], %(vendor)s::text[], %(model)s::text[],
                    %(serial_number)s::text[], %(firmware)s::text[], %(boot)s::jsonb[], %(booted_at)s::timestamptz[])
            as t (charger_id, protocol, vendor, model, serial_number, firmware, boot, booted_at)
        join locked on locked.id = t.charger_id
        where c.id = t.charger_id
        """,
        columns,
    )


async def write_seen(conn: Connection, rows: Sequence[SeenRow]) -> None:
    """Keep when chargers last gave a sign of life."""
    columns = dict(zip(SeenRow._fields, map(list, zip(*rows, strict=True)), strict=True))
    await conn.execute(
        """
        with locked as (
            select id from charging.charger where id = any(%(charger_id)s) order by id for no key update
        )
        update charging.charger as c set last_seen_at = t.seen_at
        from (select charger_id, max(seen_at) as seen_at
              from unnest(%(charger_id)s::int[], %(seen_at)s::timestamptz[]) as u (charger_id, seen_at)
              group by charger_id) t
        join locked on locked.id = t.charger_id
        where c.id = t.charger_id and (c.last_seen_at is null or c.last_seen_at < t.seen_at)
        """,
        columns,
    )


async def write_events(conn: Connection, rows: Sequence[EventRow]) -> None:
    """Append events of chargers."""
    columns = dict(zip(EventRow._fields, map(list, zip(*rows, strict=True)), strict=True))
    columns["detail"] = [Jsonb(detail) for detail in columns["detail"]]
    await conn.execute(
        """
        insert into charging.station_event (charger_id, subject, status, occurred_at, received_at, detail)
        select * from unnest(%(charger_id)s::int[], %(subject)s::text[], %(status)s::text[],
            %(occurred_at)s::timestamptz[], %(received_at)s::timestamptz[], %(detail)s::jsonb[])
        """,
        columns,
    )


async def write_unplugged(conn: Connection, rows: Sequence[UnpluggedRow]) -> dict[int, datetime]:
    """Note at the last charge of each connector that its car has left the plug, where that is not known yet.

    Returns:
        The finished transactions this concerns, with when it was heard.
    """
    columns = dict(zip(UnpluggedRow._fields, map(list, zip(*rows, strict=True)), strict=True))
    async with conn.cursor() as cur:
        await cur.execute(
            """
            with told as (
                select charger_id, evse_no, min(at) as at, min(received_at) as received_at
                from unnest(%(charger_id)s::int[], %(evse_no)s::int2[], %(at)s::timestamptz[],
                            %(received_at)s::timestamptz[]) as u (charger_id, evse_no, at, received_at)
                group by charger_id, evse_no
            ), last as (
                select newest.id, told.at, told.received_at from told
                cross join lateral (
                    select t.id, t.stopped_at, t.unplugged_at from charging.transaction t
                    where t.charger_id = told.charger_id and t.evse_no = told.evse_no
                    order by t.started_at desc limit 1
                ) newest
                where newest.unplugged_at is null and newest.stopped_at is not null
            )
            update charging.transaction t set unplugged_at = greatest(last.at, t.stopped_at)
            from last where t.id = last.id and t.unplugged_at is null and t.stopped_at is not null
            returning t.id, last.received_at
            """,
            columns,
        )
        return dict(await cur.fetchall())
