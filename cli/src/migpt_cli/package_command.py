"""`migpt package`: an archive to carry migpt to another computer."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from migpt_cli.checkout import ROOT
from migpt_cli.ending import ends_properly
from migpt_cli.outcome import EXIT_OK, CommandFailedError, say_err, say_out
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

_DOWNLOADING = Phrase(zh="正在下载所需的库…", en="downloading the packages …")
_NO_PACKAGES = Phrase(
    zh="所需的库下载不下来，请检查网络：{reason}", en="the packages cannot be downloaded; check the network: {reason}"
)
_NOT_WRITTEN = Phrase(zh="写不了 {file}：{reason}", en="{file} cannot be written: {reason}")
_WRITTEN = Phrase(
    zh="已写入 {file}（{number} 个文件，{size:.1f} MB）。{hint}",
    en="wrote {file} ({number} files, {size:.1f} MB). {hint}",
)
_WITH = Phrase(
    zh="在同一种系统、同一个 Python 版本（{python}）的电脑上解压后运行 migpt，不需要网络。",
    en="Unpacked on a computer with the same system and Python {python}, migpt starts without a network.",
)
_WITHOUT = Phrase(
    zh="在任何有 Python 3.11 以上的电脑上解压后运行 migpt，第一次需要网络。",
    en="Unpacked on any computer with Python 3.11 or newer, migpt starts; the first time it needs a network.",
)


@ends_properly
def package(
    with_packages: Annotated[
        bool,
        typer.Option(
            "--with-packages", help=words("带上所需的库（约 100 MB）", "with all packages it needs (about 100 MB)")
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help=words("写到哪里", "where to"))
    ] = None,
) -> int:
    from migpt_cli.portable import write_package

    language = help_language()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    tail = f"-{sys.platform}-py{python}" if with_packages else ""
    archive = output or Path(f"migpt-{version('migpt-cli')}{tail}.zip")
    with tempfile.TemporaryDirectory(prefix="migpt-") as folder:
        wheels = Path(folder) if with_packages else None
        if wheels is not None:
            say_err(_DOWNLOADING.in_(language))
            _download(wheels)
        try:
            number = write_package(ROOT, archive, wheels)
        except OSError as error:
            raise CommandFailedError(_NOT_WRITTEN, file=archive, reason=error.strerror or error) from error
    hint = (_WITH if with_packages else _WITHOUT).in_(language, python=python)
    size = archive.stat().st_size / 1e6
    say_out(_WRITTEN.in_(language, file=archive, number=number, size=size, hint=hint))
    return EXIT_OK


def _download(folder: Path) -> None:
    """All packages of the lock, as this system and Python need them, checked by their hashes."""
    done = subprocess.run(  # noqa: S603 - pip of this environment, no shell
        [
            *(sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--dest", str(folder)),
            *("-r", str(ROOT / "requirements.lock")),
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise CommandFailedError(_NO_PACKAGES, reason=reason)
