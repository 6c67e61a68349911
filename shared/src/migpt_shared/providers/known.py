"""The providers that are known without any configuration: typed access to providers.toml."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter

MaxTokensName = Literal["max_tokens", "max_completion_tokens"]
Parameter = Literal["temperature", "max_tokens", "stream_options"]


class ModelVariant(BaseModel):
    """What differs for some models of a provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: tuple[str, ...]
    max_tokens: MaxTokensName | None = None
    rejects: tuple[Parameter, ...] | None = None
    thinking_off: dict[str, JsonValue] | None = None


class ModelTraits(BaseModel):
    """What requests for one model must look like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: MaxTokensName = "max_tokens"
    rejects: tuple[Parameter, ...] = ()
    thinking_off: dict[str, JsonValue] = {}


class Provider(ModelTraits):
    """One known provider; the file's head explains the fields."""

    title: str
    base_url: str
    model: str
    key_page: str
    checked: str
    models: tuple[ModelVariant, ...] = ()

    def traits(self, model: str) -> ModelTraits:
        """What holds for that model of this provider."""
        variant = next((each for each in self.models if any(fnmatchcase(model, glob) for glob in each.match)), None)
        changes = {} if variant is None else variant.model_dump(exclude_none=True, exclude={"match"})
        own = {"max_tokens": self.max_tokens, "rejects": self.rejects, "thinking_off": self.thinking_off}
        return ModelTraits.model_validate({**own, **changes})


@cache
def known_providers() -> dict[str, Provider]:
    """All known providers by name, in the file's order."""
    text = resources.files(__package__).joinpath("providers.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Provider]).validate_python(tomllib.loads(text))
