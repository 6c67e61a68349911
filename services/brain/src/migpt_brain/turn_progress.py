"""How far one turn is: the sentences cut, where each was heard, and when the turn is over. Pure; times are monotonic
seconds of this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from migpt_shared.messages import RouteName, Source, Speech, Turn, TurnPhase

#: Nothing more happens to a sentence after one of these.
#: (One that an alarm interrupted is spoken again.)
_ENDED = frozenset({"spoken", "failed", "expired"})

#: Without a report for the predicted end plus this, a turn is given up.
SILENCE_LIMIT_S = 20.0
#: Slow speech, for predicting when the speaker must have finished.
_SECONDS_PER_CHARACTER = 0.35


@dataclass(slots=True)
class TurnProgress:
    """One turn of this brain."""

    id: str
    text: str
    source: Source
    route: RouteName
    reason: str
    reason_text: str
    speakers: tuple[str, ...]
    opened: float
    p_llm: float | None = None
    take: int = 0
    phase: TurnPhase = "accepted"
    preset: str | None = None
    error: str | None = None
    is_confirmed: bool = False
    """our own `accepted` came back from the broker as the first"""
    is_complete: bool = False
    """nothing follows the sentences there are"""
    sentences: list[str] = field(default_factory=list)
    earlier: str = ""
    """what an earlier take had said before this one took over"""
    spans_ms: dict[str, float] = field(default_factory=dict)
    _reports: dict[str, dict[int, str]] = field(default_factory=dict)
    _last_news: float = 0.0

    def __post_init__(self) -> None:
        self._last_news = self.opened

    def add_sentence(self, text: str, now: float) -> int:
        """A sentence was cut; returns its number. Where Latin words meet, a space goes before it."""
        before = self.sentences[-1] if self.sentences else self.earlier
        parts = (
            before and before[-1].isascii() and not before[-1].isspace() and text[:1].isascii() and text[:1].isalnum()
        )
        self.sentences.append(f" {text}" if parts else text)
        self.mark("first_sentence", now)
        self._last_news = now
        if self.phase in ("accepted", "thinking"):
            self.phase = "speaking"
        return len(self.sentences) - 1

    def reroute(self, route: RouteName, reason: str, reason_text: str) -> None:
        """Another answers the turn now: its next take, which has to be claimed anew."""
        self.route, self.reason, self.reason_text = route, reason, reason_text
        self.take += 1
        self.phase = "accepted"
        self.is_confirmed = False

    def inherit(self, turn: Turn) -> None:
        """Go on with a turn that another brain has sent completely: the same take, nothing to add."""
        self.take = turn.take
        self.phase = "speaking"
        self.is_complete = self.is_confirmed = True
        self.earlier = turn.reply_so_far[: turn.cuts[0]] if turn.cuts else ""
        self.sentences = [turn.reply_so_far[start:end] for start, end in pairwise(turn.cuts)]
        spoken: dict[int, str] = dict.fromkeys(range(turn.sentences_spoken), "spoken")
        self._reports = {speaker: dict(spoken) for speaker in self.speakers}

    def finish(self, now: float) -> None:
        """No sentence follows."""
        self.is_complete = True
        self._last_news = now
        self.mark("complete", now)

    def mark(self, moment: str, now: float) -> None:
        """Keep the time of a moment, the first time it happens."""
        self.spans_ms.setdefault(moment, round((now - self.opened) * 1000, 1))

    def report(self, speaker: str, speech: Speech, now: float) -> bool:
        """A speaker reported on sentences of ours. False when it is about another take: it changes nothing."""
        if speech.take != self.take or speaker not in self.speakers:
            return False
        reports = self._reports.setdefault(speaker, {})
        for seq in speech.seqs:
            # Reports of one utterance come in order; one that has ended does not come back to life.
            if reports.get(seq) not in _ENDED:
                reports[seq] = speech.phase
        self._last_news = now
        if speech.phase in ("requested", "speaking"):
            self.mark(f"first_{speech.phase}", now)
        return True

    def reporter_died(self, speaker: str) -> None:
        """The speaker service that reported is gone. What was being spoken is spoken to its end by the device itself,
        and nobody is left to say so."""
        reports = self._reports.get(speaker, {})
        for seq, phase in reports.items():
            if phase == "speaking":
                reports[seq] = "spoken"

    def unconfirmed(self, speaker: str) -> list[int]:
        """Numbers of the sentences whose end this speaker has not reported.

        One that it is speaking is among them: the report of its end may be lost, and who has spoken it says so again.
        """
        reports = self._reports.get(speaker, {})
        return [seq for seq in range(len(self.sentences)) if reports.get(seq) not in _ENDED]

    def spoken_count(self) -> int:
        """How many sentences, from the first, were begun on some speaker."""
        count = 0
        for seq in range(len(self.sentences)):
            if not any(reports.get(seq) in ("speaking", "spoken", "interrupted") for reports in self._reports.values()):
                break
            count += 1
        return count

    def heard_text(self) -> str:
        """What was really heard: the sentences begun, of all takes."""
        return self.earlier + "".join(self.sentences[: self.spoken_count()])

    def is_over(self, online: frozenset[str]) -> bool:
        """Everything was sent, and each of the turn's speakers that is online has ended each sentence."""
        if not self.is_complete:
            return False
        waiting = [speaker for speaker in self.speakers if speaker in online] or list(self.speakers[:1])
        return all(
            self._reports.get(speaker, {}).get(seq) in _ENDED
            for speaker in waiting
            for seq in range(len(self.sentences))
        )

    def all_failed(self) -> bool:
        """There were sentences, and none was heard anywhere."""
        return bool(self.sentences) and not any(
            phase == "spoken" for reports in self._reports.values() for phase in reports.values()
        )

    def gives_up_at(self) -> float:
        """When to close the turn as failed if no news come until then."""
        unspoken = sum(map(len, self.sentences[self.spoken_count() :]))
        current = len(self.sentences[self.spoken_count() - 1]) if self.spoken_count() else 0
        return self._last_news + (unspoken + current) * _SECONDS_PER_CHARACTER + SILENCE_LIMIT_S

    def message(self, owner: str) -> Turn:
        """The turn as everybody sees it."""
        cuts = list(accumulate(map(len, self.sentences), initial=len(self.earlier)))
        return Turn(
            turn=self.id,
            text=self.text,
            source=self.source,
            route=self.route,
            reason=self.reason,
            reason_text=self.reason_text,
            p_llm=self.p_llm,
            phase=self.phase,
            owner=owner,
            take=self.take,
            preset=self.preset,
            reply_so_far=self.earlier + "".join(self.sentences),
            sentences_sent=len(self.sentences),
            cuts=cuts,
            sentences_spoken=self.spoken_count(),
            complete=self.is_complete,
            speakers=list(self.speakers),
            error=self.error,
            spans_ms=dict(self.spans_ms),
        )
