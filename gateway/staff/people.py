"""Adding people and script tokens, and finding out who calls."""

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.errors import Conflict, Invalid, Missing, Refused, Unauthenticated
from facility.identity import Person, Role
from facility.ids import PersonId, new_secret, new_uuid
from gateway.staff import passwords, store

SESSION_LENGTH = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=5)
FAILURE_WINDOW = timedelta(minutes=10)
FAILURES_ALLOWED = 10
# Compared against when the login is unknown, so that both cases take the same time.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$aRVpyIcg0Wx8DRgTBJYvzXMDTkBVPjuO2o0JCrUqc3A"


class LoginTaken(Conflict):
    """Another person has this login."""

    code = "login.taken"


class WrongPassword(Unauthenticated):
    """Login and password do not belong together."""

    code = "password.wrong"


class TooManyFailures(Refused):
    """Too many failed sign-ins; wait."""

    code = "sign_in.blocked"


def hash_secret(secret: str) -> bytes:
    """How session and token secrets are kept: they are random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def _checked_roles(roles: Iterable[str]) -> list[str]:
    try:
        return sorted({Role(role).value for role in roles})
    except ValueError as fault:
        known = ", ".join(Role)
        raise Invalid(f"{fault}; roles are: {known}") from fault


async def add_person(
    conn: AsyncConnection[Any], *, login: str, name: str, roles: Iterable[str], password: str, now: datetime
) -> Person:
    """Add a person who may sign in.

    Raises:
        Invalid: the password is too short, or a role is unknown.
        LoginTaken: the login belongs to somebody else.
    """
    checked = _checked_roles(roles)
    password_hash = await _checked_hash(password)
    person_id = new_uuid()
    added = await store.insert_person(
        conn,
        person_id=person_id,
        login=login.lower(),
        name=name,
        roles=checked,
        password_hash=password_hash,
        now=now,
    )
    if not added:
        raise LoginTaken(f"login {login} is taken")
    return Person(id=PersonId(person_id), name=name, roles=frozenset(Role(role) for role in checked))


async def _checked_hash(password: str) -> str:
    if len(password) < passwords.MIN_LENGTH:
        raise Invalid(f"password: at least {passwords.MIN_LENGTH} characters")
    return await asyncio.to_thread(passwords.hash_password, password)


async def change_password(
    conn: AsyncConnection[Any], person_id: UUID, password: str, *, kept_session: str | None = None
) -> None:
    """Give a person a new password and end the person's sessions, but for one that is named by its secret.

    Raises:
        Invalid: the password is too short.
        Missing: there is no such person.
    """
    password_hash = await _checked_hash(password)
    if not await store.update_password(conn, person_id, password_hash=password_hash):
        raise Missing(f"no person {person_id}")
    kept = hash_secret(kept_session) if kept_session is not None else b""
    await store.delete_sessions_of(conn, person_id, but=kept)


async def change_password_knowing(
    conn: AsyncConnection[Any],
    person_id: UUID,
    *,
    current: str,
    password: str,
    secret: str,
    address: str,
    now: datetime,
) -> bool:
    """Change the password of a person who knows the one that is to go; `secret` is of the session that stays.

    Returns:
        False where `current` is wrong; the failure is then written and counts as a failed sign-in.

    Raises:
        TooManyFailures: ten failures of this login or address within ten minutes.
        Invalid: the new password is too short.
    """
    row = await store.read_person(conn, person_id)
    if row is None:
        raise Missing(f"no person {person_id}")
    await _refuse_too_many(conn, row.login, address, now)
    if not await asyncio.to_thread(passwords.is_right_password, current, row.password_hash):
        await store.insert_sign_in_failure(conn, login=row.login, address=address, now=now)
        return False
    await change_password(conn, person_id, password, kept_session=secret)
    return True


async def _refuse_too_many(conn: AsyncConnection[Any], login: str, address: str, now: datetime) -> None:
    failures = await store.count_sign_in_failures(
        conn, login=login.lower(), address=address, since=now - FAILURE_WINDOW
    )
    if failures >= FAILURES_ALLOWED:
        raise TooManyFailures("too many failed sign-ins; wait ten minutes")


async def sign_in(
    conn: AsyncConnection[Any], *, login: str, password: str, address: str, now: datetime
) -> tuple[str, Person] | None:
    """Open a session.

    Returns:
        The session's secret for the cookie and the person, or None where login and password do not belong
        together; the failure is then written, so the caller commits before it answers.

    Raises:
        TooManyFailures: ten failures of this login or address within ten minutes.
    """
    await _refuse_too_many(conn, login, address, now)
    row = await store.read_person_by_login(conn, login.lower())
    known_hash = row.password_hash if row else _NOBODY
    is_right = await asyncio.to_thread(passwords.is_right_password, password, known_hash)
    if row is None or not is_right:
        await store.insert_sign_in_failure(conn, login=login.lower(), address=address, now=now)
        return None
    secret = new_secret()
    await store.insert_session(
        conn,
        secret_hash=hash_secret(secret),
        person_id=row.id,
        address=address,
        now=now,
        ends_at=now + SESSION_LENGTH,
    )
    return secret, Person(id=PersonId(row.id), name=row.name, roles=frozenset(map(Role, row.roles)))


async def person_of_session(conn: AsyncConnection[Any], secret: str, *, now: datetime) -> Person | None:
    """Who a session cookie belongs to; keeps a used session open."""
    row = await store.read_session(conn, hash_secret(secret), now=now)
    if row is None:
        return None
    if now - row.seen_at > TOUCH_EVERY:
        await store.touch_session(conn, hash_secret(secret), now=now, ends_at=now + SESSION_LENGTH)
    return Person(id=PersonId(row.person_id), name=row.name, roles=frozenset(map(Role, row.roles)))


async def add_token(
    conn: AsyncConnection[Any], *, name: str, roles: Iterable[str], by: str, now: datetime
) -> tuple[UUID, str]:
    """Make a bearer token for a script; its secret is shown this once.

    Raises:
        Invalid: a role is unknown.
    """
    secret = "pz_" + new_secret(32)
    token_id = new_uuid()
    await store.insert_token(
        conn,
        token_id=token_id,
        secret_hash=hash_secret(secret),
        name=name,
        roles=_checked_roles(roles),
        by=by,
        now=now,
    )
    return token_id, secret


async def person_of_token(conn: AsyncConnection[Any], secret: str) -> Person | None:
    """The script behind a bearer token."""
    row = await store.read_token(conn, hash_secret(secret))
    if row is None:
        return None
    return Person(id=PersonId(row.id), name=row.name, roles=frozenset(map(Role, row.roles)))
