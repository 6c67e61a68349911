"""What `config check` and `up` find wrong with settings that are valid one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migpt_cli.config_findings import Findings, examine, surroundings_problems
from migpt_shared.settings import Settings

GOOD: dict[str, Any] = {
    "households": {"home": {"account": "1", "password": "secret-word"}},
    "llm": {"preset": "ollama"},
}


def findings(tmp_path: Path, **changes: Any) -> Findings:
    return examine(Settings(**{"data_dir": tmp_path / "data", **GOOD, **changes}))


def words(findings: Findings) -> tuple[str, str]:
    return (
        "\n".join(one.in_("zh") for one in findings.problems),
        "\n".join(one.in_("zh") for one in findings.warnings),
    )


def test_nothing_is_wrong_with_good_settings(tmp_path: Path) -> None:
    assert words(findings(tmp_path)) == ("", "")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"households": {}}, "[households.home]"),
        ({"households": {"home": {"account": "1", "password": "…"}}}, "households.home.password"),
        ({"llm": {"preset": "deepseek", "presets": {"deepseek": {"api_key": "sk-…"}}}}, "llm.presets.deepseek.api_key"),
        ({"llm": {"preset": "nope"}}, "nope"),
        ({"llm": {"preset": "deepseek"}}, "llm.presets.deepseek.api_key is missing"),
        ({"llm": {"preset": "ollama", "fallbacks": ["nope"]}}, "nope"),
        ({"data_dir": Path("/proc/no/such/folder")}, "data_dir"),
    ],
)
def test_problems(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem in words(findings(tmp_path, **changes))[0]


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"households": {"home": {"account": "1"}}}, "pass_token"),
        ({"home_assistant": {"url": "http://h"}}, "Home Assistant（http://h）没有 token"),
        ({"home_assistant": {"url": "http://h", "token": "…"}}, "Home Assistant（http://h）没有 token"),
        ({"llm": {"preset": "ollama", "presets": {"deepseek": {}}}}, "deepseek"),
        (
            {
                "households": {"home": {"account": "1", "password": "secret-word", "speakers": {"a": {"name": "A"}}}},
                "speech": {"answer_on": ["b"]},
            },
            "answer_on",
        ),
    ],
)
def test_warnings(tmp_path: Path, changes: dict[str, Any], warning: str) -> None:
    problems, warnings = words(findings(tmp_path, **changes))
    assert problems == ""
    assert warning in warnings


def test_a_preset_without_a_key_does_not_keep_up_from_starting(tmp_path: Path) -> None:
    """The brain says aloud what is missing; a household may want to begin with what works."""
    settings = Settings(**{"data_dir": tmp_path, **GOOD, "llm": {"preset": "deepseek"}})
    assert surroundings_problems(settings) == ()
