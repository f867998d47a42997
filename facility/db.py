"""Connections: the pool, the unit of work, and notifications between processes."""

import asyncio
import select
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import psycopg
import structlog
from psycopg import AsyncConnection, Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from facility.errors import Invalid, Unavailable

log = structlog.get_logger(__name__)

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]
_CONNECT_WITHIN_S = 10.0
_WAIT_FOR_CONNECTION_S = 15.0
_RETRY_FIRST_S = 0.2
_RETRY_MOST_S = 5.0


class DatabaseAway(Unavailable):
    """The database does not answer."""

    code = "database.away"


class Notice(NamedTuple):
    """Something to look at: a notification, or (`channel` is None) a reminder to sweep everything."""

    channel: str | None
    payload: str

    @property
    def is_sweep(self) -> bool:
        """Whether this is a reminder, not a notification."""
        return self.channel is None


SWEEP = Notice(None, "")


class BadAddress(Invalid):
    """The database's address is not one."""

    code = "database.bad_address"


def full_dsn(dsn: str) -> str:
    """`dsn` with what every connection of ours has: UTC, a name, and an end to waiting on a dead network.

    Raises:
        BadAddress: it cannot be read.
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError as fault:
        raise BadAddress(f"database address cannot be read: {str(fault).strip()}") from fault
    options = f"{given.get('options') or ''} -c TimeZone=UTC".strip()
    ours: dict[str, Any] = {
        "connect_timeout": "10",
        "application_name": "pingzhan",
        "keepalives_idle": "20",
        "keepalives_interval": "5",
        "keepalives_count": "3",
    }
    return make_conninfo("", **{**ours, **given, "options": options})


def place_of(dsn: str) -> str:
    """The address of a database without its password, for people."""
    given = conninfo_to_dict(dsn)
    return f"{given.get('host') or 'localhost'}:{given.get('port') or 5432}/{given.get('dbname') or ''}"


async def _check(conn: AsyncConnection) -> None:
    """Ask the server only where the connection has something to say: a quiet one is alive, and costs no round trip.

    A server that went away leaves the end of the stream to be read, also after kill -9.

    Raises:
        psycopg.OperationalError: the connection is dead; the pool then takes another.
    """
    poller = select.poll()
    poller.register(conn.fileno(), select.POLLIN)
    if poller.poll(0):
        await AsyncConnectionPool.check_connection(conn)


async def open_pool(dsn: str, *, min_size: int = 1, max_size: int = 8) -> Pool:
    """Open a pool; a connection that died is not handed out, so a restarted database is not noticed.

    Raises:
        DatabaseAway: the database did not answer in time.
    """
    pool: Pool = AsyncConnectionPool(
        full_dsn(dsn),
        min_size=min_size,
        max_size=max_size,
        open=False,
        timeout=_WAIT_FOR_CONNECTION_S,
        reconnect_timeout=60,
        check=_check,
    )
    try:
        await pool.open(wait=True, timeout=_CONNECT_WITHIN_S)
    except PoolTimeout as fault:
        await pool.close()
        raise DatabaseAway(
            f"database {place_of(dsn)} does not answer within {_CONNECT_WITHIN_S:.0f} s"
        ) from fault
    except BaseException:
        await pool.close()
        raise
    return pool


@asynccontextmanager
async def unit_of_work(pool: Pool) -> AsyncIterator[AsyncConnection]:
    """One unit of work: everything done on the connection is kept together at the end, or nothing is.

    Raises:
        DatabaseAway: no connection could be had in time.
    """
    async with AsyncExitStack() as stack:
        try:
            conn = await stack.enter_async_context(pool.connection())
        except (PoolTimeout, psycopg.OperationalError) as fault:
            raise DatabaseAway(f"no database connection: {fault}") from fault
        yield conn


@asynccontextmanager
async def statement(pool: Pool) -> AsyncIterator[AsyncConnection]:
    """A connection on which every statement is a unit of work of its own, without the round trips of a larger one.

    Raises:
        DatabaseAway: no connection could be had in time.
    """
    async with unit_of_work(pool) as conn:
        await conn.set_autocommit(True)
        try:
            yield conn
        finally:
            if not conn.closed:
                await conn.set_autocommit(False)


def connect_sync(dsn: str) -> Connection:
    """A plain connection for a process that is not async.

    Raises:
        DatabaseAway: the database does not answer.
    """
    try:
        return psycopg.connect(full_dsn(dsn))
    except psycopg.OperationalError as fault:
        reason = str(fault).strip().splitlines()[0].rpartition("failed: ")[2]
        raise DatabaseAway(f"database {place_of(dsn)} does not answer: {reason}") from fault


async def notify(conn: AsyncConnection, channel: str, payload: str) -> None:
    """Tell the listeners of `channel` once the unit of work is kept.

    Args:
        conn: connection inside a unit of work.
        channel: name of the channel.
        payload: the id of the row to look at, under 8000 bytes.
    """
    await conn.execute("SELECT pg_notify(%(channel)s, %(payload)s)", {"channel": channel, "payload": payload})


def notify_sync(conn: Connection, channel: str, payload: str) -> None:
    """As `notify`, for a process that is not async."""
    conn.execute("SELECT pg_notify(%(channel)s, %(payload)s)", {"channel": channel, "payload": payload})


async def listen(dsn: str, channels: Sequence[str], sweep_every_s: float) -> AsyncIterator[Notice]:
    """Hear the notifications of `channels`, for ever.

    The first item is `SWEEP`, once the connection listens: whatever was written before can be read then, and
    whatever comes after is notified. `SWEEP` comes again every `sweep_every_s` seconds and after every
    reconnection, so a lost notification costs seconds and nothing else. The database going away is logged
    when it begins and when it ends, and not raised.

    Args:
        dsn: address of the database.
        channels: names of channels.
        sweep_every_s: seconds between two reminders.

    Yields:
        `Notice(channel, payload)`; `SWEEP` has the channel None.
    """
    wait_s = _RETRY_FIRST_S
    is_away = False
    while True:
        try:
            async with await AsyncConnection.connect(full_dsn(dsn), autocommit=True) as conn:
                for channel in channels:
                    await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                if is_away:
                    log.info("listener.back", channels=list(channels))
                is_away, wait_s = False, _RETRY_FIRST_S
                async for notice in _heard(conn, sweep_every_s):
                    yield notice
        except psycopg.OperationalError as fault:
            if not is_away:
                log.warning("listener.away", channels=list(channels), reason=str(fault).strip())
            is_away = True
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, _RETRY_MOST_S)


async def _heard(conn: AsyncConnection, sweep_every_s: float) -> AsyncIterator[Notice]:
    loop = asyncio.get_running_loop()
    yield SWEEP
    sweep_at = loop.time() + sweep_every_s
    while True:
        left_s = sweep_at - loop.time()
        if left_s <= 0:
            yield SWEEP
            sweep_at = loop.time() + sweep_every_s
            continue
        async for heard in conn.notifies(timeout=left_s, stop_after=1):
            yield Notice(heard.channel, heard.payload)
