"""Rows of lanes: what each saw and decided, what its gate was told, and its written policy."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Conflict, Missing

Conn = AsyncConnection[Any]


class LaneEntryMissing(Missing):
    """No entry of the lane log has this id."""

    code = "lane.entry_missing"


class LaneEntrySettled(Conflict):
    """Somebody settled this entry of the lane log already."""

    code = "lane.entry_settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateRead:
    """The agreed result for a car, as the reader published it.

    `text` is empty where no plate was found; `corrects` is the earlier read of the same car that this one replaces.
    """

    id: UUID
    camera_id: str
    lane_id: str
    direction: str
    text: str
    kind: str
    confidence: float
    accepted: bool
    picture_path: str | None
    seen_at: datetime
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEntry:
    """What a lane saw and what was decided."""

    id: UUID
    lane_id: str
    at: datetime
    read_id: UUID | None
    plate: str | None
    plate_kind: str | None
    confidence: float | None
    picture_path: str | None
    outcome: str
    reason: str
    stay_id: UUID | None
    due_fen: int | None
    candidates: list[UUID]
    decided_by: str
    settled_at: datetime | None
    settled_by: str | None
    settlement: str | None
    is_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """Whether a person closed a lane, when its camera last gave a read, and the policy it follows now."""

    lane_id: str
    is_closed: bool
    closed_reason: str | None
    camera_seen_at: datetime | None
    changed_at: datetime
    changed_by: str
    policy: str | None
    policy_since: datetime | None


async def read_plate_read(conn: Conn, read_id: UUID) -> PlateRead | None:
    """One published plate read."""
    async with conn.cursor(row_factory=class_row(PlateRead)) as cur:
        await cur.execute(
            """
            select id, camera_id, lane_id, direction, text, kind, confidence, accepted, picture_path, seen_at, corrects
            from lpr.plate_read where id = %(id)s
            """,
            {"id": read_id},
        )
        return await cur.fetchone()


async def read_unheard_reads(conn: Conn, *, since: datetime) -> list[UUID]:
    """Plate reads seen since a moment that no lane entry answers yet, oldest first."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select r.id from lpr.plate_read r
            where r.seen_at >= %(since)s
              and not exists (select 1 from parking.lane_log g where g.read_id = r.id)
            order by r.seen_at
            """,
            {"since": since},
        )
        return [row[0] for row in await cur.fetchall()]


async def hold_lane(conn: Conn, lane_id: str) -> None:
    """Let one unit of work at a time decide for a lane."""
    await conn.execute(
        "select pg_advisory_xact_lock(hashtext('parking.lane'), hashtext(%(lane_id)s))", {"lane_id": lane_id}
    )


async def insert_lane_entry(conn: Conn, entry: LaneEntry) -> bool:
    """Keep a decision; returns False where this read was decided before (nothing is written)."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            insert into parking.lane_log (id, lane_id, at, read_id, plate, plate_kind, confidence, picture_path,
                                          outcome, reason, stay_id, due_fen, candidates, decided_by, settled_at,
                                          settled_by, settlement, is_simulated)
            values (%(id)s, %(lane_id)s, %(at)s, %(read_id)s, %(plate)s, %(plate_kind)s, %(confidence)s,
                    %(picture_path)s, %(outcome)s, %(reason)s, %(stay_id)s, %(due_fen)s, %(candidates)s,
                    %(decided_by)s, %(settled_at)s, %(settled_by)s, %(settlement)s, %(is_simulated)s)
            on conflict (read_id) where read_id is not null do nothing
            """,
            {
                "id": entry.id,
                "lane_id": entry.lane_id,
                "at": entry.at,
                "read_id": entry.read_id,
                "plate": entry.plate,
                "plate_kind": entry.plate_kind,
                "confidence": entry.confidence,
                "picture_path": entry.picture_path,
                "outcome": entry.outcome,
                "reason": entry.reason,
                "stay_id": entry.stay_id,
                "due_fen": entry.due_fen,
                "candidates": entry.candidates,
                "decided_by": entry.decided_by,
                "settled_at": entry.settled_at,
                "settled_by": entry.settled_by,
                "settlement": entry.settlement,
                "is_simulated": entry.is_simulated,
            },
        )
        return cur.rowcount == 1


async def lock_lane_entry(conn: Conn, entry_id: UUID) -> LaneEntry:
    """One entry of the lane log, held until this unit of work ends.

    Raises:
        LaneEntryMissing: there is none.
    """
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute("select * from parking.lane_log where id = %(id)s for update", {"id": entry_id})
        entry = await cur.fetchone()
    if entry is None:
        raise LaneEntryMissing(f"no entry {entry_id} in the lane log")
    return entry


async def settle_lane_entry(
    conn: Conn, entry_id: UUID, *, at: datetime, by: str, settlement: str, stay_id: UUID | None
) -> None:
    """Say how a person settled an entry.

    Raises:
        LaneEntrySettled: somebody did before.
    """
    settled = await conn.execute(
        """
        update parking.lane_log
        set settled_at = %(at)s, settled_by = %(by)s, settlement = %(settlement)s,
            stay_id = coalesce(%(stay_id)s, stay_id)
        where id = %(id)s and settled_at is null
        """,
        {"id": entry_id, "at": at, "by": by, "settlement": settlement, "stay_id": stay_id},
    )
    if not settled.rowcount:
        raise LaneEntrySettled(f"entry {entry_id} of the lane log is settled already")


async def settle_lane_asks(
    conn: Conn, *, lane_id: str, plate: str | None, at: datetime, settlement: str
) -> int:
    """Settle what a lane still asks about a car that has gone on; returns how many."""
    return (
        await conn.execute(
            """
            update parking.lane_log
            set settled_at = %(at)s, settled_by = 'system', settlement = %(settlement)s
            where lane_id = %(lane_id)s and settled_at is null and outcome in ('ask', 'refuse')
              and plate is not distinct from %(plate)s
            """,
            {"lane_id": lane_id, "plate": plate, "at": at, "settlement": settlement},
        )
    ).rowcount


async def read_lane_log(conn: Conn, lane_id: str, *, limit: int = 20) -> list[LaneEntry]:
    """The newest entries of one lane first."""
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute(
            "select * from parking.lane_log where lane_id = %(lane_id)s order by at desc limit %(limit)s",
            {"lane_id": lane_id, "limit": limit},
        )
        return await cur.fetchall()


async def read_asks(conn: Conn) -> list[LaneEntry]:
    """What waits for the attendant, oldest first."""
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute(
            "select * from parking.lane_log where outcome = 'ask' and settled_at is null order by at limit 200"
        )
        return await cur.fetchall()


async def read_recent_entries(conn: Conn, lane_id: str, *, since: datetime) -> list[LaneEntry]:
    """What one lane decided since a moment, newest first, repeats left out."""
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute(
            """
            select * from parking.lane_log
            where lane_id = %(lane_id)s and at >= %(since)s and outcome <> 'repeat'
            order by at desc limit 20
            """,
            {"lane_id": lane_id, "since": since},
        )
        return await cur.fetchall()


async def prepare_lane(conn: Conn, lane_id: str, *, now: datetime) -> None:
    """Give a lane its first row, open."""
    await conn.execute(
        """
        insert into parking.lane_state (lane_id, changed_at, changed_by)
        values (%(lane_id)s, %(now)s, 'system')
        on conflict (lane_id) do nothing
        """,
        {"lane_id": lane_id, "now": now},
    )


async def read_lane_states(conn: Conn) -> dict[str, LaneState]:
    """Every lane's state."""
    async with conn.cursor(row_factory=class_row(LaneState)) as cur:
        await cur.execute("select * from parking.lane_state order by lane_id")
        return {row.lane_id: row for row in await cur.fetchall()}


async def write_lane_closed(
    conn: Conn, lane_id: str, *, is_closed: bool, reason: str | None, by: str, now: datetime
) -> bool:
    """Close a lane or open it again; returns False for an unknown lane."""
    return (
        await conn.execute(
            """
            update parking.lane_state
            set is_closed = %(is_closed)s, closed_reason = %(reason)s, changed_at = %(now)s, changed_by = %(by)s
            where lane_id = %(lane_id)s
            """,
            {"lane_id": lane_id, "is_closed": is_closed, "reason": reason, "by": by, "now": now},
        )
    ).rowcount == 1


async def write_lane_policy(conn: Conn, lane_id: str, policy: str | None, *, now: datetime) -> bool:
    """Keep what a lane does because something is away; returns whether that is new."""
    return (
        await conn.execute(
            """
            update parking.lane_state
            set policy = %(policy)s, policy_since = case when %(policy)s::text is not null then %(now)s::timestamptz end
            where lane_id = %(lane_id)s and policy is distinct from %(policy)s
            """,
            {"lane_id": lane_id, "policy": policy, "now": now},
        )
    ).rowcount == 1


async def write_camera_seen(conn: Conn, lane_id: str, seen_at: datetime) -> None:
    """Keep when a lane's camera last gave a read."""
    await conn.execute(
        """
        update parking.lane_state set camera_seen_at = greatest(camera_seen_at, %(seen_at)s)
        where lane_id = %(lane_id)s
        """,
        {"lane_id": lane_id, "seen_at": seen_at},
    )


async def find_waiting_entry(conn: Conn, stay_id: UUID, *, since: datetime) -> LaneEntry | None:
    """The newest entry at which a stay's car waits for an answer."""
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute(
            """
            select * from parking.lane_log
            where stay_id = %(stay_id)s and outcome = 'ask' and settled_at is null and at >= %(since)s
            order by at desc limit 1
            """,
            {"stay_id": stay_id, "since": since},
        )
        return await cur.fetchone()


async def read_unpaid_waiting(conn: Conn, *, since: datetime) -> list[UUID]:
    """The stays that were asked to pay at an exit since a moment, wait still, and paid something meanwhile."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select distinct g.stay_id from parking.lane_log g
            where g.outcome = 'ask' and g.reason = 'unpaid' and g.settled_at is null and g.at >= %(since)s
              and exists (select 1 from parking.money m where m.stay_id = g.stay_id and m.at >= g.at)
            """,
            {"since": since},
        )
        return [row[0] for row in await cur.fetchall()]


async def find_entry_of_read(conn: Conn, read_id: UUID) -> LaneEntry | None:
    """The entry of the lane log that a read led to."""
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute("select * from parking.lane_log where read_id = %(id)s", {"id": read_id})
        return await cur.fetchone()


async def read_pictures_near(
    conn: Conn, lane_id: str, *, since: datetime, until: datetime, limit: int
) -> list[LaneEntry]:
    """What a lane's camera saw between two moments, oldest first; only entries whose read kept its picture."""
    async with conn.cursor(row_factory=class_row(LaneEntry)) as cur:
        await cur.execute(
            """
            select * from parking.lane_log
            where lane_id = %(lane_id)s and at between %(since)s and %(until)s
              and read_id is not null and picture_path is not null
            order by at limit %(limit)s
            """,
            {"lane_id": lane_id, "since": since, "until": until, "limit": limit},
        )
        return await cur.fetchall()
