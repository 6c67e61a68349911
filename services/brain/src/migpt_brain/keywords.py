"""Keywords that say who is to answer: found as words, taken out only where that harms nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal

from migpt_brain.word_lists import WordList, load_words

KeywordPosition = Literal["start", "anywhere"]

#: What may stand before a keyword at the start.
_LEADING = ("小爱同学", "小爱", "嗯", "呃", "额", "那个", "哎", "喂", "hey ")
_SEPARATORS = " \t\u3000，。！？、；：,.!?;:~～…"
#: "帮我" is no word of its own in "帮我们".
_PLURAL = "们"


class _KeywordWords(WordList):
    beginning: tuple[str, ...]
    not_the_keyword: tuple[str, ...]
    within: tuple[str, ...]


@cache
def _keyword_words() -> _KeywordWords:
    return load_words("keyword_words.toml", _KeywordWords)


class Keywords:
    """Finds any of some keywords in an utterance.

    At the start (after a filler such as 嗯) a keyword is taken out, as the name of somebody who is addressed. Where it
    is but the beginning of a longer word (请问, 请假), it counts all the same, as the person was polite or asks about
    it, but the text stays whole. Anywhere else it counts only with position "anywhere", as a word of its own, and is
    never taken out. Case and full-width letters make no difference; in Latin script only whole words count.
    """

    def __init__(self, keywords: Iterable[str], position: KeywordPosition) -> None:
        folded = {_fold(keyword.strip()) for keyword in keywords}
        self._keywords = tuple(sorted((keyword for keyword in folded if keyword), key=len, reverse=True))
        self._position = position

    def find(self, utterance: str) -> str | None:
        """The utterance without the keyword, as far as that may go; None when there is no keyword in it."""
        whole = utterance.strip()
        folded = _fold(whole)
        for start in _starts(folded):
            for keyword in self._keywords:
                if folded.startswith(keyword, start) and _is_word(folded, start, keyword):
                    rest = whole[start + len(keyword) :].lstrip(_SEPARATORS)
                    return whole if not rest or _goes_on(folded, start, keyword) else rest
        if self._position == "anywhere" and any(self._stands_in(folded, keyword) for keyword in self._keywords):
            return whole
        return None

    @staticmethod
    def _stands_in(folded: str, keyword: str) -> bool:
        at = folded.find(keyword)
        while at >= 0:
            if _is_word(folded, at, keyword) and not _is_within_word(folded, at, keyword):
                return True
            at = folded.find(keyword, at + 1)
        return False


def _fold(text: str) -> str:
    """Lower case, full-width forms as usual ones; every character stays one character."""
    return "".join(
        folded if len(folded := unicodedata.normalize("NFKC", character).lower()) == 1 else character
        for character in text
    )


def _starts(folded: str) -> Iterator[int]:
    """Where the utterance begins, with and without the fillers before it."""
    at = len(folded) - len(folded.lstrip(_SEPARATORS))
    yield at
    while filler := next((filler for filler in _LEADING if folded.startswith(filler, at)), None):
        at += len(filler)
        at += len(folded[at:]) - len(folded[at:].lstrip(_SEPARATORS))
        yield at


def _is_word(folded: str, at: int, keyword: str) -> bool:
    """Whether no Latin word is torn, and no name that only the speaker knows begins here."""
    before, after = folded[at - 1 : at], folded[at + len(keyword) :]
    if _is_latin(before) and _is_latin(keyword[0]):
        return False
    if _is_latin(keyword[-1]) and _is_latin(after[:1]):
        return False
    return not folded.startswith(_keyword_words().not_the_keyword, at)


def _goes_on(folded: str, at: int, keyword: str) -> bool:
    """Whether the keyword is the beginning of a longer word."""
    if folded.startswith(_PLURAL, at + len(keyword)):
        return True
    return any(
        len(word) > len(keyword) and word.startswith(keyword) and folded.startswith(word, at)
        for word in _keyword_words().beginning
    )


def _is_within_word(folded: str, at: int, keyword: str) -> bool:
    """Whether the keyword is a part of a longer word around it."""
    for word in _keyword_words().within:
        offset = word.find(keyword)
        if offset >= 0 and len(word) > len(keyword) and at >= offset and folded.startswith(word, at - offset):
            return True
    return False


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
