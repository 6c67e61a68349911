"""What to do after a TTS request failed: again, another way, another speaker, or give up."""

from __future__ import annotations

from dataclasses import dataclass, field

from migpt_shared.xiaomi import SpeakPath
from migpt_speaker.orders import Outcome, OutcomeKind

__all__ = ["Attempts", "GiveUp", "Retry", "StandIn"]

#: A speaker that refuses because our previous utterance is not quite over is asked again after this, seconds ...
_QUICK_S = 0.1
#: ... for this long.
_QUICK_FOR_S = 3.0
#: After an unclear failure the status has to tell first whether it speaks.
_UNCLEAR_S = 0.5


@dataclass(frozen=True, slots=True)
class Retry:
    at: float
    path: SpeakPath


@dataclass(frozen=True, slots=True)
class StandIn:
    speaker: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: str


@dataclass(slots=True)
class Attempts:
    """The attempts at one utterance.

    `overlap_until`: until then a refusal probably means that the previous utterance is still spoken.
    `is_failing`: the utterance before this one failed for good; then one attempt is enough.
    """

    path: SpeakPath
    other_path: SpeakPath | None
    delays_s: tuple[float, ...]
    stand_in: str | None = None
    is_failing: bool = False
    overlap_until: float = float("-inf")
    count: int = 1
    quick: int = 0
    _refusals: int = 0
    _silent: int = 0
    _tried: set[SpeakPath] = field(default_factory=set)

    def failed(self, outcome: Outcome, now: float) -> Retry | StandIn | GiveUp:
        """The request was not taken."""
        self._tried.add(self.path)
        if outcome.kind is OutcomeKind.BUSY and now < self.overlap_until and self.quick * _QUICK_S < _QUICK_FOR_S:
            self.quick += 1
            self.count += 1
            return Retry(now + _QUICK_S, self.path)
        if outcome.kind is OutcomeKind.UNSUPPORTED:
            return self._other_way(now) or self._elsewhere(outcome.reason)
        if outcome.kind is OutcomeKind.OFFLINE and self.stand_in is not None:
            return StandIn(self.stand_in)
        if self.is_failing or self._refusals >= len(self.delays_s):
            return self._elsewhere(outcome.reason)
        delay_s = self.delays_s[self._refusals]
        if outcome.kind is OutcomeKind.UNCLEAR:
            delay_s = max(delay_s, _UNCLEAR_S)
        self._refusals += 1
        self.count += 1
        return Retry(now + delay_s, self.path)

    def stayed_silent(self, now: float, *, path_is_proven: bool) -> Retry | GiveUp | None:
        """The request was taken, but a status that can be relied on showed no speech. None: take it for spoken."""
        self._tried.add(self.path)
        self._silent += 1
        if not path_is_proven:
            return self._other_way(now)
        if self._silent >= 2:
            return GiveUp("the speaker took the text twice without speaking; its content may be refused by Xiaomi")
        self.count += 1
        return Retry(now, self.path)

    def _other_way(self, now: float) -> Retry | None:
        if self.other_path is None or self.other_path in self._tried:
            return None
        self.path = self.other_path
        self.count += 1
        return Retry(now, self.path)

    def _elsewhere(self, reason: str) -> StandIn | GiveUp:
        return StandIn(self.stand_in) if self.stand_in is not None else GiveUp(reason)
