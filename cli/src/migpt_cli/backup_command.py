"""`migpt backup` and `migpt restore`: everything that is kept, in one file."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from migpt_cli.backup_archive import ArchiveRefusedError, read_archive, write_archive
from migpt_cli.configuration import config_path, read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_OK, EXIT_UNUSABLE, CommandFailedError, say_err
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE.tar.gz", help=words("“-” 为标准输入或输出", "- is stdin or stdout"))
]
VolumesOption = Annotated[
    Path | None,
    typer.Option(
        "--volumes", hidden=True, help=words("容器里：各卷所在的目录", "in a container: where the volumes are")
    ),
]

_WRITTEN = Phrase(
    zh="已备份 {number} 个文件到 {file}；里面有密码和登录信息，请妥善保管",
    en="backed up {number} files to {file}; it holds passwords and logins: keep it safe",
)
_RESTORED = Phrase(zh="已恢复 {number} 个文件", en="restored {number} files")
_FAILED = Phrase(zh="没有做到：{reason}", en="it did not happen: {reason}")
_FORCE = Phrase(zh="{reason}（--force 会替换）", en="{reason} (--force replaces it)")
_RUNS = Phrase(zh="./migpt up 正在运行，请先停止它", en="./migpt up runs; stop it first")


@ends_properly
def backup(file: FileArgument, config: ConfigOption = None, volumes: VolumesOption = None) -> int:
    places = _places(config, volumes)
    try:
        is_stdout = str(file) == "-"
        number = write_archive(places, sys.stdout.buffer) if is_stdout else _write_file(places, file)
    except (OSError, sqlite3.Error) as error:
        raise CommandFailedError(_FAILED, reason=error) from error
    say_err(_WRITTEN.in_(help_language(), number=number, file=file))
    return EXIT_OK


@ends_properly
def restore(
    file: FileArgument,
    force: Annotated[
        bool, typer.Option("--force", help=words("替换已有的文件", "replace files that are there"))
    ] = False,
    config: ConfigOption = None,
    volumes: VolumesOption = None,
) -> int:
    os.umask(0o077)
    places = _places(config, volumes)
    lock = FileLock(places["data"] / "up.lock") if volumes is None and places["data"].is_dir() else None
    try:
        if lock is not None:
            lock.acquire(timeout=0)
        if str(file) == "-":
            number = read_archive(sys.stdin.buffer, places, may_replace=force)
        else:
            with file.open("rb") as source:
                number = read_archive(source, places, may_replace=force)
    except Timeout:
        raise CommandFailedError(_RUNS, exit_code=EXIT_UNUSABLE) from None
    except ArchiveRefusedError as error:
        phrase = _FAILED if force else _FORCE
        raise CommandFailedError(phrase, exit_code=EXIT_UNUSABLE, reason=error) from error
    except OSError as error:
        raise CommandFailedError(_FAILED, reason=error) from error
    finally:
        if lock is not None:
            lock.release()
    say_err(_RESTORED.in_(help_language(), number=number))
    return EXIT_OK


def _places(config: Path | None, volumes: Path | None) -> dict[str, Path]:
    """What is kept: a container's volumes by name, else configuration, secrets and data of this checkout."""
    if volumes is not None:
        return {folder.name: folder for folder in sorted(volumes.iterdir()) if folder.is_dir()}
    file = config_path(config).absolute()
    try:
        data = read_settings(config).data_dir
    except Exception:  # noqa: BLE001 - a configuration that is yet to be restored
        data = Path(os.environ.get("MIGPT_DATA_DIR", file.parent / "data"))
    return {"config.toml": file, "secrets": file.parent / "secrets", "data": data}


def _write_file(places: dict[str, Path], file: Path) -> int:
    """Under its name only when it is whole, and for its owner alone."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            number = write_archive(places, out)
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)
    return number
