"""The sentences of the current turn: ordered, each once, joined into utterances."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from migpt_shared.messages import Sentence
from migpt_speaker.pieces import joined, pieces_of
from migpt_speaker.utterance import Priority, Utterance

__all__ = ["AnswerQueue"]

#: How long a missing sentence is waited for before the following ones are spoken without it, seconds.
_GAP_S = 0.3


class AnswerQueue:
    """Takes sentences in any order and more than once; gives utterances."""

    def __init__(self, max_chars: int, new_id: Callable[[], str]) -> None:
        self.max_chars = max_chars
        self._new_id = new_id
        self.missing = 0
        """sentences that never came"""
        self.repeated = 0
        """sentences that came again"""
        self._turn: str | None = None
        self._take = 0
        self._reset()

    def _reset(self) -> None:
        self._ready: dict[int, str] = {}
        self._next = 0
        self._last: int | None = None
        self._gap_until: float | None = None
        self._cut: deque[Utterance] = deque()

    def open(self, turn: str, take: int) -> None:
        """Forget everything; the sentences of this take of this turn follow."""
        self._turn, self._take = turn, take
        self._reset()

    def drop(self) -> int:
        """Forget what is not yet spoken; how many sentences that were."""
        dropped = len(self)
        self._ready.clear()
        self._cut.clear()
        self._gap_until = None
        return dropped

    def __len__(self) -> int:
        return len(self._ready) + sum(len(utterance.seqs) for utterance in self._cut)

    @property
    def is_complete(self) -> bool:
        """Everything up to the sentence marked as last was given out."""
        return self._last is not None and self._next > self._last and not self._cut

    def add(self, sentence: Sentence) -> bool:
        """Take a sentence of this turn and take; one that is known already is ignored, and False."""
        if sentence.last:
            self._last = sentence.seq
        if sentence.seq < self._next or sentence.seq in self._ready:
            self.repeated += 1
            return False
        self._ready[sentence.seq] = sentence.text
        return True

    def put_back(self, utterance: Utterance) -> None:
        """An utterance that was cut is spoken again before all others."""
        self._cut.appendleft(utterance)

    def has_next(self, now: float) -> bool:
        """Whether something can be spoken now."""
        if self._cut:
            return True
        self._skip_empty(now)
        return self._next in self._ready

    def take(self, now: float, *, may_join: bool = True) -> Utterance | None:
        """The next utterance: the next sentence, and those after it that are ready and fit."""
        if self._cut:
            return self._cut.popleft()
        self._skip_empty(now)
        if self._next not in self._ready:
            return None
        text = self._pop()
        seqs = [self._next - 1]
        while may_join and self._next in self._ready:
            if not pieces_of(self._ready[self._next], self.max_chars):
                self._pop()  # only marks the end
                continue
            longer = joined(text, self._ready[self._next])
            if len(longer) > self.max_chars:
                break
            text = longer
            self._pop()
            seqs.append(self._next - 1)
        return self._pieces(text, tuple(seqs))

    def gap_ends_at(self) -> float | None:
        """When a missing sentence is given up; None: none is missing, or nothing waits for it."""
        return self._gap_until

    def _pieces(self, text: str, seqs: tuple[int, ...]) -> Utterance:
        pieces = pieces_of(text, self.max_chars)
        utterances = [
            Utterance(
                self._new_id(), piece, Priority.REPLY, self._turn, self._take, seqs, completes=number == len(pieces)
            )
            for number, piece in enumerate(pieces, 1)
        ]
        self._cut.extend(utterances[1:])
        return utterances[0]

    def _pop(self) -> str:
        text = self._ready.pop(self._next)
        self._next += 1
        self._gap_until = None
        return text

    def _skip_empty(self, now: float) -> None:
        """Step over sentences without a word, and over a gap that has lasted long enough."""
        while self._ready:
            if self._next in self._ready:
                if pieces_of(self._ready[self._next], self.max_chars):
                    return
                self._pop()
            elif self._gap_until is None:
                self._gap_until = now + _GAP_S
                return
            elif now < self._gap_until:
                return
            else:
                first = min(self._ready)
                self.missing += first - self._next
                self._next = first
                self._gap_until = None
