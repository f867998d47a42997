from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.demonstration_store import read_history_end
from facility.settings import Settings
from facility.site import Site
from gateway.first_start import HISTORY_LENGTH, Credential, add_first_people, credential_lines, fill_history
from gateway.staff.people import sign_in


class CountingFiller:
    def __init__(self) -> None:
        self.spans: list[tuple[datetime, datetime]] = []

    async def __call__(
        self, conn: AsyncConnection[Any], site: Site, since: datetime, until: datetime, seed: int
    ) -> None:
        self.spans.append((since, until))


def with_settings(context: Context, **settings: Any) -> Context:
    return Context(
        settings=Settings(**settings),
        dsn=context.dsn,
        pool=context.pool,
        clock=context.clock,
        site=context.site,
    )


async def test_people_are_made_once_and_can_sign_in(context: Context) -> None:
    made = await add_first_people(context)
    assert {one.login for one in made} >= {"admin", "gate", "commander", "auditor"}
    assert await add_first_people(context) == []
    async with unit_of_work(context.pool) as conn:
        for one in made:
            assert one.password is not None
            opened = await sign_in(
                conn, login=one.login, password=one.password, address="a", now=context.clock.now()
            )
            assert opened is not None


async def test_a_chosen_password_is_not_shown_and_no_demonstration_means_one_manager(
    context: Context,
) -> None:
    made = await add_first_people(with_settings(context, admin_password="chosen by hand", demo=False))
    assert [(one.login, one.password) for one in made] == [("admin", None)]


async def test_the_past_is_written_once(context: Context) -> None:
    filler = CountingFiller()
    assert await fill_history(context, lambda: (filler,))
    assert not await fill_history(context, lambda: (filler,))
    now = context.clock.now()
    assert filler.spans == [(now - HISTORY_LENGTH, now)]
    async with unit_of_work(context.pool) as conn:
        assert await read_history_end(conn) == now


async def test_without_the_demonstration_there_is_no_past(context: Context) -> None:
    filler = CountingFiller()
    assert not await fill_history(with_settings(context, demo=False), lambda: (filler,))
    assert filler.spans == []


def test_a_made_password_is_shown_and_a_given_one_is_not() -> None:
    made = Credential(login="admin", name="n", password="abc")
    given = Credential(login="admin", name="n", password=None)
    assert "password abc" in credential_lines([made])[0]
    assert "PINGZHAN_ADMIN_PASSWORD" in credential_lines([given])[0]
    assert credential_lines([]) == []
