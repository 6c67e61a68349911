"""The language model's settings: ranges, and errors in the user's words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from migpt_shared.settings.llm import LlmSettings, PresetSettings


def test_the_documented_example_is_valid() -> None:
    settings = LlmSettings.model_validate(
        {
            "preset": "deepseek",
            "fallbacks": ["local"],
            "presets": {
                "deepseek": {"base_url": "https://api.deepseek.com", "model": "deepseek-chat", "api_key": "sk-1"},
                "local": {"provider": "ollama"},
            },
        }
    )
    assert settings.chain == ("deepseek", "local")


def test_a_preset_is_asked_once_however_often_it_is_named() -> None:
    assert LlmSettings(preset="a", fallbacks=("b", "a", "b")).chain == ("a", "b")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": 3}, "less than or equal to 2"),
        ({"max_tokens": 0}, "greater than or equal to 16"),
        ({"temprature": 1}, "Extra inputs are not permitted"),
        ({"proxy": "socks5://127.0.0.1:1080"}, "SOCKS is not supported"),
        ({"proxy": "127.0.0.1:7890"}, "a proxy must look like"),
        ({"fallbacks": ["b"], "first_token_deadline_s": 8}, "otherwise the fallbacks are never asked"),
        ({"presets": {"x": {"base_url": "api.example.com"}}}, "is no web address"),
        ({"presets": {"x": {"api_key": "a", "api_key_file": "b"}}}, "api_key or api_key_file, not both"),
    ],
)
def test_mistakes_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LlmSettings.model_validate(values)


def test_a_proxy_password_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        LlmSettings.model_validate({"proxy": "socks5://me:hunter2@127.0.0.1:1080"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("model", [LlmSettings, PresetSettings])
def test_every_field_is_explained(model: type[LlmSettings] | type[PresetSettings]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []
