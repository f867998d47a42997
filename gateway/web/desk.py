"""What the office pages share: who may act there, the amounts and dates of their forms, and the way back."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from facility.errors import Invalid, OpsError
from facility.identity import Person, Role
from facility.units import SHANGHAI
from gateway.web.attendant import FormElsewhere, acting, person_at_booth

Deed = Callable[[], Awaitable[object]]


class FormWrong(Invalid):
    """What was typed into a form cannot be."""

    code = "form.wrong"


def managing(request: Request) -> Person:
    """Who acts, with a manager's rights.

    Raises:
        FormElsewhere: no manager is signed in, or the form came from another site.
    """
    person = acting(request)
    if not person.may_act_as(Role.MANAGER):
        raise FormElsewhere("sign in as manager")
    return person


def is_manager(person: Person) -> bool:
    """Whether the forms of a manager are shown."""
    return person.may_act_as(Role.MANAGER)


def sign_in(request: Request) -> Response | None:
    """The way to sign in, where nobody with a role at the booth is."""
    if person_at_booth(request) is not None:
        return None
    return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)


async def done_or_trouble(back: str, deed: Deed, *, done: str) -> Response:
    """Do what a form asks, and go back to its page with what came of it."""
    try:
        await deed()
    except ValidationError:
        return RedirectResponse(f"{back}?trouble={FormWrong.code}", 303)
    except OpsError as fault:
        return RedirectResponse(f"{back}?trouble={quote(fault.code)}", 303)
    return RedirectResponse(f"{back}?done={quote(done)}", 303)


def day_of(typed: str) -> date:
    """A date as a browser's field sends it.

    Raises:
        FormWrong: it is none.
    """
    try:
        return date.fromisoformat(typed)
    except ValueError as fault:
        raise FormWrong(f"{typed!r} is no date") from fault


def moment_of(typed: str) -> datetime:
    """A moment on the site's wall clock as a browser's field sends it.

    Raises:
        FormWrong: it is none.
    """
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=SHANGHAI)
    except ValueError as fault:
        raise FormWrong(f"{typed!r} is no date and time") from fault


def end_of(day: date) -> datetime:
    """The moment a local date ends."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
