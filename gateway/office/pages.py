"""The office at `/office/`: one page a subject, for those whose role may see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from facility.context import Context
from facility.edge import Ctx, Uow, current_person
from facility.errors import Missing, Refused
from facility.identity import Person, Role
from gateway.office import people, prices, privacy
from gateway.office.asked import Asked
from gateway.office.blocks import Block, Form, Row, Table
from gateway.web.render import language_of
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)

MANAGER = (Role.MANAGER,)
OVERSEERS = (Role.MANAGER, Role.AUDITOR)
LONGEST_NAME_SAID = 40


class NoSuchPage(Missing):
    """The office has no such page."""

    code = "office.missing"


class NotYourPage(Refused):
    """The signed-in person's roles do not open this page."""

    code = "role.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One page: its name in the address, its title, who may see it, who may act on it, and what it shows."""

    name: str
    title: str
    seen_by: tuple[Role, ...]
    done_by: tuple[Role, ...]
    blocks: Callable[[Context, Asked], Awaitable[list[Block]]]


# What the booth also needs has its pages there.
AT_THE_BOOTH: tuple[tuple[str, str], ...] = (
    ("/attendant/rights", "月卡与名单"),
    ("/attendant/coupons", "优惠码"),
    ("/attendant/books", "账目"),
)
SUBJECTS: tuple[Subject, ...] = (
    Subject(name="prices", title="价目", seen_by=OVERSEERS, done_by=MANAGER, blocks=prices.prices),
    Subject(name="calendar", title="日历", seen_by=OVERSEERS, done_by=MANAGER, blocks=prices.calendar),
    Subject(name="people", title="人员", seen_by=MANAGER, done_by=MANAGER, blocks=people.people),
    Subject(name="record", title="记录", seen_by=OVERSEERS, done_by=OVERSEERS, blocks=people.record),
    Subject(name="privacy", title="隐私", seen_by=OVERSEERS, done_by=MANAGER, blocks=privacy.privacy),
    Subject(name="webhooks", title="推送", seen_by=MANAGER, done_by=MANAGER, blocks=privacy.webhooks),
    Subject(name="me", title="我的密码", seen_by=tuple(Role), done_by=tuple(Role), blocks=people.me),
)


@pages.get("/office/")
async def first_page(request: Request) -> Response:
    """To the first page that the person's roles open."""
    person = current_person(request)
    if person is None:
        return RedirectResponse("/login?next=/office/", 303)
    first = next(one for one in SUBJECTS if person.may_act_as(*one.seen_by))
    return RedirectResponse(f"/office/{first.name}", 303)


@pages.get("/office/{name}")
async def one_page(name: str, request: Request, ctx: Ctx, conn: Uow) -> Response:
    """One subject; a person who may see it but not act on it sees no forms and no buttons."""
    person = current_person(request)
    if person is None:
        return RedirectResponse(f"/login?next=/office/{name}", 303)
    subject = _subject(name, person)
    asked = Asked(
        conn=conn, now=ctx.clock.now(), words=dict(request.query_params), language=language_of(request)
    )
    blocks = await subject.blocks(ctx, asked)
    if not person.may_act_as(*subject.done_by):
        blocks = [read_only for one in blocks if (read_only := _read_only(one)) is not None]
    return await show(
        request,
        "office/page.html",
        home="/ops/" if person.may_act_as(*OVERSEERS) else "/attendant/",
        person=person,
        subject=subject,
        at_the_booth=AT_THE_BOOTH if person.may_act_as(Role.MANAGER) else (),
        subjects=[one for one in SUBJECTS if person.may_act_as(*one.seen_by)],
        blocks=blocks,
    )


def _subject(name: str, person: Person) -> Subject:
    found = next((one for one in SUBJECTS if one.name == name), None)
    if found is None:
        raise NoSuchPage(f"the office has no page {name[:LONGEST_NAME_SAID]!r}")
    if not person.may_act_as(*found.seen_by):
        raise NotYourPage(f"this needs one of the roles: {', '.join(found.seen_by)}")
    return found


def _read_only(block: Block) -> Block | None:
    if isinstance(block, Form):
        return block if block.method == "GET" else None
    rows = tuple(Row(cells=row.cells, more=row.more) for row in block.rows)
    columns = block.columns[:-1] if block.columns and block.columns[-1] == "" else block.columns
    return Table(
        title=block.title, columns=columns, rows=rows, empty=block.empty, note=block.note, older=block.older
    )
