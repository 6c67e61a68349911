"""The utterance that is being brought to the speaker, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from migpt_shared.messages import Speech, SpeechPhase
from migpt_speaker.attempts import Attempts
from migpt_speaker.utterance import Utterance

__all__ = ["Rendition", "Stage"]


class Stage(Enum):
    PREPARED = auto()
    """nothing was sent yet"""
    SENT = auto()
    PLAYING = auto()
    REFUSED = auto()
    """to be sent again at `retry_at`"""
    HANDED = auto()
    """the stand-in has it"""


@dataclass(slots=True)
class Rendition:
    """One utterance on its way. `waits_for_quiet_until`: begun earlier only if the status shows that nobody speaks."""

    utterance: Utterance
    attempts: Attempts
    chosen_at: float
    waits_for_quiet_until: float
    stage: Stage = Stage.PREPARED
    ticket: int = 0
    retry_at: float = 0.0
    is_unclear: bool = False
    """the last request may have been taken although it failed"""
    volume_tries: int = 0
    was_looked_for: bool = False
    was_reported: bool = False

    @property
    def may_sound(self) -> bool:
        """Whether the speaker may be speaking it."""
        return self.stage in (Stage.SENT, Stage.PLAYING) or (self.stage is Stage.REFUSED and self.is_unclear)

    def report(
        self, phase: SpeechPhase, *, error: str | None = None, estimated: bool = False, spoken_by: str | None = None
    ) -> Speech:
        """The message that tells how it fares."""
        self.was_reported = True
        utterance = self.utterance
        return Speech(
            utterance=utterance.id,
            turn=utterance.turn,
            take=utterance.take,
            seqs=list(utterance.seqs),
            text=utterance.text,
            phase=phase,
            attempt=self.attempts.count,
            error=error,
            estimated=estimated,
            spoken_by=spoken_by,
        )
