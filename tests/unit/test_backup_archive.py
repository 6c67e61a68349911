"""What is kept comes back as it was."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from migpt_cli.backup_archive import ArchiveRefusedError, read_archive, write_archive


def places(folder: Path) -> dict[str, Path]:
    return {"config.toml": folder / "config.toml", "secrets": folder / "secrets", "data": folder / "data"}


@pytest.fixture
def kept(tmp_path: Path) -> dict[str, Path]:
    kept = places(tmp_path / "old")
    (kept["data"] / "xiaomi").mkdir(parents=True)
    kept["config.toml"].write_text('language = "en"\n')
    (kept["data"] / "xiaomi" / "home.json").write_text("{}")
    (kept["data"] / "xiaomi" / "home.json").chmod(0o600)
    (kept["data"] / "up.lock").write_text("")
    return kept


def archive_of(kept: dict[str, Path]) -> io.BytesIO:
    out = io.BytesIO()
    write_archive(kept, out)
    return io.BytesIO(out.getvalue())


def test_files_come_back_private(kept: dict[str, Path], tmp_path: Path) -> None:
    back = places(tmp_path / "new")
    assert read_archive(archive_of(kept), back) == 2
    assert back["config.toml"].read_text() == 'language = "en"\n'
    assert (back["data"] / "xiaomi" / "home.json").stat().st_mode & 0o777 == 0o600
    assert not (back["data"] / "up.lock").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_files_and_folders_belong_to_whom_they_belonged(kept: dict[str, Path], tmp_path: Path) -> None:
    with closing(sqlite3.connect(kept["data"] / "xiaomi" / "memory.db")) as database:
        database.execute("create table said (text)")
    for path in (kept["data"], *kept["data"].rglob("*")):
        os.chown(path, 10001, 10001)
    back = places(tmp_path / "new")
    back["data"].mkdir(parents=True)  # as a new volume of a container, which is root's
    read_archive(archive_of(kept), back)
    for path in (back["data"], *back["data"].rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (10001, 10001), path
    assert back["config.toml"].stat().st_uid == 0


def test_a_database_in_use_is_whole(kept: dict[str, Path], tmp_path: Path) -> None:
    file = kept["data"] / "memory.db"
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table said (text)")
        writer.executemany("insert into said values (?)", [(f"line {number}",) for number in range(1000)])
        writer.commit()
        writer.execute("insert into said values ('not yet')")  # open transaction
        assert file.with_name("memory.db-wal").exists()
        archive = archive_of(kept)
    back = places(tmp_path / "new")
    read_archive(archive, back)
    assert [path.name for path in back["data"].glob("memory*")] == ["memory.db"]
    with closing(sqlite3.connect(back["data"] / "memory.db")) as reader:
        assert reader.execute("select count(*) from said").fetchone() == (1000,)
        assert reader.execute("pragma integrity_check").fetchone() == ("ok",)


def test_what_is_there_is_replaced_only_when_asked(kept: dict[str, Path], tmp_path: Path) -> None:
    back = places(tmp_path / "new")
    back["data"].mkdir(parents=True)
    (back["data"] / "mine").write_text("precious")
    with pytest.raises(ArchiveRefusedError, match="something already"):
        read_archive(archive_of(kept), back)
    assert [path.name for path in back["data"].rglob("*")] == ["mine"]
    read_archive(archive_of(kept), back, may_replace=True)
    assert (back["data"] / "xiaomi" / "home.json").exists()
    assert (back["data"] / "mine").read_text() == "precious"


def test_half_an_archive_changes_nothing(kept: dict[str, Path], tmp_path: Path) -> None:
    whole = archive_of(kept).getvalue()
    back = places(tmp_path / "new")
    for broken in (b"", b"no archive", whole[: len(whole) // 2]):
        with pytest.raises(ArchiveRefusedError):
            read_archive(io.BytesIO(broken), back)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../escaped", "/etc/escaped", "other/file", "data/../../escaped"])
def test_nothing_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(ArchiveRefusedError):
        read_archive(io.BytesIO(out.getvalue()), places(tmp_path / "new"))
    assert not list(tmp_path.rglob("*escaped*"))
