"""What a charger's timestamp says, how far to believe it, and how one is written.

The raw text and the moment of receipt are always kept by the caller; this rule only proposes the moment to use and
names what is odd about it. No odd timestamp ever refuses a message.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

AHEAD_ALLOWED: Final = timedelta(minutes=10)
"""A charger's clock may run this far ahead before its moments are replaced by ours."""

LATE_AFTER: Final = timedelta(minutes=5)
"""A moment older than this at receipt was queued off-line, or the clock is behind."""

OLDEST_BELIEVED: Final = datetime(2015, 10, 8, tzinfo=UTC)
"""OCPP 1.6 was published on this day: an earlier moment is a clock that was never set."""

_REPLACED: Final = frozenset({"missing", "unreadable", "unset_clock", "future"})
"""Flags of a moment that is not the charger's own: the receipt stands in its place."""

_SITE_ZONE: Final = timezone(timedelta(hours=8))
_TEXT: Final = re.compile(
    r"^\s*(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([Zz]|[+-]\d{2}:?\d{2})?\s*$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment as used (`at`, aware UTC) and, in `flags`, why it may differ from what was sent."""

    at: datetime
    flags: tuple[str, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether the message tells of the past: applied as history, not as the present."""
        return "late" in self.flags

    @property
    def is_clock_set(self) -> bool:
        """Whether the charger's clock was believed."""
        return not _REPLACED.intersection(self.flags)


def read_moment(raw: object, received_at: datetime) -> Moment:
    """Read a timestamp as a charger sent it.

    Args:
        raw: the member's value; anything at all.
        received_at: when the message came in, aware UTC.

    Returns:
        The moment to use. Flags: `missing`, `unreadable`, `unset_clock` (before OCPP 1.6 existed), `future` (all four
        replaced by `received_at`), `no_zone` (read as UTC or as China time, whichever is nearer to receipt), `late`
        (older than `LATE_AFTER`, believed).
    """
    if raw is None:
        return Moment(at=received_at, flags=("missing",))
    found = _parse(raw) if isinstance(raw, str) and len(raw) <= 64 else None
    if found is None:
        return Moment(at=received_at, flags=("unreadable",))
    flags: tuple[str, ...] = ()
    if found.tzinfo is None:
        flags = ("no_zone",)
        found = min(
            (found.replace(tzinfo=zone) for zone in (UTC, _SITE_ZONE)), key=lambda at: abs(at - received_at)
        )
    at = found.astimezone(UTC)
    if at < OLDEST_BELIEVED:
        return Moment(at=received_at, flags=(*flags, "unset_clock"))
    if at > received_at + AHEAD_ALLOWED:
        return Moment(at=received_at, flags=(*flags, "future"))
    if at < received_at - LATE_AFTER:
        flags = (*flags, "late")
    return Moment(at=at, flags=flags)


def moment_text(moment: datetime) -> str:
    """A moment as OCPP writes it: UTC with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FURTHEST_DEADLINE: Final = timedelta(days=30)


def read_deadline(raw: object, now: datetime) -> datetime | None:
    """A moment to come as a charger sent it (a car's departure); None where it is unreadable, past, or far off."""
    found = _parse(raw) if isinstance(raw, str) and len(raw) <= 64 else None
    if found is None:
        return None
    at = (found if found.tzinfo else found.replace(tzinfo=_SITE_ZONE)).astimezone(UTC)
    return at if now < at <= now + FURTHEST_DEADLINE else None


def _parse(text: str) -> datetime | None:
    # The fast way first: nearly every charger sends what fromisoformat reads, and this is the hot path.
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _parse_slowly(text)
    return found if _is_convertible(found) else None


def _parse_slowly(text: str) -> datetime | None:
    match = _TEXT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        found = datetime(  # noqa: DTZ001 - the zone, if any, is put on below
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros
        )
        found = found.replace(tzinfo=_zone(zone))
    except ValueError:
        return None
    return found if _is_convertible(found) else None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _is_convertible(found: datetime) -> bool:
    """Year 1 and year 9999 cannot be moved between zones."""
    return 1 < found.year < 9999
