"""Fragments such as 为什么呢 or 那明天呢, which are for whoever has just answered."""

from __future__ import annotations

import math
from functools import cache

from migpt_brain.native_commands import is_native_command
from migpt_brain.word_lists import WordList, load_words
from migpt_shared.spoken_form import normalise

#: How much likelier a fragment just after an answer is for the language model, in log-odds: what can hardly mean
#: anything else, a question that is none by itself (那明天呢), and what only begins like one (那几点).
_WHOLE, _QUESTION, _BEGINNING = 5.0, 4.0, 2.0
_LEAST = 1e-6


class _FollowUpWords(WordList):
    longest: int
    whole: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    joining: tuple[str, ...]


@cache
def _words() -> _FollowUpWords:
    words = load_words("follow_up.toml", _FollowUpWords)
    return words.model_copy(update={"whole": frozenset(map(normalise, words.whole))})


def follow_up_shift(utterance: str) -> float:
    """How much the utterance is but a piece that needs what was said before, in log-odds; 0: it stands by itself.

    Commands of XiaoAI always do.
    """
    words, text = _words(), normalise(utterance)
    if text in words.whole:
        return _WHOLE
    said = utterance.strip().lower()
    if _length(text) > words.longest or is_native_command(_without_joining(said)):
        return 0.0
    if text.endswith(words.ends):
        return _QUESTION
    return _BEGINNING if any(_begins_with(said, start) for start in words.starts) else 0.0


def _begins_with(said: str, word: str) -> bool:
    return said == word or said.startswith(f"{word} " if word.isascii() else word)


def _without_joining(said: str) -> str:
    return next((said.removeprefix(word) for word in _words().joining if _begins_with(said, word)), said)


def in_context(p_llm: float, utterance: str, *, follows_answer: bool) -> float:
    """The probability that it is for the language model, given that the latter has just answered, or has not."""
    shift = follow_up_shift(utterance) if follows_answer else 0.0
    if not shift:
        return p_llm
    sure = min(max(p_llm, _LEAST), 1 - _LEAST)
    return 1 / (1 + math.exp(-(math.log(sure / (1 - sure)) + shift)))


def _length(text: str) -> float:
    """In Chinese characters; English says as much with three times the letters."""
    return sum(0.35 if character.isascii() else 1.0 for character in text)
