"""Which places of the configuration hold secrets, by the settings classes; pure."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from migpt_shared.settings import Settings

#: A place in the configuration, such as ("llm", "presets", "deepseek", "api_key").
Path = tuple[str, ...]

#: What stands for a secret where people can see it.
MASK = "••••••"

#: Where secrets of a section are written; those of other sections stay in config.toml.
_FILES = {
    "households": "xiaomi.toml",
    "llm": "llm.toml",
    "home_assistant": "home_assistant.toml",
    "console": "console.toml",
}


def field_at(path: Path) -> FieldInfo | None:
    """The setting at that place; None when there is no such setting."""
    model: type[BaseModel] | None = Settings
    steps = list(path)
    while model is not None and steps:
        field = model.model_fields.get(steps.pop(0))
        if field is None:
            return None
        if not steps:
            return field
        if _holds_names(field.annotation):
            steps.pop(0)
        model = _model_in(field.annotation)
        if not steps:
            return None
    return None


def is_secret(path: Path, value: object = "") -> bool:
    """Whether what stands there must not be shown. `value` decides where a secret is possible but rare."""
    field = field_at(path)
    if field is None:
        return False
    if path[-1] == "proxy":
        return isinstance(value, str) and "@" in value
    return _holds_secret(field.annotation)


def secret_file_of(path: Path) -> str | None:
    """The file in `secrets/` where a secret of that place belongs; None: it belongs into config.toml."""
    return _FILES.get(path[0]) if is_secret(path) else None


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def _holds_names(annotation: Any) -> bool:
    return get_origin(annotation) is dict


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return _model_in(arguments[1])
    if origin in (Union, types.UnionType):
        return next((model for argument in arguments if (model := _model_in(argument))), None)
    return None
