"""Registering chargers: the site's own at every start, others by an operator."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from charging import charger_store
from charging.charger_store import Charger
from charging.passwords import MAX_PASSWORD_LENGTH, Passwords
from facility.db import notify
from facility.errors import Conflict, Invalid
from facility.site import Site

Connection = AsyncConnection[Any]

MAX_IDENTITY_LENGTH = 48
"""OCPP 2.0.1 part 4 section 3: identifierString of at most 48 characters."""


class ChargerKnown(Conflict):
    """The identity is registered already."""

    code = "charger_known"


class BadIdentity(Invalid):
    """The identity cannot be a charger's."""

    code = "charger_identity"


class BadPassword(Invalid):
    """The password cannot be a charger's."""

    code = "charger_password"


async def register_site(conn: Connection, site: Site, now: datetime) -> None:
    """Register the chargers of the site file and say which connector each EVSE is; repeating changes nothing."""
    for evse in site.evses.values():
        await charger_store.add_charger(
            conn,
            evse.charger,
            registration="accepted",
            is_simulated=site.is_demonstration,
            max_w=evse.max_w,
            security_profile=0,
            now=now,
        )
        charger = await charger_store.find_charger(conn, evse.charger)
        assert charger is not None  # added above, if it was not there
        await charger_store.place_connector(conn, charger.id, evse.connector, evse.id)


async def register_charger(
    conn: Connection,
    identity: str,
    password: str | None,
    passwords: Passwords,
    now: datetime,
    *,
    max_w: int = 250_000,
    security_profile: int = 0,
    evse_id: str | None = None,
) -> Charger:
    """Register a charger by hand.

    Raises:
        BadIdentity, BadPassword: OCPP has no such identity or password.
        ChargerKnown: it is registered already.
    """
    if not 0 < len(identity) <= MAX_IDENTITY_LENGTH or not identity.isprintable() or ":" in identity:
        raise BadIdentity(f"an identity has 1 to {MAX_IDENTITY_LENGTH} printable characters without a colon")
    charger_id = await charger_store.add_charger(
        conn,
        identity,
        registration="accepted",
        is_simulated=False,
        max_w=max_w,
        security_profile=security_profile,
        now=now,
    )
    if charger_id is None:
        raise ChargerKnown(f"charger {identity} is registered already")
    if password is not None:
        await set_password(conn, charger_id, password, passwords)
    if evse_id is not None:
        await charger_store.place_connector(conn, charger_id, 1, evse_id)
    charger = await charger_store.find_charger(conn, identity)
    assert charger is not None  # added above
    await notify(conn, "charger", str(charger_id))
    return charger


async def set_password(conn: Connection, charger_id: int, password: str, passwords: Passwords) -> None:
    """Replace a charger's password.

    Raises:
        BadPassword: empty, too long, or not printable.
    """
    if not 0 < len(password) <= MAX_PASSWORD_LENGTH or not password.isprintable():
        raise BadPassword(f"a password has 1 to {MAX_PASSWORD_LENGTH} printable characters")
    stored = passwords.stored(password)
    await charger_store.set_password(conn, charger_id, stored.password_hash, stored.tag, stored.pepper_id)
    await notify(conn, "charger", str(charger_id))
