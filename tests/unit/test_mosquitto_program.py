"""How mosquitto is found or installed, on every system."""

from __future__ import annotations

from pathlib import Path

import pytest

from migpt_cli import mosquitto_program
from migpt_cli.mosquitto_program import Command, choose_installer, ensure_mosquitto, find_mosquitto, install
from migpt_cli.problem import ProblemError
from migpt_shared.language import Phrase


class System:
    """A system with some package managers; remembers what was run on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *programs: str, uid: int = 1000, failing: int = 0) -> None:
        self.ran: list[str] = []
        self.announced: list[str] = []
        self._programs = {name: f"/usr/bin/{name}" for name in programs}
        self._failing = failing
        monkeypatch.setattr("shutil.which", lambda name, path=None: self._programs.get(name))
        monkeypatch.setattr("os.geteuid", lambda: uid)
        monkeypatch.setattr(mosquitto_program, "_run", self.run)
        monkeypatch.delenv("MIGPT_NO_INSTALL", raising=False)
        monkeypatch.delenv("MIGPT_MOSQUITTO", raising=False)

    def run(self, command: Command) -> str | None:
        self.ran.append(" ".join(command))
        if command == ("sudo", "-n", "true"):
            return None if "sudo" in self._programs else "a password is required"
        if "mosquitto" not in command or "disable" in command:
            return None
        if self._failing:
            self._failing -= 1
            return "E: Unable to locate package mosquitto"
        self._programs["mosquitto"] = "/usr/sbin/mosquitto"
        return None

    def announce(self, phrase: Phrase, command: Command) -> None:
        self.announced.append(phrase.in_("zh", command=" ".join(command)))


def test_one_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, "mosquitto", "apt-get", uid=0)
    assert ensure_mosquitto(system.announce) == Path("/usr/bin/mosquitto")
    assert (system.ran, system.announced) == ([], [])


def test_it_is_found_beside_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("MIGPT_MOSQUITTO", raising=False)
    monkeypatch.setattr(mosquitto_program, "_FURTHER_FOLDERS", (str(tmp_path),))
    assert find_mosquitto() == program
    program.unlink()
    assert find_mosquitto() is None


def test_one_that_is_named_goes_first_and_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "mosquitto"
    monkeypatch.setenv("MIGPT_MOSQUITTO", str(named))
    with pytest.raises(ProblemError, match="MIGPT_MOSQUITTO"):
        find_mosquitto()
    named.write_text("#!/bin/sh\n")
    named.chmod(0o755)
    assert find_mosquitto() == named


@pytest.mark.parametrize("manager", ["apt-get", "dnf", "apk", "pacman", "zypper"])
def test_root_installs_it_and_says_so(monkeypatch: pytest.MonkeyPatch, manager: str) -> None:
    system = System(monkeypatch, manager, uid=0)
    assert ensure_mosquitto(system.announce) == Path("/usr/sbin/mosquitto")
    assert system.ran[0].startswith(f"{manager} ")
    assert len(system.announced) == 1
    assert system.ran[0] in system.announced[0]


def test_a_user_with_sudo_without_password_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, "apt-get", "sudo")
    assert ensure_mosquitto(system.announce)
    assert system.ran[:2] == ["sudo -n true", "sudo -n apt-get install -y -q --no-install-recommends mosquitto"]


def test_brew_needs_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, "brew")
    assert ensure_mosquitto(system.announce)
    assert system.ran == ["brew install -q mosquitto"]


@pytest.mark.parametrize(
    ("programs", "uid", "no_install", "command"),
    [
        (("apt-get",), 1000, "", "sudo apt-get install"),
        (("apt-get",), 0, "1", "apt-get install"),
        (("apt-get", "sudo"), 1000, "1", "sudo apt-get install"),
        ((), 0, "", "mosquitto >= 2.0"),
    ],
)
def test_where_it_may_not_be_installed_the_command_is_told(
    monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], uid: int, no_install: str, command: str
) -> None:
    system = System(monkeypatch, *programs, uid=uid)
    monkeypatch.setenv("MIGPT_NO_INSTALL", no_install)
    with pytest.raises(ProblemError) as caught:
        ensure_mosquitto(system.announce)
    assert command in caught.value.in_("zh")
    assert not any("install" in ran for ran in system.ran)
    assert system.announced == []


def test_lists_are_fetched_only_when_installing_fails_without(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, "apt-get", uid=0, failing=1)
    assert ensure_mosquitto(system.announce)
    assert [ran.split()[1] for ran in system.ran] == ["install", "update", "install"]


def test_a_failure_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, "apt-get", uid=0, failing=2)
    with pytest.raises(ProblemError, match="Unable to locate package"):
        ensure_mosquitto(system.announce)


def test_the_service_of_the_package_is_switched_off_only_after_it_was_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = System(monkeypatch, "apt-get", failing=2)
    apt = choose_installer(lambda name: name == "apt-get")
    assert apt is not None
    assert install(apt, is_root=False, has_systemd=True, run=system.run)
    assert not any("systemctl" in ran for ran in system.ran)
    assert install(apt, is_root=False, has_systemd=True, run=system.run) is None
    assert system.ran[-1] == "sudo -n systemctl disable --now mosquitto"
