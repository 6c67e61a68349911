"""One simulated speaker without clock and sockets: its room, its transcript, and whether the cloud can reach it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .behaviour import BusyAnswer, SpeakerBehaviour
from .conversation import Conversation, NativeAnswer, Record
from .faults import RequestKind
from .home import SimulatedSpeaker
from .journal import Event, PresenceChanged, QuestionSaid, RecordVisible, RefusalReason, SpeechPath, SpeechRefused
from .models import HardwareModel, model_of
from .play_status import ReportedStatus
from .room import Room

__all__ = ["Question", "Speaker", "Unreachable"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something said to the speaker. Delays are seconds from now; None means the speaker's setting.

    `answer_delay_s`: how much later than the record its answer becomes visible. `is_recorded` False: the history never
    shows it, as with the bare wake word.
    """

    text: str
    answer: NativeAnswer | None = None
    publish_delay_s: float | None = None
    native_delay_s: float | None = None
    answer_delay_s: float = 0.0
    is_recorded: bool = True
    is_answered_aloud: bool = True


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a request does not get through to the speaker, and how the cloud says so."""

    reason: RefusalReason
    answer: BusyAnswer


@dataclass(slots=True)
class _Busy:
    answer: BusyAnswer
    only: frozenset[RequestKind]
    calls: int | None = None
    until: float = float("inf")

    def holds(self, now: float, kind: RequestKind) -> bool:
        return (self.calls is None or self.calls > 0) and now < self.until and (not self.only or kind in self.only)


@dataclass(slots=True)
class Speaker:
    """All calls take `now` in monotonic seconds; events go to `note`."""

    spec: SimulatedSpeaker
    note: Callable[[Event], None]
    rng: random.Random
    behaviour: SpeakerBehaviour = field(init=False)
    model: HardwareModel = field(init=False)
    room: Room = field(init=False)
    conversation: Conversation = field(default_factory=Conversation)
    is_online: bool = field(init=False)
    _announcements: list[RecordVisible] = field(default_factory=list)
    _busy: _Busy | None = None

    def __post_init__(self) -> None:
        self.model = model_of(self.spec.hardware)
        self.behaviour = self.spec.behaviour()
        self.is_online = self.spec.is_online
        self.room = Room(self.note, self.behaviour, volume=self.spec.volume, minimum_volume=self.model.minimum_volume)

    # Time

    def advance(self, now: float) -> None:
        """Let everything happen that is due until `now`, in order."""
        while (due := self.next_due()) is not None and due <= now:
            if self._announcements and self._announcements[0].at <= due:
                self.note(self._announcements.pop(0))
            else:
                self.room.advance(due)
        self.room.advance(now)

    def next_due(self) -> float | None:
        """When something will happen by itself; None: never."""
        dues = [self.room.next_due(), self._announcements[0].at if self._announcements else None]
        return min((due for due in dues if due is not None), default=None)

    # What people do

    def say(self, now: float, time_ms: int, question: Question) -> Record:
        """A person says something to the speaker; `time_ms` is the stamp of its record."""
        self.advance(now)
        self.room.hear_question(now)
        self.note(QuestionSaid(now, question.text, time_ms))
        if not self.is_online:
            # Without a network the question never gets to the cloud, and no answer back.
            question = replace(question, is_recorded=False, is_answered_aloud=False)
        return self._converse(now, time_ms, question)

    def execute(self, now: float, time_ms: int, text: str, *, silent: bool) -> Record:
        """A client lets XiaoAI act on `text` as if it had been said."""
        self.advance(now)
        self.room.execute(now, text, silent=silent)
        return self._converse(now, time_ms, Question(text, is_answered_aloud=not silent))

    def _converse(self, now: float, time_ms: int, question: Question) -> Record:
        rules = self.behaviour
        answer = question.answer or NativeAnswer(rules.native_kind, rules.native_text, rules.native_duration_s)
        visible_at = now + _first(question.publish_delay_s, rules.publish_delay_s)
        answered_at = visible_at + max(0.0, question.answer_delay_s)
        record = Record(time_ms, self.rng.randbytes(16).hex(), question.text, answer, visible_at, answered_at)
        if question.is_recorded:
            self.conversation.add(record)
            self._announce(RecordVisible(visible_at, record.query, record.request_id, answered_at == visible_at))
            if answered_at > visible_at:
                self._announce(RecordVisible(answered_at, record.query, record.request_id, True))
        if question.is_answered_aloud:
            self.room.answer_natively(now, answer, _first(question.native_delay_s, rules.native_delay_s))
        return record

    def _announce(self, event: RecordVisible) -> None:
        self._announcements.append(event)
        self._announcements.sort(key=lambda waiting: waiting.at)

    # What clients do

    def reach(self, now: float, kind: RequestKind) -> Unreachable | None:
        """Try to get a request through; a busy speaker counts it."""
        self.advance(now)
        found = self.obstacle(now, kind)
        if found is not None and self._busy is not None and self._busy.calls and found.reason is RefusalReason.BUSY:
            self._busy.calls -= 1
        return found

    def obstacle(self, now: float, kind: RequestKind) -> Unreachable | None:
        """What would stop a request of this kind now; asking does not count."""
        if not self.is_online:
            return Unreachable(RefusalReason.OFFLINE, BusyAnswer.TIMEOUT)
        if self._busy is not None and self._busy.holds(now, kind):
            return Unreachable(RefusalReason.BUSY, self._busy.answer)
        return None

    def speak(self, now: float, text: str, path: SpeechPath) -> RefusalReason | None:
        """Take a text for speaking; returns why it will not be heard."""
        self.advance(now)
        return self.room.speak(now, text, path)

    def refuse(self, now: float, text: str, path: SpeechPath, reason: RefusalReason) -> None:
        """Note a text that did not get through to the speaker."""
        self.advance(now)
        self.note(SpeechRefused(now, text, path, reason))

    def status(self, now: float) -> ReportedStatus:
        """The play status as this model reports it."""
        self.advance(now)
        return self.room.status.reported(now, self.behaviour.status_lag_s, self.behaviour.status_quirk)

    # Settings

    def configure(self, now: float, changes: dict[str, object]) -> None:
        """Change settings from now on. Raises pydantic's ValidationError; then nothing is changed."""
        behaviour = self.behaviour.changed(changes)
        self.advance(now)
        self.behaviour = self.room.behaviour = behaviour

    def be_busy(
        self,
        now: float,
        *,
        calls: int | None = None,
        for_s: float | None = None,
        answer: BusyAnswer | None = None,
        only: frozenset[RequestKind] = frozenset(),
    ) -> None:
        """Refuse the next `calls` requests, or all for `for_s` seconds; with both, whichever ends first.

        `only`: the kinds of request that are refused (empty: all that reach the speaker). Raises ValueError without
        `calls` and `for_s`, which would be for ever.
        """
        if calls is None and for_s is None:
            raise ValueError("say for how many calls or for how many seconds the speaker is busy")
        until = float("inf") if for_s is None else now + for_s
        self._busy = _Busy(answer or self.behaviour.busy_answer, only, calls, until)

    def set_online(self, now: float, *, is_online: bool) -> None:
        """Bring the speaker into or out of the cloud's reach; going offline silences it."""
        self.advance(now)
        if is_online == self.is_online:
            return
        self.is_online = is_online
        if not is_online:
            self.room.fall_silent(now)
        self.note(PresenceChanged(now, is_online))


def _first(given: float | None, default: float) -> float:
    return default if given is None else given
