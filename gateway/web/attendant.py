"""The attendant's screen: lanes as they stand, what waits for a person with both pictures, the shift and its cash."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from psycopg import AsyncConnection

from facility.context import Context
from facility.edge import Ctx, Uow, audit, current_person
from facility.errors import Invalid, OpsError, Refused
from facility.identity import Person, Role
from facility.site import Lane
from gateway.identify import is_from_another_site
from gateway.parking import attending, dues, lanes, lanes_store, mending, shift_store, shifts, store
from gateway.parking.acts import Act
from gateway.parking.lanes import LaneStanding
from gateway.parking.lanes_store import LaneEntry
from gateway.parking.payments import take_cash
from gateway.parking.rules.decision import Reason
from gateway.web import attendant_text
from gateway.web.render import language_of
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)
Conn = AsyncConnection[Any]

MOST_SHOWN = 12
# A car that crossed unseen may be in one of the pictures its lane took about then.
NEAR = timedelta(minutes=3)
MOST_PICTURES = 6


class FormElsewhere(Refused):
    """A form of another site's page."""

    code = "origin.wrong"


class UnknownAct(Invalid):
    """A form asks for something that this screen does not do."""

    code = "attendant.act_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCard:
    """One lane as the attendant sees it; `picture` is the address of its last picture."""

    lane: Lane
    last: LaneEntry | None
    standing: LaneStanding
    picture: str | None
    word: str
    decider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A stay that a waiting car may be, with the picture of its entry and what it owes."""

    stay: store.Stay
    picture: str | None
    due_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a lane asks, with what the attendant needs to answer it."""

    entry: LaneEntry
    lane: Lane
    word: str
    picture: str | None
    candidates: tuple[Candidate, ...]
    near: tuple[tuple[str, datetime], ...]

    @property
    def is_unseen(self) -> bool:
        """Whether the car has crossed already and nobody knew it: its plate is asked for, not a gate."""
        return self.entry.read_id is None


def picture_of(read_id: UUID | None, path: str | None) -> str | None:
    """The address of a read's picture; looking at it leaves an audit row."""
    return f"/api/v1/reads/{read_id}/picture" if read_id is not None and path else None


async def _cards(conn: Conn, ctx: Context, request: Request) -> list[LaneCard]:
    language = language_of(request)
    cards = []
    for lane in ctx.site.lanes.values():
        entries = await lanes_store.read_lane_log(conn, lane.id, limit=1)
        last = entries[0] if entries else None
        cards.append(
            LaneCard(
                lane=lane,
                last=last,
                standing=await lanes.read_standing(conn, lane.id),
                picture=picture_of(last.read_id, last.picture_path) if last else None,
                word=attendant_text.reason(last.reason, language) if last else "",
                decider=attendant_text.decider(last.decided_by, language) if last else "",
            )
        )
    return cards


async def _questions(conn: Conn, ctx: Context, request: Request) -> list[Question]:
    language = language_of(request)
    questions = []
    for entry in (await lanes_store.read_asks(conn))[-MOST_SHOWN:]:
        ids = list(dict.fromkeys([*([entry.stay_id] if entry.stay_id else []), *entry.candidates]))
        questions.append(
            Question(
                entry=entry,
                lane=lanes.lane_of(ctx.site, entry.lane_id),
                word=attendant_text.reason(entry.reason, language),
                picture=picture_of(entry.read_id, entry.picture_path),
                candidates=tuple([await _candidate(conn, ctx, stay_id) for stay_id in ids]),
                near=await pictures_near(conn, entry.lane_id, entry.at) if entry.read_id is None else (),
            )
        )
    return questions


async def pictures_near(conn: Conn, lane_id: str, at: datetime) -> tuple[tuple[str, datetime], ...]:
    """Addresses and moments of what a lane's camera saw about a moment: one of them may be the car nobody knew."""
    entries = await lanes_store.read_pictures_near(
        conn, lane_id, since=at - NEAR, until=at + NEAR, limit=MOST_PICTURES
    )
    found = [(picture_of(entry.read_id, entry.picture_path), entry.at) for entry in entries]
    return tuple((address, seen_at) for address, seen_at in found if address)


async def _candidate(conn: Conn, ctx: Context, stay_id: UUID) -> Candidate:
    stay = await store.read_stay(conn, stay_id)
    at_entry = await lanes_store.find_entry_of_read(conn, stay.entry_read) if stay.entry_read else None
    due = await dues.read_due(conn, stay, now=ctx.clock.now())
    return Candidate(
        stay=stay,
        picture=picture_of(stay.entry_read, at_entry.picture_path) if at_entry else None,
        due_fen=due.due_fen,
    )


def person_at_booth(request: Request) -> Person | None:
    person = current_person(request)
    return person if person and person.may_act_as(Role.ATTENDANT, Role.MANAGER) else None


@pages.get("/attendant/")
async def screen(
    request: Request, ctx: Ctx, conn: Uow, trouble: str | None = None, done: str | None = None
) -> Response:
    """The whole screen; without the attendant's role, the way to sign in."""
    person = person_at_booth(request)
    if person is None:
        return RedirectResponse("/login?next=/attendant/", 303)
    language = language_of(request)
    shift = await shift_store.find_open_shift(conn, person.id)
    return await show(
        request,
        "attendant/screen.html",
        home="/attendant/",
        person=person,
        cards=await _cards(conn, ctx, request),
        here="lanes",
        questions=await _questions(conn, ctx, request),
        shift=shift,
        drawer_fen=await shifts.expected_cash_fen(conn, shift) if shift else None,
        past_shifts=await shift_store.read_shifts(conn, limit=5),
        trouble=attendant_text.trouble(trouble, language) if trouble else None,
        done=attendant_text.done(done, language) if done else None,
        unpaid=Reason.UNPAID.value,
    )


@pages.get("/attendant/now")
async def now_part(request: Request, ctx: Ctx, conn: Uow) -> Response:
    """The lanes part, which renews itself."""
    if person_at_booth(request) is None:
        return Response(status_code=204, headers={"hx-redirect": "/login?next=/attendant/"})
    return await show(request, "attendant/lanes.html", cards=await _cards(conn, ctx, request))


def acting(request: Request) -> Person:
    """Who acts on this screen.

    Raises:
        FormElsewhere: nobody with the role is signed in, or the form came from another site.
    """
    person = person_at_booth(request)
    if person is None or is_from_another_site(request.headers):
        raise FormElsewhere("sign in as attendant and act from this screen")
    return person


def _back(*, done: str | None = None, fault: OpsError | None = None) -> Response:
    if fault is not None:
        return RedirectResponse(f"/attendant/?trouble={quote(fault.code)}", 303)
    return RedirectResponse(f"/attendant/?done={quote(done or '')}", 303)


@pages.post("/attendant/questions/{entry_id}")
async def answer(
    request: Request,
    entry_id: UUID,
    ctx: Ctx,
    conn: Uow,
    act: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=200)] = "",
    plate: Annotated[str, Form(max_length=16)] = "",
    stay: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Answer what a lane asks."""
    person = acting(request)
    try:
        async with conn.transaction():
            deed = Act(by=person.name, reason=reason, now=ctx.clock.now())
            await _answer(conn, ctx, entry_id, deed, act=act, plate=plate.strip(), stay=stay)
            await audit(request, conn, person, f"lane.{act}", str(entry_id), reason=reason)
    except OpsError as fault:
        return _back(fault=fault)
    return _back(done=act)


async def _answer(
    conn: Conn, ctx: Context, entry_id: UUID, deed: Act, *, act: str, plate: str, stay: UUID | None
) -> None:
    """Do one of the acts that a question allows.

    Raises:
        OpsError: see the act.
    """
    if act == "let_in":
        await attending.let_in(conn, entry_id, deed, plate=plate or None)
    elif act == "let_out" and stay is not None:
        await attending.let_out(conn, entry_id, deed, stay_id=stay)
    elif act == "let_out_unknown":
        await attending.let_out_unknown(conn, ctx.site, entry_id, deed)
    elif act == "replace" and stay is not None:
        await mending.replace_stay(conn, entry_id, deed, stay_id=stay)
    elif act == "name":
        await mending.name_crossed(conn, entry_id, deed, plate=plate)
    elif act == "was":
        await mending.close_crossed(conn, ctx.site, entry_id, deed, typed=plate)
    elif act == "turn_away":
        await attending.turn_away(conn, entry_id, deed)
    else:
        raise UnknownAct(f"{act} is no answer to a lane")


@pages.post("/attendant/cash")
async def cash(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    stay: Annotated[UUID, Form()],
    amount_fen: Annotated[int, Form(gt=0)],
) -> Response:
    """Take cash for a stay; where the car waits at an exit, the gate opens by that."""
    person = acting(request)
    try:
        async with conn.transaction():
            await take_cash(ctx, conn, stay, person_id=person.id, agreed_fen=amount_fen)
            await audit(request, conn, person, "cash.taken", str(stay), amount_fen=amount_fen)
    except OpsError as fault:
        return _back(fault=fault)
    return _back(done="cash")


@pages.post("/attendant/lane")
async def lane_act(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    lane: Annotated[str, Form(max_length=20)],
    act: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Open a gate once, or close a lane and open it again."""
    person = acting(request)
    try:
        async with conn.transaction():
            deed = Act(by=person.name, reason=reason, now=ctx.clock.now())
            if act == "open":
                await attending.open_gate(conn, ctx.site, lane, deed)
            else:
                await attending.close_lane(conn, ctx.site, lane, deed, is_closed=act == "close")
            await audit(request, conn, person, f"lane.{act}", lane, reason=reason)
    except OpsError as fault:
        return _back(fault=fault)
    return _back(done=act)


@pages.post("/attendant/shift")
async def shift_act(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    act: Annotated[str, Form(max_length=20)],
    cash_yuan: Annotated[str, Form(max_length=12)],
    handed_to: Annotated[str, Form(max_length=80)] = "",
    note: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Begin a shift, or hand it over with its counted cash."""
    person = acting(request)
    now = ctx.clock.now()
    try:
        async with conn.transaction():
            fen = attendant_text.fen_of(cash_yuan)
            if act == "begin":
                await shifts.begin_shift(conn, person, opening_cash_fen=fen, now=now)
            else:
                await shifts.hand_over(
                    conn, person, counted_cash_fen=fen, handed_to=handed_to, note=note, now=now
                )
            await audit(request, conn, person, f"shift.{act}", person.name, cash_fen=fen, note=note)
    except OpsError as fault:
        return _back(fault=fault)
    return _back(done=f"shift_{act}")
