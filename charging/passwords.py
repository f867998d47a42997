"""Passwords of chargers: never stored, checked before the websocket opens.

After a restart 2,000 chargers present their passwords within seconds, and argon2id (19 MiB, t=2, some 20 ms each) would
keep two cores busy for most of a minute. So each password is stored twice: as argon2id, which holds without anything
else, and as an HMAC-SHA-256 under a pepper of 256 random bits that lives in a file beside the state and never in the
database. Who steals the database alone has only argon2id hashes to guess at. Where the pepper is another one (a moved
database), the argon2id hash is asked once and the HMAC is written anew.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_PASSWORD_LENGTH: Final = 64
"""OCPP 2.0.1 `BasicAuthPassword` allows 40, its errata 64 characters; 1.6 keys are 40 hexadecimal digits."""

_HEX_KEY: Final = re.compile(r"(?:[0-9a-fA-F]{2}){16,20}")
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassword:
    """What is kept of a password."""

    password_hash: str
    tag: bytes
    pepper_id: bytes


class Passwords:
    """Hashes and checks with one pepper."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        self.pepper_id = hashlib.sha256(pepper).digest()[:8]
        self._slowly = asyncio.Semaphore(2)

    def _tag(self, password: str) -> bytes:
        return hmac.digest(self._pepper, _canonical(password).encode(), "sha256")

    def stored(self, password: str) -> StoredPassword:
        """What to keep of a new password; takes some 20 ms."""
        return StoredPassword(
            password_hash=_hasher.hash(_canonical(password)),
            tag=self._tag(password),
            pepper_id=self.pepper_id,
        )

    def retagged(self, password_hash: str, password: str) -> StoredPassword:
        """A password that `is_hashed` accepted, tagged under this pepper."""
        return StoredPassword(password_hash=password_hash, tag=self._tag(password), pepper_id=self.pepper_id)

    def knows(self, pepper_id: bytes | None) -> bool:
        """Whether a stored tag was made under this pepper, so that `is_tagged` can decide."""
        return pepper_id is not None and hmac.compare_digest(pepper_id, self.pepper_id)

    def is_tagged(self, password: str, tag: bytes) -> bool:
        """Whether this is the password; takes microseconds."""
        return hmac.compare_digest(self._tag(password), tag)

    async def is_hashed(self, password: str, password_hash: str) -> bool:
        """Whether this is the password, by argon2id in a thread; two at a time."""
        async with self._slowly:
            return await asyncio.to_thread(_verified, password_hash, password)


def _canonical(password: str) -> str:
    """A 1.6 AuthorizationKey is hexadecimal, so its letters' case means nothing; other passwords are as they are."""
    return password.upper() if _HEX_KEY.fullmatch(password) else password


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, _canonical(password))
    except (VerificationError, InvalidHashError):
        return False


def load_passwords(state: Path) -> Passwords:
    """The pepper of this installation, made at first use (owner-readable only)."""
    path = state / "charging-pepper"
    state.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Passwords(bytes.fromhex(path.read_text("ascii").strip()))
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        pepper = secrets.token_bytes(32)
        file.write(pepper.hex() + "\n")
    return Passwords(pepper)


def read_basic(header: str | None, identity: str) -> str | None:
    """The password of an HTTP Basic header, if it is one for this identity.

    The user name is the charger's identity (OCPP-J 1.6 security whitepaper, A00.FR.204), compared without case. The key
    may be sent as its text or, by some 1.6 chargers, as the raw octets its hexadecimal digits stand for: both are read.
    """
    if header is None or header[:6].lower() != "basic ":
        return None
    try:
        text = base64.b64decode(header[6:].strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user, separator, password = text.partition(b":")
    if not separator or user.decode("utf-8", "replace").casefold() != identity.casefold():
        return None
    try:
        decoded = password.decode("utf-8")
    except UnicodeDecodeError:
        return password.hex().upper()
    if len(password) <= 32 and not decoded.isprintable():
        return password.hex().upper()
    return decoded
