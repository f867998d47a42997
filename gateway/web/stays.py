"""The attendant's pages on cars inside: found by plate or ticket, seen with their pictures, put right with a reason."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from psycopg import AsyncConnection

from facility.context import Context
from facility.edge import Ctx, Uow, audit
from facility.errors import Invalid, OpsError
from facility.units import SHANGHAI, local
from gateway.parking import dues, lanes_store, mending, occupancy_store, record_store, store
from gateway.parking.acts import Act
from gateway.parking.rules.stay import OPEN_STATES
from gateway.parking.store import Stay
from gateway.web import attendant_text
from gateway.web.attendant import acting, person_at_booth, picture_of, pictures_near
from gateway.web.render import Language, language_of
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)
Conn = AsyncConnection[Any]

MOST_SHOWN = 60


class MomentUnreadable(Invalid):
    """What was typed is no moment."""

    code = "moment.unreadable"


def _sign_in(request: Request) -> Response:
    return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)


@pages.get("/attendant/stays")
async def stays(request: Request, ctx: Ctx, conn: Uow, find: str = "") -> Response:
    """Cars inside, those without a plate first."""
    person = person_at_booth(request)
    if person is None:
        return _sign_in(request)
    part = "".join(sign for sign in find.strip().upper() if sign.isalnum() or sign == "-")[:16]
    return await show(
        request,
        "attendant/stays.html",
        home="/attendant/",
        here="stays",
        person=person,
        find=part,
        found=await store.search_open_stays(conn, part, limit=MOST_SHOWN),
        most=MOST_SHOWN,
        zones={zone.id: zone.name.said(language_of(request)) for zone in ctx.site.zones.values()},
        how=attendant_text.how_words(language_of(request)),
    )


@pages.get("/attendant/stays/{stay_id}")
async def one_stay(
    request: Request, stay_id: UUID, ctx: Ctx, conn: Uow, trouble: str | None = None, done: str | None = None
) -> Response:
    """One stay with its pictures, its way, what was corrected about it, and the forms that put it right."""
    person = person_at_booth(request)
    if person is None:
        return _sign_in(request)
    language = language_of(request)
    stay = await store.read_stay(conn, stay_id)
    bay = await occupancy_store.find_bay_of_stay(conn, stay.id)
    due = await dues.read_due(conn, stay, now=ctx.clock.now())
    return await show(
        request,
        "attendant/stay.html",
        home="/attendant/",
        here="stays",
        person=person,
        stay=stay,
        due=due,
        bay=bay.bay_id if bay else None,
        pictures=await _pictures(conn, stay, language),
        way=await record_store.read_movements(conn, stay.id),
        corrections=await record_store.read_corrections(conn, "stay", str(stay.id)),
        zones={zone.id: zone.name.said(language) for zone in ctx.site.zones.values()},
        lanes={lane.id: lane.name.said(language) for lane in ctx.site.lanes.values()},
        how=attendant_text.how_words(language),
        fields=attendant_text.field_words(language),
        entered_local=local(stay.entered_at).strftime("%Y-%m-%dT%H:%M"),
        is_open=stay.state in OPEN_STATES,
        trouble=attendant_text.trouble(trouble, language) if trouble else None,
        done=attendant_text.done(done, language) if done else None,
    )


async def _pictures(conn: Conn, stay: Stay, language: Language) -> list[tuple[str, str, datetime]]:
    """Address, words and moment of the pictures at entry and exit; without one at entry, what its lane saw then."""
    at_entry = await lanes_store.find_entry_of_read(conn, stay.entry_read) if stay.entry_read else None
    shown = []
    if at_entry and (address := picture_of(at_entry.read_id, at_entry.picture_path)):
        shown.append((address, attendant_text.picture_word("entry", language), at_entry.at))
    elif stay.entry_lane:
        word = attendant_text.picture_word("near", language)
        near = await pictures_near(conn, stay.entry_lane, stay.entered_at)
        shown = [(address, word, at) for address, at in near]
    at_exit = await lanes_store.find_entry_of_read(conn, stay.exit_read) if stay.exit_read else None
    if at_exit and (address := picture_of(at_exit.read_id, at_exit.picture_path)):
        shown.append((address, attendant_text.picture_word("exit", language), at_exit.at))
    return shown


@pages.post("/attendant/stays/{stay_id}")
async def put_right(
    request: Request,
    stay_id: UUID,
    ctx: Ctx,
    conn: Uow,
    act: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=200)] = "",
    plate: Annotated[str, Form(max_length=16)] = "",
    entered_at: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Correct a plate or the moment of entry, or end the stay of a car that left unseen."""
    person = acting(request)
    try:
        async with conn.transaction():
            deed = Act(by=person.name, reason=reason, now=ctx.clock.now())
            await _put_right(conn, ctx, stay_id, deed, act=act, plate=plate, entered_at=entered_at)
            await audit(request, conn, person, f"stay.{act}", str(stay_id), reason=reason)
    except OpsError as fault:
        return RedirectResponse(f"/attendant/stays/{stay_id}?trouble={quote(fault.code)}", 303)
    return RedirectResponse(f"/attendant/stays/{stay_id}?done=stay_{quote(act)}", 303)


async def _put_right(
    conn: Conn, ctx: Context, stay_id: UUID, deed: Act, *, act: str, plate: str, entered_at: str
) -> None:
    if act == "plate":
        await mending.correct_plate(conn, stay_id, deed, plate=plate)
    elif act == "entered":
        await mending.correct_entry(conn, stay_id, deed, entered_at=_moment(entered_at))
    else:
        await mending.write_off(conn, stay_id, deed)


def _moment(typed: str) -> datetime:
    """What a browser's field for date and time sends: the site's wall clock."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=SHANGHAI)
    except ValueError as fault:
        raise MomentUnreadable(f"{typed!r} is no date and time") from fault
