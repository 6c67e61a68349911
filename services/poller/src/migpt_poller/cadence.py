"""When the transcript of one speaker is read: how attentive the poller is, and the grid on which requests start.

Times are seconds of a monotonic clock unless said otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from migpt_shared.settings.hearing import HearingSettings

#: An answer of which neither an end nor anything else is reported is taken for ended after so long.
_LONGEST_SILENCE_OF_AN_ANSWER_S = 60.0

#: A request that starts later than this share of the interval moves the grid instead of keeping it.
_KEPT_LATENESS = 0.25


class Pace(StrEnum):
    """How attentive the poller is to a speaker."""

    HOT = "hot"
    WARM = "warm"
    IDLE = "idle"
    NIGHT = "night"


@dataclass(slots=True)
class Attention:
    """How much reason there is to expect speech at one speaker."""

    settings: HearingSettings
    #: When somebody last spoke, or when listening began.
    last_activity: float
    _hot_until: float = field(default=-math.inf, init=False)

    def person_spoke(self, now: float) -> None:
        """An utterance was heard, or one was accepted for an answer."""
        self._keep_hot(now + self.settings.hot_for_s, now)

    def answer_is_spoken(self, now: float) -> None:
        """Speech of ours is on its way or sounds: it may be interrupted at any moment."""
        self._keep_hot(now + _LONGEST_SILENCE_OF_AN_ANSWER_S + self.settings.hot_for_s, now)

    def answer_ended(self, now: float) -> None:
        """Speech of ours, or a whole turn, has ended: people talk back now."""
        self._hot_until = -math.inf
        self._keep_hot(now + self.settings.hot_for_s, now)

    def pace(self, now: float, local: time) -> Pace:
        """The pace at `now`, which is `local` on the wall clock of the household."""
        if now < self._hot_until:
            return Pace.HOT
        if now < self._hot_until + self.settings.warm_for_s:
            return Pace.WARM
        quiet_s = now - self.last_activity
        is_night = quiet_s >= self.settings.night_after_s and is_within(
            local, self.settings.night_from, self.settings.night_to
        )
        return Pace.NIGHT if is_night or quiet_s >= self.settings.quiet_after_s else Pace.IDLE

    def _keep_hot(self, until: float, now: float) -> None:
        self._hot_until = max(self._hot_until, until)
        self.last_activity = now


def is_within(moment: time, begin: time, end: time) -> bool:
    """Whether a time of day lies in [begin, end), which may go past midnight; equal ends mean never."""
    if begin <= end:
        return begin <= moment < end
    return moment >= begin or moment < end


def pace_interval_s(settings: HearingSettings, pace: Pace) -> float:
    """The configured interval of a pace, before the budget stretches it."""
    match pace:
        case Pace.HOT:
            return settings.hot_interval_s
        case Pace.WARM:
            return settings.warm_interval_s
        case Pace.IDLE:
            return settings.idle_interval_s
        case Pace.NIGHT:
            return settings.night_interval_s


@dataclass(slots=True)
class PollGrid:
    """The grid on which requests start, so that the interval holds from start to start, however long each takes.

    A start that is a little late keeps the grid; a start that is really late (the request before took longer than
    the interval) begins a new one, so that nothing is caught up in a burst.
    """

    _last_start: float | None = field(default=None, init=False)

    def due(self, interval_s: float) -> float:
        """When the next request starts; minus infinity before the first. A shorter interval takes effect at once."""
        return -math.inf if self._last_start is None else self._last_start + interval_s

    def begin(self, now: float, interval_s: float) -> None:
        """A request starts now."""
        due = self.due(interval_s)
        is_on_grid = due <= now <= due + _KEPT_LATENESS * interval_s
        self._last_start = due if is_on_grid else now
