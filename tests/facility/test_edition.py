"""What TimescaleDB a database has is found out, and chunks that cannot be read are refused."""

import psycopg
import pytest

from facility.edition import CommunityChunks, Edition, read_edition, refuse_unreadable_chunks
from facility.migrate import migrate


@pytest.fixture
def apache_dsn(empty_dsn: str) -> str:
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        if read_edition(conn, install=True).license != "apache":
            pytest.skip("TimescaleDB does not fit this machine")
    return empty_dsn


def test_an_edition_is_named_for_people(apache_dsn: str) -> None:
    with psycopg.connect(apache_dsn, autocommit=True) as conn:
        found = read_edition(conn, install=False)
    assert (
        str(found) == f"PostgreSQL {found.server_version} with TimescaleDB {found.timescale_version} (apache)"
    )
    plain = Edition(license="none", timescale_version=None, server_version="16.14")
    assert str(plain) == "PostgreSQL 16.14 without TimescaleDB"


def test_a_database_without_the_extension_has_none_until_it_is_installed(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        assert read_edition(conn, install=False).license == "none"


def test_compressed_community_chunks_are_refused_by_the_apache_edition(apache_dsn: str) -> None:
    with psycopg.connect(apache_dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE t (at timestamptz NOT NULL)")
        conn.execute("SELECT create_hypertable('t', by_range('at'))")
        conn.execute("INSERT INTO t VALUES ('2026-01-01'), ('2026-03-01')")
        edition = read_edition(conn, install=False)
        refuse_unreadable_chunks(conn, edition)
        # The catalogue as the community edition leaves it: one chunk points at its compressed twin.
        conn.execute(
            "UPDATE _timescaledb_catalog.chunk SET compressed_chunk_id = "
            "(SELECT max(id) FROM _timescaledb_catalog.chunk), status = 1 "
            "WHERE id = (SELECT min(id) FROM _timescaledb_catalog.chunk)"
        )
        with pytest.raises(CommunityChunks, match="1 chunks compressed"):
            refuse_unreadable_chunks(conn, edition)
    with pytest.raises(CommunityChunks):
        migrate(apache_dsn)
