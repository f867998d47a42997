"""Drivers' pages: free places, a plate, a fee, paying it, and the way back to the car. No account, no script needed."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from facility.context import Context
from facility.db import unit_of_work
from facility.edge import Ctx, Uow
from facility.errors import Missing, OpsError
from facility.ids import BayId, new_uuid
from gateway.parking import (
    asking,
    attending,
    dues,
    gifts_store,
    lanes,
    lookup_store,
    occupancy_store,
    store,
)
from gateway.parking.free_places import read_free_places
from gateway.web import drivers_text
from gateway.web.paying import ways
from gateway.web.plan import plan_of
from gateway.web.render import language_of, say
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)

# What the first page brings along in itself: on a slow phone a second trip costs a third of a second.
FIRST_PAGE = ("pingzhan.css", "plate-input.js")
KEPT_FOR = timedelta(minutes=30)
PLACES_A_LEVEL_MAY_KEEP = 5
BAY_COOKIE = "bay"
BAY_REMEMBERED_S = 36 * 3600


def address_of(request: Request) -> str:
    """Who asks, for counting: the peer's address."""
    return request.client.host if request.client else "unknown"


@pages.get("/")
async def home(request: Request, ctx: Ctx, conn: Uow) -> Response:
    """The first page: ask for a stay, see what is free."""
    places = await read_free_places(conn, ctx.site, now=ctx.clock.now())
    return await show(request, "drivers/home.html", inlined=FIRST_PAGE, places=places, trouble=None, typed="")


@pages.get("/free")
async def free(request: Request, ctx: Ctx, conn: Uow) -> Response:
    """The part of the first page that says what is free."""
    places = await read_free_places(conn, ctx.site, now=ctx.clock.now())
    return await show(request, "drivers/free.html", places=places)


@pages.post("/stay")
async def ask(
    request: Request,
    ctx: Ctx,
    plate: Annotated[str, Form(max_length=40)] = "",
    ticket: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Ask for a stay by plate or ticket; the answer is a page of its own that nobody can guess."""
    typed = ticket.strip() or plate.strip()
    now = ctx.clock.now()
    try:
        wanted = asking.understand(typed)
        async with unit_of_work(ctx.pool) as conn:
            keys = {
                f"address {address_of(request)}": asking.ASKS_A_MINUTE_BY_ADDRESS,
                f"plate {wanted.plate or wanted.ticket}": asking.ASKS_A_MINUTE_BY_PLATE,
            }
            is_too_often = not await asking.may_ask(conn, keys, now=now)
        if is_too_often:
            raise asking.AskedTooOften("asked too often; wait a minute")
        async with unit_of_work(ctx.pool) as conn:
            token = await asking.give_lookup(conn, await asking.find_stay(conn, wanted), now=now)
    except OpsError as fault:
        async with unit_of_work(ctx.pool) as conn:
            places = await read_free_places(conn, ctx.site, now=now)
        trouble = drivers_text.trouble(fault, language_of(request))
        return await show(
            request,
            "drivers/home.html",
            inlined=FIRST_PAGE,
            status=drivers_text.status(fault),
            places=places,
            trouble=trouble,
            typed=typed,
        )
    return RedirectResponse(f"/s/{token}", 303)


@pages.get("/s/{token}")
async def my_stay(request: Request, token: str, ctx: Ctx, conn: Uow, changed: bool = False) -> Response:
    """One stay: its fee with its lines, and what to do next."""
    language = language_of(request)
    try:
        word = say(language)
        trouble = word("费用已变化，请核对后再付。") if changed else None
        return await _stay_page(request, ctx, conn, token, trouble=trouble)
    except lookup_store.LookupGone as fault:
        places = await read_free_places(conn, ctx.site, now=ctx.clock.now())
        text = drivers_text.trouble(fault, language)
        return await show(
            request,
            "drivers/home.html",
            inlined=FIRST_PAGE,
            status=404,
            places=places,
            trouble=text,
            typed="",
        )


async def _stay_page(
    request: Request, ctx: Context, conn: Uow, token: str, *, trouble: str | None = None, status: int = 200
) -> Response:
    now = ctx.clock.now()
    lookup = await lookup_store.read_lookup(conn, token, now=now)
    stay = await store.read_stay(conn, lookup.stay_id)
    due = await dues.read_due(conn, stay, now=now)
    language = language_of(request)
    return await show(
        request,
        "drivers/stay.html",
        status=status,
        token=token,
        stay=stay,
        due=due,
        parked=(stay.left_at or now) - stay.entered_at,
        lines=drivers_text.lines(due, language),
        total_fen=due.settlement.fee.total_fen if due.settlement else 0,
        ways=await ways(ctx, language),
        can_find=lookup.has_paid,
        has_paid=due.paid_fen != 0,
        trouble=trouble,
    )


@pages.post("/s/{token}/coupon")
async def put_coupon(
    request: Request, token: str, ctx: Ctx, code: Annotated[str, Form(max_length=40)]
) -> Response:
    """Put a shop's coupon to a stay."""
    now = ctx.clock.now()
    try:
        async with unit_of_work(ctx.pool) as conn:
            lookup = await lookup_store.read_lookup(conn, token, now=now)
            is_limited = not await asking.may_ask(conn, {f"coupon {address_of(request)}": 6}, now=now)
        if is_limited:
            raise asking.AskedTooOften("asked too often; wait a minute")
        async with unit_of_work(ctx.pool) as conn:
            await gifts_store.use_coupon(conn, code.strip().upper(), lookup.stay_id, now=now)
    except OpsError as fault:
        async with unit_of_work(ctx.pool) as conn:
            trouble = drivers_text.trouble(fault, language_of(request))
            return await _stay_page(
                request, ctx, conn, token, trouble=trouble, status=drivers_text.status(fault)
            )
    return RedirectResponse(f"/s/{token}", 303)


@pages.get("/s/{token}/find")
async def find_paid(request: Request, token: str, ctx: Ctx, conn: Uow) -> Response:
    """Where the car of a stay stands: only for who paid from this page, so that a plate alone finds nobody."""
    lookup = await lookup_store.read_lookup(conn, token, now=ctx.clock.now())
    word = say(language_of(request))
    if not lookup.has_paid:
        return await _found(
            request,
            ctx,
            None,
            f"/s/{token}",
            word("缴费后可以在这里查看车辆位置，避免他人凭车牌找到您的车。"),
        )
    bay = await occupancy_store.find_bay_of_stay(conn, lookup.stay_id)
    why_not = word("车位探测器还没有认出您的车。")
    how = word("由车位探测器识别。")
    return await _found(request, ctx, bay.bay_id if bay else None, f"/s/{token}", why_not, how)


@pages.get("/find")
async def find_remembered(request: Request, ctx: Ctx) -> Response:
    """Where this phone remembers that its driver parked."""
    word = say(language_of(request))
    remembered = request.cookies.get(BAY_COOKIE)
    return await _found(
        request, ctx, remembered, "/", word("这部手机没有记住车位。"), word("由这部手机记住，没有上传。")
    )


@pages.get("/b/{bay_id}")
async def remember_bay(bay_id: str, ctx: Ctx) -> Response:
    """The address in the QR code at a bay: this phone remembers it, the server does not."""
    if BayId(bay_id) not in ctx.site.bays:
        raise Missing(f"no bay {bay_id}")
    response = RedirectResponse("/find", 303)
    response.set_cookie(BAY_COOKIE, bay_id, max_age=BAY_REMEMBERED_S, httponly=True, samesite="lax", path="/")
    return response


async def _found(
    request: Request, ctx: Context, bay_id: str | None, back: str, why_not: str, how: str = ""
) -> Response:
    bay = ctx.site.bays.get(BayId(bay_id)) if bay_id else None
    if bay is None:
        return await show(request, "drivers/find.html", bay=None, back=back, why_not=why_not)
    level = ctx.site.levels[bay.level]
    return await show(
        request,
        "drivers/find.html",
        bay=bay,
        level=level,
        zone=ctx.site.zones[bay.zone],
        plan=plan_of(ctx.site, level, bay),
        back=back,
        how=how,
    )


@pages.get("/keep")
async def show_keep(request: Request, ctx: Ctx, conn: Uow) -> Response:
    """Ask for a place to be kept."""
    places = await read_free_places(conn, ctx.site, now=ctx.clock.now())
    return await show(request, "drivers/keep.html", places=places, trouble=None, typed="", kept_until=None)


@pages.post("/keep")
async def keep(
    request: Request,
    ctx: Ctx,
    plate: Annotated[str, Form(max_length=40)],
    level: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Keep a place on a level for half an hour."""
    now = ctx.clock.now()
    until = now + KEPT_FOR
    try:
        wanted = asking.understand(plate)
        async with unit_of_work(ctx.pool) as conn:
            is_limited = not await asking.may_ask(conn, {f"keep {address_of(request)}": 3}, now=now)
        if is_limited:
            raise asking.AskedTooOften("asked too often; wait a minute")
        async with unit_of_work(ctx.pool) as conn:
            await _keep(conn, ctx, wanted, level, until=until)
    except OpsError as fault:
        async with unit_of_work(ctx.pool) as conn:
            places = await read_free_places(conn, ctx.site, now=now)
        trouble = drivers_text.trouble(fault, language_of(request))
        return await show(
            request,
            "drivers/keep.html",
            status=drivers_text.status(fault),
            places=places,
            trouble=trouble,
            typed=plate,
            kept_until=None,
        )
    return await show(request, "drivers/keep.html", kept_until=until)


async def _keep(conn: Uow, ctx: Context, wanted: asking.Typed, level: str, *, until: Any) -> None:
    now = ctx.clock.now()
    places = await read_free_places(conn, ctx.site, now=now)
    chosen = next((one for one in places.levels if one.level.id == level), None)
    if chosen is None or chosen.free == 0 or wanted.plate is None:
        raise gifts_store.LevelFull("this level has no place to keep")
    if await gifts_store.count_places_kept(conn, {level}, now=now) >= PLACES_A_LEVEL_MAY_KEEP:
        raise gifts_store.LevelFull("as many places are kept on this level as it may keep")
    await gifts_store.keep_place(
        conn, place_id=new_uuid(), plate=wanted.plate, level_id=level, kept_from=now, kept_until=until
    )


@pages.get("/t/{lane_id}")
async def show_ticket(request: Request, lane_id: str, ctx: Ctx) -> Response:
    """The address in the QR code at an entry: for a car without a plate."""
    lane = lanes.lane_of(ctx.site, lane_id)
    return await show(request, "drivers/ticket.html", lane=lane, ticket=None, trouble=None)


@pages.post("/t/{lane_id}")
async def take_ticket(request: Request, lane_id: str, ctx: Ctx) -> Response:
    """Take a ticket and come in; only where the lane's camera sees a car without a plate."""
    now = ctx.clock.now()
    lane = lanes.lane_of(ctx.site, lane_id)
    try:
        async with unit_of_work(ctx.pool) as conn:
            stay = await attending.give_ticket(conn, ctx.site, lane_id, now=now)
    except OpsError as fault:
        trouble = drivers_text.trouble(fault, language_of(request))
        return await show(
            request,
            "drivers/ticket.html",
            status=drivers_text.status(fault),
            lane=lane,
            ticket=None,
            trouble=trouble,
        )
    return await show(request, "drivers/ticket.html", lane=lane, ticket=stay.ticket, trouble=None)
