"""Makes sure that what was heard reaches a brain: it is told again until a turn answers for it, or it is too old."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from migpt_shared.messages import Heard

#: An utterance older than this is not answered any more, seconds.
LONGEST_AGE_S = 15.0

#: When an utterance is told again, seconds after the first time.
REPEATS_AFTER_S = (1.5, 4.0, 8.0, 12.0)

_REMEMBERED_TURNS = 64


@dataclass(slots=True)
class _Delivery:
    heard: Heard
    told_at: float
    age_s: float
    """how old it was then"""
    repeats: int = 0

    @property
    def too_old_at(self) -> float:
        return self.told_at + LONGEST_AGE_S - self.age_s

    def message(self, now: float) -> Heard:
        """The utterance as it is told at `now`."""
        return self.heard.model_copy(update={"age_s": round(self.age_s + now - self.told_at, 2)})

    @property
    def next_at(self) -> float | None:
        if self.repeats >= len(REPEATS_AFTER_S):
            return None
        at = self.told_at + REPEATS_AFTER_S[self.repeats]
        return at if at < self.too_old_at else None


@dataclass(slots=True)
class Deliveries:
    """The utterances of one speaker for which no turn has been seen yet, oldest first."""

    _open: dict[str, _Delivery] = field(default_factory=dict, init=False)
    _answered: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_TURNS), init=False)

    def told(self, heard: Heard, now: float, age_s: float) -> Heard:
        """The utterance, so old already, is told for the first time: the message to tell it by."""
        delivery = self._open[heard.id] = _Delivery(heard, now, max(age_s, 0.0))
        return delivery.message(now)

    def amend(self, heard: Heard) -> None:
        """The utterance is now better known: this is what is told from here on."""
        if delivery := self._open.get(heard.id):
            delivery.heard = heard

    def turn_seen(self, utterance_id: str) -> None:
        """A brain answers for the utterance."""
        self._open.pop(utterance_id, None)
        if utterance_id not in self._answered:
            self._answered.append(utterance_id)

    def is_answered(self, utterance_id: str) -> bool:
        """Whether a brain already answers for the utterance, told to it by another poller or before a restart."""
        return utterance_id in self._answered

    def brain_appeared(self, now: float) -> tuple[Heard, ...]:
        """A brain has (re)appeared and may have missed them: the utterances to tell it."""
        self._drop_old(now)
        return tuple(delivery.message(now) for delivery in self._open.values())

    def due(self, now: float) -> tuple[Heard, ...]:
        """The utterances to tell again now."""
        self._drop_old(now)
        again: list[Heard] = []
        for delivery in self._open.values():
            if delivery.next_at is not None and delivery.next_at <= now:
                while delivery.next_at is not None and delivery.next_at <= now:
                    delivery.repeats += 1
                again.append(delivery.message(now))
        return tuple(again)

    def next_at(self) -> float | None:
        """When `due` has something next; None while nothing is open."""
        return min((at for delivery in self._open.values() if (at := delivery.next_at) is not None), default=None)

    def _drop_old(self, now: float) -> None:
        for utterance_id in [key for key, delivery in self._open.items() if delivery.too_old_at <= now]:
            del self._open[utterance_id]
