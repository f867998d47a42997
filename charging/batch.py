"""Collects small rows for a few milliseconds and writes them in one unit of work.

Whoever hands rows over waits until they are committed, so an answer to a charger never precedes its row. If a unit of
work fails because of a row, every waiter's rows are written on their own, and only the bad one's waiter hears of it.
While the database is away the rows wait with their senders, up to `GIVE_UP_AFTER_S`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import structlog

from charging.batch_store import (
    BootRow,
    ChangedOutlet,
    EventRow,
    MessageRow,
    SeenRow,
    StatusRow,
    UnpluggedRow,
    copy_messages,
    copy_samples,
    write_boots,
    write_events,
    write_seen,
    write_statuses,
)
from charging.bills import note_unplugged
from charging.event_store import TxEventRow, write_tx_events
from charging.samples import SampleRow
from facility import board_store, fact_store
from facility.board import EquipmentKind
from facility.clock import Clock
from facility.db import Pool, unit_of_work
from facility.errors import Unavailable

log = structlog.get_logger(__name__)

Row = SampleRow | MessageRow | StatusRow | BootRow | SeenRow | EventRow | TxEventRow | UnpluggedRow
_Waiting = tuple[Sequence[Row], asyncio.Future[None] | None]

COLLECT_S: Final = 0.008
"""How long rows gather after the first one came: short beside a commit, long enough for a burst."""

COLLECT_NOTED_S: Final = 0.2
"""The same for rows that nobody waits for (the trace, signs of life); what a killed process loses of them is this."""

NOTED_AT_ONCE: Final = 500

GIVE_UP_AFTER_S: Final = 25.0
"""Chargers wait 30 s or more for an answer; past this a sender is told to try again."""

POWER_FACT_EVERY: Final = timedelta(seconds=2)


class NotKept(Unavailable):
    """The rows could not be written now."""

    code = "charging.not_kept"


class Batch:
    """The one writer of a charging process."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._wanted = asyncio.Event()
        self._noted: list[Row] = []
        self._has_noted = asyncio.Event()
        self._told_power_at: dict[str, datetime] = {}
        self._outlets: dict[tuple[int, int], str] = {}
        self._is_away = False

    def know_outlets(self, charger_id: int, outlets: dict[int, str]) -> None:
        """Remember which EVSE of the site a connector is, for the live screens."""
        for evse_no, evse_id in outlets.items():
            self._outlets[charger_id, evse_no] = evse_id

    def note(self, *rows: Row) -> None:
        """Hand over rows that nobody waits for; they are written in larger groups, apart from those waited for."""
        self._noted.extend(rows)
        self._has_noted.set()

    async def keep(self, rows: Sequence[Row]) -> None:
        """Hand over rows and wait until they are committed.

        Raises:
            NotKept: they could not be written; the sender should try again.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        self._wanted.set()
        await done

    async def run(self) -> None:
        """Write for ever; cancelled at the end, after `drain`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_waiting())
            tasks.create_task(self._run_noted())

    async def _run_waiting(self) -> None:
        while True:
            await self._wanted.wait()
            await asyncio.sleep(COLLECT_S)
            await self._drain_waiting()

    async def _run_noted(self) -> None:
        while True:
            await self._has_noted.wait()
            await asyncio.sleep(COLLECT_NOTED_S)
            await self._drain_noted()

    async def drain(self) -> None:
        """Write what waits now."""
        await self._drain_waiting()
        await self._drain_noted()

    async def _drain_waiting(self) -> None:
        self._wanted.clear()
        taken, self._waiting = self._waiting, []
        if taken:
            await self._write_or_split(taken)

    async def _drain_noted(self) -> None:
        self._has_noted.clear()
        taken, self._noted = self._noted, []
        for begin in range(0, len(taken), NOTED_AT_ONCE):
            group = taken[begin : begin + NOTED_AT_ONCE]
            await self._write_or_split([((row,), None) for row in group])

    async def _write_or_split(self, taken: list[_Waiting]) -> None:
        """Write everything; where a row makes that fail, halves of it, until only that row is left out."""
        fault = await self._tried([row for rows, _ in taken for row in rows])
        if fault is None:
            _answer(taken, None)
        elif len(taken) == 1 or isinstance(fault, Unavailable):
            log.error("batch.not_kept", reason=str(fault), rows=len(taken))
            _answer(taken, NotKept("the rows could not be written"))
        else:
            middle = len(taken) // 2
            await self._write_or_split(taken[:middle])
            await self._write_or_split(taken[middle:])

    async def _tried(self, rows: list[Row]) -> Exception | None:
        """Write all rows in one unit of work, again while the database is away."""
        give_up_at = self._clock.monotonic() + GIVE_UP_AFTER_S
        wait_s = 0.1
        while True:
            try:
                async with unit_of_work(self._pool) as conn:
                    await self._write(conn, rows)
            except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable) as away:
                if not self._is_away:
                    log.warning("database.away", reason=str(away).strip())
                self._is_away = True
                if self._clock.monotonic() > give_up_at:
                    return NotKept("the database is away")
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 1.0)
            except (psycopg.Error, ValueError, TypeError, OverflowError) as wrong:
                # A value that cannot be stored (psycopg adapts in the client, so not only its own errors).
                return wrong
            else:
                if self._is_away:
                    log.info("database.back")
                self._is_away = False
                return None

    async def _write(self, conn: psycopg.AsyncConnection[Any], rows: list[Row]) -> None:
        by_kind: dict[type, list[Any]] = defaultdict(list)
        for row in rows:
            by_kind[type(row)].append(row)
        for kind, write in _WRITERS.items():
            if some := by_kind.get(kind):
                await write(conn, some)
        changed: list[ChangedOutlet] = []
        if statuses := by_kind.get(StatusRow):
            changed = await write_statuses(conn, statuses)
        await self._tell_statuses(conn, changed)
        if unplugged := by_kind.get(UnpluggedRow):
            await note_unplugged(conn, unplugged)
        if samples := by_kind.get(SampleRow):
            await self._tell_power(conn, samples)

    async def _tell_statuses(self, conn: psycopg.AsyncConnection[Any], changed: list[ChangedOutlet]) -> None:
        now = self._clock.now()
        for outlet in changed:
            await board_store.report_status(conn, EquipmentKind.EVSE, outlet.evse_id, outlet.status, now=now)
            await fact_store.write_fact(
                conn, "evse.changed", outlet.evse_id, {"status": outlet.status}, now=now
            )

    async def _tell_power(self, conn: psycopg.AsyncConnection[Any], samples: list[SampleRow]) -> None:
        """Live screens hear of an outlet's power at most every `POWER_FACT_EVERY`."""
        if not self._outlets:
            return
        now = self._clock.now()
        for sample in samples:
            evse_id = self._outlets.get((sample.charger_id, sample.evse_no))
            if evse_id is None or sample.power_w is None or "late" in (sample.flags or ""):
                continue
            told_at = self._told_power_at.get(evse_id)
            if told_at is not None and now - told_at < POWER_FACT_EVERY:
                continue
            self._told_power_at[evse_id] = now
            detail = {
                "power_w": sample.power_w,
                "delivered_wh": sample.delivered_wh,
                "soc_pct": sample.soc_pct,
            }
            await fact_store.write_fact(conn, "evse.changed", evse_id, detail, now=now)


_Writer = Callable[[psycopg.AsyncConnection[Any], Sequence[Any]], Awaitable[object]]
_WRITERS: Final[dict[type, _Writer]] = {
    SampleRow: copy_samples,
    MessageRow: copy_messages,
    BootRow: write_boots,
    SeenRow: write_seen,
    EventRow: write_events,
    TxEventRow: write_tx_events,
}


def _answer(taken: list[_Waiting], fault: Exception | None) -> None:
    for _, done in taken:
        if done is None or done.done():
            continue
        if fault is None:
            done.set_result(None)
        else:
            done.set_exception(fault)
