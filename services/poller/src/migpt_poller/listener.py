"""What is heard at one speaker: from pages of its transcript, and what else goes on there, to messages to publish.

Without clock or network: times are monotonic seconds handed in.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from migpt_poller.cadence import Attention
from migpt_poller.catch_up import CatchUp
from migpt_poller.cloud_clock import CloudClock
from migpt_poller.deliveries import LONGEST_AGE_S, Deliveries
from migpt_poller.echo_guard import WAKE_WORDS, EchoGuard
from migpt_poller.heard_ids import heard_of
from migpt_poller.transcript import Bookmark, NewRecord, Transcript
from migpt_shared.messages import Heard, Native, Speech, Turn, Wake
from migpt_shared.settings.hearing import HearingSettings
from migpt_shared.xiaomi import HistoryPage, Record

#: How long a record without an answer is watched for one, seconds.
ANSWER_WATCH_S = 6.0

_DELAYS_KEPT = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look at the transcript brought, oldest first.

    `heard`: new utterances to tell. `amended`: told ones that now have XiaoAI's answer. `missed`: utterances too old to
    be answered. `echoes`: what was our own speech. `is_moved`: the bookmark has changed.
    """

    heard: tuple[Heard, ...] = ()
    amended: tuple[Heard, ...] = ()
    missed: tuple[Heard, ...] = ()
    echoes: tuple[Heard, ...] = ()
    is_moved: bool = False


class Listener:
    """The ear at one speaker."""

    def __init__(self, device_id: str, settings: HearingSettings, clock: CloudClock, now: float) -> None:
        self.attention = Attention(settings, last_activity=now)
        self.deliveries = Deliveries()
        self.last_heard: str | None = None
        self.missed = 0
        self._device_id = device_id
        self._settings = settings
        self._clock = clock
        self._transcript = Transcript(device_id)
        self._echoes = EchoGuard()
        self._watched_until: dict[str, float] = {}
        self._delays_s: deque[float] = deque(maxlen=_DELAYS_KEPT)
        self._last_read: float | None = None

    def resume(self, bookmark: Bookmark | None, now: float) -> None:
        """Begin to read the transcript from there; None: from its end as it is at the first look."""
        self._transcript = Transcript(self._device_id, bookmark)
        self._last_read = None
        self.attention.last_activity = now

    @property
    def bookmark(self) -> Bookmark | None:
        """How far the transcript has been read; None before the first page."""
        return self._transcript.bookmark

    @property
    def transcript_delay_p50_s(self) -> float | None:
        """Median time from an utterance to its being seen here, seconds; None before the first."""
        return round(statistics.median(self._delays_s), 2) if self._delays_s else None

    def look(self) -> CatchUp:
        """Begin to look at the transcript: the pages to ask for."""
        return CatchUp(self._transcript, self._settings.history_limit)

    def page_came(self, look: CatchUp, page: HistoryPage, now: float) -> None:
        """A page that `look` had asked for came at `now`."""
        if page.cloud_now_ms is not None:
            self._clock.observe(page.cloud_now_ms, now)
            self._transcript.distrust_future(self._clock.now_ms(now))
        look.add(page)

    def read(self, look: CatchUp, now: float) -> Reading:
        """What the pages hold that is news. They count as read from here on."""
        before = self._transcript.bookmark
        new = self._transcript.take(look.records, self._settings.history_limit, self._clock.now_ms(now))
        amended = self._amended(look.records, now)
        heard: list[Heard] = []
        missed: list[Heard] = []
        echoes: list[Heard] = []
        for one in new:
            message = heard_of(one.utterance_id, one.record)
            if message is None or self.deliveries.is_answered(message.id):
                continue
            age_s = self._age_s(one.record, now)
            if age_s > LONGEST_AGE_S:
                missed.append(message)
            elif self._echoes.swallows(message.text, now):
                echoes.append(message)
            else:
                heard.append(self._tell(one, message, age_s, now))
        self.missed += len(missed)
        self._last_read = now
        is_moved = self._transcript.bookmark != before
        return Reading(tuple(heard), amended, tuple(missed), tuple(echoes), is_moved)

    def turn(self, turn: Turn, now: float, *, retained: bool) -> None:
        """A brain told of a turn at this speaker."""
        self.deliveries.turn_seen(turn.turn)
        if retained:
            return
        if turn.phase == "speaking":
            self.attention.answer_is_spoken(now)
        elif turn.is_open:
            self.attention.person_spoke(now)
        else:
            self.attention.answer_ended(now)

    def speech(self, speech: Speech, now: float) -> None:
        """The speaker service told of an utterance of ours at this speaker."""
        if speech.phase in ("failed", "expired"):
            self._echoes.was_not_said(speech.utterance)
        else:
            self._echoes.sent(speech.utterance, speech.text, now)
        if speech.phase in ("requested", "retrying", "speaking"):
            self.attention.answer_is_spoken(now)
        else:
            self.attention.answer_ended(now)

    def commanded(self, command: Native | Wake, now: float) -> None:
        """XiaoAI was told to do something; the transcript will show it as if a person had said so."""
        self._echoes.sent(command.id, command.text if isinstance(command, Native) else WAKE_WORDS, now)

    def _tell(self, one: NewRecord, message: Heard, age_s: float, now: float) -> Heard:
        self.attention.person_spoke(now)
        self._delays_s.append(max(age_s, 0.0))
        self.last_heard = message.text
        if not one.record.answers:
            self._watched_until[one.utterance_id] = now + ANSWER_WATCH_S
        return self.deliveries.told(message, now, age_s)

    def _amended(self, records: Sequence[Record], now: float) -> tuple[Heard, ...]:
        for utterance_id in [key for key, until in self._watched_until.items() if until <= now]:
            del self._watched_until[utterance_id]
        if not self._watched_until:
            return ()
        amended: list[Heard] = []
        for record in reversed(records):
            utterance_id = self._transcript.id_of(record)
            if record.answers and self._watched_until.pop(utterance_id, None) is not None:
                message = heard_of(utterance_id, record)
                if message is not None:
                    self.deliveries.amend(message)
                    amended.append(message)
        return tuple(amended)

    def _age_s(self, record: Record, now: float) -> float:
        age_s = self._clock.age_s(record.time_ms, now)
        if age_s is not None:
            return age_s
        # The cloud gave no date yet. What was not there at the last look is no older than that; else, nobody knows.
        return LONGEST_AGE_S + 1 if self._last_read is None else now - self._last_read
