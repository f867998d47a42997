"""What the operators' pages show, put together from rows: status groups, open alarms by charger, the list's numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import desk_store
from charging.desk_store import Glance
from charging.web.desk_words import STATUS_WORDS
from facility.alarm_store import Alarm, read_open_alarms
from facility.ids import EvseId
from facility.site import Site

GROUPS: Final = ("charging", "free", "taken", "trouble", "away")
STALE: Final = timedelta(minutes=5)
"""A power older than this is not counted as flowing now."""


def group_of(status: str, *, is_connected: bool) -> str:
    """Which of `GROUPS` a connector counts in."""
    if not is_connected:
        return "away"
    if status in ("Faulted", "Unavailable", "Unknown"):
        return "trouble"
    return {"Charging": "charging", "Available": "free"}.get(status, "taken")


def status_word(status: str, language: str) -> str:
    """A status in the reader's language; one we do not know stays as it came."""
    pair = STATUS_WORDS.get(status)
    return status if pair is None else pair[0 if language == "zh" else 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One connector of the list; `level` is None where it is at no bay of the site."""

    glance: Glance
    group: str
    bay: str | None
    level: str | None
    power_w: int | None
    alarms: tuple[Alarm, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.glance.evse_id or self.glance.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of the list is wanted; empty does not narrow."""

    group: str = ""
    level: str = ""
    text: str = ""

    def fits(self, row: Row) -> bool:
        """Whether a row is shown."""
        if self.group == "alarm" and not row.alarms:
            return False
        if self.group in GROUPS and row.group != self.group:
            return False
        if self.level and (row.level or "-") != self.level:
            return False
        glance = row.glance
        said = (glance.identity, glance.evse_id, row.bay, glance.vendor, glance.model, glance.plate)
        return self.text.casefold() in " ".join(word for word in said if word).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """The list and the numbers above it, which count every connector."""

    rows: Sequence[Row]
    counts: Mapping[str, int]
    total: int
    power_w: int
    levels: Sequence[str]


async def read_list(conn: AsyncConnection[Any], site: Site, wanted: Wanted, now: datetime) -> ListView:
    """Every connector that fits, and the numbers of all."""
    glances = await desk_store.read_glances(conn)
    alarms = await alarms_by_charger(conn)
    rows = [_row(site, glance, alarms.get(glance.charger_id, ()), now) for glance in glances]
    counts = {group: sum(row.group == group for row in rows) for group in GROUPS}
    counts["alarm"] = sum(bool(row.alarms) for row in rows)
    levels = sorted({row.level or "-" for row in rows})
    return ListView(
        rows=[row for row in rows if wanted.fits(row)],
        counts=counts,
        total=len(rows),
        power_w=sum(row.power_w or 0 for row in rows),
        levels=levels,
    )


def _row(site: Site, glance: Glance, alarms: Iterable[Alarm], now: datetime) -> Row:
    evse = site.evses.get(EvseId(glance.evse_id or ""))
    bay = None if evse is None else site.bays[evse.bay]
    is_fresh = glance.sampled_at is not None and now - glance.sampled_at < STALE
    group = group_of(glance.status, is_connected=glance.is_connected)
    return Row(
        glance=glance,
        group=group,
        bay=None if bay is None else str(bay.id),
        level=None if bay is None else str(bay.level),
        power_w=glance.power_w if is_fresh and group == "charging" else None,
        alarms=tuple(alarms),
    )


async def alarms_by_charger(conn: AsyncConnection[Any]) -> dict[int, list[Alarm]]:
    """Charging's open alarms by charger; they name a transaction, or a charger and what it sent."""
    ours = [alarm for alarm in await read_open_alarms(conn) if alarm.kind.startswith("charging.")]
    numbers = [int(alarm.subject) for alarm in ours if alarm.subject.isdigit()]
    owners = await desk_store.read_chargers_of(conn, numbers) if numbers else {}
    found: dict[int, list[Alarm]] = {}
    for alarm in ours:
        head = alarm.subject.partition("/")[0]
        charger_id = (
            owners.get(int(head)) if alarm.subject.isdigit() else int(head) if head.isdigit() else None
        )
        if charger_id is not None:
            found.setdefault(charger_id, []).append(alarm)
    return found
