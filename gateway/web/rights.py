"""The office page of who may come in: permits, visitor passes, the three lists, coupons of the shops."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from facility.edge import Ctx, Uow
from facility.units import local
from gateway.parking import gifts_store, lists_store, permits_http
from gateway.web import attendant_text
from gateway.web.attendant import acting, person_at_booth
from gateway.web.desk import day_of, done_or_trouble, end_of, is_manager, managing, moment_of, sign_in
from gateway.web.render import language_of
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)
RIGHTS, COUPONS = "/attendant/rights", "/attendant/coupons"
Text = Annotated[str, Form(max_length=200)]


@pages.get(RIGHTS)
async def rights(
    request: Request, ctx: Ctx, conn: Uow, trouble: str | None = None, done: str | None = None
) -> Response:
    """Permits, visitor passes and lists, each with its form."""
    person = person_at_booth(request)
    if person is None:
        return sign_in(request) or Response(status_code=403)
    language = language_of(request)
    now = ctx.clock.now()
    return await show(
        request,
        "attendant/rights.html",
        home="/attendant/",
        here="rights",
        person=person,
        is_manager=is_manager(person),
        permits=await lists_store.read_permits(conn, plate=None),
        passes=await lists_store.read_visitor_passes(conn, now=now),
        lists={name: await lists_store.read_list(conn, name) for name in ("allow", "deny", "emergency")},
        list_names=attendant_text.list_words(language),
        today=local(now).date(),
        now_local=local(now).strftime("%Y-%m-%dT%H:%M"),
        trouble=attendant_text.trouble(trouble, language) if trouble else None,
        done=attendant_text.done(done, language) if done else None,
    )


@pages.post(RIGHTS + "/permits")
async def add_permit(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    kind: Annotated[Literal["monthly", "annual"], Form()],
    holder: Text,
    plates: Text,
    valid_from: Text,
    valid_to: Text,
    max_inside: Annotated[int, Form(ge=1, le=20)] = 1,
    bay: Text = "",
    fee_yuan: Text = "0",
) -> Response:
    """Sell a permit."""
    person = managing(request)

    async def deed() -> None:
        body = permits_http.PermitBody(
            kind=kind,
            holder=holder,
            plates=plates.replace("，", " ").replace(",", " ").split(),
            bay_id=bay.strip().upper() or None,
            max_inside=max_inside,
            valid_from=day_of(valid_from),
            valid_to=day_of(valid_to),
            fee_fen=attendant_text.fen_of(fee_yuan or "0"),
        )
        async with conn.transaction():
            await permits_http.add_permit(request, body, ctx, conn, person)

    return await done_or_trouble(RIGHTS, deed, done="permit")


@pages.post(RIGHTS + "/passes")
async def add_pass(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    plate: Text,
    host: Text,
    valid_from: Text,
    valid_until: Text,
    is_free: Annotated[bool, Form()] = False,
) -> Response:
    """Let a visitor in within a window."""
    person = acting(request)

    async def deed() -> None:
        body = permits_http.PassBody(
            plate=plate,
            host=host,
            valid_from=moment_of(valid_from),
            valid_until=moment_of(valid_until),
            is_free=is_free,
        )
        async with conn.transaction():
            await permits_http.add_pass(request, body, ctx, conn, person)

    return await done_or_trouble(RIGHTS, deed, done="pass")


@pages.post(RIGHTS + "/lists")
async def add_to_list(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    name: Annotated[Literal["allow", "deny", "emergency"], Form()],
    plate: Text,
    reason: Text,
    until: Text = "",
) -> Response:
    """Put a plate on a list, to the end of a date or for good."""
    person = managing(request)

    async def deed() -> None:
        body = permits_http.ListBody(
            plate=plate, reason=reason, valid_until=end_of(day_of(until)) if until else None
        )
        async with conn.transaction():
            await permits_http.add_to_list(request, name, body, ctx, conn, person)

    return await done_or_trouble(RIGHTS, deed, done="listed")


@pages.post(RIGHTS + "/end")
async def end_right(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    what: Annotated[Literal["permit", "pass", "allow", "deny", "emergency"], Form()],
    row: Annotated[UUID, Form()],
) -> Response:
    """End a permit, a pass or an entry of a list before its time."""
    person = acting(request) if what == "pass" else managing(request)

    async def deed() -> None:
        async with conn.transaction():
            if what == "permit":
                await permits_http.end_permit(request, row, ctx, conn, person)
            elif what == "pass":
                await permits_http.end_pass(request, row, ctx, conn, person)
            else:
                await permits_http.take_off_list(request, what, row, ctx, conn, person)

    return await done_or_trouble(RIGHTS, deed, done="right_ended")


@pages.get(COUPONS)
async def coupons(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    shop: str = "",
    trouble: str | None = None,
    done: str | None = None,
) -> Response:
    """Coupons of the shops, the newest first; printed, a page of codes to cut out."""
    person = person_at_booth(request)
    if person is None:
        return sign_in(request) or Response(status_code=403)
    language = language_of(request)
    return await show(
        request,
        "attendant/coupons.html",
        home="/attendant/",
        here="coupons",
        person=person,
        is_manager=is_manager(person),
        shop=shop,
        coupons=await gifts_store.read_coupons(conn, shop=shop or None),
        now=ctx.clock.now(),
        today=local(ctx.clock.now()).date(),
        trouble=attendant_text.trouble(trouble, language) if trouble else None,
        done=attendant_text.done(done, language) if done else None,
    )


@pages.post(COUPONS)
async def add_coupons(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    shop: Text,
    how_many: Annotated[int, Form(ge=1, le=500)],
    valid_to: Text,
    minutes: Text = "",
    yuan: Text = "",
) -> Response:
    """Make coupons for a shop: minutes or an amount."""
    person = managing(request)

    async def deed() -> None:
        body = permits_http.CouponBody(
            shop=shop,
            how_many=how_many,
            worth_minutes=int(minutes) if minutes.strip().isdecimal() else None,
            worth_fen=attendant_text.fen_of(yuan) if yuan.strip() else None,
            valid_until=end_of(day_of(valid_to)),
        )
        async with conn.transaction():
            await permits_http.add_coupons(request, body, ctx, conn, person)

    return await done_or_trouble(COUPONS, deed, done="coupons")
