"""The operators' charger pages: the list, and one charger with its tabs; live parts of both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from psycopg import AsyncConnection

from charging import (
    bill_store,
    charger_store,
    configuration_store,
    desk_store,
    device_store,
    driving,
    history_store,
    order_store,
    orders,
    tag_store,
    transaction_store,
)
from charging.charger_store import ChargerDetail
from charging.rules.transaction import OPEN_STATES
from charging.secrecy import redacted
from charging.trace import EXPORT_MOST, TraceFilter, read_trace, trace_file, trace_text
from charging.web.desk_forms import forms_for
from charging.web.desk_views import GROUPS, Wanted, alarms_by_charger, read_list, status_word
from charging.web.desk_words import ALARM_WORDS, desk_words
from charging.web.render import language_of, render
from charging.web.words import in_language
from facility import board_store
from facility.board import EquipmentKind, standing
from facility.edge import Ctx, Uow, context, current_person
from facility.identity import Person, Role
from facility.ids import EvseId
from facility.units import SHANGHAI

pages = APIRouter(include_in_schema=False)
Conn = AsyncConnection[Any]

ROLES: Final = (Role.MANAGER, Role.COMMANDER)
TABS: Final = ("overview", "orders", "trace", "device")
TRACE_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a page says of the act before it: done, or the trouble in the words of the error."""

    done: str | None = None
    trouble: str | None = None


def turned_away(request: Request) -> Response | None:
    """The way to sign in, or the word that the role is missing; None for who may look."""
    person = current_person(request)
    if person is None:
        query = f"?{request.url.query}" if request.url.query else ""
        login = f"/login?next={quote(request.url.path + query)}"
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"hx-redirect": login})
        return RedirectResponse(login, 303)
    if not person.may_act_as(*ROLES):
        return render(request, "desk/no_role.html", status=403, **_frame(request, person))
    return None


def _frame(request: Request, person: Person | None) -> dict[str, Any]:
    ctx, language = context(request), language_of(request)
    query = [(key, value) for key, value in request.query_params.multi_items() if key not in ("lang", "done")]
    other = "en" if language == "zh" else "zh"
    return {
        "w": desk_words(language),
        "person": person,
        "is_demo": ctx.settings.demo,
        "is_part": request.headers.get("hx-request") == "true",
        "here": f"{request.url.path}?{urlencode(query)}",
        "turn": f"{request.url.path}?{urlencode([*query, ('lang', other)])}",
        "now": ctx.clock.now(),
        "said_status": lambda status: status_word(status, language),
        "alarm_words": in_language(ALARM_WORDS, language),
    }


@pages.get("/chargers")
async def without_slash() -> Response:
    """The list's address as people type it."""
    return RedirectResponse("/chargers/", 308)


@pages.get("/chargers/")
async def show_list(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    group: Annotated[str, Query(max_length=20)] = "",
    level: Annotated[str, Query(max_length=20)] = "",
    text: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Every charger, or those in a group, on a level, with a text; the moving part alone where the page asks for it."""
    if (away := turned_away(request)) is not None:
        return away
    wanted = Wanted(group=group, level=level, text=text.strip())
    view = await read_list(conn, ctx.site, wanted, ctx.clock.now())
    language = language_of(request)
    frame = _frame(request, current_person(request))
    return render(
        request,
        "desk/list_part.html" if frame["is_part"] else "desk/list.html",
        view=view,
        wanted=wanted,
        groups=(*GROUPS, "alarm"),
        level_names={str(level.id): level.name.said(language) for level in ctx.site.levels.values()},
        **frame,
    )


@pages.get("/chargers/{identity}")
async def show_charger(
    request: Request,
    identity: str,
    conn: Uow,
    tab: str = "overview",
    done: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """One charger; the moving part of a tab alone where the page asks for it."""
    if (away := turned_away(request)) is not None:
        return away
    return await charger_page(request, conn, identity, tab, Said(done=done))


async def charger_page(request: Request, conn: Conn, identity: str, tab: str, said: Said) -> Response:
    """A charger's page at one of its tabs."""
    frame = _frame(request, current_person(request))
    found = await charger_store.read_details(conn, identity)
    if not found:
        return render(request, "desk/missing.html", status=404, **frame)
    tab = tab if tab in TABS else "overview"
    parts = await _READERS[tab](request, conn, found[0])
    return render(
        request,
        f"desk/{tab}_part.html" if frame["is_part"] else "desk/charger.html",
        status=200 if said.trouble is None else 409,
        tab=tab,
        tabs=TABS,
        charger=found[0],
        said=said,
        glances=await desk_store.read_glances(conn, found[0].id),
        version=orders.version_of(found[0].protocol),
        **parts,
        **frame,
    )


async def _overview(request: Request, conn: Conn, charger: ChargerDetail) -> dict[str, Any]:
    ctx = context(request)
    now = ctx.clock.now()
    connectors = await charger_store.read_connectors(conn, charger.id)
    evses = [one.evse_id for one in connectors if one.evse_id is not None]
    lockouts = await board_store.read_lockouts(conn)
    recent = await transaction_store.find_transactions(conn, charger_id=charger.id, limit=12)
    running = await transaction_store.find_transactions(conn, charger_id=charger.id, is_open=True)
    is_every = request.query_params.get("statuses") == "all"
    statuses = await history_store.read_status_history(conn, charger.id, 400)
    shown = [one for one in statuses if is_every or one.error_code not in (None, "", "NoError")]
    return {
        "connectors": connectors,
        "lockouts": [one for evse in evses for one in standing(lockouts, EquipmentKind.EVSE, evse)],
        "bays": {evse: ctx.site.evses[EvseId(evse)].bay for evse in evses if evse in ctx.site.evses},
        "alarms": (await alarms_by_charger(conn)).get(charger.id, []),
        "running": [await driving.read_live(conn, one, now) for one in running],
        "recent": [
            (one, await bill_store.read_bill(conn, one.id)) for one in recent if one.state not in OPEN_STATES
        ],
        "statuses": shown[:40],
        "is_every": is_every,
        "events": await history_store.read_station_events(conn, charger.id, 20),
    }


async def _orders(_request: Request, conn: Conn, charger: ChargerDetail) -> dict[str, Any]:
    version = orders.version_of(charger.protocol)
    told = await order_store.read_orders(conn, charger.id, 40)
    return {
        "told": [(order, redacted(order.action, order.payload)) for order in told],
        "is_waiting": charger.is_connected and any(order.state in ("queued", "sent") for order in told),
        "forms": forms_for(version),
        "operations": sorted(orders.CSMS_ACTIONS[version]),
        "running": await transaction_store.find_transactions(conn, charger_id=charger.id, is_open=True),
        "reservations": await tag_store.read_reservations(conn, charger_id=charger.id, is_open=True),
        "numbers": [
            one.evse_no
            for one in await charger_store.read_connectors(conn, charger.id)
            if one.evse_no > 0 and one.connector_no == 1
        ],
    }


def read_filter(request: Request) -> TraceFilter:
    """What of the trace the page's form asks for; a moment is the garage's wall clock, one that cannot be read counts
    as none."""
    query = request.query_params
    direction = query.get("direction")
    return TraceFilter(
        since=_moment(query.get("since", "")),
        until=_moment(query.get("until", "")),
        action=query.get("action", "")[:60] or None,
        direction="in" if direction == "in" else "out" if direction == "out" else None,
        text=query.get("text", "").strip()[:200] or None,
    )


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=SHANGHAI)).astimezone(UTC)


async def _trace(request: Request, conn: Conn, charger: ChargerDetail) -> dict[str, Any]:
    now, wanted = context(request).clock.now(), read_filter(request)
    query = {
        key: request.query_params.get(key, "") for key in ("action", "direction", "text", "since", "until")
    }
    return {
        "lines": await read_trace(conn, charger.id, wanted, now, TRACE_SHOWN),
        "actions": await history_store.read_actions(conn, charger.id, *wanted.window(now)),
        "asked": query,
        "shown": TRACE_SHOWN,
        "export": f"/chargers/{quote(charger.identity, safe='')}/messages.log?{urlencode(query)}",
    }


async def _device(_request: Request, conn: Conn, charger: ChargerDetail) -> dict[str, Any]:
    return {
        "keys": await configuration_store.read_configuration(conn, charger.id),
        "variables": await device_store.read_variables(conn, charger.id),
    }


_READERS: Final[dict[str, Callable[[Request, Conn, ChargerDetail], Awaitable[dict[str, Any]]]]] = {
    "overview": _overview,
    "orders": _orders,
    "trace": _trace,
    "device": _device,
}


@pages.get("/chargers/{identity}/messages.log")
async def export_trace(request: Request, identity: str, conn: Uow) -> Response:
    """The filtered trace as text."""
    if (away := turned_away(request)) is not None:
        return away
    charger = await orders.find_charger(conn, identity)
    lines = await read_trace(
        conn, charger.id, read_filter(request), context(request).clock.now(), EXPORT_MOST
    )
    disposition = f'attachment; filename="{trace_file(charger.identity)}"'
    return PlainTextResponse(
        trace_text(lines), headers={"content-disposition": disposition, "cache-control": "no-store"}
    )
