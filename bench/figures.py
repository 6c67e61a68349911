"""Figures of spoken answers, read off the simulator's journals. All times in seconds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from migpt_simulator import RequestKind, Simulator
from migpt_simulator.journal import NativeEnded, RecordVisible, SoundCut, SoundEnded, SoundStarted, SpeechAccepted
from migpt_simulator.live import LiveSpeaker


@dataclass
class AnswerFigures:
    """What one question on one speaker gave."""

    to_first_tts_s: float
    chunk_to_tts_s: float | None
    native_heard_s: float
    gaps_s: list[float]
    overhead_s: float
    """record visible → last word, minus pure speech"""
    tts_calls: int
    text: str
    cut: int


@dataclass
class Sample:
    """All figures of a scenario."""

    answers: list[AnswerFigures] = field(default_factory=list)

    def of(self, name: str) -> list[float]:
        return [value for answer in self.answers if (value := getattr(answer, name)) is not None]

    def gaps(self) -> list[float]:
        return [gap for answer in self.answers for gap in answer.gaps_s]


def figures_of(sim: Simulator, speaker: LiveSpeaker, question: str, since: float) -> AnswerFigures:
    """The figures of a question that was said at `since` and answered to its end."""
    journal = speaker.journal
    visible = next(e.at for e in journal.of(RecordVisible, since=since) if e.text == question)
    accepted = journal.of(SpeechAccepted, since=visible)
    starts = {e.utterance: e.at for e in journal.of(SoundStarted, since=visible)}
    ends = {e.utterance: e.at for e in journal.of(SoundEnded, since=visible)}
    requests = sim.home.requests.of(RequestKind.SPEAK, speaker=speaker.slug, since=visible)
    spoken = [e for e in accepted if e.utterance in ends]
    pure = sum(ends[e.utterance] - starts[e.utterance] for e in spoken)
    order = [e.utterance for e in spoken]
    return AnswerFigures(
        to_first_tts_s=requests[0].at - visible,
        chunk_to_tts_s=_chunk_to_tts(sim, question, visible, accepted[0].text, requests[0].at),
        native_heard_s=sum(e.heard_s for e in journal.of(NativeEnded, since=since)),
        gaps_s=[starts[b] - ends[a] for a, b in pairwise(order)],
        overhead_s=max(ends.values()) - visible - pure,
        tts_calls=len(accepted),
        text="".join(e.text for e in spoken),
        cut=len(journal.of(SoundCut, since=visible)),
    )


def _chunk_to_tts(sim: Simulator, question: str, visible: float, first: str, requested: float) -> float | None:
    """From the token that completed the first chunk at the model to the TTS request at the cloud."""
    for entry in reversed(sim.llm.journal.entries):
        if entry.question == question and entry.arrived >= visible:
            token = next((token for token in entry.tokens if token.chars >= len(first)), None)
            return None if token is None else requested - token.at
    return None


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else float("nan")
