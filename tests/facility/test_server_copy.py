"""The server's files: made once, whole or not at all, plain where the archive does not fit."""

import dataclasses
import shutil
import threading
from pathlib import Path

import pytest

from facility.db import connect_sync
from facility.edition import Edition, read_edition
from facility.embedded import QUICK, start_server
from facility.errors import Refused
from facility.migrate import migrate, pending
from facility.server_copy import ARCHIVE_FOLDER, ServerCopy, misfit, read_archive, server_copy


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ServerCopy:
    """A server for which no TimescaleDB archive was shipped."""
    return server_copy(archive_folder=tmp_path_factory.mktemp("nothing"))


def test_starts_at_once_share_one_whole_copy(tmp_path: Path) -> None:
    made: list[ServerCopy] = []
    threads = [threading.Thread(target=lambda: made.append(server_copy(tmp_path))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 3
    assert len(set(made)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        made[0].home.parent.parent.name,
        "server.lock",
    ]
    assert (made[0].home / "bin" / "postgres").stat().st_mode & 0o005 == 0o005


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"server_version": "16.13"}, "is for server 16.13"),
        ({"machine": "s390x"}, "is for s390x"),
        ({"libc": (9, 1)}, "needs glibc 9.1"),
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"path": Path("gone.tar.xz")}, "gone.tar.xz: missing"),
    ],
)
def test_an_archive_that_does_not_fit_is_left_out_with_the_reason(
    change: dict[str, object], why: str
) -> None:
    archive = read_archive()
    assert archive is not None
    version = archive.server_version
    assert why in misfit(dataclasses.replace(archive, **change), version)  # type: ignore[arg-type]


def test_the_shipped_archive_fits_the_locked_server() -> None:
    archive = read_archive()
    assert archive is not None
    copy = server_copy()
    assert archive.server_version == copy.version
    if archive.machine == "x86_64":
        assert copy.timescale == archive.version or "machine" in copy.why_plain


def test_the_archive_comes_with_its_licence_and_the_script_that_makes_it() -> None:
    for name in ("LICENSE-APACHE", "NOTICE", "build.sh", "manifest.json"):
        assert (ARCHIVE_FOLDER / name).stat().st_size > 0


def test_every_step_runs_on_plain_postgresql(plain: ServerCopy, open_folder: Path) -> None:
    assert plain.timescale is None
    assert plain.why_plain == "no TimescaleDB archive was shipped"
    server = start_server(open_folder / "state", options=QUICK, copy=plain)
    try:
        applied = migrate(server.dsn())
        assert {step.part for step in applied} <= {""}
        assert pending(server.dsn()) == []
        with connect_sync(server.dsn()) as conn:
            found = read_edition(conn, install=False)
        assert found == Edition(license="none", timescale_version=None, server_version=plain.version)
    finally:
        server.stop()


def test_a_database_made_with_timescale_is_refused_by_a_plain_server(
    plain: ServerCopy, open_folder: Path
) -> None:
    if server_copy().timescale is None:
        pytest.skip(server_copy().why_plain)
    server = start_server(open_folder / "state", options=QUICK)
    migrate(server.dsn())
    server.stop()
    server = start_server(open_folder / "state", options=QUICK, copy=plain)
    try:
        with pytest.raises(Refused, match="was made with TimescaleDB"):
            migrate(server.dsn())
    finally:
        server.stop()


def test_a_database_made_plain_gets_its_timescale_parts_when_the_extension_comes(
    plain: ServerCopy, open_folder: Path
) -> None:
    if server_copy().timescale is None:
        pytest.skip(server_copy().why_plain)
    server = start_server(open_folder / "state", options=QUICK, copy=plain)
    migrate(server.dsn())
    server.stop()
    server = start_server(open_folder / "state", options=QUICK)
    try:
        assert {step.part for step in migrate(server.dsn())} <= {"timescale"}
        assert pending(server.dsn()) == []
    finally:
        server.stop()


def test_a_copy_cut_short_is_not_taken_for_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", cut_short)
        with pytest.raises(Exception, match="No space left on device"):
            server_copy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["server.lock"]
    assert (server_copy(tmp_path).home / "bin" / "initdb").exists()
