"""What a page of the office is asked with: the database, the moment, the words of the address, and how to say times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from facility.units import local
from gateway.web.render import Language, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a page; `words` are its address's own words, such as a filter."""

    conn: AsyncConnection[Any]
    now: datetime
    words: Mapping[str, str]
    language: Language

    @property
    def today(self) -> date:
        """The date on the site's wall clock."""
        return local(self.now).date()

    def at(self, moment: datetime | None) -> str:
        """A moment on the site's wall clock, to the minute; nothing for none."""
        return f"{local(moment):%Y-%m-%d %H:%M}" if moment is not None else ""

    def typed(self, moment: datetime) -> str:
        """A moment as a browser's field for date and time holds it."""
        return f"{local(moment):%Y-%m-%dT%H:%M}"

    def say(self, words: str) -> str:
        """A text of ours in the reader's language."""
        return say(self.language)(words)
