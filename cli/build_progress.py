"""How the making of the environment is shown, in the user's language. Standard library only."""

from __future__ import annotations

import os
import sys
import time


def words(zh: str, en: str) -> str:
    """The text in the language that MIGPT_LANGUAGE asks for; Chinese if it does not."""
    return en if os.environ.get("MIGPT_LANGUAGE", "").lower().startswith("en") else zh


class Progress:
    """One line on a terminal that keeps changing; elsewhere one line a step."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty() and os.name != "nt"
        self._started = time.monotonic()

    def step(self, text: str) -> None:
        """Says what begins now."""
        self._show(text) if self._is_live else self._line(text)

    def detail(self, text: str) -> None:
        """Says how far the step is; only where the line can change."""
        if self._is_live:
            self._show(text)

    def line(self, text: str) -> None:
        """Says something that must stay readable."""
        if self._is_live:
            sys.stderr.write("\r\x1b[K")
        self._line(text)

    def done(self) -> None:
        """Ends with the time it all took."""
        seconds = time.monotonic() - self._started
        self.line(words(f"环境已就绪（{seconds:.0f} 秒）", f"the environment is ready ({seconds:.0f} s)"))

    def _show(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        sys.stderr.write(f"\r\x1b[Kmigpt: {text} · {seconds:.0f} s")
        sys.stderr.flush()

    def _line(self, text: str) -> None:
        sys.stderr.write(f"migpt: {text}\n")
        sys.stderr.flush()
