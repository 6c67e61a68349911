"""The cloud's own time, as far as its answers tell it. The local wall clock is never asked."""

from __future__ import annotations

from dataclasses import dataclass, field

#: A reading that falls behind by more than this is a new time, not network delay.
_STEP_MS = 3_000.0


@dataclass(slots=True)
class CloudClock:
    """Follows the `Date` headers of the cloud's answers.

    A `Date` is cut to whole seconds and on its way for a while, so each reading is a lower bound; the latest bound
    wins. Readings are therefore at most a second or two early, never late.
    """

    _offset_ms: float | None = field(default=None, init=False)

    def observe(self, date_ms: int, now: float) -> None:
        """An answer that arrived at monotonic `now` bore this date."""
        offset_ms = date_ms - now * 1000
        is_behind = self._offset_ms is not None and self._offset_ms - _STEP_MS <= offset_ms <= self._offset_ms
        if not is_behind:
            self._offset_ms = offset_ms

    def now_ms(self, now: float) -> int | None:
        """The cloud's time at monotonic `now`, ms; None before the first date."""
        return None if self._offset_ms is None else round(now * 1000 + self._offset_ms)

    def age_s(self, time_ms: int, now: float) -> float | None:
        """How long ago the cloud's `time_ms` was, seconds (negative: still to come); None before the first date."""
        now_ms = self.now_ms(now)
        return None if now_ms is None else (now_ms - time_ms) / 1000
