"""Unpacking tar archives without letting them write outside their folder."""

import shutil
import tarfile
from pathlib import Path, PurePosixPath

from facility.errors import Invalid


class UnsafeArchive(Invalid):
    """An archive has a member that is neither a plain file nor a folder, or that lies outside."""

    code = "archive.unsafe"


def unpack(packed: tarfile.TarFile, folder: Path) -> None:
    """Write an archive's files and folders below `folder`; of the modes only the owner's and "executable" count.

    `tarfile`'s own filters came with Python 3.11.4, and Debian 12 has 3.11.2.

    Raises:
        UnsafeArchive: a member is a link or device, or its path leaves the folder.
        tarfile.TarError: the archive is damaged.
    """
    for member in packed:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
            raise UnsafeArchive(
                f"{packed.name!s}: {member.name}: not a plain file or folder inside the archive"
            )
        target = folder.joinpath(*path.parts)
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        content = packed.extractfile(member)
        assert content is not None  # it is a plain file
        with content, target.open("wb") as out:
            shutil.copyfileobj(content, out)
        written = target.stat().st_size
        if written != member.size:
            raise tarfile.ReadError(f"{member.name}: only {written} of {member.size} bytes")
        target.chmod(0o700 if member.mode & 0o100 else 0o600)
