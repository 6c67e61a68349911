"""What the home has asked back, and what the next utterance at that speaker means for it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Literal, Self

from migpt_brain.home.yes_no import yes_or_no

Verdict = Literal["yes", "no", "reply"]


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A service call on entities, by their ids."""

    service: str
    entities: tuple[str, ...]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Awaited:
    """`confirmation`: a yes lets happen what `text` asked for, or exactly `calls` where there are any. `question`: Home
    Assistant's agent wants to know something.

    turn: in which it was asked. until: when nobody waits for it any more, monotonic seconds.
    """

    kind: Literal["confirmation", "question"]
    turn: str
    text: str
    calls: tuple[PlannedCall, ...] = ()
    until: float = inf

    def asked_aloud(self, now: float, within_s: float) -> Self:
        """The question has been heard: from now on there is so much time."""
        return replace(self, until=now + within_s)

    def verdict(self, utterance: str, now: float) -> Verdict | None:
        """What the utterance means for it; None: nothing, it is about something else or comes too late."""
        if now > self.until:
            return None
        return "reply" if self.kind == "question" else yes_or_no(utterance, self.text)
