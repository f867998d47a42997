"""What a new installation is given at its first start: people who can sign in, and, with the demonstration, a past."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from facility.clock import Clock
from facility.context import Context
from facility.db import open_pool, unit_of_work
from facility.demonstration_store import claim_history
from facility.identity import Role
from facility.ids import new_secret
from facility.logs import get_logger
from facility.settings import Settings
from facility.site import Site, load_site
from gateway.staff.people import add_person
from gateway.staff.store import count_people

HISTORY_LENGTH = timedelta(days=90)
HISTORY_SEED = 371
FillHistory = Callable[[AsyncConnection[Any], Site, datetime, datetime, int], Awaitable[None]]
Fillers = Callable[[], tuple[FillHistory, ...]]

FIRST_LOGIN = "admin"
FIRST_NAME = "系统管理员"
DEMONSTRATION_STAFF: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("gate", "收费员 周敏", (Role.ATTENDANT,)),
    ("commander", "指挥员 陈建国", (Role.COMMANDER,)),
    ("crew1", "电气组 王磊", (Role.CREW,)),
    ("crew2", "防护组 李娜", (Role.CREW,)),
    ("store", "保管员 孙丽", (Role.STOREKEEPER,)),
    ("evaluator", "评估员 赵强", (Role.EVALUATOR,)),
    ("auditor", "审计员 吴洁", (Role.AUDITOR,)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A login made at first start; the password is shown this once, and only where it was made here."""

    login: str
    name: str
    password: str | None


async def add_first_people(ctx: Context) -> list[Credential]:
    """Add the first manager, and the demonstration's staff, where nobody is there yet.

    Returns:
        The logins made now; empty at every later start.
    """
    async with unit_of_work(ctx.pool) as conn:
        if await count_people(conn):
            return []
        chosen = ctx.settings.admin_password
        # On a demonstration site the first person has every role, so that every screen can be tried; elsewhere
        # only that of the manager, who adds the others.
        roles = tuple(Role) if ctx.settings.demo else (Role.MANAGER,)
        made = [await _add(conn, ctx, (FIRST_LOGIN, FIRST_NAME, roles), chosen)]
        if ctx.settings.demo:
            made += [await _add(conn, ctx, person, None) for person in DEMONSTRATION_STAFF]
        return made


async def _add(
    conn: AsyncConnection[Any], ctx: Context, person: tuple[str, str, tuple[Role, ...]], chosen: str | None
) -> Credential:
    login, name, roles = person
    password = chosen or new_secret(9)
    await add_person(
        conn,
        login=login,
        name=name,
        roles=[role.value for role in roles],
        password=password,
        now=ctx.clock.now(),
    )
    return Credential(login=login, name=name, password=None if chosen else password)


def history_fillers() -> tuple[FillHistory, ...]:
    """Those who write a part of the past; imported only by the one start that needs them."""
    import charging.demo
    import gateway.parking.demo_history

    return gateway.parking.demo_history.fill_history, charging.demo.fill_history


async def prepare(settings: Settings, dsn: str, clock: Clock) -> list[Credential]:
    """Make what a first start needs, before any process runs; a later start changes nothing.

    Returns:
        The logins made now.
    """
    pool = await open_pool(dsn)
    try:
        site = load_site(settings.site)
        ctx = Context(settings=settings, dsn=dsn, pool=pool, clock=clock, site=site)
        made = await add_first_people(ctx)
        await fill_history(ctx, history_fillers)
        return made
    finally:
        await pool.close()


def credential_lines(credentials: Sequence[Credential]) -> list[str]:
    """What to say about signing in: a password only where it was made now."""
    width = max((len(one.login) for one in credentials), default=0)
    return [
        f"  sign in as {one.login.ljust(width)}  "
        + (
            f"password {one.password}  (shown this once)"
            if one.password
            else "the password in PINGZHAN_ADMIN_PASSWORD"
        )
        for one in credentials
    ]


async def fill_history(ctx: Context, fillers: Fillers) -> bool:
    """Write the demonstration's past in one unit of work, once.

    Returns:
        Whether it was written now.
    """
    if not ctx.settings.demo:
        return False
    until = ctx.clock.now()
    since = until - HISTORY_LENGTH
    async with unit_of_work(ctx.pool) as conn:
        if not await claim_history(conn, since=since, until=until, seed=HISTORY_SEED):
            return False
        for fill in fillers():
            await fill(conn, ctx.site, since, until, HISTORY_SEED)
    get_logger().info("history.filled", days=HISTORY_LENGTH.days)
    return True
