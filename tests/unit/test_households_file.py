"""Households come and go in the configuration; what else stands there stays as it was written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from migpt_cli.households_file import (
    HouseholdRefusedError,
    NewHousehold,
    add_household,
    remove_household,
    with_household,
    without_household,
)
from migpt_shared.settings import load_settings

WRITTEN = """\
# 我的配置
language = "en"   # 英文

[households.home]      # 家
account = "1234567890"
[households.home.speakers.living_room]
name = "客厅小爱"

[routing]
mode = "ai"
"""


def household(name: str = "office", account: str = "2222222222", **more: object) -> NewHousehold:
    settings: dict[str, object] = {"password": None, "pass_token": None, "speakers": {}, **more}
    return NewHousehold(name=name, account=account, **settings)  # type: ignore[arg-type]


def test_a_household_comes_and_goes_and_nothing_else_changes() -> None:
    content = with_household(WRITTEN, household(speakers={"desk": "书桌小爱", "door": "门口"}))
    assert tomllib.loads(content)["households"]["office"] == {
        "account": "2222222222",
        "speakers": {"desk": {"name": "书桌小爱"}, "door": {"name": "门口"}},
    }
    for line in WRITTEN.splitlines():
        assert line in content.splitlines()
    assert tomllib.loads(without_household(content, "office")) == tomllib.loads(WRITTEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'language = "en"\n',
        '[households]\nhome = { account = "1" }\n',
        'households.home.account = "1"\n',
        '[households.home]\naccount = "1"\n[llm]\npreset = "x"\n[households.cabin]\naccount = "3"\n',
    ],
)
def test_however_the_file_is_written(text: str) -> None:
    before = tomllib.loads(text)
    content = with_household(text, household())
    expected = {**before, "households": {**before.get("households", {}), "office": {"account": "2222222222"}}}
    assert tomllib.loads(content) == expected
    again = tomllib.loads(without_household(content, "office"))
    assert again.get("households", {}) == before.get("households", {})


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (household(name="home"), "already"),
        (household(account="1234567890"), "has this account already"),
        (household(name="all"), "reserved"),
        (household(name="Büro"), "a-z"),
        (household(speakers={"ha": "客厅"}), "reserved"),
    ],
)
def test_what_cannot_be_added(new: NewHousehold, words: str) -> None:
    with pytest.raises(HouseholdRefusedError, match=words):
        with_household(WRITTEN, new)


def test_secrets_go_to_their_own_private_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(WRITTEN)
    add_household(config, household(password="not-guessed"))
    assert "not-guessed" not in config.read_text()
    secrets = tmp_path / "secrets" / "xiaomi.toml"
    assert secrets.stat().st_mode & 0o777 == 0o600
    settings = load_settings(config)
    password = settings.households["office"].password
    assert password is not None
    assert password.get_secret_value() == "not-guessed"
    remove_household(config, "office")
    assert "not-guessed" not in secrets.read_text()
    assert set(load_settings(config).households) == {"home"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "secrets"]


def test_what_the_services_would_refuse_is_not_written(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(WRITTEN + '[home_assistant]\nurl = "http://127.0.0.1:8123"\n')
    before = config.read_text()
    with pytest.raises(HouseholdRefusedError, match="one household only"):
        add_household(config, household(password="not-guessed"))
    assert config.read_text() == before
    assert not (tmp_path / "secrets").exists()
    with pytest.raises(HouseholdRefusedError, match="no household"):
        remove_household(config, "office")
