"""Makes sure of the environment that migpt runs in, then becomes the command line.

Started by `migpt` and `migpt.bat` with any Python >= 3.11; uses the standard library only. The environment is `.venv`
in the checkout. `.venv/migpt.json` is written when a stage of it is finished and says what the stage was made from, so
that an unfinished environment is never used and an outdated one is made anew:

    runtime   the packages of requirements.lock
    members   the project's own packages, installed as links into the checkout
    tests     the packages of requirements-test.lock, only for `migpt test`

This file is what every start pays for: it reads a few small files and hands over. The making is in `build_environment`.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARKER = "migpt.json"
FORMAT = "1"  # raised when environments made by an older bootstrap must not be used any more


def venv_python(venv: str) -> str:
    """The path of the interpreter of an environment."""
    return os.path.join(venv, "Scripts", "python.exe") if os.name == "nt" else os.path.join(venv, "bin", "python")


def member_folders(root: str) -> list[str]:
    """The folders of the project's own packages: every one that has a pyproject.toml."""
    found = glob.glob("*/pyproject.toml", root_dir=root) + glob.glob("services/*/pyproject.toml", root_dir=root)
    return sorted(os.path.dirname(path) for path in found)


def _digest(root: str, files: list[str], *extra: str) -> str:
    digest = hashlib.sha256("\0".join((FORMAT, *extra)).encode())
    for name in files:
        with open(os.path.join(root, name), "rb") as file:
            content = file.read()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def wanted_stages(root: str, *, with_tests: bool) -> dict[str, str]:
    """The stages the environment must have, in the order in which they are made, each with what it must be made from.

    The place of the checkout is part of `members`: after a move the links lead nowhere.
    """
    folders = member_folders(root)
    stages = {
        "runtime": _digest(root, ["requirements.lock"]),
        "members": _digest(root, [f"{folder}/pyproject.toml" for folder in folders], root),
    }
    if with_tests:
        stages["tests"] = _digest(root, ["requirements-test.lock"])
    return stages


def read_marker(venv: str) -> dict[str, str]:
    """What the environment says of itself; empty when there is none, or only an unfinished one."""
    try:
        with open(os.path.join(venv, MARKER), encoding="utf-8") as file:
            marker = json.load(file)
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def missing_stages(venv: str, wanted: dict[str, str]) -> list[str]:
    """The stages still to be made; starts with `runtime` when the environment cannot be used and must be made anew."""
    marker = read_marker(venv)
    python = venv_python(venv)
    # A system upgrade may have replaced or removed the Python that the environment was made with.
    has_same_python = os.path.exists(python) and marker.get("python") == os.path.realpath(python)
    if not has_same_python or marker.get("runtime") != wanted["runtime"]:
        return list(wanted)
    return [stage for stage, source in wanted.items() if marker.get(stage) != source]


def run_cli(python: str, arguments: list[str]) -> int:
    """Becomes the command line, so that signals and the exit code pass through; returns only on Windows."""
    # -P: a file in the user's working directory must not stand in for a package.
    command = [python, "-P", "-m", "migpt_cli", *arguments]
    if os.name != "nt":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(python, command)  # noqa: S606 - the environment's own interpreter, no shell wanted
    import signal
    import subprocess

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the child itself, which ends in its own way
    return subprocess.call(command)  # noqa: S603 - as above


def main(arguments: list[str]) -> int:
    """Makes what is missing, then runs the command line; returns an exit code if it could not."""
    venv = os.path.join(ROOT, ".venv")
    wanted = wanted_stages(ROOT, with_tests=arguments[:1] == ["test"])
    if missing_stages(venv, wanted):
        from build_environment import Builder, BuildError

        try:
            Builder(ROOT, member_folders(ROOT)).make(wanted, lambda: missing_stages(venv, wanted))
        except BuildError as error:
            print(f"migpt: {error}", file=sys.stderr)  # noqa: T201
            return 1
        except KeyboardInterrupt:
            return 130
    return run_cli(venv_python(venv), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
