"""The requests that an account may make in a day, and how intervals stretch so that they last until midnight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time

from migpt_poller.cadence import Pace, pace_interval_s
from migpt_shared.settings.hearing import HearingSettings

_DAY_S = 86_400.0

#: Intervals are never stretched beyond this: hearing does not stop, even with nothing left.
LONGEST_STRETCHED_INTERVAL_S = 5.0

#: Up to this pressure only the quiet intervals give way, so that conversations stay quick.
_PRESSURE_FELT_IN_CONVERSATION = 1.5


@dataclass(slots=True)
class RequestBudget:
    """Counts one account's requests of the day, speaker by speaker, as far as this process makes them.

    `speakers_in_account` is the number of all its speakers: each brings an equal share of the account's allowance,
    so that several pollers that divide the speakers among them keep within it together.
    """

    settings: HearingSettings
    speakers_in_account: int = 0
    _day: date | None = field(default=None, init=False)
    _used: dict[str, int] = field(default_factory=dict, init=False)

    def take_over(self, speaker: str, day: date, used: int, today: date) -> None:
        """This process now polls a speaker that had made so many requests on that day."""
        self._turn_to(today)
        self._used[speaker] = max(self._used.get(speaker, 0), used) if day == today else self._used.get(speaker, 0)

    def hand_over(self, speaker: str) -> None:
        """This process no longer polls the speaker."""
        self._used.pop(speaker, None)

    def spend(self, speaker: str, today: date, requests: int = 1) -> None:
        """The speaker's polling makes a request."""
        self._turn_to(today)
        self._used[speaker] = self._used.get(speaker, 0) + requests

    def used(self, speaker: str, today: date) -> int:
        """Requests made for the speaker today."""
        self._turn_to(today)
        return self._used.get(speaker, 0)

    @property
    def per_speaker(self) -> int:
        """One speaker's share of what the account may make in a day."""
        if self.speakers_in_account < 1:
            return self.settings.requests_per_day_first_speaker
        return self.settings.requests_per_day(self.speakers_in_account) // self.speakers_in_account

    def pressure(self, local: datetime) -> float:
        """What quiet polling needs until midnight, divided by what is left: above 1, intervals must stretch."""
        self._turn_to(local.date())
        polled = len(self._used)
        left = self.per_speaker * polled - sum(self._used.values())
        return quiet_requests_until_midnight(self.settings, local.time()) * polled / max(left, 1)

    def _turn_to(self, today: date) -> None:
        if self._day != today:
            self._day = today
            self._used = dict.fromkeys(self._used, 0)


def quiet_requests_until_midnight(settings: HearingSettings, local: time) -> float:
    """Requests that one speaker takes from `local` to midnight when nobody speaks: idle by day, night by night."""
    now_s = _seconds(local)
    night_s = sum(
        max(0.0, end - max(begin, now_s))
        for begin, end in _spans(_seconds(settings.night_from), _seconds(settings.night_to))
    )
    day_s = _DAY_S - now_s - night_s
    return day_s / settings.idle_interval_s + night_s / settings.night_interval_s


def stretched_interval_s(settings: HearingSettings, pace: Pace, pressure: float) -> float:
    """The interval of a pace under pressure (see `RequestBudget.pressure`), seconds.

    Quiet intervals grow with the pressure; those of a conversation give way later and then steadily, until at 5 s
    all are the same. An interval that is configured longer than 5 s is kept.
    """
    interval_s = pace_interval_s(settings, pace)
    limit_s = max(LONGEST_STRETCHED_INTERVAL_S, interval_s)
    if pace in (Pace.IDLE, Pace.NIGHT):
        return min(limit_s, interval_s * max(1.0, pressure))
    limit_pressure = max(LONGEST_STRETCHED_INTERVAL_S / settings.idle_interval_s, 2 * _PRESSURE_FELT_IN_CONVERSATION)
    share = (pressure - _PRESSURE_FELT_IN_CONVERSATION) / (limit_pressure - _PRESSURE_FELT_IN_CONVERSATION)
    return float(interval_s * (limit_s / interval_s) ** min(1.0, max(0.0, share)))


def _seconds(moment: time) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def _spans(begin: float, end: float) -> Iterable[tuple[float, float]]:
    if begin <= end:
        return ((begin, end),)
    return ((0.0, end), (begin, _DAY_S))
