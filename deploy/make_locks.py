"""Writes the lock files from what the members' pyproject.toml files ask for. Needs a network to the package index.

    .venv/bin/python deploy/make_locks.py              keeps the versions that still fit
    .venv/bin/python deploy/make_locks.py --upgrade    takes the newest that fit

    requirements.lock                  all that runs: the dependencies of all members and the build backend
    requirements-test.lock             the tools of the group `test` in the root pyproject.toml
    services/<name>/requirements.lock  what one service needs, in the versions of the whole

Every package is pinned by hash, for every platform and Python >= 3.11. The files name no address and no path of this
machine: they install from whatever index the user's pip is set to.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"


@dataclass(frozen=True, slots=True)
class Member:
    """One of the project's own packages."""

    name: str
    folder: Path
    dependencies: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    build_requires: tuple[Requirement, ...]

    @classmethod
    def read(cls, pyproject: Path) -> Member:
        """Reads a member's pyproject.toml."""
        content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
        project = content["project"]
        extras = project.get("optional-dependencies", {})
        return cls(
            name=canonicalize_name(project["name"]),
            folder=pyproject.parent,
            dependencies=tuple(map(Requirement, project.get("dependencies", []))),
            extras={name: tuple(map(Requirement, requirements)) for name, requirements in extras.items()},
            build_requires=tuple(map(Requirement, content["build-system"]["requires"])),
        )


def read_members(root: Path) -> dict[str, Member]:
    """The members of the workspace by their canonical names."""
    pyprojects = sorted([*root.glob("*/pyproject.toml"), *root.glob("services/*/pyproject.toml")])
    return {member.name: member for member in map(Member.read, pyprojects)}


def outside_requirements(chosen: Iterable[Member], members: Mapping[str, Member]) -> set[Requirement]:
    """What the chosen members need from the package index: with the members that they name, the extras that they ask
    of them, and what builds them all.
    """
    outside: set[Requirement] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(member, "") for member in chosen]
    while waiting:
        member, extra = waiting.pop()
        if (member.name, extra) in seen:
            continue
        seen.add((member.name, extra))
        outside.update(member.build_requires)
        for requirement in member.extras[extra] if extra else member.dependencies:
            if named := members.get(canonicalize_name(requirement.name)):
                waiting += [(named, further) for further in ("", *requirement.extras)]
            else:
                outside.add(requirement)
    return outside


def tools_for_tests(root: Path) -> set[Requirement]:
    """The tools that the tests need."""
    content = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return set(map(Requirement, content["dependency-groups"]["test"]))


def compile_lock(target: Path, requirements: Iterable[Requirement], *options: str) -> None:
    """Resolves the requirements and writes the lock file; ends the program with the resolver's words if it cannot."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "-", "--output-file", str(target)),
        *("--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-header", "--no-annotate"),
        *options,
    ]
    wanted = "\n".join(sorted(map(str, requirements)))
    done = subprocess.run(command, input=wanted, cwd=ROOT, text=True, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        sys.exit(f"{target.relative_to(ROOT)}:\n{done.stderr}")
    pins = sum("==" in line for line in target.read_text(encoding="utf-8").splitlines())
    sys.stdout.write(f"{target.relative_to(ROOT)}: {pins} packages\n")


def main() -> None:
    """Writes all lock files."""
    parser = argparse.ArgumentParser(description="Writes the lock files.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = ["--upgrade"] if parser.parse_args().upgrade else []
    members = read_members(ROOT)
    whole = ROOT / "requirements.lock"
    compile_lock(whole, outside_requirements(members.values(), members), *options)
    like_whole = ["--constraints", str(whole), *options]
    compile_lock(ROOT / "requirements-test.lock", tools_for_tests(ROOT), *like_whole)
    for member in members.values():
        if member.folder.parent == ROOT / "services":
            compile_lock(member.folder / "requirements.lock", outside_requirements([member], members), *like_whole)


if __name__ == "__main__":
    main()
