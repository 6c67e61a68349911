"""Settings of hearing: how often the transcript is read, and how many requests a day that may take."""

from __future__ import annotations

from datetime import time
from typing import Self

from pydantic import Field, model_validator

from migpt_shared.settings.base import Section


class HearingSettings(Section):
    """How the poller reads the transcript. Intervals are seconds from the start of one request to the next."""

    hot_interval_s: float = Field(
        default=0.1, ge=0.05, le=5, description="interval while an answer is spoken and shortly after it"
    )
    warm_interval_s: float = Field(default=0.4, ge=0.05, le=10, description="interval for a while after that")
    idle_interval_s: float = Field(default=1.0, ge=0.1, le=30, description="interval when nobody is talking")
    night_interval_s: float = Field(
        default=3.0, ge=0.1, le=60, description="interval at night, and when nobody has spoken for long"
    )
    hot_for_s: float = Field(default=15.0, ge=0, le=300, description="how long hot lasts after an answer has ended")
    warm_for_s: float = Field(default=60.0, ge=0, le=3600, description="how long warm lasts after hot")
    quiet_after_s: float = Field(
        default=3600.0, ge=60, description="without speech for so long, the night interval is used by day as well"
    )
    night_from: time = Field(default=time(23, 30), description="when the night begins, local time, such as 23:30")
    night_to: time = Field(
        default=time(6, 30), description="when the night ends, local time; the same as night_from: there is no night"
    )
    night_after_s: float = Field(
        default=600.0, ge=0, description="at night, the night interval begins so long after the last speech"
    )
    requests_per_day_first_speaker: int = Field(
        default=100_000, ge=10_000, le=2_000_000, description="requests a day for the first speaker of an account"
    )
    requests_per_day_further_speaker: int = Field(
        default=50_000, ge=10_000, le=2_000_000, description="requests a day for each further speaker of an account"
    )
    history_limit: int = Field(
        default=3, ge=2, le=20, description="records asked for in each request; more are fetched when all are new"
    )

    presence_every_s: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="how often the account is asked which speakers it has and which are online",
    )

    @model_validator(mode="after")
    def _intervals_ascend(self) -> Self:
        intervals = (self.hot_interval_s, self.warm_interval_s, self.idle_interval_s, self.night_interval_s)
        if list(intervals) != sorted(intervals):
            raise ValueError(
                "the intervals must not get shorter from hot_interval_s over warm_interval_s and idle_interval_s"
                f" to night_interval_s, but they are {', '.join(f'{interval:g}' for interval in intervals)}"
            )
        return self

    def requests_per_day(self, speakers: int) -> int:
        """The requests that an account with so many speakers may make in a day; 0 without speakers."""
        if speakers < 1:
            return 0
        return self.requests_per_day_first_speaker + (speakers - 1) * self.requests_per_day_further_speaker
