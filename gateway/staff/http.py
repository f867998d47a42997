"""Routes of staff: sign in and out, people, tokens, the audit record."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, current_person, require
from facility.errors import Invalid, Missing, Refused
from facility.identity import Person, Role
from facility.store import AuditRow, read_audit
from gateway.errors import problem
from gateway.identify import COOKIE, cookie_secret, is_from_another_site
from gateway.staff import store
from gateway.staff.people import (
    SESSION_LENGTH,
    WrongPassword,
    add_person,
    add_token,
    change_password,
    change_password_knowing,
    hash_secret,
    sign_in,
)

router = APIRouter(prefix="/api/v1", tags=["staff"])
pages = APIRouter(include_in_schema=False)
Manager = Annotated[Person, Depends(require(Role.MANAGER))]


class SignInBody(BaseModel):
    """Login and password."""

    model_config = ConfigDict(extra="forbid")
    login: str = Field(max_length=32)
    password: str = Field(max_length=200)


class PersonBody(BaseModel):
    """A person to add."""

    model_config = ConfigDict(extra="forbid")
    login: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,31}$")
    name: str = Field(min_length=1, max_length=80)
    roles: list[Role] = Field(min_length=1)
    password: str = Field(min_length=8, max_length=200)


class PersonChange(BaseModel):
    """A person's new roles, or the end of the person's access."""

    model_config = ConfigDict(extra="forbid")
    roles: list[Role] = Field(min_length=1)
    is_active: bool = True


class PasswordBody(BaseModel):
    """A person's new password."""

    model_config = ConfigDict(extra="forbid")
    password: str = Field(min_length=8, max_length=200)


class OwnPasswordBody(PasswordBody):
    """One's own new password, with the one that is to go."""

    current: str = Field(max_length=200)


class PersonOut(BaseModel):
    """A person as shown."""

    id: UUID
    name: str
    roles: list[Role]
    login: str | None = None
    is_active: bool = True


class TokenBody(BaseModel):
    """A token to make for a script."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=80)
    roles: list[Role] = Field(min_length=1)


class TokenOut(BaseModel):
    """A token without its secret."""

    id: UUID
    name: str
    roles: list[Role]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class NewToken(BaseModel):
    """A new token; the secret is shown this once."""

    id: UUID
    secret: str


class WrongOrigin(Refused):
    """A form of another site's page."""

    code = "origin.wrong"


def _out(person: Person) -> PersonOut:
    return PersonOut(id=person.id, name=person.name, roles=sorted(person.roles))


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _set_cookie(request: Request, response: Response, secret: str) -> None:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


async def _open_session(
    request: Request, conn: Uow, ctx: Ctx, login: str, password: str
) -> tuple[str, Person] | None:
    if is_from_another_site(request.headers):
        raise WrongOrigin("this sign-in came from another site's page")
    opened = await sign_in(
        conn, login=login, password=password, address=_address(request), now=ctx.clock.now()
    )
    if opened is not None:
        await audit(request, conn, opened[1], "session.opened", login.lower(), address=_address(request))
    return opened


@router.post("/session")
async def open_session(request: Request, body: SignInBody, conn: Uow, ctx: Ctx) -> Response:
    """Sign in; the answer sets the session's cookie."""
    opened = await _open_session(request, conn, ctx, body.login, body.password)
    if opened is None:
        return _wrong_password()
    response = Response(_out(opened[1]).model_dump_json(), media_type="application/json")
    _set_cookie(request, response, opened[0])
    return response


def _wrong_password() -> Response:
    return problem(401, WrongPassword.code, "login and password do not belong together")


@router.get("/session")
async def read_session(request: Request) -> PersonOut:
    """Who is signed in."""
    return _out(await require()(request))


@router.delete("/session", status_code=204)
async def close_session(request: Request, conn: Uow) -> Response:
    """Sign out."""
    secret = cookie_secret(request.headers)
    if secret is not None:
        await store.delete_session(conn, hash_secret(secret))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.get("/people")
async def read_people(conn: Uow, _manager: Manager) -> list[PersonOut]:
    """Everyone who may sign in."""
    return [
        PersonOut(
            id=row.id,
            name=row.name,
            roles=list(map(Role, row.roles)),
            login=row.login,
            is_active=row.is_active,
        )
        for row in await store.read_people(conn)
    ]


@router.post("/people", status_code=201)
async def create_person(
    request: Request, body: PersonBody, conn: Uow, ctx: Ctx, manager: Manager
) -> PersonOut:
    """Add a person."""
    person = await add_person(
        conn,
        login=body.login,
        name=body.name,
        roles=body.roles,
        password=body.password,
        now=ctx.clock.now(),
    )
    await audit(request, conn, manager, "person.added", body.login, roles=[role.value for role in body.roles])
    return _out(person)


@router.patch("/people/{person_id}", status_code=204)
async def change_person(
    request: Request, person_id: UUID, body: PersonChange, conn: Uow, manager: Manager
) -> None:
    """Change roles, or shut a person out."""
    if person_id == manager.id and not (body.is_active and Role.MANAGER in body.roles):
        raise Invalid("a manager does not take the manager's role from himself or herself")
    roles = [role.value for role in body.roles]
    if not await store.update_person(conn, person_id, roles=roles, is_active=body.is_active):
        raise Missing(f"no person {person_id}")
    await audit(
        request, conn, manager, "person.changed", str(person_id), roles=roles, is_active=body.is_active
    )


@router.put("/people/{person_id}/password", status_code=204)
async def reset_password(
    request: Request, person_id: UUID, body: PasswordBody, conn: Uow, manager: Manager
) -> None:
    """Give a person a new password; every session of theirs ends."""
    await change_password(conn, person_id, body.password)
    await audit(request, conn, manager, "person.password_reset", str(person_id))


@router.put("/session/password", status_code=204)
async def change_own_password(
    request: Request,
    body: OwnPasswordBody,
    conn: Uow,
    ctx: Ctx,
    person: Annotated[Person, Depends(require())],
) -> Response:
    """Change one's own password; sessions elsewhere end, this one stays."""
    secret = cookie_secret(request.headers)
    if secret is None:
        raise Invalid("a token has no password to change")
    is_changed = await change_password_knowing(
        conn,
        person.id,
        current=body.current,
        password=body.password,
        secret=secret,
        address=_address(request),
        now=ctx.clock.now(),
    )
    if not is_changed:
        return _wrong_password()
    await audit(request, conn, person, "person.password_changed", str(person.id))
    return Response(status_code=204)


@router.get("/tokens")
async def read_tokens(conn: Uow, _manager: Manager) -> list[TokenOut]:
    """Tokens of scripts, without their secrets."""
    return [
        TokenOut(
            id=row.id,
            name=row.name,
            roles=list(map(Role, row.roles)),
            created_at=row.created_at,
            created_by=row.created_by,
            revoked_at=row.revoked_at,
        )
        for row in await store.read_tokens(conn)
    ]


@router.post("/tokens", status_code=201)
async def create_token(request: Request, body: TokenBody, conn: Uow, ctx: Ctx, manager: Manager) -> NewToken:
    """Make a token for a script."""
    token_id, secret = await add_token(
        conn, name=body.name, roles=body.roles, by=manager.name, now=ctx.clock.now()
    )
    await audit(request, conn, manager, "token.added", body.name, roles=[role.value for role in body.roles])
    return NewToken(id=token_id, secret=secret)


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(request: Request, token_id: UUID, conn: Uow, ctx: Ctx, manager: Manager) -> None:
    """Revoke a token."""
    if not await store.revoke_token(conn, token_id, now=ctx.clock.now()):
        raise Missing(f"no standing token {token_id}")
    await audit(request, conn, manager, "token.revoked", str(token_id))


@router.get("/audit")
async def read_audit_rows(
    conn: Uow,
    _person: Annotated[Person, Depends(require(Role.MANAGER, Role.AUDITOR))],
    before: int | None = None,
    limit: int = 200,
) -> list[AuditRow]:
    """Who did what, the newest first."""
    return await read_audit(conn, before_id=before, limit=min(max(limit, 1), 1000))


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "web"), autoescape=select_autoescape(), enable_async=False
)


def _safe_next(target: str) -> str:
    parts = urlsplit(target)
    return target if target.startswith("/") and not parts.netloc and not target.startswith("//") else "/ops/"


def _login_page(request: Request, target: str, *, is_wrong: bool, status: int) -> HTMLResponse:
    wants_english = request.cookies.get("lang") == "en" or request.query_params.get("lang") == "en"
    page = _TEMPLATES.get_template("login.html").render(
        target=target, is_wrong=is_wrong, lang="en" if wants_english else "zh"
    )
    return HTMLResponse(page, status)


@pages.get("/login")
async def show_login(request: Request, next: str = "/ops/") -> Response:
    """The sign-in page."""
    if current_person(request) is not None:
        return RedirectResponse(_safe_next(next), 303)
    return _login_page(request, _safe_next(next), is_wrong=False, status=200)


@pages.post("/login")
async def take_login(
    request: Request,
    conn: Uow,
    ctx: Ctx,
    login: Annotated[str, Form(max_length=32)],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form()] = "/ops/",
) -> Response:
    """Sign in from the page, then go on to where the person wanted to go."""
    opened = await _open_session(request, conn, ctx, login, password)
    if opened is None:
        return _login_page(request, _safe_next(next), is_wrong=True, status=401)
    response = RedirectResponse(_safe_next(next), 303)
    _set_cookie(request, response, opened[0])
    return response


@pages.post("/logout")
async def take_logout(request: Request, conn: Uow) -> Response:
    """Sign out from a page."""
    secret = cookie_secret(request.headers)
    if secret is not None and not is_from_another_site(request.headers):
        await store.delete_session(conn, hash_secret(secret))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/")
    return response
