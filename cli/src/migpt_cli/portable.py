"""A portable package: the checkout as one archive, with the packages it needs or without, and never a secret."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

#: What is taken along. A list of what is left out would one day let somebody's own file through.
_FOLDERS = ("cli", "shared", "services", "simulator", "mosquitto", "deploy", "docs")
_FILES = (
    "migpt",
    "migpt.bat",
    "pyproject.toml",
    "requirements.lock",
    "requirements-test.lock",
    "config.example.toml",
    "Dockerfile",
    "docker-compose.yml",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
)
#: Made by programs, or a machine's own.
_LEFT_OUT = frozenset({"__pycache__", "tls", "node_modules"})
#: The folder in the archive, and beside it the packages that the launcher installs from.
NAME = "migpt"
WHEELS = "wheels"


def portable_files(root: Path) -> Iterator[Path]:
    """The files to take along, relative to `root`, in a fixed order."""
    for name in _FILES:
        if (root / name).is_file():
            yield Path(name)
    for folder in _FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root)
            if file.is_file() and not file.is_symlink() and not any(map(_is_left_out, path.parts)):
                yield path


def _is_left_out(part: str) -> bool:
    return part in _LEFT_OUT or part.startswith(".") or part.endswith((".pyc", ".egg-info"))


def write_package(root: Path, archive: Path, wheels: Path | None) -> int:
    """Write the archive, whole or not at all; the number of files in it. `wheels`: a folder of packages to add.

    Raises OSError.
    """
    draft = archive.with_name(f".{archive.name}.new")
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as content:
            for path in portable_files(root):
                content.write(root / path, Path(NAME, path))
            for wheel in sorted(wheels.iterdir()) if wheels is not None else ():
                content.write(wheel, Path(NAME, WHEELS, wheel.name), zipfile.ZIP_STORED)
            number = len(content.namelist())
        draft.replace(archive)
    finally:
        draft.unlink(missing_ok=True)
    return number
