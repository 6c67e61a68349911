"""Keeps the speakers of a group together: none begins a sentence before all have ended the one before it."""

from __future__ import annotations

from collections.abc import Iterable

from migpt_shared.messages import Speech

__all__ = ["Unison"]

#: A speaker that is so much slower than we are is not waited for any more in this turn, seconds.
_PATIENCE_S = 1.0
_FINISHED = frozenset({"spoken", "failed", "expired"})


class Unison:
    """The others that speak the same answer, and how far they are."""

    def __init__(self) -> None:
        self._turn: str | None = None
        self._behind: dict[str, int] = {}

    def open(self, turn: str, others: Iterable[str]) -> None:
        """A turn that these other speakers answer too; none for a turn of our own."""
        self._turn = turn
        self._behind = dict.fromkeys(others, -1)

    @property
    def is_group(self) -> bool:
        return bool(self._behind)

    def heard(self, speaker: str, speech: Speech) -> None:
        """Another speaker reported."""
        if speech.turn == self._turn and speaker in self._behind and speech.phase in _FINISHED and speech.seqs:
            self._behind[speaker] = max(self._behind[speaker], *speech.seqs)

    def waits_until(self, spoken: int, ended_at: float, now: float) -> float | None:
        """Until when to wait, having spoken up to the sentence `spoken` at `ended_at`; None: go on."""
        if spoken < 0 or all(others >= spoken for others in self._behind.values()):
            return None
        if now < ended_at + _PATIENCE_S:
            return ended_at + _PATIENCE_S
        self._behind = {speaker: seq for speaker, seq in self._behind.items() if seq >= spoken}
        return None
