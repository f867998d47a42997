"""A backup comes back whole, or not at all."""

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from facility.clock import SystemClock
from facility.embedded import QUICK, Server, embedded_server, start_server
from facility.migrate import migrate, pending
from facility.settings import Settings
from gateway.backup import BrokenBackup, StillRunning, restore_backup, write_backup
from gateway.doctor import examine
from gateway.first_start import prepare


@pytest.fixture
def settings(open_folder: Path) -> Settings:
    return Settings(data=open_folder / "state", demo=False)


@pytest.fixture
async def filled(settings: Settings) -> Settings:
    """An installation with a person and a picture in it."""
    with embedded_server(settings.data, options=QUICK) as server:
        migrate(server.dsn())
        await prepare(settings, server.dsn(), SystemClock())
    (settings.data / "pictures").mkdir()
    (settings.data / "pictures" / "one.jpg").write_bytes(b"picture")
    return settings


def people(server: Server) -> list[str]:
    with psycopg.connect(server.dsn()) as conn:
        return [row[0] for row in conn.execute("SELECT login FROM staff.person ORDER BY login")]


def test_a_backup_brings_back_rows_and_pictures(filled: Settings, open_folder: Path) -> None:
    file = open_folder / "garage.backup"
    written = write_backup(filled, file)
    assert written["bytes"] == file.stat().st_size
    with embedded_server(filled.data, options=QUICK) as server, psycopg.connect(server.dsn()) as conn:
        conn.execute("DELETE FROM staff.person")
    (filled.data / "pictures" / "one.jpg").write_bytes(b"spoilt")
    restore_backup(filled, file)
    assert (filled.data / "pictures" / "one.jpg").read_bytes() == b"picture"
    with embedded_server(filled.data, options=QUICK) as server:
        assert people(server) == ["admin"]
        assert pending(server.dsn()) == []


def test_a_backup_moves_to_another_machine(filled: Settings, open_folder: Path) -> None:
    file = open_folder / "garage.backup"
    write_backup(filled, file)
    other = Settings(data=open_folder / "other")
    restore_backup(other, file)
    with embedded_server(other.data, options=QUICK) as server:
        assert people(server) == ["admin"]
    assert (other.data / "pictures" / "one.jpg").read_bytes() == b"picture"


def test_a_backup_can_be_taken_while_running_but_not_restored(
    filled: Settings, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facility.embedded._WAIT_FOR_OTHERS_S", 0.1)
    server = start_server(filled.data, options=QUICK)
    try:
        write_backup(filled, open_folder / "garage.backup")
        with pytest.raises(StillRunning):
            restore_backup(filled, open_folder / "garage.backup")
        assert people(server) == ["admin"]
    finally:
        server.stop()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:20_000])


def _scramble(file: Path) -> None:
    content = bytearray(file.read_bytes())
    with tarfile.open(file) as packed:
        dump = packed.getmember("database.dump")
    content[dump.offset_data + dump.size // 2] ^= 0xFF
    file.write_bytes(content)


def _other(file: Path) -> None:
    file.write_bytes(b"a letter, not a backup")


@pytest.fixture(scope="module")
def whole_backup(module_folder: Path) -> bytes:
    """A backup of an empty installation."""
    file = module_folder / "garage.backup"
    write_backup(Settings(data=module_folder / "state"), file)
    return file.read_bytes()


@pytest.mark.parametrize("spoil", [_cut, _scramble, _other, Path.unlink])
def test_a_spoilt_backup_is_refused_before_anything_is_touched(
    whole_backup: bytes, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "garage.backup"
    file.write_bytes(whole_backup)
    spoil(file)
    with pytest.raises(BrokenBackup, match=r"garage\.backup"):
        restore_backup(Settings(data=tmp_path / "state"), file)
    assert list((tmp_path / "state").iterdir()) == []


@pytest.fixture
def doctor_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PINGZHAN_DATA", str(settings.data))
    monkeypatch.delenv("PINGZHAN_DATABASE_URL", raising=False)
    yield


def test_the_doctor_names_the_edition_and_what_is_missing(filled: Settings, doctor_environment: None) -> None:
    found = {finding.subject: finding for finding in examine()}
    assert "PostgreSQL 16" in found["database"].found
    assert "TimescaleDB" in found["database"].found
    assert found["schema"].is_well
    with embedded_server(filled.data, options=QUICK) as server, psycopg.connect(server.dsn()) as conn:
        conn.execute("DELETE FROM migration.step WHERE package = 'staff'")
    found = {finding.subject: finding for finding in examine()}
    assert not found["schema"].is_well
    assert found["schema"].mend == "run pingzhan migrate"


def test_the_doctor_reads_bad_settings_as_a_finding(
    doctor_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINGZHAN_HTTP_PORT", "many")
    found = {finding.subject: finding for finding in examine()}
    assert not found["settings"].is_well
    assert "PINGZHAN_HTTP_PORT" in found["settings"].found
