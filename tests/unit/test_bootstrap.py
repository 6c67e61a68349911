"""When the environment of the checkout is made, made anew, or left alone."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import bootstrap
import pytest
from bootstrap import missing_stages, wanted_stages
from build_environment import Builder, BuildError, move_scripts, write_marker


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two members and an environment that is complete, tests included."""
    for folder in ("shared", "services/poller"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "pyproject.toml").write_text(f"# {folder}")
    (tmp_path / "requirements.lock").write_text("a==1")
    (tmp_path / "requirements-test.lock").write_text("b==1")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    write_marker(
        str(tmp_path / ".venv"),
        {
            "python": os.path.realpath(python),
            "place": str(tmp_path / ".venv"),
            **wanted_stages(str(tmp_path), with_tests=True),
        },
    )
    return tmp_path


def missing(checkout: Path, *, with_tests: bool = True) -> list[str]:
    return missing_stages(str(checkout / ".venv"), wanted_stages(str(checkout), with_tests=with_tests))


def test_members_are_found_where_they_are() -> None:
    folders = bootstrap.member_folders(bootstrap.ROOT)
    assert {"shared", "cli", "simulator", "services/poller", "services/brain", "services/speaker"} <= set(folders)


def test_a_complete_environment_is_left_alone(checkout: Path) -> None:
    assert missing(checkout) == []


@pytest.mark.parametrize(
    ("changed", "stages"),
    [
        ("requirements.lock", ["runtime", "members", "tests"]),
        ("shared/pyproject.toml", ["members"]),
        ("services/poller/pyproject.toml", ["members"]),
        ("requirements-test.lock", ["tests"]),
    ],
)
def test_what_changed_is_made_again(checkout: Path, changed: str, stages: list[str]) -> None:
    (checkout / changed).write_text("# changed")
    assert missing(checkout) == stages


def test_a_new_member_is_installed(checkout: Path) -> None:
    (checkout / "simulator").mkdir()
    (checkout / "simulator" / "pyproject.toml").touch()
    assert missing(checkout) == ["members"]


def test_test_tools_are_of_no_concern_without_tests(checkout: Path) -> None:
    (checkout / "requirements-test.lock").write_text("# changed")
    assert missing(checkout, with_tests=False) == []


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"python": "/usr/bin/python3"}'])
def test_an_environment_that_is_not_marked_complete_is_made_anew(checkout: Path, content: str | None) -> None:
    marker = checkout / ".venv" / bootstrap.MARKER
    marker.unlink()
    if content is not None:
        marker.write_text(content)
    assert missing(checkout, with_tests=False) == ["runtime", "members"]


def test_an_environment_whose_python_was_replaced_is_made_anew(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    assert missing(checkout) == ["runtime", "members", "tests"]
    python.symlink_to("/bin/sh")
    assert missing(checkout) == ["runtime", "members", "tests"]


def test_a_moved_checkout_needs_its_members_again(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert missing(moved) == ["members"]


def test_scripts_follow_a_move_even_to_a_place_with_a_space(checkout: Path) -> None:
    venv = checkout / ".venv"
    script = venv / "bin" / "tool"
    script.write_text(f"#!{venv}/bin/python\nimport sys\nprint('ran', sys.argv[1:])\n")
    script.chmod(0o755)
    (venv / "pyvenv.cfg").write_text(f"home = /usr/bin\ncommand = python -m venv {venv}\n")
    new = venv.rename(checkout / "a place")
    move_scripts(str(new), str(venv), str(new))
    assert os.popen(f"'{new}/bin/tool' 'x y'").read() == "ran ['x y']\n"  # noqa: S605
    assert str(new) in (new / "pyvenv.cfg").read_text()
    move_scripts(str(new), str(new), str(venv))
    new.rename(venv)
    assert os.popen(f"'{venv}/bin/tool'").read() == "ran []\n"  # noqa: S605


class _NoEnsurepip:
    """A Debian without the package that holds `ensurepip`."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, root: bool, apt: bool = True, forbidden: bool = False
    ) -> None:
        self.commands: list[list[str]] = []
        self.failures = 0
        self._is_there = False
        real = importlib.util.find_spec
        monkeypatch.setattr(
            "importlib.util.find_spec",
            lambda name: real(name) if name != "ensurepip" or self._is_there else None,
        )
        monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if apt else None)
        monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr("subprocess.run", self._run)
        monkeypatch.setattr("build_environment.venv_package", lambda: "python3-venv")
        monkeypatch.setenv("MIGPT_NO_INSTALL", "1" if forbidden else "")
        monkeypatch.setenv("MIGPT_LANGUAGE", "en")

    def _run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        self.commands.append(command)
        fails = command[1] == "install" and self.failures > 0
        self.failures -= fails
        self._is_there |= command[1] == "install" and not fails
        return subprocess.CompletedProcess(command, int(fails), b"", b"E: no such package")


def _ensure(checkout: Path) -> None:
    Builder(str(checkout), [])._ensure_ensurepip()


def test_without_ensurepip_a_user_is_told_the_command(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = _NoEnsurepip(monkeypatch, root=False)
    with pytest.raises(BuildError, match="sudo apt install python3-venv"):
        _ensure(checkout)
    assert system.commands == []


def test_without_ensurepip_root_gets_it_installed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system = _NoEnsurepip(monkeypatch, root=True)
    system.failures = 1
    _ensure(checkout)
    assert [command[1] for command in system.commands] == ["install", "update", "install"]
    assert "apt install python3-venv" in capsys.readouterr().err


def test_installing_can_be_forbidden_and_can_fail(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = _NoEnsurepip(monkeypatch, root=True, forbidden=True)
    with pytest.raises(BuildError, match=r"run first: apt install python3-venv"):
        _ensure(checkout)
    assert system.commands == []
    monkeypatch.setenv("MIGPT_NO_INSTALL", "")
    system.failures = 2
    with pytest.raises(BuildError, match=r"run first: apt install python3-venv"):
        _ensure(checkout)


def test_another_system_gets_a_hint(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _NoEnsurepip(monkeypatch, root=True, apt=False)
    with pytest.raises(BuildError, match="package for venv"):
        _ensure(checkout)
