"""The lock files: complete, fresh, pinned by hash, and free of addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from make_locks import Member, outside_requirements, read_members, tools_for_tests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = read_members(ROOT)
SERVICES = [member for member in MEMBERS.values() if member.folder.parent == ROOT / "services"]
WHOLE = ROOT / "requirements.lock"
TESTS = ROOT / "requirements-test.lock"
ALL_LOCKS = [WHOLE, TESTS, *(member.folder / "requirements.lock" for member in SERVICES)]
HOW = "run: .venv/bin/python deploy/make_locks.py"


@dataclass(frozen=True, slots=True)
class Pin:
    version: str
    hashes: frozenset[str]


def read_lock(path: Path) -> dict[str, Pin]:
    pins = {}
    for entry in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        found = re.fullmatch(r"([a-z0-9-]+)==([^ ;]+)( ; [^-]+?)?((?: +--hash=sha256:[0-9a-f]{64})+)", entry.rstrip())
        assert found, f"{path.name}: not a pinned requirement with hashes: {entry!r}"
        pins[found[1]] = Pin(found[2], frozenset(re.findall(r"--hash=(\S+)", found[4])))
    return pins


def unmet(pins: dict[str, Pin], wanted: Iterable[Requirement]) -> list[str]:
    """What the pins lack, followed through the installed packages' own requirements."""
    problems = []
    waiting, seen = list(wanted), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        pin = pins.get(name)
        if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
            problems.append(f"{requirement} (pinned: {pin.version if pin else 'not at all'})")
            continue
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if installed.version != pin.version:
            continue
        for text in installed.requires or []:
            further = Requirement(text)
            extras = requirement.extras or {""}
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(further)
    return problems


@pytest.mark.parametrize("path", ALL_LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_no_address_no_path_and_no_member(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    forbidden = r"://|file:|(?:^|\s)[~.]?/|[A-Za-z]:\\|--(?:extra-)?index|--find-links|^-e"
    assert not re.findall(forbidden, text, flags=re.MULTILINE)
    assert not MEMBERS.keys() & read_lock(path).keys()


def test_the_whole_holds_what_all_members_ask_for() -> None:
    assert unmet(read_lock(WHOLE), outside_requirements(MEMBERS.values(), MEMBERS)) == [], HOW


def test_the_test_lock_holds_what_the_tests_ask_for() -> None:
    assert unmet(read_lock(TESTS), tools_for_tests(ROOT)) == [], HOW


@pytest.mark.parametrize("member", SERVICES, ids=lambda member: member.name)
def test_a_services_lock_holds_what_it_and_its_members_ask_for(member: Member) -> None:
    pins = read_lock(member.folder / "requirements.lock")
    assert unmet(pins, outside_requirements([member], MEMBERS)) == [], HOW
    assert pins.items() <= read_lock(WHOLE).items(), HOW


def test_the_test_lock_agrees_with_the_whole() -> None:
    whole, tests = read_lock(WHOLE), read_lock(TESTS)
    assert {name: tests[name] for name in whole.keys() & tests.keys()} == {
        name: whole[name] for name in whole.keys() & tests.keys()
    }, HOW


def test_the_brain_is_free_of_xiaomis_client() -> None:
    brain = read_lock(ROOT / "services" / "brain" / "requirements.lock")
    assert not {"miservice-fork", "aiohttp"} & brain.keys()


def test_a_requirement_that_is_not_met_is_found() -> None:
    pins = read_lock(WHOLE)
    lacking = {name: pin for name, pin in pins.items() if name != "greenlet"}
    assert unmet(lacking, outside_requirements(MEMBERS.values(), MEMBERS))
    assert unmet(pins, [Requirement("aiomqtt >=99"), Requirement("no-such-package")])
