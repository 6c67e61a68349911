"""Archives of what migpt keeps: configuration, secrets, logins, memory. Taken while the services run."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

#: Beside a database, as long as it is open; the copy that is taken of it needs none of them.
_OF_DATABASE = ("-wal", "-shm", "-journal")
_DATABASE_HEAD = b"SQLite format 3\0"
#: What says that a process runs, not what it knows.
_OF_PROCESSES = (".lock",)


class ArchiveRefusedError(Exception):
    """Nothing was written. The text says why."""


def write_archive(places: Mapping[str, Path], out: IO[bytes]) -> int:
    """Write all files below the places, each under its name; how many there were. Raises OSError, sqlite3.Error.

    A place may be a file, a folder, or missing. Databases are copied as of one moment, however busy they are.
    """
    written = 0
    with tarfile.open(fileobj=out, mode="w|gz") as archive, tempfile.TemporaryDirectory() as copies:
        for name, place in places.items():
            for file in [place] if place.is_file() else sorted(place.rglob("*")):
                if file.is_symlink() or not file.is_file() or _is_passing(file):
                    continue
                with contextlib.suppress(FileNotFoundError):  # removed since the folder was read
                    inside = name if file == place else f"{name}/{file.relative_to(place)}"
                    _add(archive, file, inside, Path(copies))
                    written += 1
    return written


def read_archive(source: IO[bytes], places: Mapping[str, Path], *, may_replace: bool = False) -> int:
    """Put an archive's files back to their places; how many there were.

    All of it is unpacked and checked before anything is replaced. Raises ArchiveRefusedError for what is no archive of
    ours, and when a place has files already that may not be replaced.
    """
    with tempfile.TemporaryDirectory(prefix="migpt-restore-") as name:
        unpacked = Path(name)
        try:
            owners: dict[Path, tuple[int, int]] = {}
            with tarfile.open(fileobj=source, mode="r|gz") as archive:
                for entry in archive:
                    archive.extract(entry, unpacked, filter="data")
                    owners[unpacked / entry.name] = (entry.uid, entry.gid)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ArchiveRefusedError(f"this is no archive of migpt, or it is not whole: {error}") from error
        found = {entry.name for entry in unpacked.iterdir()}
        if not found or not found <= set(places):
            raise ArchiveRefusedError(f"this is no archive for here; it has {', '.join(sorted(found)) or 'nothing'}")
        occupied = [str(place) for name_, place in places.items() if name_ in found and _has_files(place)]
        if occupied and not may_replace:
            raise ArchiveRefusedError(f"there is something already: {', '.join(occupied)}")
        return sum(_put_back(unpacked / name_, places[name_], owners) for name_ in sorted(found))


def _add(archive: tarfile.TarFile, file: Path, inside: str, copies: Path) -> None:
    with file.open("rb") as opened:
        is_database = opened.read(len(_DATABASE_HEAD)) == _DATABASE_HEAD
    if not is_database:
        archive.add(file, inside, recursive=False)
        return
    copy = copies / "database"
    with (
        contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        original.backup(target)
    entry = archive.gettarinfo(copy, inside)
    was = file.stat()
    entry.mode, entry.uid, entry.gid = was.st_mode & 0o777, was.st_uid, was.st_gid
    with copy.open("rb") as opened:
        archive.addfile(entry, opened)
    copy.unlink()


def _is_passing(file: Path) -> bool:
    return file.name.endswith(_OF_PROCESSES) or any(
        file.name.endswith(ending) and file.with_name(file.name.removesuffix(ending)).exists()
        for ending in _OF_DATABASE
    )


def _has_files(place: Path) -> bool:
    return place.is_file() or (
        place.is_dir() and any(not _is_passing(one) for one in place.rglob("*") if one.is_file())
    )


def _put_back(unpacked: Path, place: Path, owners: Mapping[Path, tuple[int, int]]) -> int:
    """Files, and the folders that are made for them, belong to whom they belonged before, if we may say so."""
    if unpacked.is_file():
        files = {unpacked: place}
    else:
        files = {file: place / file.relative_to(unpacked) for file in unpacked.rglob("*") if file.is_file()}
    for file, target in files.items():
        # A volume that is new has no owner yet.
        made = [folder for folder in (place, *target.parents) if not folder.exists() or _is_new(folder, place)]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for ending in _OF_DATABASE:
            target.with_name(target.name + ending).unlink(missing_ok=True)
        shutil.copy(file, target)
        for path in (target, *made):
            _give(path, owners[file])
    return len(files)


def _is_new(folder: Path, place: Path) -> bool:
    return folder == place and folder.is_dir() and not any(folder.iterdir())


def _give(path: Path, owner: tuple[int, int]) -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(path, *owner)
