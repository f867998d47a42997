"""Which TimescaleDB a database has (none, Apache, community); only schema steps and retention branch on it."""

from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import Connection

from facility.errors import Refused


class CommunityChunks(Refused):
    """The database holds chunks compressed by the community edition, which the Apache edition cannot read."""

    code = "database.community_chunks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What was found.

    Attributes:
        license: `none`, `apache` or `community`.
        timescale_version: such as `2.19.3`; None without the extension.
        server_version: of PostgreSQL, such as `16.14`.
    """

    license: Literal["none", "apache", "community"]
    timescale_version: str | None
    server_version: str

    @property
    def has_timescale(self) -> bool:
        """Whether hypertables can be made."""
        return self.timescale_version is not None

    def __str__(self) -> str:
        """For people: `PostgreSQL 16.14 with TimescaleDB 2.19.3 (apache)`."""
        if self.timescale_version is None:
            return f"PostgreSQL {self.server_version} without TimescaleDB"
        return f"PostgreSQL {self.server_version} with TimescaleDB {self.timescale_version} ({self.license})"


def read_edition(conn: Connection, *, install: bool) -> Edition:
    """Detect the edition.

    Args:
        conn: connection in autocommit mode.
        install: create the extension where the server has it loaded and the database does not yet.

    Raises:
        Refused: the database was made with TimescaleDB and this server has not loaded it.
    """
    version = conn.execute("SHOW server_version").fetchone()
    server_version = version[0].split()[0] if version else ""
    preloaded = conn.execute("SHOW shared_preload_libraries").fetchone()
    is_loaded = preloaded is not None and "timescaledb" in preloaded[0]
    found = conn.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if found is not None and not is_loaded:
        raise Refused(
            "the database was made with TimescaleDB and this server has not loaded it (see pingzhan doctor)"
        )
    if found is None and is_loaded and install:
        try:
            conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        except psycopg.errors.InsufficientPrivilege as fault:
            raise Refused(
                "the server has TimescaleDB loaded, and this user may not create the extension: "
                "let its administrator run CREATE EXTENSION timescaledb in the database"
            ) from fault
        found = conn.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if found is None:
        return Edition(license="none", timescale_version=None, server_version=server_version)
    license_row = conn.execute("SHOW timescaledb.license").fetchone()
    is_community = license_row is not None and license_row[0] == "timescale"
    return Edition(
        license="community" if is_community else "apache",
        timescale_version=found[0],
        server_version=server_version,
    )


def refuse_unreadable_chunks(conn: Connection, edition: Edition) -> None:
    """Refuse a database whose compressed chunks this edition cannot read; queries on them would fail or lie.

    Raises:
        CommunityChunks: it holds some.
    """
    if edition.license != "apache":
        return
    row = conn.execute(
        "SELECT count(*) FROM _timescaledb_catalog.chunk "
        "WHERE compressed_chunk_id IS NOT NULL AND NOT dropped"
    ).fetchone()
    if row is not None and row[0] > 0:
        raise CommunityChunks(
            f"the database holds {row[0]} chunks compressed by TimescaleDB's community edition, and this server "
            "has the Apache edition, which cannot read them: use a community server, or decompress them there first"
        )
