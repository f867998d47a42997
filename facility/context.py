"""What every long-running part of a process is handed."""

from dataclasses import dataclass

from facility.clock import Clock
from facility.db import Pool
from facility.settings import Settings
from facility.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Settings, connections, clock and site of one process.

    `dsn` is the database's address, for listeners that keep a connection of their own.
    """

    settings: Settings
    dsn: str
    pool: Pool
    clock: Clock
    site: Site
