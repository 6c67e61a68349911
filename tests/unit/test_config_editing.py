"""Changing config.toml for a person: comments stay, secrets move and are never shown, nothing broken is written."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from migpt_shared.editing import MASK, ChangedMeanwhileError, ConfigFile, Shown, is_secret
from migpt_shared.settings import SettingsError, load_settings
from migpt_shared.settings.example import example_config

TEXT = """\
# 我的配置 my settings
language = "zh"  # 中文

[households.home]
account = "1234567890"
password = "hunter-xiaomi"  # 以后改

[llm]
preset = "deepseek"
# which models I have
[llm.presets.deepseek]
api_key = "hunter-key"
[llm.presets.local]
base_url = "http://127.0.0.1:1/v1"
model = "m"
proxy = "http://me:hunter-proxy@127.0.0.1:2"
"""


@pytest.fixture
def file(tmp_path: Path) -> ConfigFile:
    (tmp_path / "config.toml").write_text(TEXT, encoding="utf-8")
    return ConfigFile(tmp_path / "config.toml")


def test_no_secret_is_shown_and_the_masks_come_back_as_secrets(file: ConfigFile, tmp_path: Path) -> None:
    shown = file.shown()
    assert "hunter" not in shown.text
    assert shown.text.count(MASK) == 3
    assert "# 以后改" in shown.text
    file.save(Shown(shown.text.replace('language = "zh"', 'language = "en"'), shown.stamp))
    written = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert written == TEXT.replace('language = "zh"', 'language = "en"')


def test_a_changed_value_leaves_every_comment_where_it_was(file: ConfigFile, tmp_path: Path) -> None:
    file.change({("language",): "en", ("routing", "ai_keywords"): ["请", "帮我"], ("speech", "max_chars"): 100})
    written = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert written.startswith(TEXT.replace('language = "zh"', 'language = "en"'))
    settings = load_settings(tmp_path / "config.toml")
    assert (settings.routing.ai_keywords, settings.speech.max_chars) == (["请", "帮我"], 100)


def test_a_secret_goes_to_its_file_and_out_of_the_config(file: ConfigFile, tmp_path: Path) -> None:
    file.change({("llm", "presets", "deepseek", "api_key"): "sk-new", ("households", "home", "password"): "pw-new"})
    config = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert "new" not in config
    assert "hunter-key" not in config
    assert "hunter-xiaomi" not in config
    for name in ("llm", "xiaomi"):
        assert stat.S_IMODE((tmp_path / "secrets" / f"{name}.toml").stat().st_mode) == 0o600
    settings = load_settings(tmp_path / "config.toml")
    key = settings.llm.presets["deepseek"].api_key
    assert key is not None
    assert key.get_secret_value() == "sk-new"


def test_a_new_secret_replaces_a_file_that_held_it(file: ConfigFile, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("old", encoding="utf-8")
    (tmp_path / "config.toml").write_text('[llm.presets.deepseek]\napi_key_file = "key"\n', encoding="utf-8")
    file.change({("llm", "presets", "deepseek", "api_key"): "sk-new"})
    assert "api_key_file" not in (tmp_path / "config.toml").read_text(encoding="utf-8")


def test_what_would_not_load_is_not_written(file: ConfigFile, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"speech\.max_chars"):
        file.change({("speech", "max_chars"): 5, ("language",): "en"})
    shown = file.shown()
    for broken in (shown.text + "nonsense = 1\n", shown.text + "[[[", shown.text + f'\n[mqtt]\nurl = "{MASK}"\n'):
        with pytest.raises(SettingsError):
            file.save(Shown(broken, shown.stamp))
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == TEXT
    assert not (tmp_path / "backups").exists()


def test_a_file_that_somebody_else_has_changed_is_not_overwritten(file: ConfigFile, tmp_path: Path) -> None:
    shown = file.shown()
    (tmp_path / "config.toml").write_text(TEXT + "# later\n", encoding="utf-8")
    with pytest.raises(ChangedMeanwhileError):
        file.save(shown)


def test_none_resets_values_and_whole_sections_with_their_secrets(file: ConfigFile, tmp_path: Path) -> None:
    file.change({("llm", "presets", "local", "api_key"): "sk-local", ("language",): None})
    file.change({("llm", "presets", "local"): None})
    assert "local" not in (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert tomllib.loads((tmp_path / "secrets" / "llm.toml").read_text(encoding="utf-8")) == {}
    assert load_settings(tmp_path / "config.toml").language == "zh"


def test_backups_are_kept_but_not_for_ever(file: ConfigFile, tmp_path: Path) -> None:
    for chars in range(50, 65):
        file.change({("speech", "max_chars"): chars})
    backups = sorted((tmp_path / "backups").iterdir())
    assert len(backups) == 10
    assert "max_chars = 63" in backups[-1].read_text(encoding="utf-8")


def test_a_mode_and_a_link_stay(file: ConfigFile, tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    (tmp_path / "config.toml").rename(real)
    (tmp_path / "config.toml").symlink_to(real)
    real.chmod(0o640)
    file.change({("language",): "en"})
    assert (tmp_path / "config.toml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert 'language = "en"' in real.read_text(encoding="utf-8")


def test_the_example_passes_through_unchanged(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(example_config(), encoding="utf-8")
    file = ConfigFile(tmp_path / "config.toml")
    shown = file.shown()
    file.save(shown)
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == example_config()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("households", "home", "password"), True),
        (("households", "home", "pass_token"), True),
        (("households", "home", "account"), False),
        (("llm", "presets", "x", "api_key"), True),
        (("home_assistant", "token"), True),
        (("console", "api_key"), True),
        (("mqtt", "url"), True),
        (("nowhere", "at", "all"), False),
        (("llm", "presets"), False),
    ],
)
def test_which_places_are_secret(path: tuple[str, ...], expected: bool) -> None:
    assert is_secret(path, "value") is expected
