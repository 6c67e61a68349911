"""The command line as such: usage, exit codes, languages; and nothing heavy before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from migpt_cli.checkout import ROOT


def migpt(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder without a configuration."""
    clean = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", "HOME": "/nonexistent", **environment}
    return subprocess.run(
        [sys.executable, "-P", "-m", "migpt_cli", *arguments],
        cwd=cwd or Path(__file__).parent, env=clean, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["晚饭好了"], ["tell", "me"], ["sayy", "晚饭好了"], ["config", "nothing"]])
def test_an_unknown_command_is_an_error_and_is_never_spoken(words: list[str]) -> None:
    """A program that spoke whatever it did not understand read typing errors aloud."""
    done = migpt(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "No such command" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["say"],
        ["ask"],
        ["say", "x", "--volume", "101"],
        ["say", "x", "--priority", "shout"],
        ["say", ""],
        ["ask", ""],
        ["demo", "--language", "fr"],
        ["demo", "--speaker", "kitchen", "--say", "x", "--once"],
        ["messages", "nothing"],
        ["say", "x", "--config", "no-such-file.toml"],
        ["up"],
        ["speakers"],
    ],
)
def test_wrong_usage_or_surroundings_end_with_2(arguments: list[str], tmp_path: Path) -> None:
    done = migpt(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr != ""


def test_help_speaks_chinese_and_english_and_explains_the_exit_codes() -> None:
    chinese, english = migpt("--help"), migpt("--help", MIGPT_LANGUAGE="en")
    assert chinese.returncode == english.returncode == 0
    assert "让音箱说一句话" in chinese.stdout
    assert "退出码" in chinese.stdout
    assert "Speak a text through a speaker" in english.stdout
    assert "Exit codes" in english.stdout


def test_the_language_of_the_default_config_is_the_language_of_the_help(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('language = "en"\n')
    assert "Start all services" in migpt("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "command",
    [
        "demo", "up", "say", "ask", "watch", "speakers", "messages", "config", "shell", "status", "login", "doctor",
        "history", "export", "console", "menu", "install", "package",
    ],
)  # fmt: skip
def test_every_command_explains_itself(command: str) -> None:
    assert migpt(command, "--help").returncode == 0


def test_all_problems_of_a_config_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('language = "fr"\nnonsense = 1\n[mqtt]\nurl = "x"\n')
    for command in (["config", "check"], ["up"], ["speakers"]):
        done = migpt(*command, cwd=tmp_path)
        assert done.returncode == 2
        for key in ("language", "nonsense", "mqtt.url"):
            assert key in done.stderr


def test_config_check_masks_every_secret(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[mqtt]\nurl = "mqtt://me:hunter-mqtt@127.0.0.1:1"\n'
        '[households.home]\naccount = "1"\npassword = "hunter-xiaomi"\n'
        '[llm]\npreset = "deepseek"\nproxy = "http://me:hunter-proxy@127.0.0.1:2"\n'
        '[llm.presets.deepseek]\napi_key = "hunter-key"\n[console]\napi_key = "hunter-console"\n'
    )
    shown = migpt("config", "check", cwd=tmp_path)
    as_json = migpt("config", "check", "--json", cwd=tmp_path)
    assert shown.returncode == as_json.returncode == 0
    assert json.loads(as_json.stdout)["households"]["home"]["account"] == "1"
    for done in (shown, as_json):
        assert "hunter" not in done.stdout + done.stderr
    assert 'households.home.account = "1"' in shown.stdout


def test_the_reference_of_a_message_is_found_by_kind_and_by_topic() -> None:
    for name in ("Say", "say", "do/say"):
        done = migpt("messages", name)
        assert done.returncode == 0
        assert "mosquitto_pub" in done.stdout
        assert "migpt/home/living_room/do/say" in done.stdout
    assert "{h}/{s}/heard" in migpt("messages").stdout


def test_generated_files_are_checked() -> None:
    assert migpt("messages", "--check").returncode == 0
    assert migpt("config", "example", "--check").returncode == 0
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert migpt("config", "example").stdout == example


def test_a_closed_pipe_is_no_crash() -> None:
    command = f'"{sys.executable}" -P -m migpt_cli messages | head -1'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_starting_imports_nothing_heavy() -> None:
    heavy = ("aiomqtt", "pydantic", "openai", "aiohttp", "rich", "prompt_toolkit", "miservice", "sqlalchemy")
    code = f"import sys, migpt_cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert done.stdout.strip() == "[]"
