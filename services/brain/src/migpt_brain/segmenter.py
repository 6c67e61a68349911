"""Cuts a growing text into what is spoken piece by piece: the first piece early, then whole sentences."""

from __future__ import annotations

import re

from migpt_brain import boundaries
from migpt_brain.written_forms import DISCARD

_SPEAKABLE = re.compile(r"[^\W_]")
_SENTENCE_MARKS = re.compile(f"[{boundaries.SENTENCE_ENDS}{DISCARD}]")
_FIRST_MARKS = re.compile(f"[{boundaries.SENTENCE_ENDS}{boundaries.PAUSES}{DISCARD}]")

#: What is dropped at the beginning of a sentence: pauses, and what closes or repeats the end of the one before.
_NOT_AT_BEGINNING = " \t\n\r\f\v\u3000\xa0，。！？｡、；：,!?;:…—～~)）]】》〉”’\"'」』}｝"
_LEADING_DOTS = re.compile(r"\.+(?![0-9])\s*")
_SPACE_BEFORE_MARK = re.compile(r" +(?=[，。！？；：、])")
_ENDS_WITH_PAUSE = re.compile(r"[，。！？；：、…—,.!?;:][”’\"'」』）)]?\Z")

_SLICE = 256


class Segmenter:
    """Cuts one answer. Feed it as it comes; call `finish` once. The pieces never depend on how the text is fed.

    first_min: so many letters and digits at least before a comma make the first piece.
    first_max: without any mark, the first piece is cut at a safe place within about so many characters.
    limit: no piece has more characters.

    A piece is never empty, has two letters or digits at least (unless no more is left), and ends with its mark; a line
    that ends without one gets one. Numbers, addresses, abbreviations, list marks and short brackets stay whole, unless
    one alone is longer than `limit`. Chinese marks act at once; "." and a mark after a digit wait for what follows.
    """

    def __init__(self, *, first_min: int = 6, first_max: int = 30, limit: int = 100) -> None:
        if not 2 <= first_min <= first_max <= limit:
            raise ValueError("2 <= first_min <= first_max <= limit is required")
        self._first_min = first_min
        self._first_max = first_max
        self._limit = limit
        self._has_begun = False
        self._marks = _FIRST_MARKS
        self._bound = first_max
        self._text = ""
        self._judged = 0

    def feed(self, text: str) -> list[str]:
        """The pieces that are complete by now."""
        if len(text) > _SLICE:
            return [piece for at in range(0, len(text), _SLICE) for piece in self.feed(text[at : at + _SLICE])]
        self._text = self._text + text if self._text else text.lstrip(_NOT_AT_BEGINNING)
        if len(self._text) <= self._bound and not self._marks.search(self._text, self._judged):
            self._judged = len(self._text)
            return []
        return self._complete(at_end=False)

    def finish(self) -> list[str]:
        """The rest, whatever it ends with."""
        pieces = self._complete(at_end=True)
        rest = _tidy(self._text)
        self._text = ""
        return [*pieces, rest] if rest else pieces

    def _complete(self, *, at_end: bool) -> list[str]:
        pieces = []
        while (cut := self._next_cut(at_end=at_end)) is not None:
            if piece := _tidy(self._text[:cut]):
                pieces.append(piece)
                self._has_begun = True
                self._marks = _SENTENCE_MARKS
            self._begin_after(cut)
        return pieces

    def _begin_after(self, cut: int) -> None:
        self._text = self._text[cut:].lstrip(_NOT_AT_BEGINNING)
        self._judged = 0
        self._bound = self._limit if self._has_begun else self._first_max

    def _next_cut(self, *, at_end: bool) -> int | None:
        while True:
            # A mark just behind the first bound is worth more than a cut without one.
            reach = self._bound if self._bound == self._limit else self._bound + 1
            mark = self._marks.search(self._text, self._judged, reach)
            if mark is None:
                self._judged = min(len(self._text), reach)
                if len(self._text) <= self._bound:
                    return None
                if cut := boundaries.forced_cut(self._text, self._bound):
                    return cut
                if self._bound == self._limit:
                    return self._limit
                self._bound += 1
            elif mark[0] == DISCARD:
                self._begin_after(mark.end())
            else:
                is_end = self._ends_piece(mark.start(), at_end=at_end)
                if is_end is None:
                    self._judged = mark.start()
                    return None
                if is_end:
                    return mark.end()
                self._judged = mark.end()

    def _ends_piece(self, at: int, *, at_end: bool) -> bool | None:
        text = self._text
        if text[at] in boundaries.PAUSES:
            if len(_SPEAKABLE.findall(text, 0, at)) < self._first_min:
                return False
            return boundaries.pauses(text, at, at_end=at_end)
        ends = boundaries.ends_sentence(text, at, at_end=at_end)
        if not ends:
            return ends
        return boundaries.has_two_speakable(text, at) and not boundaries.LIST_MARK_ONLY.fullmatch(text, 0, at)


def _tidy(piece: str) -> str:
    """The piece as it is spoken; empty when it holds nothing to speak."""
    if not _SPEAKABLE.search(piece):
        return ""
    text = _SPACE_BEFORE_MARK.sub("", " ".join(piece.split()))
    if text.startswith("."):
        text = _LEADING_DOTS.sub("", text, count=1)
    if piece.endswith("\n") and not _ENDS_WITH_PAUSE.search(text):
        text += "." if text.isascii() and not text.replace(" ", "").isdecimal() else "。"
    return text
