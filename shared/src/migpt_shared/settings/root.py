"""All settings: `config.toml`, `secrets/*.toml` merged over it, environment variables over both."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.sources import PydanticBaseSettingsSource

from migpt_shared.language import Language
from migpt_shared.settings.console import ConsoleSettings
from migpt_shared.settings.hearing import HearingSettings
from migpt_shared.settings.home_assistant import HomeAssistantSettings
from migpt_shared.settings.households import HouseholdSettings, Name
from migpt_shared.settings.llm import LlmSettings
from migpt_shared.settings.mqtt import MqttSettings
from migpt_shared.settings.problems import SettingsError, problems_of
from migpt_shared.settings.routing import RoutingSettings
from migpt_shared.settings.speech import SpeechSettings

ENV_PREFIX = "MIGPT_"
SECRET_FILES = ("xiaomi.toml", "llm.toml", "home_assistant.toml", "console.toml")

LogLevel = Literal["quiet", "normal", "debug"]
LogFormat = Literal["auto", "text", "json"]


class Settings(BaseSettings):
    """Everything that can be configured. Environment: `MIGPT_SECTION__KEY`, such as `MIGPT_MQTT__URL`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(default=Path("data"), description="tokens, cursors, memory; relative to the config file")
    language: Language = Field(default="zh", description="language of phrases, console and commands: zh or en")
    log_level: LogLevel = Field(default="normal", description="quiet, normal, or debug (texts of people in full)")
    log_format: LogFormat = Field(default="auto", description="text, json, or auto: text on a terminal, else json")
    mqtt: MqttSettings = Field(default_factory=MqttSettings)
    households: dict[Name, HouseholdSettings] = Field(default_factory=dict)
    hearing: HearingSettings = Field(default_factory=HearingSettings)
    routing: RoutingSettings = Field(default_factory=RoutingSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    speech: SpeechSettings = Field(default_factory=SpeechSettings)
    home_assistant: HomeAssistantSettings | None = Field(default=None)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)

    @model_validator(mode="after")
    def _one_home_for_home_assistant(self) -> Settings:
        if self.home_assistant is not None and len(self.households) > 1:
            raise ValueError(
                "[home_assistant] fits one household only; there are several households:"
                " give each its own as [households.NAME.home_assistant]"
            )
        if self.home_assistant is not None:
            for name, household in self.households.items():
                if household.home_assistant is not None:
                    raise ValueError(f"give either [home_assistant] or [households.{name}.home_assistant], not both")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # What `load_settings` reads from the files comes in as init values; the environment goes before it.
        return (EnvSettingsSource(settings_cls), init_settings)

    def home_of(self, household: str) -> HomeAssistantSettings | None:
        """The Home Assistant of a household: its own section, else the top-level one; None when there is neither."""
        return self.households[household].home_assistant or self.home_assistant

    def secrets(self) -> Iterator[str]:
        """Every secret there is, so that logs can be kept free of them."""
        yield from _secrets_in(self)
        if self.mqtt.url is not None and (password := self.mqtt.address().password):
            yield password


def load_settings(config: Path | None, instead: Mapping[Path, str] = MappingProxyType({})) -> Settings:
    """Read and check all settings. `config` None: defaults and environment alone.

    `instead`: texts that stand for what is in some of the files, to be checked before they are written. Relative paths
    in the file are taken from the file's folder. Raises SettingsError with all problems at once.
    """
    if config is None:
        return _validated({}, base=Path.cwd())
    config = config.expanduser().absolute()
    values: dict[str, Any] = _read_toml(config, instead, required=True)
    for name in SECRET_FILES:
        values = _merged(values, _read_toml(config.parent / "secrets" / name, instead, required=False))
    return _validated(values, base=config.parent)


def settings_files(config: Path) -> list[Path]:
    """The files that `load_settings` reads, whether or not they exist."""
    return [config, *(config.parent / "secrets" / name for name in SECRET_FILES)]


def _validated(values: dict[str, Any], base: Path) -> Settings:
    _make_absolute(values, base)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(problems_of(error)) from None  # the cause repeats the values, secrets among them
    if not settings.data_dir.is_absolute():
        settings = settings.model_copy(update={"data_dir": base / settings.data_dir.expanduser()})
    return settings


def _make_absolute(values: dict[str, Any], base: Path) -> None:
    """`*_file` entries are relative to the config file."""
    for key, value in values.items():
        if isinstance(value, dict):
            _make_absolute(value, base)
        elif key.endswith("_file") and isinstance(value, str) and value:
            values[key] = str(base / Path(value).expanduser())


def _read_toml(file: Path, instead: Mapping[Path, str], *, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(instead[file] if file in instead else file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise SettingsError([f"{file}: there is no such file; copy config.example.toml to it to begin"]) from None
        return {}
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {os.strerror(error.errno or 0)}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{file}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{file}: is not valid TOML: {error}"]) from error


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _secrets_in(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets_in(getattr(value, name))
        case dict():
            for item in value.values():
                yield from _secrets_in(item)
        case list() | tuple():
            for item in value:
                yield from _secrets_in(item)
