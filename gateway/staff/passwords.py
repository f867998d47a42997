"""Passwords: argon2id with 19 MiB and two passes (OWASP's minimum; the library's defaults starve two cores)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
MIN_LENGTH = 8


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its parameters and salt."""
    return _HASHER.hash(password)


def is_right_password(password: str, password_hash: str) -> bool:
    """Whether a password belongs to a hash; takes some 20 ms of a core, so call it in a thread."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
