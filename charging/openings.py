"""Opens sockets in groups: those that come within a few milliseconds share one unit of work.

After a restart every charger comes back at once; seven statements for each would take longer than the chargers wait.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from charging import opening_store, order_store
from charging.opening_store import NewSocket
from charging.orders import REPEATABLE
from charging.rules.transaction import TransactionState
from charging.running import meter_after
from charging.samples import OpenTransaction
from facility.clock import Clock
from facility.db import Pool, unit_of_work

GATHER_S: Final = 0.005
MOST_AT_ONCE: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a socket is told of its charger; `open_transactions` is its own from then on."""

    outlets: dict[int, str]
    open_transactions: list[OpenTransaction]


_Waiting = tuple[NewSocket, asyncio.Future[Opening]]


class Openings:
    """Takes sockets in; `spawn` starts work beside the caller's."""

    def __init__(
        self, pool: Pool, clock: Clock, process: UUID, spawn: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._process = process
        self._spawn = spawn
        self._waiting: list[_Waiting] = []
        self._is_writing = False

    async def open(self, socket: NewSocket) -> Opening:
        """Write a socket down as its charger's newest.

        Raises:
            Unavailable, psycopg.Error: it could not be written; the charger should come again.
        """
        done: asyncio.Future[Opening] = asyncio.get_running_loop().create_future()
        self._waiting.append((socket, done))
        if not self._is_writing:
            self._is_writing = True
            self._spawn(self._write_all())
        return await done

    async def _write_all(self) -> None:
        try:
            await asyncio.sleep(GATHER_S)
            while self._waiting:
                taken, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._write(taken)
        finally:
            self._is_writing = False

    async def _write(self, taken: list[_Waiting]) -> None:
        # A charger that opened two sockets in one group has its later one: orders must not go to the other.
        newest = {socket.charger_id: socket for socket, _ in taken}
        try:
            async with unit_of_work(self._pool) as conn:
                opened = await self._opened(conn, list(newest.values()))
        except Exception as fault:  # every waiter hears of it; what it means is the caller's to decide
            for _, done in taken:
                if not done.done():
                    done.set_exception(fault)
            return
        for socket, done in taken:
            if not done.done():
                done.set_result(opened[socket.charger_id])

    async def _opened(self, conn: AsyncConnection[Any], sockets: list[NewSocket]) -> dict[int, Opening]:
        ids, now = [socket.charger_id for socket in sockets], self._clock.now()
        await opening_store.take_sockets(conn, sockets, self._process, now)
        await order_store.release_sent(conn, ids, REPEATABLE, now)
        outlets = await opening_store.read_outlets_of(conn, ids)
        running = await opening_store.read_open_of(conn, ids)
        samples = await opening_store.read_last_samples(conn, running) if running else {}
        return {
            charger_id: Opening(
                outlets=outlets.get(charger_id, {}),
                open_transactions=[
                    OpenTransaction(
                        id=one.id,
                        evse_no=one.evse_no,
                        connector_no=one.connector_no,
                        meter=meter_after(one, samples.get(one.id)),
                        is_suspended=one.state == TransactionState.SUSPENDED,
                        is_told_late=one.is_told_late,
                    )
                    for one in running
                    if one.charger_id == charger_id
                ],
            )
            for charger_id in ids
        }
