"""Which turn is the current one, and which sentences belong to it.

The current turn is the one whose `accepted` the broker delivered last. Ids are compared for equality only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from migpt_shared.messages import Sentence, Turn

__all__ = ["TurnBook", "TurnChange"]

#: Order holds per topic only: a sentence may overtake the message that opens its turn by this much, seconds.
_AHEAD_S = 0.3
_REMEMBERED_TURNS = 16
_MOST_WAITING = 64


class TurnChange(StrEnum):
    NONE = "none"
    OPENED = "opened"
    """another turn is current now"""
    ADOPTED = "adopted"
    """another turn is current now, and it began before we listened"""
    RETAKEN = "retaken"
    """the same turn, answered anew by another brain"""
    RESCUED = "rescued"
    """the same turn: XiaoAI was left to answer it, could not, and we do now"""
    CANCELLED = "cancelled"
    CLOSED = "closed"


@dataclass(slots=True)
class _Waiting:
    sentence: Sentence
    until: float


class TurnBook:
    """The turns of one speaker as its owner sees them."""

    def __init__(self) -> None:
        self.current: Turn | None = None
        self.is_void = False
        """what belongs to the current turn is not spoken any more"""
        self.dropped = 0
        """sentences that belonged to no current turn"""
        self._former: deque[str] = deque(maxlen=_REMEMBERED_TURNS)
        self._waiting: list[_Waiting] = []

    @property
    def is_open(self) -> bool:
        return self.current is not None and self.current.is_open and not self.is_void

    def note(self, turn: Turn, *, is_retained: bool, is_own_topic: bool = True) -> TurnChange:
        """A `turn` message arrived, on this speaker's topic or on that of the first of a group."""
        current = self.current
        if current is None or turn.turn != current.turn:
            if is_retained:
                return self._note_retained(turn, is_own_topic=is_own_topic)
            if turn.phase != "accepted":
                return TurnChange.NONE
            self._open(turn)
            return TurnChange.OPENED
        if turn.take > current.take:
            self.current, self.is_void = turn, self.is_void or turn.phase == "cancelled"
            if not turn.is_open:
                return self._closed(turn)
            was_left_to_xiaoai = current.route == "native" and turn.route in ("llm", "home")
            return TurnChange.RESCUED if was_left_to_xiaoai and not is_retained else TurnChange.RETAKEN
        if turn.take < current.take or (turn.owner != current.owner and turn.phase == "accepted"):
            return TurnChange.NONE  # an earlier take, or a brain that lost the claim
        self.current = turn  # perhaps of another owner, who only brings to its end what was sent
        return self._closed(turn) if current.is_open and not turn.is_open else TurnChange.NONE

    def void(self) -> None:
        """The current turn was stopped: nothing of it is spoken any more."""
        self.is_void = True

    def admits(self, sentence: Sentence, now: float) -> list[Sentence]:
        """The sentences to speak now that this one arrived: itself, or none while its turn is unknown."""
        verdict = self._verdict(sentence)
        if verdict:
            return [sentence]
        if verdict is None and len(self._waiting) < _MOST_WAITING:
            self._waiting.append(_Waiting(sentence, now + _AHEAD_S))
        else:
            self.dropped += 1
        return []

    def settled(self, now: float) -> list[Sentence]:
        """Sentences that waited and turned out to belong to the current turn; those that waited in vain are dropped."""
        admitted: list[Sentence] = []
        still: list[_Waiting] = []
        for waiting in self._waiting:
            verdict = self._verdict(waiting.sentence)
            if verdict:
                admitted.append(waiting.sentence)
            elif verdict is None and now < waiting.until:
                still.append(waiting)
            else:
                self.dropped += 1
        self._waiting = still
        return admitted

    def next_wakeup(self) -> float | None:
        return min((waiting.until for waiting in self._waiting), default=None)

    def _note_retained(self, turn: Turn, *, is_own_topic: bool) -> TurnChange:
        if not is_own_topic and self.is_open:
            return TurnChange.NONE
        if not turn.is_open and self.current is not None:
            return TurnChange.NONE
        self._open(turn)
        return TurnChange.ADOPTED if turn.is_open else TurnChange.NONE

    def _open(self, turn: Turn) -> None:
        if self.current is not None:
            self._former.append(self.current.turn)
        self.current = turn
        self.is_void = turn.phase == "cancelled"

    def _closed(self, turn: Turn) -> TurnChange:
        if turn.phase != "cancelled":
            return TurnChange.CLOSED
        self.is_void = True
        return TurnChange.CANCELLED

    def _verdict(self, sentence: Sentence) -> bool | None:
        """True: speak it; False: never; None: perhaps, once its turn is known."""
        current = self.current
        if current is None or sentence.turn != current.turn:
            return False if sentence.turn in self._former else None
        if self.is_void or sentence.take < current.take:
            return False
        return True if sentence.take == current.take and sentence.src == current.owner else None
