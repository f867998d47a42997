"""The message trace of a charger as people ask for it: a window of time, an operation, a direction, a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from psycopg import AsyncConnection

from charging import history_store
from charging.history_store import MessageLine

EXPORT_MOST: Final = 100_000
WINDOW: Final = timedelta(days=1)
"""What is read where nobody says since when."""

Direction = Literal["in", "out"]
"""As the charger's maker counts: `in` came from the charger, `out` was sent to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFilter:
    """What of the trace is wanted; None does not narrow."""

    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    direction: Direction | None = None
    text: str | None = None

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """From when, and until before when."""
        until = self.until or now + timedelta(seconds=1)
        return self.since or until - WINDOW, until


async def read_trace(
    conn: AsyncConnection[Any], charger_id: int, wanted: TraceFilter, now: datetime, limit: int
) -> list[MessageLine]:
    """The lines that fit, newest first."""
    since, until = wanted.window(now)
    return await history_store.read_messages(
        conn,
        charger_id,
        since=since,
        until=until,
        action=wanted.action,
        text=wanted.text,
        limit=limit,
        is_incoming=None if wanted.direction is None else wanted.direction == "in",
    )


def trace_text(lines: Sequence[MessageLine]) -> str:
    """A frame a line, oldest first: what a maker's support asks for."""
    shown = (
        f"{line.at.isoformat(timespec='milliseconds')} {'<' if line.is_incoming else '>'} {line.body}"
        for line in reversed(lines)
    )
    return "".join(f"{line}\n" for line in shown)


def trace_file(identity: str) -> str:
    """A file name for a charger's trace."""
    return f"{''.join(sign for sign in identity if sign.isalnum() or sign in '-_')}.log"
