"""Brings one utterance after the other to the speaker: which is next, when it is sent, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migpt_shared.messages import Result, Say, Sentence, Speech
from migpt_shared.settings import SpeechSettings
from migpt_shared.xiaomi import SpeakPath
from migpt_speaker.announcements import Announcements
from migpt_speaker.answer_queue import AnswerQueue
from migpt_speaker.attempts import Attempts, GiveUp, Retry, StandIn
from migpt_speaker.orders import Effect, HandOver, Outcome, OutcomeKind, Publish, Recall, Speak
from migpt_speaker.pacer import Ending, Pacer
from migpt_speaker.rendition import Rendition, Stage
from migpt_speaker.unison import Unison
from migpt_speaker.utterance import Priority, Utterance

__all__ = ["Voice", "Ways"]

#: A refusal this soon after an end that was only estimated means that it had not ended, seconds.
_OVERLAP_S = 3.0
#: The speaker is known to be quiet for so long after we ended.
_STILL_QUIET_S = 1.0
#: Nobody is talked over, but nobody is waited for for ever either.
_QUIET_PATIENCE_S = 20.0
#: The stand-in has so long for what was handed to it, besides the time of speaking.
_STAND_IN_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Ways:
    """How this speaker is made to speak. `proven`: the path on which it was heard before."""

    table_path: SpeakPath
    other_path: SpeakPath | None
    proven: SpeakPath | None = None
    stand_in: str | None = None


class Voice:
    """The utterances of one speaker. Effects are appended to `effects`."""

    def __init__(
        self, pacer: Pacer, ways: Ways, settings: SpeechSettings, effects: list[Effect], new_id: Callable[[], str]
    ) -> None:
        self.pacer = pacer
        self.ways = ways
        self.settings = settings
        self.answers = AnswerQueue(settings.max_chars, new_id)
        self.announcements = Announcements(new_id)
        self.unison = Unison()
        self.current: Rendition | None = None
        self.must_be_quiet_by: float | None = None
        """what we took over may still be spoken: wait until it is not, or until then"""
        self._effects = effects
        self._ended_at = float("-inf")
        self._overlap_until = float("-inf")
        self._spoken_seq = -1
        self._told: dict[int, Speech] = {}
        self._is_failing = False

    @property
    def queue_length(self) -> int:
        return len(self.answers) + len(self.announcements)

    # what is next

    def open(self, turn: str, take: int, others: tuple[str, ...]) -> None:
        """The answer to this turn follows; what is left of another one is forgotten."""
        self.answers.open(turn, take)
        self.unison.open(turn, others)
        self._spoken_seq = -1
        self._told.clear()

    def hear(self, sentence: Sentence) -> None:
        """A sentence of the answer. Who sends one again has not heard how it fared: it is told again."""
        if not self.answers.add(sentence) and (told := self._told.get(sentence.seq)) is not None:
            self._effects.append(Publish(told))

    def choose(self, now: float, *, reply_is_expected: bool) -> bool:
        """Make the next utterance the current one; False: there is none, or it has to wait."""
        utterance = self._next(now, reply_is_expected=reply_is_expected)
        if utterance is None:
            return False
        quiet_by = self.must_be_quiet_by or now
        is_announcement = utterance.turn is None or utterance.request is not None
        if is_announcement and utterance.priority is not Priority.ALARM and now - self._ended_at > _STILL_QUIET_S:
            quiet_by = max(quiet_by, now + _QUIET_PATIENCE_S)
        if utterance.priority is Priority.ALARM or self.pacer.knowledge.status_is_usable is False:
            quiet_by = now
        path = self.ways.proven or self.ways.table_path
        other = self.ways.other_path if path is self.ways.table_path else self.ways.table_path
        attempts = Attempts(
            path, other, self.settings.retry_delays_s, self.ways.stand_in,
            is_failing=self._is_failing and self.ways.stand_in is not None, overlap_until=self._overlap_until,
        )  # fmt: skip
        self.current = Rendition(utterance, attempts, now, quiet_by)
        return True

    def _next(self, now: float, *, reply_is_expected: bool) -> Utterance | None:
        if alarm := self.announcements.take(Priority.ALARM):
            return alarm
        if self.answers.has_next(now):
            if self.unison.waits_until(self._spoken_seq, self._ended_at, now) is not None:
                return None
            # A group stays together only if all speak the same utterances, whenever they get them.
            return self.answers.take(now, may_join=not self.unison.is_group)
        if reply_is_expected:
            return None
        return self.announcements.take(Priority.REPLY) or self.announcements.take(Priority.NOTICE)

    def has_something(self, now: float) -> bool:
        """Whether anything is being spoken or can be spoken next."""
        return self.current is not None or self.answers.has_next(now) or len(self.announcements) > 0

    # sending

    def to_send(self, now: float) -> Speak | None:
        """The TTS request to send now, if it is time."""
        current = self.current
        if current is None:
            return None
        if current.stage is Stage.REFUSED and now >= current.retry_at:
            if current.is_unclear and self.pacer.was_heard:
                self._accepted(current, now)  # the answer was lost, not the request
                return None
        elif current.stage is not Stage.PREPARED:
            return None
        return Speak(current.utterance.text, current.attempts.path)

    def sent(self, ticket: int, now: float) -> None:
        """The request has left."""
        current = self.current
        if current is None:
            return
        if current.stage is Stage.PREPARED:
            self._tell(current.report("requested"))
        current.stage, current.ticket, current.is_unclear = Stage.SENT, ticket, False
        self.pacer.sent(current.utterance.text, now)

    def outcome(self, ticket: int, outcome: Outcome, now: float) -> bool:
        """What came of a request; False: it was none of the current utterance."""
        current = self.current
        if current is None or current.stage is not Stage.SENT or current.ticket != ticket:
            return False
        if outcome.is_done:
            self._is_failing = False
            self._accepted(current, now)
            return True
        if outcome.kind is OutcomeKind.BUSY and now < self._overlap_until:
            self.pacer.refused(now)
        match current.attempts.failed(outcome, now):
            case Retry(at, _):
                self._again(current, at, outcome.reason)
                current.is_unclear = outcome.kind is OutcomeKind.UNCLEAR
            case StandIn(speaker):
                self._is_failing = True
                current.stage = Stage.HANDED
                current.retry_at = now + _STAND_IN_PATIENCE_S + 0.5 * len(current.utterance.text)
                self._tell(current.report("retrying", error=outcome.reason))
                self._effects.append(HandOver(current.utterance, speaker))
            case GiveUp(reason):
                self._is_failing = True
                self._finish(current, error=reason, now=now)
        if not current.is_unclear:
            self.pacer.dropped()
        return True

    def _accepted(self, current: Rendition, now: float) -> None:
        self.pacer.accepted(now)
        current.stage = Stage.PLAYING
        self._tell(current.report("speaking"))

    def _again(self, current: Rendition, at: float, reason: str) -> None:
        current.stage, current.retry_at = Stage.REFUSED, at
        if current.attempts.quick <= 1:
            self._tell(current.report("retrying", error=reason))

    # ends

    def advance(self, now: float) -> bool:
        """Notice what is over by now; whether something was."""
        for utterance in self.announcements.expired(now):
            self._tell(Rendition(utterance, self._no_attempts(), now, now).report("expired"))
            self._answer(utterance, "it was not spoken in time")
        current = self.current
        if current is None:
            return False
        if current.stage is Stage.HANDED and now >= current.retry_at:
            self._finish(current, error="the stand-in speaker did not report", now=now)
            return True
        if current.stage is not Stage.PLAYING or (ending := self.pacer.ending(now)) is None:
            return False
        self._ended(current, ending, now)
        return True

    def _ended(self, current: Rendition, ending: Ending, now: float) -> None:
        path = current.attempts.path
        if ending.was_seen and self.ways.proven is not path:
            self.ways = Ways(self.ways.table_path, self.ways.other_path, path, self.ways.stand_in)
        if ending.was_denied:
            match current.attempts.stayed_silent(now, path_is_proven=path is self.ways.proven):
                case Retry(at, _):
                    self._again(current, at, "the speaker took it without speaking")
                    return
                case GiveUp(reason):
                    self._finish(current, error=reason, now=now)
                    return
                case None:
                    pass
        self._overlap_until = now + _OVERLAP_S if ending.is_estimated else float("-inf")
        self._finish(current, now=now, estimated=ending.is_estimated)

    def handed_over(self, utterance: str, error: str | None, now: float) -> None:
        """What came of an utterance that the stand-in got."""
        current = self.current
        if current is not None and current.stage is Stage.HANDED and current.utterance.id == utterance:
            self._finish(current, now=now, error=error, spoken_by=None if error else self.ways.stand_in)

    def _finish(
        self,
        current: Rendition,
        *,
        now: float,
        error: str | None = None,
        estimated: bool = False,
        spoken_by: str | None = None,
    ) -> None:
        utterance = current.utterance
        self.current, self._ended_at = None, now
        if utterance.seqs:
            self._spoken_seq = utterance.seqs[-1]
        if error is None:
            self.must_be_quiet_by = None
            if utterance.completes:
                self._tell(current.report("spoken", estimated=estimated, spoken_by=spoken_by))
                self._answer(utterance, None)
            return
        self._tell(current.report("failed", error=error))
        self.announcements.drop_request(utterance.request)
        self._answer(utterance, error)

    # interruptions

    def cut(self, now: float, *, keep: bool) -> bool:
        """End the current utterance, or put it back to be spoken later; whether the speaker has to be silenced."""
        current, self.current = self.current, None
        if current is None:
            return False
        utterance = current.utterance
        if current.was_reported:
            self._tell(current.report("interrupted"))
        if current.stage is Stage.HANDED and self.ways.stand_in is not None:
            self._effects.append(Recall(self.ways.stand_in))
        if keep and utterance.request is not None:
            self.announcements.put_back(utterance)
        elif keep:
            self.answers.put_back(utterance)
        else:
            self.announcements.drop_request(utterance.request)
            self._answer(utterance, "it was interrupted")
        self.pacer.dropped()
        self._ended_at = now
        return current.may_sound

    def forget_announcements(self) -> None:
        """Drop everything that was asked for, but for alarms that have not begun."""
        answered: set[str | None] = set()
        for utterance in self.announcements.drop_all(but_alarms=True):
            if utterance.request not in answered:
                answered.add(utterance.request)
                self._answer(utterance, "it was stopped before it began")

    def say(self, say: Say, arrived: float) -> Priority | None:
        """Queue a text; None when there is nothing to speak in it."""
        priority = self.announcements.add(say, arrived, self.settings.max_chars)
        if priority is None:
            self._tell(Result(turn=say.turn, request=say.id, ok=False, error="there is no word to speak in this text"))
        return priority

    # telling

    def _no_attempts(self) -> Attempts:
        return Attempts(self.ways.table_path, None, self.settings.retry_delays_s)

    def _answer(self, utterance: Utterance, error: str | None) -> None:
        if utterance.request is not None:
            result = Result(turn=utterance.turn, request=utterance.request, ok=error is None, error=error)
            self._tell(result)

    def _tell(self, message: Speech | Result) -> None:
        if isinstance(message, Speech) and message.turn is not None:
            self._told.update(dict.fromkeys(message.seqs, message))
        self._effects.append(Publish(message))

    def next_wakeup(self, now: float) -> float | None:
        """When to come back even if nothing happens; None: only when something does."""
        moments = [self.announcements.next_expiry(), self.answers.gap_ends_at()]
        current = self.current
        if current is None:
            if self.answers.has_next(now):
                moments.append(self.unison.waits_until(self._spoken_seq, self._ended_at, now))
        elif current.stage is Stage.PLAYING:
            moments.append(self.pacer.next_wakeup(now))
        elif current.stage in (Stage.REFUSED, Stage.HANDED):
            moments.append(current.retry_at)
        return min((moment for moment in moments if moment is not None), default=None)
