"""Who may open a websocket: identity from the path, password, sub-protocol. All of it before the websocket opens."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from charging import charger_store
from charging.charger_store import Charger
from charging.passwords import Passwords, read_basic
from charging.registration import MAX_IDENTITY_LENGTH
from facility.context import Context
from facility.db import unit_of_work

WITHOUT_PROTOCOL: Final = "ocpp1.6"
"""What a charger that names no sub-protocol speaks: the ones that do this are 1.6 (and older) firmwares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A refusal before the websocket: HTTP status and one line."""

    status: HTTPStatus
    line: str


def identity_of(path: str) -> str | None:
    """The charger's identity in `/ocpp/<identity>` or `/<identity>`, percent-decoded; None where there is none."""
    segments = [segment for segment in path.partition("?")[0].split("/") if segment]
    if len(segments) == 2 and segments[0].lower() == "ocpp":
        segments = segments[1:]
    if len(segments) != 1:
        return None
    identity = unquote(segments[0], errors="replace")
    is_sound = (
        0 < len(identity) <= MAX_IDENTITY_LENGTH and identity.isprintable() and "\ufffd" not in identity
    )
    return identity if is_sound else None


def chosen_protocol(offered: list[str], served: list[str]) -> str | None:
    """The first of the charger's sub-protocols that is served (its order is its preference), None where none is."""
    if not offered:
        return WITHOUT_PROTOCOL
    known = {name.lower(): name for name in served}
    return next((known[name.lower()] for name in offered if name.lower() in known), None)


class Door:
    """Knows the registered chargers and lets them in."""

    def __init__(self, ctx: Context, passwords: Passwords) -> None:
        self._ctx = ctx
        self._passwords = passwords
        self._known: dict[str, Charger] = {}

    async def learn(self) -> None:
        """Read every registered charger; repeated when one changes."""
        async with unit_of_work(self._ctx.pool) as conn:
            chargers = await charger_store.read_chargers(conn)
        self._known = {charger.identity.casefold(): charger for charger in chargers}

    async def admit(
        self, path: str, authorization: str | None, *, is_tls: bool, certified: str | None
    ) -> Charger | Turned:
        """The charger that knocks, or why it is turned away.

        Args:
            path: of the request.
            authorization: its Authorization header.
            is_tls: whether the connection is encrypted.
            certified: the common name of a client certificate that our CA signed.
        """
        identity = identity_of(path)
        if identity is None:
            return Turned(status=HTTPStatus.NOT_FOUND, line="no charger identity in the path")
        charger = self._known.get(identity.casefold())
        if charger is None:
            charger = await self._stranger(identity)
        if charger is None:
            return Turned(status=HTTPStatus.NOT_FOUND, line="this charger is not registered")
        if charger.security_profile >= 2 and not is_tls:
            return Turned(status=HTTPStatus.UNAUTHORIZED, line="this charger must use TLS")
        if charger.security_profile >= 3:
            is_itself = certified is not None and certified.casefold() == charger.identity.casefold()
            refusal = Turned(status=HTTPStatus.UNAUTHORIZED, line="this charger must show its certificate")
            return charger if is_itself else refusal
        if charger.password_hash is not None and not await self._has_password(charger, authorization):
            return Turned(status=HTTPStatus.UNAUTHORIZED, line="wrong or missing password")
        return charger

    async def _has_password(self, charger: Charger, authorization: str | None) -> bool:
        password = read_basic(authorization, charger.identity)
        if password is None or charger.password_hash is None:
            return False
        if charger.password_tag is not None and self._passwords.knows(charger.password_pepper):
            return self._passwords.is_tagged(password, charger.password_tag)
        if not await self._passwords.is_hashed(password, charger.password_hash):
            return False
        async with unit_of_work(self._ctx.pool) as conn:
            stored = self._passwords.retagged(charger.password_hash, password)
            await charger_store.set_password(
                conn, charger.id, stored.password_hash, stored.tag, stored.pepper_id
            )
        return True

    async def _stranger(self, identity: str) -> Charger | None:
        """A charger registered since `learn`, or one let in as pending where the operator allows that."""
        async with unit_of_work(self._ctx.pool) as conn:
            charger = await charger_store.find_charger(conn, identity)
            if charger is None and self._ctx.settings.ocpp_accept_unknown:
                await charger_store.add_charger(
                    conn,
                    identity,
                    registration="pending",
                    is_simulated=False,
                    max_w=250_000,
                    security_profile=0,
                    now=self._ctx.clock.now(),
                )
                charger = await charger_store.find_charger(conn, identity)
        if charger is not None:
            self._known[identity.casefold()] = charger
        return charger
