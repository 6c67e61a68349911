"""Whether a model's sentence claims that something was done in the home; pure."""

from __future__ import annotations

import re
from functools import cache

from migpt_brain.word_lists import WordList, load_words
from migpt_shared.spoken_form import normalise


class _Words(WordList):
    claims: tuple[str, ...]
    no_claims: tuple[str, ...]
    questions: tuple[str, ...]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    words = load_words("home/claims.toml", _Words)
    claims, no_claims, questions = ("|".join(each) for each in (words.claims, words.no_claims, words.questions))
    return re.compile(claims), re.compile(no_claims), re.compile(questions)


def claims_success(sentence: str, wish: str) -> bool:
    """Whether the sentence says that the wish was carried out. The answer to a mere question claims nothing."""
    claims, no_claims, questions = _patterns()
    said = normalise(sentence)
    if questions.search(normalise(wish)):
        return False
    return claims.search(said) is not None and no_claims.search(said) is None
