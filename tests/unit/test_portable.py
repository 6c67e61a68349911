"""The portable package, the menu that offers it, and the launcher of Windows that shows the menu."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import bootstrap
import pytest

from migpt_cli.checkout import ROOT
from migpt_cli.console_command import console_place
from migpt_cli.menu_command import ITEMS
from migpt_cli.portable import portable_files, write_package
from migpt_shared.settings import ConsoleSettings
from tests.unit.test_readme import command_group

SECRETS = (
    "config.toml", "config.toml.draft", "my-config.toml", "secrets/xiaomi.toml", "data/xiaomi/home.json", ".env",
    "backups/config.toml", "mosquitto/tls/key.pem", "services/.env", "cli/.secret", ".venv/bin/python",
)  # fmt: skip


def test_what_is_taken_along_is_listed_and_never_a_secret(tmp_path: Path) -> None:
    kept = ("migpt", "cli/bootstrap.py", "services/poller/src/migpt_poller/service.py", "mosquitto/acl", "docs/a.md")
    made = ("cli/__pycache__/x.pyc", "shared/src/x.egg-info/PKG-INFO", "cli/src/a.pyc")
    for name in (*kept, *made, *SECRETS, "tests/test_x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "cli" / "link").symlink_to(tmp_path / "config.toml")
    assert {path.as_posix() for path in portable_files(tmp_path)} == set(kept)


def test_an_unpacked_package_is_a_checkout(tmp_path: Path) -> None:
    archive = tmp_path / "out" / "migpt.zip"
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "a-1-py3-none-any.whl").write_bytes(b"wheel")
    number = write_package(ROOT, archive, wheels)
    with zipfile.ZipFile(archive) as content:
        assert len(content.namelist()) == number
        assert stat.S_IMODE(content.getinfo("migpt/migpt").external_attr >> 16) & 0o111
        content.extractall(tmp_path / "there")
    unpacked = tmp_path / "there" / "migpt"
    assert (unpacked / "wheels" / "a-1-py3-none-any.whl").read_bytes() == b"wheel"
    assert bootstrap.member_folders(str(unpacked)) == bootstrap.member_folders(str(ROOT))
    assert bootstrap.wanted_stages(str(unpacked), with_tests=True).keys() == {"runtime", "members", "tests"}
    assert not list(archive.parent.glob(".*"))


def run(*arguments: str, cwd: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "migpt_cli", *arguments],
        cwd=cwd, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, input=typed, capture_output=True,
        encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = run("package", "-o", "/proc/nothing/migpt.zip", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_the_menu_runs_what_is_chosen_and_stays(tmp_path: Path) -> None:
    number = next(number for number, item in enumerate(ITEMS, 1) if item.command == ("package",))
    done = run("menu", cwd=tmp_path, typed=f"99\nx\n{number}\n0\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("没有这一项") == 2
    [archive] = tmp_path.glob("migpt-*.zip")
    assert archive.name in done.stdout
    assert run("menu", cwd=tmp_path).returncode == 0, "the end of input is a leave"


def test_every_item_of_the_menu_is_a_command() -> None:
    for item in ITEMS:
        name, *words = item.command
        command_group().commands[name].make_context(name, [*words], resilient_parsing=not words)


def test_a_console_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[console]\nport = 9\n")
    done = run("console", "--no-open", cwd=tmp_path)
    assert (done.returncode, "./migpt up" in done.stderr) == (1, True)
    for setting in ("enabled = false", "port = 0"):
        (tmp_path / "config.toml").write_text(f"[console]\n{setting}\n")
        assert run("console", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - read, not listened on
        ("::", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.168.1.4", "192.168.1.4"),
        ("box", "box"),
    ],
)
def test_where_a_browser_finds_the_console(host: str, expected: str) -> None:
    assert console_place(ConsoleSettings(host=host, port=5001)) == (expected, 5001)


def test_the_launcher_of_windows_is_what_its_shell_understands() -> None:
    """Batch files are read by line ends of their own, in a code page that nobody knows; labels are not trusted."""
    content = (ROOT / "migpt.bat").read_bytes()
    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n")
    text = content.decode()
    assert "goto" not in text.lower()
    assert text.count('cli\\bootstrap.py" menu') == 1
    assert text.count('cli\\bootstrap.py" %*') == 1
