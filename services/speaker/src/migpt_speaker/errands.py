"""Commands that are neither speech nor silence: volume, music, and what XiaoAI is to do."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from migpt_shared.messages import Command as AskedCommand
from migpt_speaker.orders import Command, Outcome, OutcomeKind

__all__ = ["Errand", "Errands"]

_RETRIES_S = (0.3, 0.8)
_OBSTACLES = (OutcomeKind.BUSY, OutcomeKind.UNCLEAR)


@dataclass(slots=True)
class Errand:
    """`asked`: who asked for it; None: we ourselves. `is_prompt`: it need not wait until nothing is spoken."""

    order: Command
    asked: AskedCommand | None = None
    is_prompt: bool = False
    not_before: float = float("-inf")
    tries: int = 0


class Errands:
    """The errands of one speaker: those to run at once, and those that wait until nothing is spoken."""

    def __init__(self) -> None:
        self._prompt: deque[Errand] = deque()
        self._quiet: deque[Errand] = deque()
        self._under_way: dict[int, Errand] = {}

    def __len__(self) -> int:
        return len(self._prompt) + len(self._quiet) + len(self._under_way)

    def add(self, errand: Errand) -> None:
        (self._prompt if errand.is_prompt else self._quiet).append(errand)

    @property
    def waits_for_quiet(self) -> bool:
        return bool(self._quiet)

    def take(self, now: float, *, is_quiet: bool) -> Errand | None:
        """The next errand that can be run now."""
        for queue in (self._prompt, self._quiet) if is_quiet else (self._prompt,):
            if queue and now >= queue[0].not_before:
                return queue.popleft()
        return None

    def sent(self, ticket: int, errand: Errand) -> None:
        errand.tries += 1
        self._under_way[ticket] = errand

    def landed(self, ticket: int, outcome: Outcome, now: float) -> Errand | None:
        """The errand that is over with this outcome; None: it is tried again, or there is none of this ticket."""
        errand = self._under_way.pop(ticket, None)
        if errand is not None and outcome.kind in _OBSTACLES and errand.tries <= len(_RETRIES_S):
            errand.not_before = now + _RETRIES_S[errand.tries - 1]
            (self._prompt if errand.is_prompt else self._quiet).appendleft(errand)
            return None
        return errand

    def runs(self, ticket: int) -> bool:
        return ticket in self._under_way

    def next_wakeup(self) -> float | None:
        return min((queue[0].not_before for queue in (self._prompt, self._quiet) if queue), default=None)
