"""Settings: files merged in order, every problem told at once, no secret ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from migpt_shared.settings import SettingsError, load_settings

DESIGN_EXAMPLE = """
data_dir = "data"
[mqtt]
url = "mqtt://user:brokersecret@127.0.0.1:1883"
[households.home]
account = "1234567890"
password = "accountsecret"
[households.home.endpoints]
account = "http://127.0.0.1:9001"
mina = "http://127.0.0.1:9001"
conversation = "http://127.0.0.1:9001"
miot = "http://127.0.0.1:9001"
[households.home.speakers.living_room]
device_id = "abc"
area = "客厅"
[routing]
mode = "auto"
ai_keywords = ["请", "帮我", "问一下"]
home_keywords = ["小周"]
[llm]
preset = "deepseek"
fallbacks = ["local"]
[llm.presets.deepseek]
base_url = "https://api.deepseek.com"
model = "deepseek-chat"
api_key = "sk-presetsecret"
[llm.presets.local]
base_url = "http://127.0.0.1:11434/v1"
model = "qwen"
[home_assistant]
url = "http://homeassistant.local:8123"
token = "hasecret"
agent_id = ""
[home_assistant.device_mapping]
"客厅灯" = "light.living_room_light"
[console]
host = "127.0.0.1"
port = 5001
api_key = "consolesecret"
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIGPT_DATA_DIR", "MIGPT_LANGUAGE", "MIGPT_MQTT__URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(DESIGN_EXAMPLE, encoding="utf-8")
    return file


def test_the_documented_example_loads(config: Path) -> None:
    settings = load_settings(config)
    assert settings.data_dir == config.parent / "data"
    assert settings.households["home"].account == "1234567890"
    assert settings.households["home"].speakers["living_room"].area == "客厅"
    assert settings.llm.fallbacks == ("local",)
    assert settings.mqtt.address().port == 1883
    expected = {"brokersecret", "accountsecret", "sk-presetsecret", "hasecret", "consolesecret"}
    assert expected <= set(settings.secrets())


def test_no_secret_shows_when_settings_are_printed(config: Path) -> None:
    settings = load_settings(config)
    for secret in settings.secrets():
        assert secret not in repr(settings) + str(settings)


def test_secret_files_are_merged_over_and_the_environment_over_all(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.parent / "secrets").mkdir()
    (config.parent / "secrets" / "xiaomi.toml").write_text('[households.home]\npassword = "fromsecrets"\n')
    monkeypatch.setenv("MIGPT_MQTT__URL", "mqtt://elsewhere:1884")
    monkeypatch.setenv("MIGPT_DATA_DIR", str(config.parent / "other"))
    settings = load_settings(config)
    password = settings.households["home"].password
    assert password is not None
    assert password.get_secret_value() == "fromsecrets"
    assert settings.households["home"].speakers, "merging keeps what only the config has"
    assert str(settings.mqtt.address()) == "elsewhere:1884"
    assert settings.data_dir == config.parent / "other"


def test_a_secret_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("filesecret\n")
    (tmp_path / "config.toml").write_text('[households.home]\naccount = 123\npassword_file = "pw"\n')
    password = load_settings(tmp_path / "config.toml").households["home"].password
    assert password is not None
    assert password.get_secret_value() == "filesecret"


def test_all_problems_are_told_at_once_with_their_keys_and_without_values(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        """
colour = "blue"
[mqtt]
url = "http://user:topsecret@host"
[households.all]
account = "1"
pasword = "topsecret"
[households.home]
password = "topsecret"
[households.home.speakers."客厅"]
name = "x"
[households.home.speakers.kitchen]
area = "厨房"
[routing]
mode = "sometimes"
[hearing]
hot_s = -1
"""
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "config.toml")
    text = str(caught.value)
    for key in (
        "colour",
        "mqtt.url",
        "households.all",
        "households.all.pasword",
        "households.home.account",
        "households.home.speakers.客厅",
        "households.home.speakers.kitchen",
        "routing.mode",
        "hearing.hot_s",
    ):
        assert any(problem.startswith(key) for problem in caught.value.problems), f"{key} missing in:\n{text}"
    assert "topsecret" not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[mqtt\nurl=1", "not valid TOML"),
        (b"\xff\xfe", "UTF-8"),
        (b'mqtt = "x"', "mqtt"),
        (b'[households.home]\naccount="1"\npassword="a"\npassword_file="b"', "not both"),
        (b'[households.home]\naccount="1"\npassword_file="nowhere"', "cannot be read"),
        (b'[households.home]\naccount="1"\n[households.home.speakers.a]\nname="x"\nstand_in="b"', "stand_in"),
    ],
)
def test_a_broken_file_is_explained(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        load_settings(tmp_path / "config.toml")


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"config\.example\.toml"):
        load_settings(tmp_path / "config.toml")


def test_home_assistant_fits_one_household_only(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[households.a]\naccount="1"\n[households.b]\naccount="2"\n[home_assistant]\nurl="http://x"\n'
    )
    with pytest.raises(SettingsError, match="several households"):
        load_settings(tmp_path / "config.toml")


def _home(tmp_path: Path, section: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text('[households.home]\naccount="1"\n' + section, encoding="utf-8")
    return file


def test_each_household_can_have_its_own_home_assistant(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("fromfile\n")
    file = _home(
        tmp_path,
        "[households.home.home_assistant]\nurl = 'http://ha:8123/'\ntoken_file = 'token'\n"
        "[households.b]\naccount = '2'\n",
    )
    settings = load_settings(file)
    home = settings.home_of("home")
    assert home is not None
    assert home.token is not None
    assert (home.url, home.token.get_secret_value()) == ("http://ha:8123", "fromfile")
    assert settings.home_of("b") is None


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('[home_assistant]\nurl = "homeassistant.local"\n', "base URL"),
        ('[home_assistant]\nconfirm_domains = ["Locks!"]\n', "neither a domain"),
        ('[home_assistant.device_mapping]\n"客厅灯" = "客厅灯"\n', "needs an entity id"),
        ('[home_assistant]\nurl = "http://a"\n[households.home.home_assistant]\nurl = "http://b"\n', "not both"),
    ],
)
def test_mistakes_about_home_assistant_are_explained(tmp_path: Path, section: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(_home(tmp_path, section))
