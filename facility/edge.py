"""What every HTTP edge stands on: the context, a unit of work for a request, and who may call."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Refused, Unauthenticated
from facility.identity import Person, Role
from facility.store import write_audit


class NotYourRole(Refused):
    """The signed-in person holds none of the roles that may do this."""

    code = "role.missing"


def context(request: Request) -> Context:
    """The process's context."""
    found: Context = request.app.state.context
    return found


async def uow(request: Request) -> AsyncIterator[AsyncConnection[Any]]:
    """One unit of work for a request: committed when the route returns, undone when it raises."""
    async with unit_of_work(context(request).pool) as conn:
        yield conn


def current_person(request: Request) -> Person | None:
    """Who is signed in, by session or bearer token; set by the gateway before any route runs."""
    person: Person | None = getattr(request.state, "person", None)
    return person


def require(*roles: Role) -> Callable[[Request], Awaitable[Person]]:
    """A dependency that lets in only a person with one of the roles (any signed-in person if none is named).

    Raises (at request time):
        Unauthenticated: nobody is signed in.
        NotYourRole: the person holds none of the roles.
    """

    async def check(request: Request) -> Person:
        person = current_person(request)
        if person is None:
            raise Unauthenticated("sign in first")
        if roles and not person.may_act_as(*roles):
            wanted = ", ".join(role.value for role in roles)
            raise NotYourRole(f"this needs one of the roles: {wanted}", roles=[role.value for role in roles])
        return person

    return check


async def audit(
    request: Request, conn: AsyncConnection[Any], person: Person | None, act: str, subject: str, **detail: Any
) -> None:
    """Append an act of this request to the audit record, in the same unit of work."""
    await write_audit(
        conn,
        person_id=person.id if person else None,
        person_name=person.name if person else "public",
        act=act,
        subject=subject,
        detail=detail,
        now=context(request).clock.now(),
    )


Ctx = Annotated[Context, Depends(context)]
Uow = Annotated[AsyncConnection[Any], Depends(uow, scope="function")]
