"""How a setting is shown and typed, by its type in the settings class; pure."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo


class Shape(StrEnum):
    """What is typed into."""

    SECRET = "secret"  # noqa: S105 - the name of a shape
    SWITCH = "switch"
    CHOICE = "choice"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    WORDS = "words"
    NUMBERS = "numbers"
    PAIRS = "pairs"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Kind:
    """A shape and its bounds. `is_optional`: empty means that nothing is set."""

    shape: Shape
    is_optional: bool
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


_SHAPES: dict[object, Shape] = {
    SecretStr: Shape.SECRET,
    bool: Shape.SWITCH,
    int: Shape.WHOLE,
    float: Shape.NUMBER,
    str: Shape.TEXT,
    Path: Shape.TEXT,
    time: Shape.CLOCK,
}


def kind_of(field: FieldInfo) -> Kind | None:
    """How a form shows that setting; None: it does not, such as sections."""
    annotation, is_optional = _without_none(field.annotation)
    bounds = {type(item): item for item in field.metadata}
    least = getattr(bounds.get(Ge), "ge", None) or getattr(bounds.get(Gt), "gt", None)
    most = getattr(bounds.get(Le), "le", None) or getattr(bounds.get(Lt), "lt", None)
    shape = _SHAPES.get(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if shape is None and origin is Literal:
        return Kind(Shape.CHOICE, is_optional, choices=tuple(map(str, arguments)))
    if shape is None and origin in (list, tuple):
        shape = Shape.NUMBERS if _without_annotation(arguments[0]) in (int, float) else Shape.WORDS
    if shape is None and origin is dict and arguments == (str, str):
        shape = Shape.PAIRS
    return None if shape is None else Kind(shape, is_optional, least=least, most=most)


def to_text(kind: Kind, value: Any) -> str:
    """The value as it stands in a field that is typed into."""
    if value is None or kind.shape is Shape.SECRET:
        return ""
    if kind.shape is Shape.PAIRS and isinstance(value, Mapping):
        return "\n".join(f"{name} = {each}" for name, each in value.items())
    if kind.shape is Shape.NUMBERS:
        return ", ".join(f"{number:g}" for number in value)
    if kind.shape is Shape.CLOCK:
        return str(value.strftime("%H:%M"))
    if kind.shape in (Shape.WHOLE, Shape.NUMBER):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return str(value)


def from_text(kind: Kind, text: str) -> object | None:
    """What was typed; None: nothing. Raises ValueError in words for the person who typed it."""
    text = text.strip()
    if not text:
        if kind.shape is Shape.PAIRS:
            return {}
        return None if kind.is_optional or kind.shape is not Shape.TEXT else ""
    match kind.shape:
        case Shape.PAIRS:
            return dict(_pair(line) for line in text.splitlines() if line.strip())
        case Shape.NUMBERS:
            return [_number(part) for part in text.replace("，", ",").split(",") if part.strip()]
        case Shape.NUMBER:
            return _number(text)
        case Shape.WHOLE:
            number = _number(text)
            if number != int(number):
                raise ValueError(f"必须是整数 must be a whole number: {text}")
            return int(number)
        case Shape.CLOCK:
            try:
                return time.fromisoformat(text)
            except ValueError:
                raise ValueError(f"时间写作 write the time as 23:30: {text}") from None
        case _:
            return text


def _pair(line: str) -> tuple[str, str]:
    name, found, value = line.partition("=")
    if not found or not name.strip() or not value.strip():
        raise ValueError(f"每行写作 write each line as 名字 = 值: {line.strip()}")
    return name.strip(), value.strip()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"必须是数字 must be a number: {text}") from None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    annotation = _without_annotation(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [argument for argument in get_args(annotation) if argument is not type(None)]
        if len(rest) == 1:
            return _without_annotation(rest[0]), True
    return annotation, False


def _without_annotation(annotation: Any) -> Any:
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    return annotation
