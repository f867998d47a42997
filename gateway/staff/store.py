"""Rows of the staff schema."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as kept."""

    id: UUID
    login: str
    name: str
    roles: list[str]
    password_hash: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """An open session and the person it belongs to."""

    person_id: UUID
    name: str
    roles: list[str]
    seen_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A script's token, without its secret."""

    id: UUID
    name: str
    roles: list[str]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


async def insert_person(
    conn: AsyncConnection[Any],
    *,
    person_id: UUID,
    login: str,
    name: str,
    roles: list[str],
    password_hash: str,
    now: datetime,
) -> bool:
    """Add a person; returns False where the login is taken."""
    added = await conn.execute(
        """
        insert into staff.person (id, login, name, roles, password_hash, created_at)
        values (%(id)s, %(login)s, %(name)s, %(roles)s, %(password_hash)s, %(now)s)
        on conflict (login) do nothing
        """,
        {
            "id": person_id,
            "login": login,
            "name": name,
            "roles": roles,
            "password_hash": password_hash,
            "now": now,
        },
    )
    return bool(added.rowcount)


async def read_person_by_login(conn: AsyncConnection[Any], login: str) -> PersonRow | None:
    """The active person with a login."""
    async with conn.cursor(row_factory=class_row(PersonRow)) as cur:
        await cur.execute(
            """
            select id, login, name, roles, password_hash, is_active, created_at
            from staff.person where login = %(login)s and is_active
            """,
            {"login": login},
        )
        return await cur.fetchone()


async def read_people(conn: AsyncConnection[Any]) -> list[PersonRow]:
    """Everyone, by login."""
    async with conn.cursor(row_factory=class_row(PersonRow)) as cur:
        await cur.execute(
            "select id, login, name, roles, password_hash, is_active, created_at from staff.person order by login"
        )
        return await cur.fetchall()


async def update_person(
    conn: AsyncConnection[Any], person_id: UUID, *, roles: list[str], is_active: bool
) -> bool:
    """Change a person's roles, or shut the person out; returns whether the person exists."""
    changed = await conn.execute(
        "update staff.person set roles = %(roles)s, is_active = %(is_active)s where id = %(id)s",
        {"id": person_id, "roles": roles, "is_active": is_active},
    )
    return bool(changed.rowcount)


async def read_person(conn: AsyncConnection[Any], person_id: UUID) -> PersonRow | None:
    """A person by id."""
    async with conn.cursor(row_factory=class_row(PersonRow)) as cur:
        await cur.execute(
            """
            select id, login, name, roles, password_hash, is_active, created_at
            from staff.person where id = %(id)s
            """,
            {"id": person_id},
        )
        return await cur.fetchone()


async def update_password(conn: AsyncConnection[Any], person_id: UUID, *, password_hash: str) -> bool:
    """Write a person's new password; returns whether the person exists."""
    changed = await conn.execute(
        "update staff.person set password_hash = %(hash)s where id = %(id)s",
        {"id": person_id, "hash": password_hash},
    )
    return bool(changed.rowcount)


async def delete_sessions_of(conn: AsyncConnection[Any], person_id: UUID, *, but: bytes) -> None:
    """End a person's sessions, but for the one with this hash (empty: all)."""
    await conn.execute(
        "delete from staff.session where person_id = %(id)s and secret_hash <> %(but)s",
        {"id": person_id, "but": but},
    )


async def count_people(conn: AsyncConnection[Any]) -> int:
    """How many people there are."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select count(*) from staff.person")
        row: int | None = await cur.fetchone()
    return row or 0


async def insert_session(
    conn: AsyncConnection[Any],
    *,
    secret_hash: bytes,
    person_id: UUID,
    address: str,
    now: datetime,
    ends_at: datetime,
) -> None:
    """Open a session."""
    await conn.execute(
        """
        insert into staff.session (secret_hash, person_id, created_at, seen_at, ends_at, address)
        values (%(secret_hash)s, %(person_id)s, %(now)s, %(now)s, %(ends_at)s, %(address)s)
        """,
        {
            "secret_hash": secret_hash,
            "person_id": person_id,
            "address": address,
            "now": now,
            "ends_at": ends_at,
        },
    )


async def read_session(conn: AsyncConnection[Any], secret_hash: bytes, *, now: datetime) -> SessionRow | None:
    """The session behind a cookie, if it has not ended and its person is active."""
    async with conn.cursor(row_factory=class_row(SessionRow)) as cur:
        await cur.execute(
            """
            select session.person_id, person.name, person.roles, session.seen_at, session.ends_at
            from staff.session join staff.person on person.id = session.person_id
            where session.secret_hash = %(secret_hash)s and session.ends_at > %(now)s and person.is_active
            """,
            {"secret_hash": secret_hash, "now": now},
        )
        return await cur.fetchone()


async def touch_session(
    conn: AsyncConnection[Any], secret_hash: bytes, *, now: datetime, ends_at: datetime
) -> None:
    """Keep a used session open for longer."""
    await conn.execute(
        "update staff.session set seen_at = %(now)s, ends_at = %(ends_at)s where secret_hash = %(secret_hash)s",
        {"secret_hash": secret_hash, "now": now, "ends_at": ends_at},
    )


async def delete_session(conn: AsyncConnection[Any], secret_hash: bytes) -> None:
    """End a session."""
    await conn.execute(
        "delete from staff.session where secret_hash = %(secret_hash)s", {"secret_hash": secret_hash}
    )


async def insert_sign_in_failure(
    conn: AsyncConnection[Any], *, login: str, address: str, now: datetime
) -> None:
    """Remember a failed sign-in."""
    await conn.execute(
        "insert into staff.sign_in_failure (login, address, at) values (%(login)s, %(address)s, %(now)s)",
        {"login": login, "address": address, "now": now},
    )


async def count_sign_in_failures(
    conn: AsyncConnection[Any], *, login: str, address: str, since: datetime
) -> int:
    """Failures of one login, or from one address, since a moment."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from staff.sign_in_failure
            where at > %(since)s and (login = %(login)s or address = %(address)s)
            """,
            {"login": login, "address": address, "since": since},
        )
        row: int | None = await cur.fetchone()
    return row or 0


async def insert_token(
    conn: AsyncConnection[Any],
    *,
    token_id: UUID,
    secret_hash: bytes,
    name: str,
    roles: list[str],
    by: str,
    now: datetime,
) -> None:
    """Add a script's token."""
    await conn.execute(
        """
        insert into staff.token (id, secret_hash, name, roles, created_at, created_by)
        values (%(id)s, %(secret_hash)s, %(name)s, %(roles)s, %(now)s, %(by)s)
        """,
        {"id": token_id, "secret_hash": secret_hash, "name": name, "roles": roles, "now": now, "by": by},
    )


async def read_token(conn: AsyncConnection[Any], secret_hash: bytes) -> TokenRow | None:
    """The token behind a bearer secret, if it is not revoked."""
    async with conn.cursor(row_factory=class_row(TokenRow)) as cur:
        await cur.execute(
            """
            select id, name, roles, created_at, created_by, revoked_at from staff.token
            where secret_hash = %(secret_hash)s and revoked_at is null
            """,
            {"secret_hash": secret_hash},
        )
        return await cur.fetchone()


async def read_tokens(conn: AsyncConnection[Any]) -> list[TokenRow]:
    """Every token, the newest first, without secrets."""
    async with conn.cursor(row_factory=class_row(TokenRow)) as cur:
        await cur.execute(
            """
            select id, name, roles, created_at, created_by, revoked_at from staff.token order by created_at desc
            """
        )
        return await cur.fetchall()


async def revoke_token(conn: AsyncConnection[Any], token_id: UUID, *, now: datetime) -> bool:
    """Revoke a token; returns whether it stood."""
    revoked = await conn.execute(
        "update staff.token set revoked_at = %(now)s where id = %(id)s and revoked_at is null",
        {"id": token_id, "now": now},
    )
    return bool(revoked.rowcount)
