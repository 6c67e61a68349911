"""One utterance between its request and its last sound: when it should begin and end, and when to look."""

from __future__ import annotations

import math
from dataclasses import dataclass

from migpt_speaker.knowledge import Knowledge
from migpt_speaker.speaking_rate import Extent
from migpt_speaker.status_trace import Edge

__all__ = ["Span"]

#: Far from any expected change, seconds between two polls.
_CALM_POLL_S = 0.45
#: Near the end: a poll takes about 40 ms, so these overlap.
_FINEST_POLL_S = 0.015
_COARSEST_POLL_S = 0.06
_ONSET_POLL_S = 0.05
_EARLY_POLL_S = 0.25
_OVERDUE_POLL_S = 0.1
#: A request without an answer for so long may be hanging while the speaker already speaks.
_HANGING_S = 0.5
#: The speaker shows nothing for so long after it accepted: it did not speak, or its status never says so.
_NO_SHOW_S = 3.5
_NO_SHOW_OF_KNOWN_S = 1.2
#: So many answers without speech, and it was not spoken.
_DENIALS = 3
#: With a late status an end is predicted rather than awaited only if it is known this well (standard deviation).
_CONFIDENT_SPREAD_S = 0.18
_LEAST_MARGIN_S = 0.12
_MOST_MARGIN_S = 0.4


@dataclass(slots=True)
class Span:
    """Moments are seconds of the monotonic clock. Edges are moments of the status, which may lag behind the sound."""

    extent: Extent
    sent_at: float
    accepted_at: float | None = None
    began: Edge | None = None
    quiet: Edge | None = None
    doubted_until: float = float("-inf")
    """until then it may turn out that what was seen in the status was something else"""
    has_ignored_speech: bool = False
    """speech began in the status after the request, too soon for a status as late as this one"""
    answered: int = 0
    """usable status answers since it should have been heard"""
    looked_at: float | None = None
    unseen_s: float = 0.0
    """the longest time between two usable status answers"""
    blank: int = 0
    """answers without a usable status since then"""

    @property
    def _known_from(self) -> float:
        return self.sent_at if self.accepted_at is None else self.accepted_at

    def status_start(self, knowledge: Knowledge) -> float:
        """When its beginning is expected in the status."""
        return self._known_from + knowledge.onset_s

    def status_end(self, knowledge: Knowledge) -> float:
        """When its end is expected in the status."""
        began = self.began.middle if self.began is not None else self.status_start(knowledge)
        return began + knowledge.predict(self.extent).duration_s

    def measured_end(self, knowledge: Knowledge, silent_at: float) -> float | None:
        """When the status showed its end, as of a status of `silent_at` that shows silence; None: not credible yet."""
        if self.began is None or self.quiet is None or silent_at < self.doubted_until:
            return None
        if silent_at < self.began.after + self.extent.least_s:
            return None
        prediction = knowledge.predict(self.extent)
        is_expected = self.quiet.by >= self.began.by + prediction.duration_s - max(0.15, 3 * prediction.spread_s)
        is_confirmed = silent_at >= self.quiet.by + _COARSEST_POLL_S
        return self.quiet.by if is_expected or is_confirmed else None

    def predicted_end(self, knowledge: Knowledge) -> float | None:
        """With a late status: when the sound has ended, with a margin; None while that is too uncertain."""
        if not knowledge.has_late_status:
            return None
        prediction = knowledge.predict(self.extent)
        if self.began is not None:
            began, spread_s = self.began.by - knowledge.lag_s, prediction.spread_s
        else:
            began = self._known_from + knowledge.sound_onset_s
            spread_s = math.hypot(prediction.spread_s, knowledge.onset_spread_s)
        if spread_s > _CONFIDENT_SPREAD_S:
            return None
        return began + prediction.duration_s + min(_MOST_MARGIN_S, _LEAST_MARGIN_S + 2 * spread_s)

    def blind_end(self, knowledge: Knowledge) -> float:
        """Without a status: an end that leaves room for a slow voice."""
        prediction = knowledge.predict(self.extent)
        margin_s = 1.3 * prediction.spread_s + 0.2
        return self._known_from + knowledge.sound_onset_s + prediction.duration_s + margin_s

    def no_show_at(self, knowledge: Knowledge) -> float:
        """When it is clear that the status does not show it."""
        if self.answered == 0:
            # Nobody said that the speaker is silent: give it the time that it may take.
            return max(self._known_from + _NO_SHOW_S, self.blind_end(knowledge))
        if knowledge.status_is_usable and knowledge.onsets >= 2:
            return self.status_start(knowledge) + max(_NO_SHOW_OF_KNOWN_S, 6 * knowledge.onset_spread_s)
        return self._known_from + _NO_SHOW_S

    def looked(self, asked_at: float, knowledge: Knowledge, *, is_usable: bool) -> None:
        """A status answer to a question of this moment."""
        is_due = asked_at >= self.status_start(knowledge)
        if not is_usable:
            self.blank += is_due
            return
        self.answered += is_due
        since = self._known_from if self.looked_at is None else self.looked_at
        self.unseen_s = max(self.unseen_s, asked_at - since)
        self.looked_at = max(since, asked_at)

    def was_denied(self, knowledge: Knowledge) -> bool:
        """Whether the status, asked closely enough, said all the time that nothing is spoken."""
        if self.answered < _DENIALS or self.has_ignored_speech:
            return False
        return self.unseen_s < knowledge.predict(self.extent).duration_s / 2

    def bound(self, knowledge: Knowledge) -> float:
        """It is over by then, whatever the status says."""
        began = self.began.by if self.began is not None else self.status_start(knowledge)
        prediction = knowledge.predict(self.extent)
        return began + 1.5 * prediction.duration_s + 2 * prediction.spread_s + 3.0

    def next_poll_at(self, knowledge: Knowledge, polled_at: float, now: float, *, pause_is_unseen: bool) -> float:
        """When to ask for the status, `polled_at` being the last time."""
        if self.accepted_at is None:
            return max(polled_at + 0.2, self.sent_at + _HANGING_S)
        if self.began is None:
            start = self.status_start(knowledge)
            if now > start + 0.8:
                return polled_at + _OVERDUE_POLL_S
            near = max(polled_at + _ONSET_POLL_S, start - max(0.1, 3 * knowledge.onset_spread_s))
            # It may begin sooner than usual; and what shows first may be the pause before it.
            early_s = _ONSET_POLL_S if pause_is_unseen else _EARLY_POLL_S
            return min(near, max(polled_at + early_s, self.accepted_at + early_s))
        if self.quiet is not None:
            return polled_at + _COARSEST_POLL_S
        end, spread_s = self.status_end(knowledge), knowledge.predict(self.extent).spread_s
        near_s = max(0.06, 2.5 * spread_s)
        if now > end + 2 * near_s + 0.5:
            interval_s = _OVERDUE_POLL_S
        elif knowledge.has_late_status:
            interval_s = _ONSET_POLL_S
        else:
            interval_s = max(_FINEST_POLL_S, min(_COARSEST_POLL_S, spread_s / 5))
        return min(polled_at + _CALM_POLL_S, max(polled_at + interval_s, end - near_s))
