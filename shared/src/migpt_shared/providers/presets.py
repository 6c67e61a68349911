"""From settings to what is sent: a preset's values over those of its provider over those of `[llm]`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from pydantic import JsonValue, SecretStr

from migpt_shared.providers.known import ModelTraits, Provider, known_providers
from migpt_shared.settings.llm import DIRECT, LlmSettings, PresetSettings

_NO_KEY_NEEDED = SecretStr("not-needed")


class PresetFault(StrEnum):
    """What a preset lacks."""

    UNKNOWN_PRESET = "unknown_preset"
    NO_KEY = "no_key"


class PresetError(ValueError):
    """A preset cannot be used. The text says what to change, `kind` what sort of thing is missing."""

    def __init__(self, kind: PresetFault, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ResolvedPreset:
    """All that is needed to ask one provider. Equal presets can share a connection."""

    name: str
    base_url: str
    model: str
    api_key: SecretStr = field(repr=False)
    temperature: float | None
    max_tokens: int
    proxy: str
    system_prompt: str
    streaming: bool
    first_token_deadline_s: float
    answer_deadline_s: float
    traits: ModelTraits
    extra_body: Mapping[str, JsonValue]

    @property
    def ignored_settings(self) -> tuple[str, ...]:
        """Settings that were given but that this model does not accept."""
        return ("temperature",) if self.temperature is not None and "temperature" in self.traits.rejects else ()


def preset_names(settings: LlmSettings) -> tuple[str, ...]:
    """Every name that can be used as a preset: configured ones first, then known providers."""
    return tuple(dict.fromkeys((*settings.presets, *known_providers())))


def usable_presets(settings: LlmSettings) -> tuple[str, ...]:
    """The names of those presets that can be asked as they are configured."""
    return tuple(name for name in preset_names(settings) if preset_problem(name, settings) is None)


def preset_problem(name: str, settings: LlmSettings) -> str | None:
    """Why this preset cannot be asked, in the user's words; None: it can."""
    try:
        resolve(name, settings)
    except PresetError as problem:
        return str(problem)
    return None


def resolve(name: str, settings: LlmSettings) -> ResolvedPreset:
    """The preset of that name with every value settled. Raises PresetError, its text in the user's words."""
    own = settings.presets.get(name)
    known = known_providers()
    provider = known.get(own.provider if own and own.provider else name)
    if own is None and provider is None:
        names = ", ".join(preset_names(settings))
        raise PresetError(PresetFault.UNKNOWN_PRESET, f"there is no preset named {name!r}; known names: {names}")
    preset = own or PresetSettings()
    if preset.provider and provider is None:
        raise PresetError(
            PresetFault.UNKNOWN_PRESET,
            f"llm.presets.{name}.provider: {preset.provider!r} is not known; known providers: {', '.join(known)}",
        )
    base_url = preset.base_url or (provider.base_url if provider else None)
    model = preset.model or (provider.model if provider else None)
    if base_url is None or model is None:
        missing = "base_url" if base_url is None else "model"
        raise PresetError(
            PresetFault.UNKNOWN_PRESET,
            f"llm.presets.{name}.{missing} is missing: {name!r} is no known provider, so base_url and model are needed",
        )
    traits = provider.traits(model) if provider else ModelTraits()
    streaming = preset.streaming if preset.streaming is not None else settings.streaming
    whole_s = settings.whole_answer_deadline_s
    deadlines = (settings.first_token_deadline_s, settings.answer_deadline_s) if streaming else (whole_s / 2, whole_s)
    return ResolvedPreset(
        name=name,
        base_url=base_url,
        model=model,
        api_key=_key(name, preset, provider, base_url),
        temperature=preset.temperature if preset.temperature is not None else settings.temperature,
        max_tokens=preset.max_tokens or settings.max_tokens,
        proxy=preset.proxy if preset.proxy is not None else settings.proxy,
        system_prompt=preset.system_prompt if preset.system_prompt is not None else settings.system_prompt,
        streaming=streaming,
        first_token_deadline_s=preset.first_token_deadline_s or deadlines[0],
        answer_deadline_s=preset.answer_deadline_s or deadlines[1],
        traits=traits,
        extra_body={**({} if preset.thinking else traits.thinking_off), **preset.extra_body},
    )


def _key(name: str, preset: PresetSettings, provider: Provider | None, base_url: str) -> SecretStr:
    if preset.api_key is not None and preset.api_key.get_secret_value().strip():
        return SecretStr(preset.api_key.get_secret_value().strip())
    if preset.api_key_file is not None:
        try:
            text = preset.api_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise PresetError(
                PresetFault.NO_KEY, f"llm.presets.{name}.api_key_file: {preset.api_key_file} cannot be read: {reason}"
            ) from None
        if text:
            return SecretStr(text)
        raise PresetError(PresetFault.NO_KEY, f"llm.presets.{name}.api_key_file: {preset.api_key_file} is empty")
    if is_loopback(base_url) or (provider is not None and not provider.key_page):
        return _NO_KEY_NEEDED
    where = f"; a key is to be had at {provider.key_page}" if provider and provider.key_page else ""
    raise PresetError(PresetFault.NO_KEY, f"llm.presets.{name}.api_key is missing{where}")


def is_loopback(url: str) -> bool:
    """Whether that address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def proxy_for(base_url: str, setting: str) -> str | None:
    """The proxy to use for that address; None: connect directly.

    The setting decides. Only when it is empty do the usual environment variables count, never for this machine, and
    only HTTP proxies.
    """
    if setting == DIRECT:
        return None
    if setting:
        return setting
    parts = urlsplit(base_url)
    if is_loopback(base_url) or proxy_bypass(parts.netloc):
        return None
    proxies = getproxies_environment()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found if found and found.startswith(("http://", "https://")) else None
