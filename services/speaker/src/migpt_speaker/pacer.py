"""Knows when the utterance being spoken is over, and when to ask the speaker for its status to find out.

No clock and no I/O: moments come in as seconds of one monotonic clock, status answers as samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from migpt_speaker.knowledge import Knowledge, LagEvidence
from migpt_speaker.span import Span
from migpt_speaker.speaking_rate import extent_of
from migpt_speaker.status_trace import Edge, Sample, StatusTrace

__all__ = ["Ending", "Pacer"]

#: Status requests that may be under way at once.
_OVERLAPPING_POLLS = 6
#: How long a pause is watched in the status, and how often.
_SILENCE_WATCH_S = 4.0
_SILENCE_POLL_S = 0.08
_SILENCE_CALM_POLL_S = 0.25
#: Later than this, sound does not start after the request was accepted.
_SLOWEST_SOUND_S = 0.9


@dataclass(frozen=True, slots=True)
class Ending:
    """An utterance is over."""

    at: float
    is_estimated: bool
    """the end was not seen in the status"""
    was_seen: bool
    """speech was seen in the status"""
    was_denied: bool = False
    """the status said again and again that there was none"""


class Pacer:
    """Follows one speaker. Feed it what is sent and what the status says; ask it for `ending` and `next_poll_at`."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._trace = StatusTrace()
        self._span: Span | None = None
        #: An utterance whose end was estimated and may still show in the status.
        self._trailing: Span | None = None
        self._silenced_at = float("-inf")
        self._pause_is_unseen = False
        self._polled_at = float("-inf")
        self._polls_under_way = 0

    # what happens to the speaker

    def sent(self, text: str, now: float) -> None:
        """A TTS request has left."""
        self._span = Span(extent_of(text), now)

    def accepted(self, now: float) -> None:
        """The speaker took the request."""
        if self._span is not None and self._span.accepted_at is None:
            self._span.accepted_at = now

    def dropped(self) -> None:
        """The request failed."""
        self._span = None

    def silenced(self, now: float) -> None:
        """The speaker accepted a pause or stop."""
        self._span = None
        if not (self._pause_is_unseen and now - self._silenced_at < _SILENCE_WATCH_S):
            self._silenced_at = now
        self._pause_is_unseen = True

    def refused(self, now: float) -> None:
        """A request was refused while the utterance before it may still be spoken: its end was expected too soon."""
        span = self._trailing
        if span is not None and span.accepted_at is not None and not self._status_counts:
            self.knowledge = self.knowledge.outlasted(
                span.extent, now - span.accepted_at - self.knowledge.sound_onset_s
            )

    # status

    def poll_started(self, now: float) -> None:
        self._polled_at = now
        self._polls_under_way += 1

    def poll_failed(self) -> None:
        self._polls_under_way -= 1

    def sampled(self, sample: Sample) -> None:
        """A status answer arrived; answers may overtake each other."""
        self._polls_under_way -= 1
        span = self._span
        if span is not None and span.accepted_at is not None:
            span.looked(sample.asked_at, self.knowledge, is_usable=sample.speech is not None)
        edge = self._trace.add(sample)
        if edge is not None:
            if edge.rises:
                self._rose(edge)
            else:
                self._fell(edge)

    @property
    def shows_speech(self) -> bool | None:
        """What the latest status said; None before the first."""
        return self._trace.speech

    @property
    def was_heard(self) -> bool:
        """Whether the present utterance was surely seen in the status, be its request answered or not."""
        span = self._span
        return span is not None and span.began is not None and not self._may_be_the_pause(span, span.began)

    def shows_other_speech(self, now: float) -> bool:
        """Whether the status shows speech that is not ours although a pause was accepted long enough ago."""
        if self._span is not None or not self._status_counts:
            return False
        is_news = self._trace.asked_at >= self._silenced_at + self.knowledge.lag_s + 0.15
        return is_news and now - self._silenced_at < _SILENCE_WATCH_S and self._trace.shows_speech(now)

    # what to do

    def ending(self, now: float) -> Ending | None:
        """The end of the present utterance, once it is over; each end is told once."""
        span = self._span
        if span is None or span.accepted_at is None:
            return None
        ending = self._measured(span) or self._estimated(span, now)
        if ending is None:
            return None
        self._span = None
        self._trailing = span if ending.is_estimated else None
        if not ending.is_estimated:
            self._pause_is_unseen = False
            self._learn(span)
        return ending

    def next_poll_at(self, now: float) -> float | None:
        """When to ask for the status next; None: there is nothing to find out."""
        if not self._status_counts or self._polls_under_way >= _OVERLAPPING_POLLS:
            return None
        due: list[float] = []
        if self._span is not None:
            due.append(self._poll_of(self._span, now))
        elif self._pause_is_unseen and now < self._silenced_at + _SILENCE_WATCH_S:
            is_quiet = self._trace.speech is False and self._trace.asked_at > self._silenced_at
            due.append(self._polled_at + (_SILENCE_CALM_POLL_S if is_quiet else _SILENCE_POLL_S))
        if self._trailing is not None and self.knowledge.has_late_status:
            if now < self._trailing.status_end(self.knowledge) + 1.5:
                due.append(self._poll_of(self._trailing, now))
            else:
                self._trailing = None
        return min(due, default=None)

    def next_wakeup(self, now: float) -> float | None:
        """When `ending` may change without a new sample; None: only through one."""
        span = self._span
        if span is None or span.accepted_at is None:
            return None
        moments = [span.bound(self.knowledge), span.no_show_at(self.knowledge)]
        if (predicted := span.predicted_end(self.knowledge)) is not None:
            moments.append(predicted)
        if not self._status_counts:
            moments.append(span.blind_end(self.knowledge))
        return min((moment for moment in moments if moment > now), default=now + 0.05)

    # placing what the status shows

    @property
    def _status_counts(self) -> bool:
        return self.knowledge.status_is_usable is not False

    def _poll_of(self, span: Span, now: float) -> float:
        return span.next_poll_at(self.knowledge, self._polled_at, now, pause_is_unseen=self._pause_is_unseen)

    def _rose(self, edge: Edge) -> None:
        trailing, span = self._trailing, self._span
        if trailing is not None and not self._precedes(trailing, edge):
            if trailing.began is None and edge.by <= trailing.status_start(self.knowledge) + 0.7:
                trailing.began = edge
                return
            self._trailing = None
        if span is None:
            return
        if self._precedes(span, edge):
            span.has_ignored_speech |= edge.by > span.sent_at
            return
        if span.quiet is not None and span.began is not None and edge.by < span.doubted_until:
            self._saw_pause(span.quiet)  # that was what we had silenced; this is ours
            span.began = None
        if span.began is None:
            earliest = span.sent_at if span.accepted_at is None else span.accepted_at
            span.began = Edge(True, max(edge.after, min(earliest, edge.by)), edge.by)
        span.quiet = None  # if it seemed to be over, it was not
        span.doubted_until = float("-inf")

    def _precedes(self, span: Span, edge: Edge) -> bool:
        """Whether the edge happened before the speaker took our request."""
        since = span.sent_at if span.accepted_at is None else span.accepted_at
        return edge.by < since + self.knowledge.lag_s

    def _fell(self, edge: Edge) -> None:
        trailing, span = self._trailing, self._span
        if trailing is not None and trailing.began is not None:
            trailing.quiet = edge
            self._learn(trailing)
            self._trailing = None
        elif span is not None and span.began is not None:
            span.quiet = edge
            if self._may_be_the_pause(span, span.began):
                # If so, the status is as late as this pause, and ours shows by then.
                span.doubted_until = span.status_start(self.knowledge) + _SLOWEST_SOUND_S + edge.by - self._silenced_at
        elif self._pause_is_unseen and edge.by - self._silenced_at < _SILENCE_WATCH_S:
            self._saw_pause(edge)
        elif span is not None and span.accepted_at is not None and not self.knowledge.has_late_status:
            # Speech without a break since before the request: ours replaced what was there, if it lasted so long.
            start = span.status_start(self.knowledge)
            if edge.by >= start + self.knowledge.predict(span.extent).duration_s / 2:
                span.began, span.quiet = Edge(True, span.accepted_at, start), edge

    def _may_be_the_pause(self, span: Span, began: Edge) -> bool:
        """Whether the speech seen may be what we silenced before, shown late."""
        if not self._pause_is_unseen or span.sent_at - self._silenced_at > _SILENCE_WATCH_S:
            return False
        knowledge = self.knowledge
        if knowledge.onsets == 0:
            return not knowledge.pauses_show_promptly
        return began.by < span.status_start(knowledge) - max(0.25, 4 * knowledge.onset_spread_s)

    def _saw_pause(self, edge: Edge) -> None:
        if edge.by > self._silenced_at:
            least_s = max(0.0, edge.after - self._silenced_at)
            self.knowledge = self.knowledge.silenced(LagEvidence(least_s, edge.by - self._silenced_at))
        self._pause_is_unseen = False

    def _learn(self, span: Span) -> None:
        if span.began is None or span.quiet is None:
            return
        if span.accepted_at is not None and span.began.noise_s < 0.1 and span.began.by > span.accepted_at:
            self.knowledge = self.knowledge.began(span.began.middle - span.accepted_at)
        duration_s = span.quiet.middle - span.began.middle
        noise_s = math.hypot(span.began.noise_s, span.quiet.noise_s)
        prediction = self.knowledge.predict(span.extent)
        # Far shorter than it can be by what is known: somebody ended it.
        shortest_s = prediction.duration_s - max(0.4 * prediction.duration_s, 4 * prediction.spread_s)
        if noise_s < 0.15 and duration_s > shortest_s:
            self.knowledge = self.knowledge.spoke(span.extent, duration_s, noise_s)

    # ends

    def _measured(self, span: Span) -> Ending | None:
        if self._trace.speech is not False:
            return None
        end = span.measured_end(self.knowledge, self._trace.asked_at)
        return None if end is None else Ending(end, False, True)

    def _estimated(self, span: Span, now: float) -> Ending | None:
        predicted = span.predicted_end(self.knowledge)
        if predicted is not None and now >= predicted:
            return Ending(predicted, True, True)
        if not self._status_counts:
            blind_end = span.blind_end(self.knowledge)
            if now < blind_end:
                return None
            self.knowledge = self.knowledge.ended_blind()
            return Ending(blind_end, True, False)
        is_seen = span.began is not None or self._trace.shows_speech(now)
        if not is_seen and now >= span.no_show_at(self.knowledge):
            was_denied = span.was_denied(self.knowledge)
            if span.has_ignored_speech:
                self.knowledge = self.knowledge.without_lag()
            elif not self.knowledge.status_is_usable and (span.blank or was_denied):
                self.knowledge = self.knowledge.no_sense()
            return Ending(now, True, False, was_denied)
        if now >= span.bound(self.knowledge):
            self.knowledge = self.knowledge.no_sense()
            return Ending(now, True, is_seen)
        return None
