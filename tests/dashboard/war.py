"""A drill that is under way, for looking at the screens: ordered as a commander would, then moved on by rows."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg

from facility.clock import Clock
from facility.context import Context
from facility.db import open_pool, unit_of_work
from facility.identity import Person, Role
from facility.ids import PersonId, new_uuid
from facility.settings import Settings
from facility.site import Site
from wartime_conversion.conversion import RunOrder, activate
from wartime_conversion.plan_library.publish import ensure_reference
from wartime_conversion.store import Run

COMMANDER = Person(id=PersonId(new_uuid()), name="陈建国", roles=frozenset({Role.COMMANDER}))


class _Still:
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def monotonic(self) -> float:
        return 0.0


async def order(dsn: str, site: Site, at: datetime, *, kind: str = "drill") -> Run:
    """Order a run of the emergency and activation stages at a moment."""
    clock: Clock = _Still(at)
    pool = await open_pool(dsn)
    try:
        context = Context(settings=Settings(), dsn=dsn, pool=pool, clock=clock, site=site)
        async with unit_of_work(pool) as conn:
            version = (await ensure_reference(conn, at)).id
            return await activate(
                conn,
                context,
                RunOrder(
                    kind=kind,
                    purpose="conversion",
                    plan_version=version,
                    tiers=("emergency", "activation"),
                    profile=None,
                    reason="9·18 演练",
                ),
                COMMANDER,
            )
    finally:
        await pool.close()


def move_on(conn: psycopg.Connection, run: Run, at: datetime, *, done: int = 12) -> None:
    """The first tasks done one after another, some under way, one hold point waiting."""
    codes = [
        str(row[0])
        for row in conn.execute(
            "select code from conversion.task where run_id = %s order by position", (run.id,)
        )
    ]
    moment = at
    for code in codes[:done]:
        finished = moment + timedelta(minutes=4)
        conn.execute(
            """
            update conversion.task set state = 'done', released_at = %s, started_at = %s, reported_at = %s,
                   finished_at = %s where run_id = %s and code = %s
            """,
            (moment, moment, finished, finished, run.id, code),
        )
        moment = finished
    for code in codes[done : done + 3]:
        conn.execute(
            "update conversion.task set state = 'started', started_at = %s where run_id = %s and code = %s",
            (moment, run.id, code),
        )
    conn.execute(
        """
        update conversion.task t set state = 'holding', started_at = %s, reported_at = %s
        from conversion.task_card c where c.run_id = t.run_id and c.code = t.code and t.run_id = %s
          and c.is_hold_point and t.state not in ('done', 'started')
          and t.position = (select min(t2.position) from conversion.task t2
                            join conversion.task_card c2 on c2.run_id = t2.run_id and c2.code = t2.code
                            where t2.run_id = t.run_id and c2.is_hold_point and t2.state not in ('done', 'started'))
        """,
        (moment, moment + timedelta(minutes=2), run.id),
    )
    conn.commit()


def fill(conn: psycopg.Connection, site: Site, now: datetime) -> Run:
    """Order a drill that began a while ago and move it on."""
    began = now - timedelta(minutes=66)
    # In a thread: the browser tests hold this one's event loop.
    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(lambda: asyncio.run(order(conn.info.dsn, site, began))).result()
    move_on(conn, run, began)
    return run
