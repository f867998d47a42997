"""Rows of what phones sent, of photos, and of the people who sign."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.ids import PersonId

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """A statement as it arrived, and what became of it.

    `words` is the canonical JSON of what was said; `acted_at` the device's moment on the server's clock.
    """

    id: UUID
    run_id: UUID
    task: str | None
    act: str
    signer_id: PersonId
    signer_name: str
    device_id: UUID
    sequence: int
    device_at: datetime
    received_at: datetime
    acted_at: datetime
    words: str
    words_sha256: str
    sent_by: str
    outcome: str
    reason: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the roster. The PIN's key proves signatures and never leaves the server."""

    person_id: PersonId
    name: str
    account_roles: list[str]
    crew: str | None
    phone: str | None
    is_leader: bool
    pin_salt: str | None
    pin_key: str | None
    pin_check: str | None
    pin_rounds: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo by its SHA-256."""

    sha256: str
    media_type: str
    content: bytes
    received_at: datetime


async def read_known(conn: Conn, ids: list[UUID]) -> dict[UUID, EntryRow]:
    """Read the entries of these ids that have arrived before."""
    async with conn.cursor(row_factory=class_row(EntryRow)) as cur:
        await cur.execute("select * from conversion.entry where id = any(%(ids)s)", {"ids": ids})
        return {row.id: row for row in await cur.fetchall()}


async def read_last_sequence(conn: Conn, run_id: UUID, device_id: UUID) -> int:
    """Read how far a device's entries of a run have arrived; 0 before the first."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select coalesce(max(sequence), 0) from conversion.entry
            where run_id = %(run_id)s and device_id = %(device_id)s
            """,
            {"run_id": run_id, "device_id": device_id},
        )
        return int(await cur.fetchone() or 0)


async def insert_entry(conn: Conn, entry: EntryRow) -> None:
    """Keep an entry."""
    await conn.execute(
        """
        insert into conversion.entry (id, run_id, task, act, signer_id, signer_name, device_id, sequence, device_at,
            received_at, acted_at, words, words_sha256, sent_by, outcome, reason, facts)
        values (%(id)s, %(run_id)s, %(task)s, %(act)s, %(signer_id)s, %(signer_name)s, %(device_id)s, %(sequence)s,
            %(device_at)s, %(received_at)s, %(acted_at)s, %(words)s, %(words_sha256)s, %(sent_by)s, %(outcome)s,
            %(reason)s, %(jfacts)s)
        """,
        {name: getattr(entry, name) for name in EntryRow.__slots__ if name != "facts"}
        | {"jfacts": Jsonb(entry.facts)},
    )


async def write_outcome(
    conn: Conn, entry_id: UUID, outcome: str, reason: str | None, facts: dict[str, Any]
) -> None:
    """Say what became of an entry that was pending."""
    await conn.execute(
        """
        update conversion.entry set outcome = %(outcome)s, reason = %(reason)s, facts = %(facts)s
        where id = %(id)s and outcome = 'pending'
        """,
        {"id": entry_id, "outcome": outcome, "reason": reason, "facts": Jsonb(facts)},
    )


async def read_pending(conn: Conn, run_id: UUID) -> list[EntryRow]:
    """Read the entries that wait for something before them, each device's in its own order."""
    async with conn.cursor(row_factory=class_row(EntryRow)) as cur:
        await cur.execute(
            """
            select * from conversion.entry where run_id = %(run_id)s and outcome = 'pending'
            order by received_at, device_id, sequence
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def read_entries(conn: Conn, run_id: UUID) -> list[EntryRow]:
    """Read every entry of a run by device and sequence."""
    async with conn.cursor(row_factory=class_row(EntryRow)) as cur:
        await cur.execute(
            "select * from conversion.entry where run_id = %(run_id)s order by received_at, device_id, sequence",
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def write_member(conn: Conn, member: Member) -> None:
    """Put a person on the roster or change the row; a PIN that is not given stays."""
    await conn.execute(
        """
        insert into conversion.member (person_id, name, account_roles, crew, phone, is_leader, pin_salt, pin_key,
            pin_check, pin_rounds, changed_at)
        values (%(person_id)s, %(name)s, %(account_roles)s, %(crew)s, %(phone)s, %(is_leader)s, %(pin_salt)s,
            %(pin_key)s, %(pin_check)s, %(pin_rounds)s, %(changed_at)s)
        on conflict (person_id) do update set name = excluded.name, account_roles = excluded.account_roles,
            crew = excluded.crew, phone = excluded.phone, is_leader = excluded.is_leader,
            pin_salt = coalesce(excluded.pin_salt, conversion.member.pin_salt),
            pin_key = coalesce(excluded.pin_key, conversion.member.pin_key),
            pin_check = coalesce(excluded.pin_check, conversion.member.pin_check),
            pin_rounds = coalesce(excluded.pin_rounds, conversion.member.pin_rounds),
            changed_at = excluded.changed_at
        """,
        {name: getattr(member, name) for name in Member.__slots__},
    )


async def read_member(conn: Conn, person_id: PersonId) -> Member | None:
    """Read one person of the roster."""
    async with conn.cursor(row_factory=class_row(Member)) as cur:
        await cur.execute("select * from conversion.member where person_id = %(id)s", {"id": person_id})
        return await cur.fetchone()


async def read_members(conn: Conn) -> list[Member]:
    """Read the roster."""
    async with conn.cursor(row_factory=class_row(Member)) as cur:
        await cur.execute("select * from conversion.member order by crew nulls last, is_leader desc, name")
        return await cur.fetchall()


async def insert_photo(conn: Conn, photo: Photo) -> bool:
    """Keep a photo; says whether it is new."""
    kept = await conn.execute(
        """
        insert into conversion.photo (sha256, media_type, content, received_at)
        values (%(sha256)s, %(media_type)s, %(content)s, %(received_at)s) on conflict (sha256) do nothing
        """,
        {name: getattr(photo, name) for name in Photo.__slots__},
    )
    return bool(kept.rowcount)


async def read_photo(conn: Conn, sha256: str) -> Photo | None:
    """Read a photo."""
    async with conn.cursor(row_factory=class_row(Photo)) as cur:
        await cur.execute("select * from conversion.photo where sha256 = %(sha256)s", {"sha256": sha256})
        return await cur.fetchone()


async def missing_photos(conn: Conn, hashes: list[str]) -> list[str]:
    """Name the photos that have not arrived."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select h from unnest(%(hashes)s::text[]) as h
            where not exists (select from conversion.photo p where p.sha256 = h)
            """,
            {"hashes": hashes},
        )
        return [str(row) for row in await cur.fetchall()]
