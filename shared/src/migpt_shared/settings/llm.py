"""Settings of the language model: which provider answers, how, how long it may take, and what is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, SecretStr, model_validator

DIRECT = "none"
"""The value of `proxy` that means: never any proxy."""


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is no web address; it must look like https://api.example.com/v1")
    return value


def _proxy(value: str) -> str:
    if value in ("", DIRECT):
        return value
    parts = urlsplit(value)
    # The value itself may hold a password, so the message does not repeat it.
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError('a proxy must look like http://127.0.0.1:7890, or be "none"; SOCKS is not supported')
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url)]
ProxyUrl = Annotated[str, AfterValidator(_proxy)]


class PresetSettings(BaseModel):
    """One named provider configuration, `[llm.presets.NAME]`.

    A preset named like a provider that is known (deepseek, zhipu, ...), or with `provider` set to one, takes from it
    all that is not given here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    provider: str = Field(default="", description="known provider whose values are used; empty: the preset's own name")
    base_url: HttpUrl | None = Field(default=None, description="address of the OpenAI-compatible API, up to /v1 or so")
    model: str | None = Field(default=None, min_length=1, description="model name as the provider spells it")
    api_key: SecretStr | None = Field(default=None, description="key; not needed for a model on this machine")
    api_key_file: Path | None = Field(default=None, description="file that holds the key, instead of api_key")
    temperature: float | None = Field(default=None, ge=0, le=2, description="overrides llm.temperature")
    max_tokens: int | None = Field(default=None, ge=16, le=32_000, description="overrides llm.max_tokens")
    proxy: ProxyUrl | None = Field(default=None, description="overrides llm.proxy")
    system_prompt: str | None = Field(default=None, description="overrides llm.system_prompt")
    streaming: bool | None = Field(default=None, description="overrides llm.streaming")
    thinking: bool = Field(
        default=False,
        description="let the model think before it answers, where the provider can switch that off; seconds of silence",
    )
    extra_body: dict[str, JsonValue] = Field(
        default_factory=dict, description="further fields of the request; they win over the provider's"
    )
    first_token_deadline_s: float | None = Field(
        default=None, ge=0.2, le=120, description="overrides llm.first_token_deadline_s while this preset is waited for"
    )
    answer_deadline_s: float | None = Field(
        default=None, ge=0.5, le=300, description="overrides llm.answer_deadline_s when this preset is asked first"
    )

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key is not None and self.api_key_file is not None:
            raise ValueError("give api_key or api_key_file, not both")
        return self


class LlmSettings(BaseModel):
    """The language model, `[llm]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    preset: str = Field(default="deepseek", min_length=1, description="who answers: a preset below or a known provider")
    fallbacks: tuple[str, ...] = Field(default=(), description="who is asked next when that one fails or is late")
    presets: dict[str, PresetSettings] = Field(default_factory=dict, description="provider configurations by name")
    system_prompt: str = Field(
        default="", description="what the model is told about its role; empty: a built-in text in the chosen language"
    )
    personas: dict[str, str] = Field(
        default_factory=dict, description="system prompts by name; set/persona chooses one for a speaker"
    )
    streaming: bool = Field(
        default=True, description="speak while the model is writing; off: wait for the whole answer"
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="how freely the model words things; none: the provider's default"
    )
    max_tokens: int = Field(default=1000, ge=16, le=32_000, description="longest answer, in tokens")
    proxy: ProxyUrl = Field(
        default="",
        description='proxy for the providers; empty: what HTTPS_PROXY and NO_PROXY say, never for loopback; "none": no',
    )
    first_token_deadline_s: float = Field(
        default=4.0, ge=0.2, le=120, description="without a first word by then, the next of the fallbacks is asked too"
    )
    answer_deadline_s: float = Field(
        default=6.5, ge=0.5, le=300, description="without a first word from anyone by then, a failure is spoken"
    )
    whole_answer_deadline_s: float = Field(
        default=20.0,
        ge=1,
        le=300,
        description="the same when the whole answer is waited for; at half of it the next is asked",
    )
    stall_deadline_s: float = Field(
        default=6.0, ge=0.5, le=120, description="an answer that pauses so long in its middle counts as broken off"
    )
    memory_tokens: int = Field(
        default=2000, ge=0, le=100_000, description="how much of the conversation the model is told again; 0: nothing"
    )
    memory_minutes: float = Field(
        default=30.0, ge=0, le=10_080, description="what is older than so many minutes is not told again"
    )
    retention_days: float = Field(
        default=30.0, ge=0, le=3650, description="stored conversations are deleted after so many days; 0: at once"
    )
    memory_url: str = Field(
        default="", description="SQLAlchemy address of the conversation store; empty: SQLite in data_dir"
    )

    @model_validator(mode="after")
    def _deadlines_ascend(self) -> Self:
        if self.fallbacks and self.answer_deadline_s <= self.first_token_deadline_s:
            raise ValueError(
                f"answer_deadline_s ({self.answer_deadline_s:g}) must be longer than first_token_deadline_s"
                f" ({self.first_token_deadline_s:g}), otherwise the fallbacks are never asked"
            )
        return self

    @property
    def chain(self) -> tuple[str, ...]:
        """The presets in the order in which they are asked, each once."""
        return tuple(dict.fromkeys((self.preset, *self.fallbacks)))
