"""Error families that every package's own errors belong to."""

from typing import ClassVar


class OpsError(Exception):
    """A refusal or fault that an edge can translate for a person or a peer.

    Args:
        detail: one line for the log and for scripts: what was wrong and where.
        facts: named values behind the detail, JSON-able.
    """

    code: ClassVar[str] = "ops.error"

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class Missing(OpsError):
    """What was asked for does not exist."""

    code = "missing"


class Conflict(OpsError):
    """The request does not fit the present state."""

    code = "conflict"


class Refused(OpsError):
    """The person or device may not do this."""

    code = "refused"


class Unauthenticated(Refused):
    """Nobody is signed in, or the sign-in does not hold."""

    code = "unauthenticated"


class Invalid(OpsError):
    """The input cannot be read or breaks a rule of its format."""

    code = "invalid"


class Unavailable(OpsError):
    """Something outside this process is away for now."""

    code = "unavailable"
