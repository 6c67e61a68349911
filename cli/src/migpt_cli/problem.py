"""What the command line says to people: in which language, and how it says that something has to be done."""

from __future__ import annotations

import os

from migpt_shared.language import Language, Phrase


def environment_language() -> Language:
    """The language before any config file is read: Chinese, or English with `MIGPT_LANGUAGE=en`."""
    return "en" if os.environ.get("MIGPT_LANGUAGE", "").lower().startswith("en") else "zh"


class ProblemError(Exception):
    """Something that a person has to mend. The phrase says what is wrong and what to do."""

    def __init__(self, phrase: Phrase, **values: object) -> None:
        super().__init__(phrase.in_("en", **values))
        self._phrase = phrase
        self._values = values

    def in_(self, language: Language) -> str:
        return self._phrase.in_(language, **self._values)
