"""Ends the build of an image: drops what is never needed at run time and compiles all bytecode.

    python deploy/image/finish.py PACKAGES IMAGE

PACKAGES: the folder into which everything was installed. IMAGE: the folder that becomes the root of the image's files;
the packages and the bytecode of Python's own library go to their places below it.

A container's files are read-only, so bytecode that is not there is made again at every start: a brain without any takes
5 s to import (measured).
"""

from __future__ import annotations

import compileall
import py_compile
import shutil
import sys
import sysconfig
from pathlib import Path

#: Tests of the packages, the build backend of the members, and the type stubs of a package that has its own.
_TESTS = ("tests", "test")
_BUILD_ONLY = ("flit_core", "flit_core-*.dist-info", "bin")
#: Parts of Python's own library that no service imports.
_UNUSED_STDLIB = frozenset(
    {"test", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "pydoc_data", "site-packages", "dist-packages"}
    | {"curses", "dbm", "xmlrpc", "venv", "msilib", "turtle.py"}
)


def drop_unneeded(packages: Path) -> None:
    """Removes tests and what only the build needed."""
    for pattern in _BUILD_ONLY:
        for found in packages.glob(pattern):
            shutil.rmtree(found)
    for name in _TESTS:
        for found in sorted(packages.rglob(name)):
            # A module `tests` without files of tests in it is something else.
            if found.is_dir() and any(found.glob("test_*.py")):
                shutil.rmtree(found)


def compile_packages(packages: Path, *, shown_below: Path) -> bool:
    """Compiles everything installed; tracebacks show paths without `shown_below`. False when something is no Python."""
    # Unchecked: no file of an image ever changes, so Python need not look at each source.
    return bool(
        compileall.compile_dir(
            packages,
            quiet=1,
            maxlevels=50,
            stripdir=str(shown_below),
            prependdir="/",
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    )


def compile_stdlib(target: Path) -> None:
    """Compiles Python's own library, which the base image carries as source only, into the same places below target."""
    source = Path(sysconfig.get_path("stdlib"))
    for file in source.rglob("*.py"):
        relative = file.relative_to(source)
        if relative.parts[0] in _UNUSED_STDLIB:
            continue
        cached = target / relative.parent / "__pycache__" / f"{file.stem}.{sys.implementation.cache_tag}.pyc"
        cached.parent.mkdir(parents=True, exist_ok=True)
        py_compile.compile(
            str(file),
            cfile=str(cached),
            dfile=str(file),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def main() -> int:
    packages, image = map(Path, sys.argv[1:])
    drop_unneeded(packages)
    installed = image / sysconfig.get_path("purelib").lstrip("/")
    shutil.copytree(packages, installed)
    if not compile_packages(installed, shown_below=image):
        return 1
    compile_stdlib(image / sysconfig.get_path("stdlib").lstrip("/"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
