"""Whether a sentence about the home is plainly beyond Home Assistant's own agent; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from migpt_brain.word_lists import WordList, load_words
from migpt_shared.messages import HomeEntity
from migpt_shared.spoken_form import normalise

#: Home Assistant's own agent, which goes by sentence templates.
TEMPLATE_AGENTS = frozenset({"conversation.home_assistant", "homeassistant"})

_PERCENT = re.compile(r"\d\s*%|\d+\s*(?:度|percent|degrees)")


class _Words(WordList):
    words: tuple[str, ...]
    joining: tuple[str, ...]


@cache
def _words() -> _Words:
    return load_words("home/needs_model.toml", _Words)


def needs_model(text: str, agent: str | None, entities: Iterable[HomeEntity]) -> bool:
    """Whether to ask the language model first. An agent that is a language model itself understands as much."""
    if agent is not None and agent not in TEMPLATE_AGENTS:
        return False
    said = text.casefold()
    if _PERCENT.search(said) or any(_says(said, word) for word in _words().words):
        return True
    return any(_says(said, word) for word in _words().joining) and _number_named(text, entities) > 1


def _number_named(text: str, entities: Iterable[HomeEntity]) -> int:
    plain = normalise(text)
    return sum(any(name in plain for name in map(normalise, (each.name, *each.aliases)) if name) for each in entities)


def _says(said: str, word: str) -> bool:
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", said) is not None if word.isascii() else word in said
