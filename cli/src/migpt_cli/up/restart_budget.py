"""How soon a process that died is started again; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

#: So many deaths within the window are put up with; then the pauses grow.
DEATHS_ALLOWED = 5
WINDOW_S = 60.0
_QUICK_S = 0.3
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 120.0


@dataclass(slots=True)
class RestartBudget:
    """One process's deaths. Times are monotonic seconds."""

    _deaths: deque[float] = field(default_factory=deque)
    _pauses: int = 0

    def died(self, now: float, lived_s: float) -> float:
        """Seconds to wait before it is started again."""
        if lived_s >= WINDOW_S:
            self._deaths.clear()
            self._pauses = 0
        while self._deaths and now - self._deaths[0] > WINDOW_S:
            self._deaths.popleft()
        self._deaths.append(now)
        if len(self._deaths) <= DEATHS_ALLOWED and not self._pauses:
            return _QUICK_S
        self._pauses += 1
        return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (self._pauses - 1))
