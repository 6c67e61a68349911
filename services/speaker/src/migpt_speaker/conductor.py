"""What turns, commands and outcomes mean for one speaker; `Routine` then does what is due.

No clock and no I/O. Every method takes `now` (seconds, monotonic) and gives the effects to carry out, in order.
"""

from __future__ import annotations

from collections.abc import Callable

from migpt_shared.messages import ANSWER_REASON, Native, Pause, Play, Say, Sentence, SetVolume, Speech, Stop, Turn, Wake
from migpt_shared.settings import SpeechSettings
from migpt_shared.xiaomi import PlayStatus
from migpt_speaker.errands import Errand
from migpt_speaker.orders import Command, Effect, Execute, Outcome, Resume, WakeUp
from migpt_speaker.orders import SetVolume as SetVolumeOrder
from migpt_speaker.pacer import Pacer
from migpt_speaker.routine import Routine, Traits
from migpt_speaker.status_trace import Sample
from migpt_speaker.turn_book import TurnChange
from migpt_speaker.utterance import Priority
from migpt_speaker.voice import Ways

__all__ = ["Conductor"]

#: A cancelled turn is followed at once by the one that replaces it, whose route says what may go on sounding.
_SUCCESSOR_S = 0.015
#: What is under way when we take over a speaker is over after this, seconds: the longest utterance of a slow voice.
_TAKE_OVER_S = 45.0
#: XiaoAI begins its own answer at the latest so long after an utterance is known, seconds.
_XIAOAI_BEGINS_WITHIN_S = 3.0


class Conductor:
    """One speaker. The effects' outcomes come back through `outcome`, `looked` and `handed_over`."""

    def __init__(
        self, pacer: Pacer, ways: Ways, traits: Traits, settings: SpeechSettings, new_id: Callable[[], str]
    ) -> None:
        self.routine = Routine(pacer, ways, traits, settings, new_id)
        self.pacer = pacer
        self.voice = self.routine.voice
        self.book = self.routine.book
        self.surroundings = self.routine.surroundings
        self._hush = self.routine.hush

    # what others want

    def acquired(self, now: float) -> list[Effect]:
        """This speaker is ours from now on: find out how it stands."""
        self.routine.look_at = now
        return self._advanced(now)

    def reconfigured(self, settings: SpeechSettings, ways: Ways) -> None:
        """The settings changed; they hold from the next utterance on."""
        self.routine.settings = self.voice.settings = settings
        self.voice.answers.max_chars = settings.max_chars
        self.voice.ways = Ways(ways.table_path, ways.other_path, self.voice.ways.proven, ways.stand_in)

    def turn_arrived(
        self, turn: Turn, now: float, *, is_retained: bool, own_slug: str, topic_slug: str
    ) -> list[Effect]:
        """A turn that this speaker answers, or that was heard by it."""
        is_own_topic = own_slug == topic_slug
        others = tuple(slug for slug in turn.speakers if slug != own_slug) if own_slug in turn.speakers else ()
        change = self.book.note(turn, is_retained=is_retained, is_own_topic=is_own_topic)
        match change:
            case TurnChange.OPENED | TurnChange.RESCUED:
                was_heard_here = is_own_topic and turn.source == "speaker"
                is_first = turn.take == 0 or change is TurnChange.RESCUED
                self._opened(turn, now, others, was_heard_here=was_heard_here, is_first=is_first)
            case TurnChange.ADOPTED:
                self._end_answer(now)
                self.voice.open(turn.turn, turn.take, others)
                # Whoever spoke for us may have left the speaker speaking.
                self.voice.must_be_quiet_by = now + _TAKE_OVER_S
            case TurnChange.RETAKEN:
                current = self.voice.current
                if current is not None and current.utterance.request is None and not current.may_sound:
                    self.voice.cut(now, keep=False)
                self.voice.open(turn.turn, turn.take, others)
            case TurnChange.CANCELLED:
                self.voice.answers.drop()
                self._end_answer(now, silence_in_s=_SUCCESSOR_S)
            case TurnChange.CLOSED | TurnChange.NONE:
                pass
        if change is not TurnChange.NONE:
            self.routine.progress_at = now
        return self._advanced(now)

    def sentence_arrived(self, sentence: Sentence, now: float) -> list[Effect]:
        """A sentence of an answer, of whatever turn."""
        for admitted in self.book.admits(sentence, now):
            self._take(admitted, now)
        return self._advanced(now)

    def peer_spoke(self, speaker: str, speech: Speech, now: float) -> list[Effect]:
        """Another speaker of a group reported."""
        self.voice.unison.heard(speaker, speech)
        return self._advanced(now)

    def say(self, say: Say, now: float) -> list[Effect]:
        """Something to speak besides answers; an alarm cuts what is less urgent, which is said again after it."""
        current = self.voice.current
        priority = self.voice.say(say, now)
        is_weaker = current is not None and current.utterance.priority is not Priority.ALARM
        if priority is Priority.ALARM and is_weaker and self.voice.cut(now, keep=True):
            self._hush.want(now)
        return self._advanced(now)

    def stop(self, stop: Stop, now: float) -> list[Effect]:
        """End the answer and everything queued, but for alarms that have not begun; silence the speaker."""
        turn = self.book.current
        if turn is not None and turn.route != "control":
            self.book.void()  # a spoken command to stop is a turn itself, and may say that it was understood
        self.voice.cut(now, keep=False)
        self.voice.answers.drop()
        self.voice.forget_announcements()
        self.surroundings.calm()
        self._hush.stops.append(stop)
        self._hush.want(now)
        return self._advanced(now)

    def errand(self, command: Native | Wake | Play | Pause, now: float) -> list[Effect]:
        """Something for XiaoAI or the player, done as soon as nothing is being spoken."""
        match command:
            case Native(text=text, silent=silent):
                order: Command = Execute(text, silent)
            case Wake():
                order = WakeUp()
            case Play():
                order = Resume()
            case Pause():
                order = self.routine.silence_order()
        self.surroundings.calm()  # whoever asks for this decides about the music as well
        self.routine.errands.add(Errand(order, command))
        return self._advanced(now)

    def set_volume(self, command: SetVolume, now: float) -> list[Effect]:
        """Volume in percent; while a message is spoken at a volume of its own, it holds after that."""
        if self.surroundings.usual_volume is not None:
            self.surroundings.usual_volume = command.value
            self.routine.answer(command, None)
        else:
            self.routine.errands.add(Errand(SetVolumeOrder(command.value), command, is_prompt=True))
        return self._advanced(now)

    # what came of it

    def outcome(self, ticket: int, outcome: Outcome, now: float) -> list[Effect]:
        """What came of a command."""
        flight = self.routine.landed(ticket, outcome, now)
        if flight is not None and not self.voice.outcome(ticket, outcome, now) and outcome.is_done:
            # Silence had overtaken this request, which was taken after all.
            current = self.voice.current
            if flight.was_overtaken and (current is None or not current.may_sound):
                self._hush.want(now)
        return self._advanced(now)

    def looked(self, asked_at: float, status: PlayStatus | None, now: float) -> list[Effect]:
        """The answer to a `Look`; None: there was none."""
        if status is None:
            self.pacer.poll_failed()
            return self._advanced(now)
        is_speech = None if status.is_playing is None else status.is_playing and status.media_type is None
        self.pacer.sampled(Sample(asked_at, is_speech))
        self.surroundings.seen(status, asked_at)
        self.routine.looked(asked_at)
        self._hush.seen(asked_at, now, is_speech=bool(is_speech))
        return self._advanced(now)

    def handed_over(self, utterance: str, error: str | None, now: float) -> list[Effect]:
        """What came of an utterance that the stand-in got."""
        self.voice.handed_over(utterance, error, now)
        return self._advanced(now)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        return self._advanced(now)

    # turns

    def _take(self, sentence: Sentence, now: float) -> None:
        self.routine.progress_at = now
        self.voice.hear(sentence)

    def _opened(self, turn: Turn, now: float, others: tuple[str, ...], *, was_heard_here: bool, is_first: bool) -> None:
        """A new turn: what belongs to the one before it ends. `is_first`: nobody of us has begun to answer it."""
        sounds = self._hush.at is not None
        current = self.voice.current
        if current is not None and (current.utterance.request is None or was_heard_here):
            # An announcement that somebody talks into is said again after the answer, unless it was told to stop.
            keep = current.utterance.request is not None and turn.route != "control"
            sounds |= self.voice.cut(now, keep=keep)
        self.voice.open(turn.turn, turn.take, others)
        self.voice.must_be_quiet_by = None
        self._hush.dismiss()
        self.routine.looks_until = float("-inf")
        if turn.is_kept_from_xiaoai:
            self.routine.look_at = now
        if turn.is_kept_from_xiaoai and was_heard_here and is_first:
            self._hush.want(now)
            if turn.reason == ANSWER_REASON:
                # Nothing of ours follows that would cut XiaoAI short, and it may not have begun yet.
                self.routine.looks_until = now + _XIAOAI_BEGINS_WITHIN_S
        elif sounds and turn.route == "native" and was_heard_here:
            # XiaoAI's answer, or music, may be on already: only what still speaks is ended.
            self._hush.waits_for_status_since = self.routine.look_at = now
        elif sounds:
            self._hush.want(now)
        if turn.route == "native":
            self.surroundings.calm()

    def _end_answer(self, now: float, *, silence_in_s: float = 0.0) -> None:
        """The answer under way is not spoken any more."""
        current = self.voice.current
        if current is not None and current.utterance.request is None and self.voice.cut(now, keep=False):
            self._hush.want(now + silence_in_s)

    def _advanced(self, now: float) -> list[Effect]:
        return self.routine.advance(now)

    # what it is like

    @property
    def is_speaking(self) -> bool:
        return self.routine.is_speaking

    def is_busy(self, now: float) -> bool:
        """Whether something is open that must not be handed to another instance now."""
        return self.routine.is_busy(now)

    def next_wakeup(self, now: float) -> float | None:
        """When to `tick` at the latest; None: only when something happens."""
        return self.routine.next_wakeup(now)
