"""The journey of OCPP 2.x TransactionEvents: told into the same transactions, samples and bills as 1.6.

A plain *Updated* with meter values takes the quick way (one batched commit for many chargers); everything else is one
unit of work. An event is known again by sequence number, type and its own text of the time, under any message id, so
repeats change nothing and a charger that begins counting anew loses nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from charging import asking201, bill_store, event_store, repairs201, transaction_store
from charging.batch_store import UnpluggedRow, copy_samples
from charging.bills import note_unplugged
from charging.costs201 import COST_EVERY, tell_cost
from charging.event_store import TxEventRow
from charging.rpc import Payload
from charging.rules.event201 import ENDED, UPDATED, EventTold, register_of
from charging.rules.metering import Outlet
from charging.running201 import (
    Running,
    begin_running,
    find_running,
    follow_power,
    is_gap,
    is_plain,
    mend_running,
)
from charging.samples import OpenTransaction, SampleRow, Told, sample_rows
from charging.station import StationContext
from charging.stops import StopTold, end_told
from charging.tokens201 import TokenJudged, judge_token, regardless_of_use, token_info
from facility.db import unit_of_work

Connection = AsyncConnection[Any]


COST_SLACK_FEN: Final = 10
"""By how much a charger's own sum may differ: it rounds each band of the day in its own way."""


class TransactionEvents:
    """The transactions of one charger on one socket."""

    def __init__(self, given: StationContext, version: str) -> None:
        self._ctx = given.ctx
        self._batch = given.batch
        self._charger_id = given.charger.id
        self._outlet = Outlet(max_w=given.charger.max_w)
        self._version = version
        self._known: dict[str, Running] = {}
        self._open: dict[int, OpenTransaction] = {one.id: one for one in given.open_transactions}
        self._is_cost_wanted = True

    def live(self, evse_no: int, connector_no: int | None = None) -> OpenTransaction | None:
        """The transaction that runs at an outlet now (at one connector of it, where that is named)."""
        for one in self._open.values():
            if one.evse_no == evse_no and not one.is_told_late and connector_no in (None, one.connector_no):
                return one
        return None

    @property
    def any_open(self) -> bool:
        """Whether any transaction is open."""
        return bool(self._open)

    def told(self, evse_no: int, received_at: datetime, running: OpenTransaction | None) -> Told:
        """Where meter values belong."""
        return Told(
            charger_id=self._charger_id,
            evse_no=running.evse_no if running else evse_no,
            received_at=received_at,
            outlet=self._outlet,
            transaction=running,
        )

    async def take(self, told: EventTold, message_id: str) -> Payload:
        """Apply an event; returns its answer, once everything is committed."""
        running = self._known.get(told.name)
        rows: list[SampleRow] = []
        if running is not None and is_plain(running, told):
            rows = sample_rows(self.told(0, told.received_at, running.open), told.meter_value)
        if running is None or not rows:
            try:
                return await self._take_slowly(told, message_id)
            except BaseException:
                self._known.pop(
                    told.name, None
                )  # what was changed in memory was not committed: read it again
                raise
        await self._batch.keep([*rows, _row(running.id, told, message_id, has_payload=False)])
        running.last_seq = told.seq_no
        return await self._with_cost(running, told)

    async def _take_slowly(self, told: EventTold, message_id: str) -> Payload:
        answer: Payload = {}
        async with unit_of_work(self._ctx.pool) as conn:
            await event_store.lock_charger(conn, self._charger_id)
            running = self._known.get(told.name) or await find_running(
                conn, self._charger_id, told.name, self._ctx.clock.now()
            )
            if running is None:
                running, closed = await begin_running(conn, self._charger_id, told)
                self._forget(closed)
            judged = await self._judged(conn, running, told)
            if is_gap(running, told):
                running.has_asked = True
                await asking201.ask_status(conn, self._charger_id, self._version, told.name, self._ctx.clock)
            if await event_store.write_tx_events(
                conn, [_row(running.id, told, message_id, has_payload=True)]
            ):
                await self._apply(conn, running, told, judged)
            if judged is not None:
                answer["idTokenInfo"] = token_info(judged)
            if told.kind == ENDED:
                bill = await bill_store.read_bill(conn, running.id)
                if bill is not None:
                    answer["totalCost"] = bill.total_fen / 100
                    if told.cost_fen is not None and abs(told.cost_fen - bill.total_fen) > COST_SLACK_FEN:
                        await event_store.add_flag(conn, running.id, "cost_differs")
        running.last_seq = max(running.last_seq, told.seq_no)
        self._known[told.name] = running
        if told.kind == ENDED:
            running.open = None
        if running.open is None:
            self._open.pop(running.id, None)
        else:
            self._open[running.id] = running.open
        return answer

    def _forget(self, closed: Iterable[int]) -> None:
        """Ghosts that a new start proved over are open no more."""
        for ghost in closed:
            self._open.pop(ghost, None)
            for known in self._known.values():
                if known.id == ghost:
                    known.open = None

    async def _judged(self, conn: Connection, running: Running, told: EventTold) -> TokenJudged | None:
        if told.token is None:
            return None
        if told.kind == ENDED:
            judged = await judge_token(conn, told.token, -1, -1, told.received_at)
            return replace(judged, status=regardless_of_use(judged.status))
        evse_no = running.open.evse_no if running.open else told.evse_no or 0
        return await judge_token(conn, told.token, self._charger_id, evse_no, told.received_at)

    async def _apply(
        self, conn: Connection, running: Running, told: EventTold, judged: TokenJudged | None
    ) -> None:
        """Everything a new event changes."""
        if told.token is not None and not running.has_tag and told.kind != ENDED:
            plate = judged.tag.plate if judged and judged.tag else None
            await event_store.set_tag(conn, running.id, told.token.tag, plate)
            running.has_tag = True
        if running.open is not None:
            await mend_running(conn, running, running.open, told)
            rows = sample_rows(self.told(0, told.received_at, running.open), told.meter_value)
            await follow_power(conn, running.open, told)
        else:
            rows = sample_rows(
                replace(
                    self.told(told.evse_no or 0, told.received_at, None),
                    transaction_id=running.id,
                    flag="not_open",
                ),
                told.meter_value,
            )
            if told.kind != ENDED:
                rows = await repairs201.mend_ended(conn, running.id, told, rows, self._outlet)
        if rows:
            await copy_samples(conn, rows)
        if told.kind == ENDED:
            await self._end(conn, running, told)
        else:
            await event_store.note_sign(conn, running.id, told.received_at)

    async def _end(self, conn: Connection, running: Running, told: EventTold) -> None:
        transaction = await transaction_store.lock_transaction(conn, running.id)
        assert transaction is not None  # found or begun in this unit of work
        if await event_store.count_missing(conn, running.id):
            await event_store.add_flag(conn, running.id, "seq_gap")
            transaction = replace(transaction, flags=[*transaction.flags, "seq_gap"])
        stop = StopTold(
            charger_id=self._charger_id,
            transaction=told.name,
            moment=told.moment,
            stopped_raw=told.occurred_raw,
            received_at=told.received_at,
            meter_stop_wh=register_of(told.meter_value, "Transaction.End"),
            id_tag=told.token.tag if told.token else None,
            reason=told.stopped_reason,
            payload=dict(told.head),
        )
        await end_told(conn, transaction, stop, self._outlet)
        if told.is_unplugged and transaction.evse_no:
            left = UnpluggedRow(self._charger_id, transaction.evse_no, told.moment.at, told.received_at)
            await note_unplugged(conn, [left])

    async def _with_cost(self, running: Running, told: EventTold) -> Payload:
        """Now and then the cost so far: an order CostUpdated, and in 2.1 the answer says it too."""
        now = told.received_at
        if not self._is_cost_wanted or told.is_history or now - running.cost_told_at < COST_EVERY:
            return {}
        running.cost_told_at = now
        async with unit_of_work(self._ctx.pool) as conn:
            cost = await tell_cost(conn, running.id, self._version, told.name, now, self._ctx.clock)
        self._is_cost_wanted = cost.is_wanted
        return {"totalCost": cost.total} if self._version == "2.1" and cost.total is not None else {}


def _row(transaction_id: int, told: EventTold, message_id: str, *, has_payload: bool) -> TxEventRow:
    return TxEventRow(
        transaction_id=transaction_id,
        seq_no=told.seq_no,
        kind=told.kind,
        occurred_raw=told.occurred_raw,
        message_id=message_id,
        trigger_reason=told.trigger,
        is_offline=told.is_offline,
        occurred_at=told.moment.at,
        received_at=told.received_at,
        payload=_kept(told) if has_payload else None,
    )


def _kept(told: EventTold) -> dict[str, Any]:
    """What is kept of an event: with its meter values at the bounds, where signed ones prove the bill."""
    if told.kind == UPDATED or not isinstance(told.meter_value, list):
        return dict(told.head)
    return {**told.head, "meterValue": told.meter_value}
