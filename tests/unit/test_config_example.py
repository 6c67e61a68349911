"""`config.example.toml`: generated, current, complete, and usable as it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from migpt_cli.checkout import ROOT
from migpt_shared.settings import Settings, load_settings
from migpt_shared.settings.example import EXAMPLE, PLACEHOLDERS, _model_in, example_config

_SETTING = re.compile(r"^# ([a-z_]+ = .+)$")
_HEADER = re.compile(r"^# (\[[a-z_.]+\])$")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIGPT_LANGUAGE", "MIGPT_MQTT__URL", "MIGPT_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_file_in_the_checkout_is_current() -> None:
    assert (ROOT / EXAMPLE).read_text(encoding="utf-8") == example_config(), "run ./migpt config example --write"


def test_it_loads_and_means_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example_config(), encoding="utf-8")
    settings = load_settings(file)
    assert settings.households["home"].account == "1234567890"
    password = settings.households["home"].password
    assert password is not None
    assert password.get_secret_value() in PLACEHOLDERS
    defaults = Settings()
    assert settings.hearing == defaults.hearing
    assert settings.speech == defaults.speech
    assert settings.routing == defaults.routing
    assert settings.home_assistant is None


def uncommented(text: str) -> str:
    """All settings in force; of those that exclude each other, the `_file` form is left out."""
    lines = []
    for line in text.splitlines():
        found = _SETTING.match(line) or _HEADER.match(line)
        if found and not found.group(1).partition(" ")[0].endswith("_file"):
            lines.append(found.group(1))
        elif not line.startswith("#"):
            lines.append(line)
    return "\n".join(lines)


def test_every_line_is_a_valid_setting_once_its_mark_is_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(uncommented(example_config()), encoding="utf-8")
    settings = load_settings(file)
    assert set(settings.households["home"].speakers) == {"living_room", "bedroom"}
    assert settings.home_assistant is not None
    assert settings.console.enabled
    assert settings.mqtt.url is not None
    assert settings.hearing == Settings().hearing


def _keys(model: type[BaseModel]) -> set[str]:
    names: set[str] = set()
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        names |= {name} if inner is None else _keys(inner)
    return names


def test_no_setting_is_missing() -> None:
    shown = {match.group(1) for match in re.finditer(r"^(?:# )?([a-z_]+) = ", example_config(), re.MULTILINE)}
    assert shown == _keys(Settings)


def test_it_is_valid_toml_in_both_forms() -> None:
    tomllib.loads(example_config())
    tomllib.loads(uncommented(example_config()))
