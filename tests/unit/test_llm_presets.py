"""From settings to what is sent: known providers, presets over them, keys, proxies."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from migpt_shared.providers import (
    PresetError,
    PresetFault,
    is_loopback,
    known_providers,
    preset_names,
    proxy_for,
    resolve,
)
from migpt_shared.settings.llm import LlmSettings, PresetSettings

WANTED = [
    *("openai", "zhipu", "deepseek", "moonshot", "qwen", "claude", "doubao", "siliconflow", "qianfan", "spark"),
    *("hunyuan", "gemini", "groq", "openrouter", "ollama"),
]


def _settings(name: str = "x", **preset: object) -> LlmSettings:
    return LlmSettings(preset=name, presets={name: PresetSettings.model_validate(preset)})


@pytest.mark.parametrize("name", WANTED)
def test_every_known_provider_needs_only_a_key(name: str) -> None:
    provider = known_providers()[name]
    assert provider.title
    assert provider.checked.startswith("2026-")
    assert urlsplit(provider.base_url).scheme == ("http" if name == "ollama" else "https")
    preset = resolve(name, _settings(name, api_key="sk-1"))
    assert (preset.base_url, preset.model) == (provider.base_url, provider.model)
    assert provider.key_page.startswith("https://") or name == "ollama"


def test_nothing_is_shipped_that_is_not_listed() -> None:
    assert list(known_providers()) == WANTED


def test_own_values_win_over_the_providers_and_those_over_the_general_ones() -> None:
    settings = LlmSettings(
        preset="fast",
        temperature=0.3,
        max_tokens=500,
        system_prompt="general",
        presets={
            "fast": PresetSettings(provider="deepseek", model="other", api_key="k", max_tokens=60, streaming=False)
        },
    )
    preset = resolve("fast", settings)
    assert preset.base_url == "https://api.deepseek.com"
    assert (preset.model, preset.temperature, preset.max_tokens) == ("other", 0.3, 60)
    assert (preset.system_prompt, preset.streaming) == ("general", False)


def test_thinking_is_off_unless_wanted_and_own_fields_win() -> None:
    assert resolve("deepseek", _settings("deepseek", api_key="k")).extra_body == {"thinking": {"type": "disabled"}}
    assert resolve("deepseek", _settings("deepseek", api_key="k", thinking=True)).extra_body == {}
    own = _settings("deepseek", api_key="k", extra_body={"thinking": {"type": "enabled"}, "top_k": 3})
    assert resolve("deepseek", own).extra_body == {"thinking": {"type": "enabled"}, "top_k": 3}


@pytest.mark.parametrize(
    ("provider", "model", "rejects", "thinking_off"),
    [
        ("openai", "gpt-6-luna", ("temperature",), {"reasoning_effort": "none"}),
        ("openai", "gpt-4o-mini", (), {}),
        ("openai", "gpt-5-mini", ("temperature",), {"reasoning_effort": "minimal"}),
        ("openai", "gpt-5.1", (), {"reasoning_effort": "none"}),
        ("moonshot", "kimi-k3.1-pro", ("temperature",), {"reasoning_effort": "low"}),
        ("moonshot", "moonshot-v1-auto", (), {}),
        ("gemini", "gemini-2.5-flash", (), {"reasoning_effort": "none"}),
        ("deepseek", "deepseek-chat", (), {}),
    ],
)
def test_what_is_sent_depends_on_the_model(
    provider: str, model: str, rejects: tuple[str, ...], thinking_off: dict[str, str]
) -> None:
    preset = resolve("x", _settings(provider=provider, model=model, api_key="k"))
    assert preset.traits.rejects == rejects
    assert preset.extra_body == thinking_off


def test_a_setting_that_the_model_does_not_accept_is_named() -> None:
    preset = resolve("openai", _settings("openai", api_key="k", temperature=0.5))
    assert preset.ignored_settings == ("temperature",)
    assert resolve("openai", _settings("openai", api_key="k")).ignored_settings == ()


def test_an_unknown_preset_is_told_with_the_known_names() -> None:
    with pytest.raises(PresetError, match=r"no preset named 'deepsek'; known names: .*deepseek") as caught:
        resolve("deepsek", LlmSettings())
    assert caught.value.kind is PresetFault.UNKNOWN_PRESET
    with pytest.raises(PresetError, match=r"llm\.presets\.x\.provider: 'nobody' is not known"):
        resolve("x", _settings(provider="nobody"))


@pytest.mark.parametrize(
    ("given", "missing"), [({"model": "m"}, "base_url"), ({"base_url": "http://127.0.0.1:1/v1"}, "model")]
)
def test_an_own_provider_needs_address_and_model(given: dict[str, str], missing: str) -> None:
    with pytest.raises(PresetError, match=rf"llm\.presets\.x\.{missing} is missing"):
        resolve("x", _settings(**given))


def test_a_missing_key_is_told_with_the_page_that_has_one() -> None:
    with pytest.raises(
        PresetError, match=r"llm\.presets\.deepseek\.api_key is missing.*platform\.deepseek\.com"
    ) as caught:
        resolve("deepseek", LlmSettings())
    assert caught.value.kind is PresetFault.NO_KEY
    with pytest.raises(PresetError, match="api_key is missing"):
        resolve("x", _settings(base_url="https://llm.example.com/v1", model="m", api_key="  "))


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9/v1", "http://localhost:9/v1", "http://[::1]:9/v1"])
def test_a_model_on_this_machine_needs_no_key(base_url: str) -> None:
    assert resolve("x", _settings(base_url=base_url, model="m")).api_key.get_secret_value()


def test_ollama_elsewhere_in_the_house_needs_no_key() -> None:
    assert resolve("x", _settings(provider="ollama", base_url="http://192.168.1.9:11434/v1")).model == "qwen3:8b"


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with pytest.raises(PresetError, match="cannot be read: No such file"):
        resolve("deepseek", _settings("deepseek", api_key_file=file))
    file.write_text("\n")
    with pytest.raises(PresetError, match="is empty"):
        resolve("deepseek", _settings("deepseek", api_key_file=file))
    file.write_text("sk-from-file\n")
    assert resolve("deepseek", _settings("deepseek", api_key_file=file)).api_key.get_secret_value() == "sk-from-file"


def test_the_key_is_in_no_repr() -> None:
    settings = _settings("deepseek", api_key="sk-hidden")
    assert "sk-hidden" not in repr(settings)
    assert "sk-hidden" not in repr(resolve("deepseek", settings))


def test_names_are_own_ones_first() -> None:
    names = preset_names(_settings("mine", base_url="http://127.0.0.1:1", model="m"))
    assert names[0] == "mine"
    assert set(WANTED) < set(names)


def test_deadlines_come_from_the_mode_unless_the_preset_has_its_own() -> None:
    base = {"base_url": "http://127.0.0.1:1", "model": "m"}
    streaming = resolve("x", _settings(**base))
    assert (streaming.first_token_deadline_s, streaming.answer_deadline_s) == (4.0, 6.5)
    whole = resolve("x", _settings(**base, streaming=False))
    assert (whole.first_token_deadline_s, whole.answer_deadline_s) == (10.0, 20.0)
    own = resolve("x", _settings(**base, first_token_deadline_s=2, answer_deadline_s=30))
    assert (own.first_token_deadline_s, own.answer_deadline_s) == (2.0, 30.0)


@pytest.fixture
def _proxy_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://env.example:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://env.example:2")
    monkeypatch.setenv("NO_PROXY", "inside.example")


@pytest.mark.usefixtures("_proxy_environment")
@pytest.mark.parametrize(
    ("base_url", "setting", "expected"),
    [
        ("https://api.example.com/v1", "", "http://env.example:2"),
        ("http://api.example.com/v1", "", "http://env.example:1"),
        ("https://llm.inside.example/v1", "", None),
        ("http://127.0.0.1:9/v1", "", None),
        ("http://localhost:9/v1", "", None),
        ("http://[::1]:9/v1", "", None),
        ("https://api.example.com/v1", "none", None),
        ("https://api.example.com/v1", "http://mine:3", "http://mine:3"),
        ("http://127.0.0.1:9/v1", "http://mine:3", "http://mine:3"),
    ],
)
def test_the_proxy_setting_decides_and_the_environment_never_reaches_loopback(
    base_url: str, setting: str, expected: str | None
) -> None:
    assert proxy_for(base_url, setting) == expected


@pytest.mark.parametrize(("url", "expected"), [("http://127.8.9.1/", True), ("http://10.0.0.1/", False)])
def test_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
