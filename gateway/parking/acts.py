"""An act of a person at the booth: who, why and when, what it changed, and the question it answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.errors import Invalid
from gateway.parking import lanes_store, record_store
from gateway.parking.lanes_store import LaneEntry

Conn = AsyncConnection[Any]


class ReasonNeeded(Invalid):
    """An act of the attendant carries no reason."""

    code = "attendant.reason_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who acts, why and when."""

    by: str
    reason: str
    now: datetime

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ReasonNeeded("say why")


async def settle_question(
    conn: Conn, entry: LaneEntry, act: Act, settlement: str, stay_id: UUID | None
) -> None:
    """Close a lane's question with what was done about it and why."""
    await lanes_store.settle_lane_entry(
        conn, entry.id, at=act.now, by=act.by, settlement=f"{settlement}: {act.reason}", stay_id=stay_id
    )


async def keep_correction(
    conn: Conn, act: Act, kind: str, subject: str, field: str, before: str | None, after: str | None
) -> None:
    """Keep what stood in a row before, what stands there now, who changed it and why."""
    await record_store.insert_correction(
        conn,
        at=act.now,
        by_person=act.by,
        subject_kind=kind,
        subject=subject,
        field=field,
        before=before,
        after=after,
        reason=act.reason,
    )
