"""Rows of reports in parts and of the device model (OCPP 2.x)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPart:
    """One part of a report."""

    seq_no: int
    is_last: bool
    items: list[dict[str, Any]]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceVariable:
    """One attribute of one variable of a charger; EVSE and connector 0 mean the charger itself."""

    component: str
    component_instance: str
    evse_no: int
    connector_no: int
    variable: str
    variable_instance: str
    attribute: str
    value: str | None
    mutability: str | None
    data_type: str | None
    unit: str | None
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """A part and the report it belongs to."""

    kind: str
    request_id: int
    seq_no: int
    is_last: bool
    items: list[dict[str, Any]]
    received_at: datetime

    @property
    def part(self) -> ReportPart:
        """The part on its own."""
        return ReportPart(
            seq_no=self.seq_no, is_last=self.is_last, items=self.items, received_at=self.received_at
        )


async def lock_reports(conn: Connection, charger_id: int) -> None:
    """Keep every other part from this charger waiting until the unit of work ends."""
    await conn.execute("select pg_advisory_xact_lock(1668506984, %(id)s)", {"id": charger_id})


async def put_part(conn: Connection, charger_id: int, kind: str, request_id: int, part: ReportPart) -> None:
    """Keep a part; the same part again replaces itself."""
    await conn.execute(
        """
        insert into charging.report_part (charger_id, kind, request_id, seq_no, is_last, items, received_at)
        values (%(charger_id)s, %(kind)s, %(request_id)s, %(seq_no)s, %(is_last)s, %(items)s, %(received_at)s)
        on conflict (charger_id, kind, request_id, seq_no) do update
        set is_last = excluded.is_last, items = excluded.items, received_at = excluded.received_at
        """,
        {
            "charger_id": charger_id,
            "kind": kind,
            "request_id": request_id,
            "seq_no": part.seq_no,
            "is_last": part.is_last,
            "items": Jsonb(part.items),
            "received_at": part.received_at,
        },
    )


async def read_parts(conn: Connection, charger_id: int, kind: str, request_id: int) -> list[ReportPart]:
    """The parts of a report that have come, in order."""
    async with conn.cursor(row_factory=class_row(ReportPart)) as cur:
        await cur.execute(
            """
            select seq_no, is_last, items, received_at from charging.report_part
            where charger_id = %(charger_id)s and kind = %(kind)s and request_id = %(request_id)s order by seq_no
            """,
            {"charger_id": charger_id, "kind": kind, "request_id": request_id},
        )
        return await cur.fetchall()


async def read_all_parts(
    conn: Connection, charger_id: int, kind: str | None, request_id: int | None
) -> list[PartRow]:
    """The parts of a charger's reports that fit everything given, each report's in order."""
    async with conn.cursor(row_factory=class_row(PartRow)) as cur:
        await cur.execute(
            """
            select kind, request_id, seq_no, is_last, items, received_at from charging.report_part
            where charger_id = %(charger_id)s and (%(kind)s::text is null or kind = %(kind)s)
              and (%(request_id)s::bigint is null or request_id = %(request_id)s)
            order by kind, request_id, seq_no
            """,
            {"charger_id": charger_id, "kind": kind, "request_id": request_id},
        )
        return await cur.fetchall()


async def forget_parts(conn: Connection, charger_id: int, kind: str, request_id: int) -> None:
    """Forget the parts of an earlier answer under the same request number."""
    await conn.execute(
        """
        delete from charging.report_part
        where charger_id = %(charger_id)s and kind = %(kind)s and request_id = %(request_id)s
        """,
        {"charger_id": charger_id, "kind": kind, "request_id": request_id},
    )


async def write_variables(conn: Connection, charger_id: int, rows: Sequence[DeviceVariable]) -> None:
    """Keep variables as told; what a charger tells without (a type, a unit) stays as it was."""
    if not rows:
        return
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            insert into charging.device_variable as v
                (charger_id, component, component_instance, evse_no, connector_no, variable, variable_instance,
                 attribute, value, mutability, data_type, unit, read_at)
            values (%(charger_id)s, %(component)s, %(component_instance)s, %(evse_no)s, %(connector_no)s, %(variable)s,
                    %(variable_instance)s, %(attribute)s, %(value)s, %(mutability)s, %(data_type)s, %(unit)s,
                    %(read_at)s)
            on conflict (charger_id, component, component_instance, evse_no, connector_no, variable,
                         variable_instance, attribute) do update
            set value = excluded.value, mutability = coalesce(excluded.mutability, v.mutability),
                data_type = coalesce(excluded.data_type, v.data_type), unit = coalesce(excluded.unit, v.unit),
                read_at = excluded.read_at
            """,
            [
                {"charger_id": charger_id} | {name: getattr(row, name) for name in DeviceVariable.__slots__}
                for row in rows
            ],
        )


async def forget_variables(conn: Connection, charger_id: int, read_before: datetime) -> None:
    """Forget what a whole inventory no longer names."""
    await conn.execute(
        "delete from charging.device_variable where charger_id = %(id)s and read_at < %(read_before)s",
        {"id": charger_id, "read_before": read_before},
    )


async def read_variables(
    conn: Connection,
    charger_id: int,
    *,
    component: str | None = None,
    variable: str | None = None,
    evse_no: int | None = None,
    attribute: str | None = None,
) -> list[DeviceVariable]:
    """A charger's device model as last told, as far as it fits everything given; names are compared without case."""
    async with conn.cursor(row_factory=class_row(DeviceVariable)) as cur:
        await cur.execute(
            """
            select component, component_instance, evse_no, connector_no, variable, variable_instance, attribute, value,
                   mutability, data_type, unit, read_at
            from charging.device_variable
            where charger_id = %(id)s
              and (%(component)s::text is null or lower(component) = lower(%(component)s))
              and (%(variable)s::text is null or lower(variable) = lower(%(variable)s))
              and (%(evse_no)s::int is null or evse_no = %(evse_no)s)
              and (%(attribute)s::text is null or lower(attribute) = lower(%(attribute)s))
            order by component, component_instance, evse_no, connector_no, variable, variable_instance, attribute
            """,
            {
                "id": charger_id,
                "component": component,
                "variable": variable,
                "evse_no": evse_no,
                "attribute": attribute,
            },
        )
        return await cur.fetchall()
