"""Reads the word lists that belong to the package."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

Words = TypeVar("Words", bound="WordList")


class WordList(BaseModel):
    """The content of one TOML file of the package; a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def load_words(file: str, kind: type[Words]) -> Words:
    """The word list in that file of the package."""
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return kind.model_validate(tomllib.loads(text))
