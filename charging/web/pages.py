"""Routes of the driver's page: one address for each charger, printed as a QR code on it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from psycopg import AsyncConnection

from charging import driving
from charging.driving import EvseAway, EvseBusy, EvseLockedOut, NoSuchEvse, NotYours, Scene
from charging.rules.fees import EnergyTariff
from charging.rules.transaction import TransactionState
from charging.web.render import language_of, render
from charging.web.words import words
from facility.context import Context
from facility.db import unit_of_work
from facility.edge import context
from facility.errors import OpsError
from facility.store import read_mode
from facility.units import Fen, local, yuan

router = APIRouter(tags=["drivers"], include_in_schema=False)

COOKIE: Final = "charge"
_SAID: Final[dict[type[OpsError], str]] = {
    EvseBusy: "busy",
    EvseLockedOut: "locked_hint",
    EvseAway: "away_hint",
    NotYours: "not_yours",
    NoSuchEvse: "missing",
}


def _prices(tariff: EnergyTariff | None, now: datetime) -> list[dict[str, Any]]:
    """The day's bands as a driver reads them; prices in yuan with four decimals."""
    if tariff is None:
        return []
    at = local(now)
    minute = at.hour * 60 + at.minute
    return [
        {
            "name": band.name,
            "times": f"{_hour(band.from_minute)}-{_hour(band.to_minute)}",
            "price": f"{(band.energy_price + band.service_price) / 10_000:.4f}",
            "is_now": band.from_minute <= minute < band.to_minute,
        }
        for band in tariff.bands
    ]


def _hour(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _idle(tariff: EnergyTariff | None, said: dict[str, str]) -> str | None:
    if tariff is None or tariff.idle is None:
        return None
    return said["idle_words"].format(
        grace=tariff.idle.grace // timedelta(minutes=1),
        price=yuan(Fen(tariff.idle.fen_per_minute)),
        cap=yuan(Fen(tariff.idle.cap_fen)),
    )


async def _page(
    request: Request, conn: AsyncConnection[Any], scene: Scene, message: str | None = None
) -> HTMLResponse:
    ctx = context(request)
    said = words(language_of(request))
    now = ctx.clock.now()
    is_part = request.headers.get("hx-request") == "true"
    bay = ctx.site.evses[scene.outlet.evse_id].bay if scene.outlet.evse_id in ctx.site.evses else None  # type: ignore[index]
    response = render(
        request,
        "part.html" if is_part else "charger.html",
        w=said,
        scene=scene,
        outlet=scene.outlet,
        live=scene.live,
        bay=bay,
        prices=_prices(scene.tariff, now),
        idle=_idle(scene.tariff, said),
        message=said.get(message or ""),
        minutes=_minutes(scene, now),
        moment=_moment(scene),
        world=(await read_mode(conn)).mode.value,
        is_moving=scene.situation in ("mine", "starting", "kept", "others"),
        plate=request.cookies.get("plate", ""),
    )
    if is_part and request.query_params.get("was") != scene.situation:
        # The buttons outside the moving part belong to another situation: the browser loads the whole page.
        response.headers["hx-refresh"] = "true"
    return response


def _moment(scene: Scene) -> str:
    """What a driver is notified of when it changes: charging, suspended, idle (the fee has begun) or done."""
    live = scene.live
    if live is None:
        return ""
    if any(line.kind == "idle" and line.fee_fen > 0 for line in live.lines):
        return "idle"
    if scene.situation == "done":
        return "done"
    return "suspended" if live.transaction.state == TransactionState.SUSPENDED else "charging"


def _minutes(scene: Scene, now: datetime) -> int:
    if scene.live is None:
        return 0
    return (scene.live.until - scene.live.transaction.started_at) // timedelta(minutes=1)


def _tag(request: Request) -> str | None:
    tag = request.cookies.get(COOKIE)
    return tag if tag and len(tag) <= 20 and tag.isalnum() else None


@router.get("/c/{evse_id}")
async def show(request: Request, evse_id: str, said: str | None = None) -> Response:
    """The page of one charger; its moving part alone where the page itself asks for it."""
    ctx: Context = context(request)
    async with unit_of_work(ctx.pool) as conn:
        try:
            scene = await driving.look(conn, evse_id, _tag(request), ctx.clock.now())
        except NoSuchEvse:
            return render(request, "missing.html", status=404, w=words(language_of(request)))
        return await _page(request, conn, scene, said)


def _back(evse_id: str, said: str | None = None) -> RedirectResponse:
    query = f"?said={said}" if said else ""
    return RedirectResponse(f"/c/{evse_id}{query}", status_code=303)


def _remember(response: Response, tag: str) -> None:
    lives = driving.TAG_LIVES // timedelta(seconds=1)
    response.set_cookie(COOKIE, tag, max_age=lives, httponly=True, samesite="lax", path="/")


def readable_plate(text: str) -> str | None:
    """A plate as typed, without spaces and dots, in capitals; None where none was given.

    Raises:
        ValueError: it has not 7 or 8 signs.
    """
    plate = "".join(sign for sign in text.upper() if sign not in " ·.-")
    if not plate:
        return None
    if len(plate) not in (7, 8) or not plate.isprintable():
        raise ValueError("a plate has 7 or 8 signs")
    return plate


@router.post("/c/{evse_id}/start")
async def start(request: Request, evse_id: str, plate: Annotated[str, Form(max_length=20)] = "") -> Response:
    """Start a charge for this driver."""
    ctx = context(request)
    try:
        read_plate = readable_plate(plate)
        async with unit_of_work(ctx.pool) as conn:
            tag = await driving.start_charge(conn, evse_id, _tag(request), read_plate, ctx.clock)
    except ValueError:
        return _back(evse_id, "plate_wrong")
    except OpsError as refused:
        return _back(evse_id, _SAID.get(type(refused), "trouble"))
    response = _back(evse_id)
    _remember(response, tag)
    return response


@router.post("/c/{evse_id}/stop")
async def stop(request: Request, evse_id: str) -> Response:
    """Stop this driver's charge."""
    ctx = context(request)
    try:
        async with unit_of_work(ctx.pool) as conn:
            await driving.stop_charge(conn, evse_id, _tag(request), ctx.clock)
    except OpsError as refused:
        return _back(evse_id, _SAID.get(type(refused), "trouble"))
    return _back(evse_id)


@router.post("/c/{evse_id}/reserve")
async def reserve(request: Request, evse_id: str) -> Response:
    """Keep the charger free for this driver."""
    ctx = context(request)
    try:
        async with unit_of_work(ctx.pool) as conn:
            tag = await driving.reserve(conn, evse_id, _tag(request), ctx.clock)
    except OpsError as refused:
        return _back(evse_id, _SAID.get(type(refused), "trouble"))
    response = _back(evse_id)
    _remember(response, tag)
    return response


@router.post("/c/{evse_id}/cancel")
async def cancel(request: Request, evse_id: str) -> Response:
    """Give this driver's reservation back."""
    ctx = context(request)
    try:
        async with unit_of_work(ctx.pool) as conn:
            await driving.cancel_reservation(conn, evse_id, _tag(request), ctx.clock)
    except OpsError as refused:
        return _back(evse_id, _SAID.get(type(refused), "trouble"))
    return _back(evse_id)
