"""Whether a sentence would operate something that needs a spoken yes first; pure.

Home Assistant's agent acts at once, so its sentence is judged before it goes there. The judgement errs on the side of
asking: a needless question is a nuisance, an open door is not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources

from pydantic import BaseModel

from migpt_shared.messages import HomeEntity
from migpt_shared.spoken_form import normalise


class _Everything(BaseModel):
    all: list[str]
    of_a_kind: list[str]


class _Question(BaseModel):
    asks: list[str]
    about: list[str]
    but_not: list[str]


class _Pointing(BaseModel):
    bare: list[str]
    words: list[str]


class _Words(BaseModel):
    kinds: dict[str, list[str]]
    everything: _Everything
    question: _Question
    pointing: _Pointing


def guarded(text: str, entities: Iterable[HomeEntity], before: str = "") -> tuple[str, ...]:
    """The names of entities that need a yes and that the sentence may operate; none: it can go.

    `before`: what was said and answered just before in the same conversation, for sentences such as "把它打开".
    """
    all_of_them = tuple(entities)
    careful = [entity for entity in all_of_them if entity.confirm]
    if not careful or is_question(text):
        return ()
    named = [entity for entity in careful if _names(text, entity)]
    if not named:
        named = [entity for entity in careful if _says(text, _words().kinds.get(entity.domain, []))]
    if not named and _says(text, _words().everything.all) and not _says(text, _words().everything.of_a_kind):
        named = careful
    if not named and before:
        is_clear = any(_names(text, entity) for entity in all_of_them)
        points_back = _says(text, _words().pointing.words) or normalise(text) in _words().pointing.bare
        if points_back and not is_clear:
            named = [entity for entity in careful if _names(before, entity)]
    return tuple(dict.fromkeys(entity.name for entity in named))


def is_question(text: str) -> bool:
    """Whether the sentence only asks how something is; "能打开吗" is a request."""
    words = _words().question
    return _says(text, words.asks) and _says(text, words.about) and not _says(text, words.but_not)


def _names(text: str, entity: HomeEntity) -> bool:
    plain = normalise(text)
    return any(len(name) > 1 and name in plain for name in map(normalise, (entity.name, *entity.aliases)))


def _says(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words occurs; those in Latin letters as words of their own."""
    lowered = text.casefold()
    return any(
        re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", lowered) if word.isascii() else word in lowered
        for word in words
    )


@cache
def _words() -> _Words:
    text = resources.files(__package__).joinpath("caution.toml").read_text(encoding="utf-8")
    return _Words.model_validate(tomllib.loads(text))
