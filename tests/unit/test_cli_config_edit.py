"""Configuration shown without secrets, and edited in an editor that here is a little program."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from migpt_cli.config_editor import editor_command
from migpt_cli.outcome import CommandFailedError
from migpt_shared.editing import MASK

CONFIG = """\
# what we wrote down
language = "en"   # for the guests
[households.home]
account = "1234567890"
password = "hunter-xiaomi"
[llm]
preset = "deepseek"
[llm.presets.deepseek]
api_key = "hunter-key"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    file.chmod(0o600)
    return tmp_path


def migpt(home: Path, *arguments: str, editor: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line; `editor`: Python that changes `text`, or does anything else with `draft`."""
    program = home / "editor.py"
    program.write_text(
        "import pathlib, sys\ndraft = pathlib.Path(sys.argv[1])\ntext = draft.read_text('utf-8')\n"
        f"pathlib.Path({str(home / 'seen')!r}).write_text(text, 'utf-8')\n{editor}\ndraft.write_text(text, 'utf-8')\n",
        encoding="utf-8",
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "EDITOR": f"{sys.executable} {program}"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "migpt_cli", *arguments],
        cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60,
        check=False,
    )  # fmt: skip


def test_show_masks_secrets_and_shows_parts(home: Path) -> None:
    whole = migpt(home, "config", "show")
    assert whole.returncode == 0
    assert 'households.home.account = "1234567890"' in whole.stdout
    assert "hearing.history_limit = 3" in whole.stdout
    assert "hunter" not in whole.stdout + whole.stderr
    assert migpt(home, "config", "show", "llm.preset").stdout == 'llm.preset = "deepseek"\n'
    part = migpt(home, "config", "show", "households.home", "--json")
    assert json.loads(part.stdout)["account"] == "1234567890"
    assert "hunter" not in part.stdout
    unknown = migpt(home, "config", "show", "llm.nothing")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "llm.nothing" in unknown.stderr


def test_an_edited_value_is_saved_and_all_else_stays(home: Path) -> None:
    done = migpt(home, "config", "edit", editor="text = text.replace('preset = \"deepseek\"', 'preset = \"qwen\"')")
    assert done.returncode == 0, done.stderr
    file = home / "config.toml"
    assert file.read_text(encoding="utf-8") == CONFIG.replace('preset = "deepseek"', 'preset = "qwen"')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [backup] = (home / "backups").iterdir()
    assert backup.read_text(encoding="utf-8") == CONFIG
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert "qwen" in done.stderr, "a preset without a key is warned of"
    assert not [one for one in home.iterdir() if one.name.endswith(".draft")]


def test_the_editor_sees_no_secret_and_may_write_a_new_one(home: Path) -> None:
    change = f"text = text.replace('api_key = \"{MASK}\"', 'api_key = \"fresh-key\"')"
    assert migpt(home, "config", "edit", editor=change).returncode == 0
    seen = (home / "seen").read_text(encoding="utf-8")
    assert "hunter" not in seen
    assert seen.count(MASK) == 2
    text = (home / "config.toml").read_text(encoding="utf-8")
    assert 'api_key = "fresh-key"' in text
    assert 'password = "hunter-xiaomi"' in text
    assert MASK not in text


@pytest.mark.parametrize("change", ["text += 'nonsense = 1\\n'", "text = text.replace('[llm]', '[llm')"])
def test_what_would_not_load_is_not_saved_and_not_lost(home: Path, change: str) -> None:
    done = migpt(home, "config", "edit", editor=change)
    assert done.returncode == 2
    assert (home / "config.toml").read_text(encoding="utf-8") == CONFIG
    draft = home / "config.toml.draft"
    assert str(draft) in done.stderr
    assert draft.read_text(encoding="utf-8") != CONFIG
    assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    assert not (home / "backups").exists()


def test_nothing_changed_and_a_failing_editor_leave_everything_as_it_is(home: Path) -> None:
    assert migpt(home, "config", "edit").returncode == 0
    failed = migpt(home, "config", "edit", editor="sys.exit(3)")
    assert failed.returncode == 1
    assert (home / "config.toml").read_text(encoding="utf-8") == CONFIG
    assert not (home / "backups").exists()


def test_somebody_elses_change_is_not_overwritten(home: Path) -> None:
    other = f"pathlib.Path({str(home / 'config.toml')!r}).write_text('language = \"zh\"')\n"
    done = migpt(home, "config", "edit", editor=f"{other}text += '# mine\\n'")
    assert done.returncode == 1
    assert (home / "config.toml").read_text(encoding="utf-8") == 'language = "zh"'
    assert "# mine" in (home / "config.toml.draft").read_text(encoding="utf-8")


def test_without_a_file_the_example_is_what_is_edited(tmp_path: Path) -> None:
    done = migpt(tmp_path, "config", "edit", editor="text = 'language = \"en\"\\n'")
    assert done.returncode == 0, done.stderr
    assert "[households.home]" in (tmp_path / "seen").read_text(encoding="utf-8")
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == 'language = "en"\n'
    assert stat.S_IMODE((tmp_path / "config.toml").stat().st_mode) == 0o600


def test_which_editor() -> None:
    assert editor_command({"EDITOR": "code --wait"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": "gvim -f", "EDITOR": "ed"}) == ["gvim", "-f"]
    with pytest.raises(CommandFailedError, match="EDITOR"):
        editor_command({"PATH": "/nonexistent"})
