"""The two languages of the product: Chinese first, English as a setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text in both languages. May hold `{placeholders}` for `in_`."""

    zh: str
    en: str

    def in_(self, language: Language, **values: object) -> str:
        return (self.zh if language == "zh" else self.en).format(**values)
