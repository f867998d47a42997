"""One open socket of a charger: frames in, answers out, one order at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from charging import order_store, rpc
from charging.batch import Batch
from charging.batch_store import MessageRow
from charging.charger_store import Charger
from charging.order_store import Order
from charging.rpc import BadFrame, Call, CallError, CallRefused, CallResult, Fault
from charging.secrecy import redacted
from charging.station import Station
from facility.clock import Clock
from facility.db import Pool, statement
from facility.errors import OpsError

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S: Final = 30.0
"""How long a charger may take to answer an order before it counts as timed out."""

SETTLE_WITHIN_S: Final = 5.0

TRACE_BODY: Final = 20_000
"""Characters of a frame kept in the trace."""


class SocketGone(Exception):
    """The socket closed while an order waited for its answer."""


class Link:
    """The socket that a charger has now, as this process holds it."""

    def __init__(
        self,
        *,
        ws: ServerConnection,
        socket: UUID,
        charger: Charger,
        version: str,
        station: Station,
        batch: Batch,
        pool: Pool,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self.ws = ws
        self.socket = socket
        self.charger = charger
        self.has_spoken = False
        self.seen_at = clock.now()
        self.noted_at: datetime | None = None
        self._version = version
        self._station = station
        self._batch = batch
        self._pool = pool
        self._clock = clock
        self._wake = wake
        self._outstanding: dict[str, asyncio.Future[CallResult | CallError]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_wanted = False

    async def serve(self) -> None:
        """Read frames until the socket closes."""
        async for raw in self.ws:
            self.seen_at = self._clock.now()
            await self._take(raw, self.seen_at)

    def lose(self) -> None:
        """The socket is gone: nobody waits for an answer on it any longer."""
        for waiting in self._outstanding.values():
            if not waiting.done():
                waiting.set_exception(SocketGone())

    async def settle(self) -> None:
        """Wait until an answer that came just before the socket closed is written: a reset is answered so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_WITHIN_S):
                await self._idle.wait()

    async def _take(self, raw: str | bytes, received_at: datetime) -> None:
        frame = rpc.read_frame(raw)
        self._trace(raw, frame, received_at)
        if isinstance(frame, Call):
            answer = await self._answer(frame, received_at)
            if not frame.is_send:
                # A charger may send, then close without waiting: what it sent after this call is still read.
                with suppress(ConnectionClosed):
                    await self._send(
                        answer, 3 if answer.startswith("[3") else 4, frame.message_id, frame.action
                    )
            if not self.has_spoken:
                self.has_spoken = True
                if self._is_wanted:
                    self._wake()
        elif isinstance(frame, BadFrame):
            text = rpc.bad_frame_answer(frame, self._version)
            log.warning("frame.bad", charger=self.charger.identity, fault=frame.fault.value)
            if text is not None:
                with suppress(ConnectionClosed):
                    await self._send(text, 4, frame.message_id, None)
        elif isinstance(frame, CallError) and frame.is_result_error:
            # 2.1: what was answered is committed; the charger could not make use of the answer.
            log.warning("answer.not_understood", charger=self.charger.identity, code=frame.code[:50])
        else:
            waiting = self._outstanding.get(frame.message_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(frame)

    async def _answer(self, call: Call, received_at: datetime) -> str:
        try:
            payload = await self._station.answer(call, received_at)
        except CallRefused as refused:
            return rpc.error_text(call.message_id, refused.fault, self._version)
        except OpsError as refused:
            log.error("call.refused", charger=self.charger.identity, action=call.action, code=refused.code)
            return rpc.error_text(call.message_id, Fault.INTERNAL, self._version)
        except (
            Exception
        ):  # outermost loop of a socket: one bad message must not cost the charger its connection
            log.exception("call.failed", charger=self.charger.identity, action=call.action[:50])
            return rpc.error_text(call.message_id, Fault.INTERNAL, self._version)
        return rpc.result_text(call.message_id, payload)

    def _trace(self, raw: str | bytes, frame: rpc.Frame, at: datetime) -> None:
        text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
        if "\x00" in text:
            text = text.replace("\x00", "")
        kind, message_id, action = 0, None, None
        if isinstance(frame, Call):
            kind, message_id, action = (6 if frame.is_send else 2), frame.message_id, frame.action[:60]
        elif isinstance(frame, CallResult):
            kind, message_id = 3, frame.message_id[:64]
        elif isinstance(frame, CallError):
            kind, message_id = (5 if frame.is_result_error else 4), frame.message_id[:64]
        self._batch.note(MessageRow(at, self.charger.id, True, kind, message_id, action, text[:TRACE_BODY]))

    async def _send(self, text: str, kind: int, message_id: str | None, action: str | None) -> None:
        await self.ws.send(text)
        self._batch.note(
            MessageRow(self._clock.now(), self.charger.id, False, kind, message_id, action, text[:TRACE_BODY])
        )

    def want(self) -> None:
        """An order waits; before the charger's first call is answered it may not be sent, only remembered."""
        self._is_wanted = True

    async def pump(self) -> None:
        """Send the charger's waiting orders, one after the other; returns when none waits."""
        self._is_wanted = True
        if not self._idle.is_set():
            return
        self._idle.clear()
        try:
            while self._is_wanted:
                self._is_wanted = False
                while (order := await self._claimed()) is not None:
                    await self._carry_out(order)
        except (ConnectionClosed, SocketGone):
            pass  # what was sent is released by whoever writes the socket off, or by the charger's next socket
        except (OpsError, psycopg.Error) as away:
            log.warning("orders.paused", charger=self.charger.identity, reason=str(away).strip())
        finally:
            self._idle.set()

    async def _claimed(self) -> Order | None:
        async with statement(self._pool) as conn:
            return await order_store.claim_order(conn, self.charger.id, self.socket, self._clock.now())

    async def _carry_out(self, order: Order) -> None:
        message_id = str(order.id)
        waiting: asyncio.Future[CallResult | CallError] = asyncio.get_running_loop().create_future()
        self._outstanding[message_id] = waiting
        try:
            text = rpc.call_text(message_id, order.action, order.payload)
            await self.ws.send(text)
            shown = rpc.call_text(message_id, order.action, redacted(order.action, order.payload))
            self._batch.note(
                MessageRow(
                    self._clock.now(), self.charger.id, False, 2, message_id, order.action, shown[:TRACE_BODY]
                )
            )
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer: CallResult | CallError | None = await waiting
        except TimeoutError:
            answer = None
        finally:
            del self._outstanding[message_id]
        await self._finish(order, answer)

    async def _finish(self, order: Order, answer: CallResult | CallError | None) -> None:
        """Write the outcome; what an answer changes is applied before the requester hears of it."""
        if isinstance(answer, CallResult):
            try:
                await self._station.take_answer(order, answer.payload)
            except CallRefused as refused:
                await self._refuse_answer(order, refused.fault)
            except (KeyError, TypeError, ValueError, OpsError) as wrong:
                log.warning(
                    "answer.not_applied", charger=self.charger.identity, action=order.action, why=repr(wrong)
                )
        outcome: dict[str, Any] = {"state": "timed_out"}
        if isinstance(answer, CallResult):
            outcome = {"state": "answered", "response": answer.payload}
        elif answer is not None:
            outcome = {
                "state": "refused",
                "error_code": answer.code,
                "error_description": answer.description,
            }
        shown = redacted(order.action, order.payload)
        if shown != order.payload:
            outcome["payload"] = shown
        async with statement(self._pool) as conn:
            await order_store.finish_order(conn, order.id, now=self._clock.now(), **outcome)

    async def _refuse_answer(self, order: Order, fault: Fault) -> None:
        """An answer that the standard does not allow: 2.1 has a message to say so, the others have not."""
        log.warning("answer.bad", charger=self.charger.identity, action=order.action, fault=fault.value)
        if self._version == "2.1":
            with suppress(ConnectionClosed):
                text = rpc.result_error_text(str(order.id), fault, self._version)
                await self._send(text, 5, str(order.id), order.action)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket without waiting for a peer that may be long gone."""
        try:
            async with asyncio.timeout(2):
                await self.ws.close(code, reason)
        except (TimeoutError, ConnectionClosed):
            self.ws.transport.abort()
