"""The simulator's two clocks: the monotonic one that everything happens on, and the cloud's wall clock made from it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate

__all__ = ["CloudClock"]


@dataclass(slots=True)
class CloudClock:
    """Wall clock of the simulated cloud. `skew_s` > 0: it is ahead of this machine's clock."""

    skew_s: float = 0.0
    _offset_s: float = field(default_factory=lambda: time.time() - time.monotonic())

    def monotonic(self) -> float:
        """Seconds on the clock of the journal; the same clock as `asyncio`'s loop time."""
        return time.monotonic()

    def wall_s(self, now: float) -> float:
        """The cloud's time at the monotonic moment `now`, seconds since 1970."""
        return now + self._offset_s + self.skew_s

    def wall_ms(self, now: float) -> int:
        return round(self.wall_s(now) * 1000)

    def http_date(self, now: float) -> str:
        """The value of a `Date` header (whole seconds, GMT)."""
        return formatdate(self.wall_s(now), usegmt=True)
