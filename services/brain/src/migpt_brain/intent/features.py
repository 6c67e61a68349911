"""What the intent model sees of an utterance: which runs of one to four characters occur in it."""

from __future__ import annotations

import re

from migpt_shared.spoken_form import normalise

LONGEST_GRAM = 4
#: Numbers are all alike to the model, and so are utterances beyond this length.
_LONGEST_TEXT = 200
_NUMBER = re.compile(r"\d+")
_START, _END = "^", "$"


def grams_of(text: str) -> frozenset[str]:
    """The character runs of the utterance as it is spoken, its start and its end marked. Empty when nothing is said."""
    heard = _NUMBER.sub("0", normalise(text[:_LONGEST_TEXT]))
    if not heard:
        return frozenset()
    marked = f"{_START}{heard}{_END}"
    return frozenset(
        marked[start : start + length]
        for length in range(1, LONGEST_GRAM + 1)
        for start in range(len(marked) - length + 1)
    )
