"""What is wrong, or strange, with settings that are valid one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from migpt_shared.language import Language, Phrase
from migpt_shared.settings import Settings, SettingsError
from migpt_shared.settings.example import PLACEHOLDERS
from migpt_shared.surroundings import check_data_dir

_NO_HOUSEHOLD = Phrase(
    zh="没有配置小米账号：在配置文件里写上 [households.home]，account 是小米 ID，再加 password 或 pass_token"
    "（示例见 config.example.toml）",
    en="no Xiaomi account is configured: add [households.home] with account (the Xiaomi ID) and password or pass_token"
    " (see config.example.toml)",
)
_NO_SECRET = Phrase(
    zh="households.{name}：没有 password，也没有 pass_token，只能使用已保存的登录（./migpt login）",
    en="households.{name}: neither password nor pass_token; only a stored login (./migpt login) can be used",
)
_PLACEHOLDER = Phrase(
    zh="{key}：还是示例里的占位符，请填写", en="{key}: still the placeholder of the example; fill it in"
)
_IGNORED = Phrase(
    zh="llm.presets.{preset}：模型 {model} 不接受 {setting}，这一项不会发送",
    en="llm.presets.{preset}: {model} accepts no {setting}; it is not sent",
)
_PRESET = Phrase(zh="大模型：{text}", en="language model: {text}")
_NO_TOKEN = Phrase(
    zh="Home Assistant（{url}）没有 token：在 Home Assistant 个人资料的“安全”页创建长期访问令牌，填到 token",
    en="Home Assistant ({url}) has no token: make a long-lived access token in its profile page, under security",
)
_ABSENT = Phrase(
    zh="speech.answer_on：没有任何家庭配置了音箱 {name}", en="speech.answer_on: no household names a speaker {name}"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for a person."""

    phrase: Phrase
    values: dict[str, object] = field(default_factory=dict)

    def in_(self, language: Language) -> str:
        return self.phrase.in_(language, **self.values)


@dataclass(frozen=True, slots=True)
class Findings:
    """Problems keep the services from working; warnings do not."""

    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def examine(settings: Settings) -> Findings:
    """Everything that can be found without a network."""
    presets = tuple(_presets(settings))
    return Findings(
        problems=(*_surroundings(settings), *(one for is_problem, one in presets if is_problem)),
        warnings=(*_warnings(settings), *(one for is_problem, one in presets if not is_problem)),
    )


def surroundings_problems(settings: Settings) -> tuple[Finding, ...]:
    """What keeps `migpt up` from starting at all."""
    return tuple(_surroundings(settings))


def _surroundings(settings: Settings) -> Iterator[Finding]:
    if not settings.households:
        yield Finding(_NO_HOUSEHOLD)
    for name, household in settings.households.items():
        for key in ("password", "pass_token"):
            secret = getattr(household, key)
            if secret is not None and secret.get_secret_value() in PLACEHOLDERS:
                yield Finding(_PLACEHOLDER, {"key": f"households.{name}.{key}"})
    for name, preset in settings.llm.presets.items():
        if preset.api_key is not None and preset.api_key.get_secret_value() in PLACEHOLDERS:
            yield Finding(_PLACEHOLDER, {"key": f"llm.presets.{name}.api_key"})
    try:
        check_data_dir(settings.data_dir)
    except SettingsError as error:
        yield from (Finding(Phrase(zh="{text}", en="{text}"), {"text": problem}) for problem in error.problems)


def _warnings(settings: Settings) -> Iterator[Finding]:
    for name, household in settings.households.items():
        if household.password is None and household.pass_token is None:
            yield Finding(_NO_SECRET, {"name": name})
        home = settings.home_of(name)
        if home is not None and home.url and (home.token is None or home.token.get_secret_value() in PLACEHOLDERS):
            yield Finding(_NO_TOKEN, {"url": home.url})
    named = {name for household in settings.households.values() for name in household.speakers}
    if named:
        for name in settings.speech.answer_on:
            if name not in named:
                yield Finding(_ABSENT, {"name": name})


def _presets(settings: Settings) -> Iterator[tuple[bool, Finding]]:
    """Findings about presets; those that are never asked make warnings only."""
    from migpt_brain.llm import PresetError, resolve

    chain = settings.llm.chain
    for name in dict.fromkeys((*chain, *settings.llm.presets)):
        try:
            preset = resolve(name, settings.llm)
        except PresetError as error:
            yield name in chain, Finding(_PRESET, {"text": str(error)})
            continue
        for setting in preset.ignored_settings:
            yield False, Finding(_IGNORED, {"preset": name, "model": preset.model, "setting": setting})
