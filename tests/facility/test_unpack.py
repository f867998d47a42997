"""Archives are unpacked inside their folder or not at all."""

import io
import tarfile
from pathlib import Path

import pytest

from facility.unpack import UnsafeArchive, unpack


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as packed:
        for member, content in members:
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    raw.seek(0)
    return raw


def test_files_folders_and_the_executable_bit_come_out(tmp_path: Path) -> None:
    program = tarfile.TarInfo("bin/tool")
    program.mode = 0o755
    with tarfile.open(fileobj=archive((program, b"#!"), (tarfile.TarInfo("note.txt"), b"hello"))) as packed:
        unpack(packed, tmp_path)
    assert (tmp_path / "bin" / "tool").stat().st_mode & 0o100
    assert (tmp_path / "note.txt").read_bytes() == b"hello"
    assert not (tmp_path / "note.txt").stat().st_mode & 0o100


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with (
        tarfile.open(fileobj=archive((tarfile.TarInfo(name), b"x"))) as packed,
        pytest.raises(UnsafeArchive, match="outside"),
    ):
        unpack(packed, tmp_path / "inside")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(fileobj=archive((link, b""))) as packed, pytest.raises(UnsafeArchive):
        unpack(packed, tmp_path)


def test_an_archive_cut_short_is_an_error(tmp_path: Path) -> None:
    whole = archive((tarfile.TarInfo("long"), b"x" * 40_000)).getvalue()
    with pytest.raises(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(whole[:20_000])) as packed:
        unpack(packed, tmp_path)
