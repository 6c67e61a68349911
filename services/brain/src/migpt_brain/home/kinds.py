"""Whether an utterance is about a kind of device that the home does not have; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from migpt_brain.word_lists import WordList, load_words
from migpt_shared.messages import HomeEntity


class _Kinds(WordList):
    kinds: dict[str, tuple[str, ...]]


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    return load_words("home/kinds.toml", _Kinds).kinds


def is_lacking(utterance: str, entities: Sequence[HomeEntity]) -> bool:
    """Whether every kind of device that the utterance names is missing among these entities.

    False when it names none, when one of its words is part of a name, and while nothing is known of the home.
    """
    if not entities:
        return False
    named = {
        kind: [word for word in words if _says(utterance, word)]
        for kind, words in _kinds().items()
        if any(_says(utterance, word) for word in words)
    }
    if not named:
        return False
    domains = {entity.domain for entity in entities}
    names = [name for entity in entities for name in (entity.name, *entity.aliases)]
    return not any(
        kind in domains or any(_says(name, word) for word in words for name in names) for kind, words in named.items()
    )


def _says(text: str, word: str) -> bool:
    if word.isascii():
        return re.search(rf"(?<![a-z]){re.escape(word)}s?(?![a-z])", text.casefold()) is not None
    return word in text
