"""When the speaker has to be silenced, and who waits for it."""

from __future__ import annotations

from collections.abc import Callable

from migpt_shared.messages import Stop
from migpt_speaker.orders import Outcome, OutcomeKind

__all__ = ["Hush"]

_TRIES = 3
_RETRY_S = 0.15
_OBSTACLES = (OutcomeKind.BUSY, OutcomeKind.UNCLEAR)


class Hush:
    """The wish for silence of one speaker."""

    def __init__(self) -> None:
        self.at: float | None = None
        """when to silence it, seconds; None: there is no reason to"""
        self.waits_for_status_since: float | None = None
        """whether to silence it depends on what a status asked for since then shows"""
        self.stops: list[Stop] = []
        """commands that are answered when it is silent"""
        self._sent = 0
        self._failures = 0

    @property
    def is_wanted(self) -> bool:
        return self.at is not None or self.waits_for_status_since is not None

    @property
    def may_repeat(self) -> bool:
        """It was silenced once, and nothing of ours was spoken since."""
        return self._sent == 1 and self.at is None

    def want(self, at: float) -> None:
        """There is a new reason to silence it."""
        self.at = at
        self._sent = self._failures = 0

    def again(self, now: float) -> None:
        """Silence it once more for the same reason."""
        self.at = now

    def dismiss(self) -> None:
        self.at = self.waits_for_status_since = None

    def sent(self) -> None:
        self.at = None
        self._sent += 1

    def ours_speaks(self) -> None:
        """From now on, what speaks is ours."""
        self._sent = 0

    def seen(self, asked_at: float, now: float, *, is_speech: bool) -> None:
        """A status answer."""
        if self.waits_for_status_since is not None and asked_at >= self.waits_for_status_since:
            self.waits_for_status_since = None
            if is_speech:
                self.want(now)

    def landed(self, outcome: Outcome, now: float, answer: Callable[[Stop, str | None], None]) -> None:
        """What came of a pause or stop: those who wait are answered, or it is tried again."""
        if outcome.kind in _OBSTACLES and self._failures + 1 < _TRIES:
            self._failures += 1
            self._sent -= 1
            self.at = now + _RETRY_S * self._failures
            return
        for stop in self.stops:
            answer(stop, None if outcome.is_done else outcome.reason)
        self.stops.clear()
