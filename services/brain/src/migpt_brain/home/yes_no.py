"""Whether an utterance says yes or no to a question that was asked; pure."""

from __future__ import annotations

from functools import cache
from typing import Literal

from migpt_brain.word_lists import WordList, load_words
from migpt_shared.spoken_form import normalise


class _Words(WordList):
    fillers: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    yes_starts: tuple[str, ...]
    no_starts: tuple[str, ...]


@cache
def _words() -> _Words:
    words = load_words("home/yes_no.toml", _Words)
    return words.model_copy(
        update={
            name: tuple(map(normalise, getattr(words, name)))
            for name in ("fillers", "yes", "no", "yes_starts", "no_starts")
        }
    )


def yes_or_no(utterance: str, wish: str) -> Literal["yes", "no"] | None:
    """Yes or no to a question about `wish`; None: the utterance is about something else.

    A no wins over a yes in the same breath: only a plain yes may open a door.
    """
    words, said = _words(), normalise(utterance)
    forms = _without_fillers(said)
    if forms & set(words.no):
        return "no"
    if forms & set(words.yes):
        return "yes"
    asked = normalise(wish)
    if said.startswith(words.no_starts) and _repeats(said, asked, words.no_starts):
        return "no"
    if said.startswith(words.yes_starts) and _repeats(said, asked, words.yes_starts):
        return "yes"
    return "yes" if said and said == asked else None


def _repeats(said: str, asked: str, starts: tuple[str, ...]) -> bool:
    """Whether, after such a beginning, nothing but (a part of) the wish follows."""
    return any(said.startswith(start) and (rest := said.removeprefix(start)) and rest in asked for start in starts)


def _without_fillers(said: str) -> set[str]:
    """The utterance, and what is left when fillers are taken off its ends in any order."""
    forms = {said}
    todo = [said]
    while todo:
        form = todo.pop()
        for filler in _words().fillers:
            for shorter in (form.removeprefix(filler), form.removesuffix(filler)):
                if shorter and shorter not in forms:
                    forms.add(shorter)
                    todo.append(shorter)
    return forms
