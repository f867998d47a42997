"""What a screen shows, read in one unit of work and shaped for drawing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from dashboard import store
from dashboard.figures.bays import BayState
from facility.context import Context
from facility.db import unit_of_work
from facility.layout import Site


@asynccontextmanager
async def reading(context: Context) -> AsyncIterator[store.Conn]:
    """One connection for what one panel reads.

    Raises:
        DatabaseAway: no connection could be had in time.
    """
    async with unit_of_work(context.pool) as conn:
        yield conn


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Cars in the building, by zone; a zone that was never counted is missing."""

    zones: Mapping[str, store.ZoneRow]

    @property
    def free(self) -> int:
        """Free bays in the zones that are counted."""
        return sum(max(zone.capacity - zone.occupied, 0) for zone in self.zones.values())

    @property
    def changed_at(self) -> datetime | None:
        """The newest change of a count."""
        return max((zone.changed_at for zone in self.zones.values()), default=None)


async def read_counts(context: Context) -> Counts:
    """The count of every zone."""
    async with reading(context) as conn:
        return Counts(zones={zone.zone_id: zone for zone in await store.read_zones(conn)})


async def read_bay_states(context: Context) -> dict[str, BayState]:
    """Every bay as its sensor and its charger last told."""
    async with reading(context) as conn:
        return bay_states(context.site, await store.read_bays(conn), await store.read_evse_statuses(conn))


def bay_states(site: Site, bays: list[store.BayRow], statuses: Mapping[str, str]) -> dict[str, BayState]:
    """One state a bay of the site, by its id."""
    rows = {row.bay_id: row for row in bays}
    evses = {evse.bay: evse for evse in site.evses.values()}
    states = {}
    for bay_id in site.bays:
        row, evse = rows.get(bay_id), evses.get(bay_id)
        states[str(bay_id)] = BayState(
            bay_id=bay_id,
            occupied=row.occupied if row else None,
            use=row.use if row else "parking",
            has_evse=evse is not None,
            evse=statuses.get(evse.id) if evse else None,
        )
    return states
