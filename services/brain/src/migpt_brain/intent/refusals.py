"""Tells XiaoAI's refusals from its answers, so that the language model can step in for it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from migpt_shared.spoken_form import normalise


class _RefusalWords(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int
    patterns: tuple[str, ...]
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Refusals:
    longest: int
    refused: re.Pattern[str]
    done: re.Pattern[str]


@cache
def _refusals() -> _Refusals:
    text = resources.files(__package__).joinpath("refusals.toml").read_text(encoding="utf-8")
    words = _RefusalWords.model_validate(tomllib.loads(text))
    return _Refusals(words.longest, re.compile("|".join(words.patterns)), re.compile("|".join(words.done)))


def is_refusal(answer: str) -> bool:
    """Whether XiaoAI says that it did not understand, does not know, or cannot do what was asked.

    False for everything else: answers, done commands, silence. A wrong True makes the language model answer after a
    command was obeyed, so doubtful answers are no refusals.
    """
    rules = _refusals()
    heard = normalise(answer)
    if not heard or len(heard) > rules.longest or rules.done.search(heard):
        return False
    return rules.refused.search(heard) is not None
