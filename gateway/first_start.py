"""What a new installation is given at its first start: people who can sign in, and, with the demonstration, a past."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.demonstration_store import claim_history
from facility.identity import Role
from facility.ids import new_secret
from facility.logs import get_logger
from facility.site import Site
from gateway.staff.people import add_person
from gateway.staff.store import count_people

HISTORY_LENGTH = timedelta(days=90)
HISTORY_SEED = 371
FillHistory = Callable[[AsyncConnection[Any], Site, datetime, datetime, int], Awaitable[None]]

ADMIN = ("admin", "系统管理员", tuple(Role))
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
        made = [await _add(conn, ctx, ADMIN, chosen)]
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


async def fill_history(ctx: Context, fillers: tuple[FillHistory, ...]) -> bool:
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
        for fill in fillers:
            await fill(conn, ctx.site, since, until, HISTORY_SEED)
    get_logger().info("history.filled", days=HISTORY_LENGTH.days)
    return True
