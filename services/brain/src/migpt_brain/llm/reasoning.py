"""Takes the model's thinking out of its answer where it stands at the beginning, between <think> and </think>."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkingFilter:
    """Fed with the text as it arrives, in any pieces; gives back what belongs to the answer.

    Only thinking at the very beginning counts, white space before it aside; later tags are the answer's own text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._is_thinking = False
        self._has_begun = False

    def feed(self, text: str) -> str:
        """The part of the answer that is certain now."""
        if self._has_begun:
            return text
        self._held += text
        if not self._is_thinking:
            begin = self._held.lstrip()
            if begin.startswith(_OPEN):
                self._is_thinking, self._held = True, begin[len(_OPEN) :]
            elif _OPEN.startswith(begin):
                return ""
            else:
                return self._begin(begin)
        _, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self._is_thinking, self._held = False, ""
            return self.feed(rest)
        # Only as much is kept as may be the beginning of the closing tag.
        self._held = self._held[-len(_CLOSE) :]
        return ""

    def finish(self) -> str:
        """What was held back and turned out to be answer, at the end of the text."""
        return "" if self._has_begun or self._is_thinking else self._begin(self._held.strip())

    def _begin(self, text: str) -> str:
        self._has_begun = bool(text)
        self._held = ""
        return text
