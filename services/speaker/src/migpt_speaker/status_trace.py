"""Turns answers about the playing status, which may overtake each other, into moments when speech began and ended."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Edge", "Sample", "StatusTrace"]

#: Silence seen longer ago than this says nothing about when speech began.
_STALE_S = 1.2


@dataclass(frozen=True, slots=True)
class Sample:
    """One status answer: when it was asked for (s, monotonic), and whether the speaker was speaking.

    Music is not speech. `speech` None: the answer had no usable status.
    """

    asked_at: float
    speech: bool | None


@dataclass(frozen=True, slots=True)
class Edge:
    """Speech began (`rises`) or ended after one moment and by another, seconds."""

    rises: bool
    after: float
    by: float

    @property
    def middle(self) -> float:
        return (self.after + self.by) / 2

    @property
    def noise_s(self) -> float:
        """Standard deviation of the middle."""
        return (self.by - self.after) / 3.46


class StatusTrace:
    """The playing status over time. Answers are judged by when they were asked for, whatever their order."""

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self._speech: bool | None = None

    def add(self, sample: Sample) -> Edge | None:
        """Takes a sample; the edge that it shows, if any. Before the first one silence is assumed."""
        if sample.speech is None or sample.asked_at <= self._asked_at:
            return None
        was_speech, since = self._speech, self._asked_at
        self._asked_at, self._speech = sample.asked_at, sample.speech
        if was_speech == sample.speech or (was_speech is None and not sample.speech):
            return None
        if was_speech is None or (sample.speech and sample.asked_at - since > _STALE_S):
            since = sample.asked_at - _STALE_S
        return Edge(sample.speech, since, sample.asked_at)

    @property
    def speech(self) -> bool | None:
        """What the latest sample said."""
        return self._speech

    @property
    def asked_at(self) -> float:
        return self._asked_at

    def shows_speech(self, now: float) -> bool:
        """Whether a recent sample shows speech."""
        return bool(self._speech) and now - self._asked_at <= _STALE_S
