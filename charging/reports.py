"""Reports of OCPP 2.x chargers that come in parts: numbered ones in any order and twice, others one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from charging import device_model, device_store
from charging.device_store import ReportPart
from charging.rpc import CallRefused, Fault, Payload

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """One message that carries a part: under which kind it is kept, and which member holds its items."""

    kind: str
    member: str


REPORTS: Final[Mapping[str, ReportKind]] = {
    "NotifyCustomerInformation": ReportKind(kind="customer", member="data"),
    "NotifyDisplayMessages": ReportKind(kind="display", member="messageInfo"),
    "NotifyMonitoringReport": ReportKind(kind="monitoring", member="monitor"),
    "NotifyReport": ReportKind(kind="device", member="reportData"),
    "ReportChargingProfiles": ReportKind(kind="profiles", member="chargingProfile"),
}
MAX_PARTS: Final = 10_000
"""Parts of one report; a charger that sends more has lost its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as far as it has come; `missing` are the numbers of parts that are known to exist."""

    kind: str
    request_id: int
    parts: int
    missing: list[int]
    is_whole: bool
    received_at: datetime
    items: list[dict[str, Any]]


async def take(conn: Connection, charger_id: int, action: str, told: Payload, received_at: datetime) -> bool:
    """Keep the part that a message carries; returns whether the report is whole now.

    Raises:
        CallRefused: its numbers are outside what any charger counts to.
    """
    report = REPORTS[action]
    request_id, number = told["requestId"], told.get("seqNo")
    if abs(request_id) >= 2**63 or not 0 <= (number or 0) < MAX_PARTS:
        raise CallRefused(Fault.PROPERTY)
    await device_store.lock_reports(conn, charger_id)
    kept = await device_store.read_parts(conn, charger_id, report.kind, request_id)
    part = ReportPart(
        seq_no=0 if number is None else number,
        is_last=not told.get("tbc", False),
        items=_items(report, told),
        received_at=received_at,
    )
    if number is None:
        if any((one.items, one.is_last) == (part.items, part.is_last) for one in kept):
            return False  # the same part again: nothing tells it from the first but its message id
        if not _is_whole(kept):
            part = ReportPart(
                seq_no=len(kept), is_last=part.is_last, items=part.items, received_at=received_at
            )
    if part.seq_no == 0 and _is_whole(kept):
        # A request number that comes again is another report: its old parts must not complete the new one.
        await device_store.forget_parts(conn, charger_id, report.kind, request_id)
    await device_store.put_part(conn, charger_id, report.kind, request_id, part)
    parts = await device_store.read_parts(conn, charger_id, report.kind, request_id)
    if report.kind == "device":
        await device_model.take_part(conn, charger_id, request_id, part, parts if _is_whole(parts) else None)
    return _is_whole(parts)


def _items(report: ReportKind, told: Payload) -> list[dict[str, Any]]:
    items = told.get(report.member, [])
    if report.kind == "customer":
        return [{"text": items}]
    if report.kind == "profiles":
        source = told["chargingLimitSource"]
        return [{"evseId": told["evseId"], "source": source, "chargingProfile": one} for one in items]
    return list(items)


def missing(parts: Sequence[ReportPart]) -> list[int]:
    """Numbers below the highest one that has come which have not; in order."""
    come = {one.seq_no for one in parts}
    return [number for number in range(max(come, default=-1)) if number not in come]


def _is_whole(parts: Sequence[ReportPart]) -> bool:
    """Whether the last part has come and every one before it."""
    return bool(parts) and parts[-1].is_last and not missing(parts)


async def read_reports(
    conn: Connection, charger_id: int, *, kind: str | None, request_id: int | None
) -> list[Report]:
    """A charger's reports, newest first."""
    found: dict[tuple[str, int], list[ReportPart]] = {}
    for row in await device_store.read_all_parts(conn, charger_id, kind, request_id):
        found.setdefault((row.kind, row.request_id), []).append(row.part)
    reports = [
        Report(
            kind=one_kind,
            request_id=number,
            parts=len(parts),
            missing=missing(parts),
            is_whole=_is_whole(parts),
            received_at=max(part.received_at for part in parts),
            items=[item for part in parts for item in part.items],
        )
        for (one_kind, number), parts in found.items()
    ]
    return sorted(reports, key=lambda one: one.received_at, reverse=True)
