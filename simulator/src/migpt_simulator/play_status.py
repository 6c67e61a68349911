"""The play status as the speaker reports it: late, and wrong in the ways of its model."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from .models import StatusQuirk

__all__ = ["MediaType", "PlayState", "ReportedStatus", "StatusLog"]


class PlayState(IntEnum):
    """The `status` field."""

    IDLE = 0
    PLAYING = 1
    PAUSED = 2


class MediaType(IntEnum):
    """The `media_type` field; absent while it speaks."""

    MUSIC = 3


@dataclass(frozen=True, slots=True)
class ReportedStatus:
    """What a status request answers; `state` None: the answer has no `status` field."""

    state: PlayState | None
    media_type: MediaType | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    at: float
    status: ReportedStatus


@dataclass(slots=True)
class StatusLog:
    """What the speaker did and when, so that it can be reported late. The last 200 changes are kept."""

    _changes: deque[_Change] = field(default_factory=lambda: deque(maxlen=200))

    def add(self, at: float, state: PlayState, media_type: MediaType | None = None, title: str | None = None) -> None:
        self._changes.append(_Change(at, ReportedStatus(state, media_type, title)))

    def paused(self, at: float, quirk: StatusQuirk) -> None:
        """A pause ended something; some models go on saying "playing"."""
        if quirk in (StatusQuirk.PLAYING_AFTER_PAUSE, StatusQuirk.PLAYING_AFTER_PAUSE_AND_STOP):
            self.add(at, PlayState.PLAYING)

    def stopped(self, at: float, quirk: StatusQuirk) -> None:
        """A stop ended something; of the models with a wrong pause some say "paused" now, some still "playing"."""
        if quirk is StatusQuirk.PLAYING_AFTER_PAUSE_AND_STOP:
            self.add(at, PlayState.PLAYING)
        elif quirk is StatusQuirk.PLAYING_AFTER_PAUSE:
            self.add(at, PlayState.PAUSED)

    def reported(self, now: float, lag_s: float, quirk: StatusQuirk) -> ReportedStatus:
        """The status as a request at `now` sees it."""
        seen = ReportedStatus(PlayState.IDLE)
        has_played = False
        for change in self._changes:
            if change.at > now - lag_s:
                break
            seen = change.status
            has_played = has_played or seen.state is PlayState.PLAYING
        match quirk:
            case StatusQuirk.ABSENT:
                return ReportedStatus(None)
            case StatusQuirk.NEVER_PLAYING:
                return ReportedStatus(PlayState.IDLE)
            case StatusQuirk.STUCK_PLAYING if has_played:
                return ReportedStatus(PlayState.PLAYING, seen.media_type, seen.title)
            case StatusQuirk.IDLE_IN_SPEECH if seen.state is PlayState.PLAYING and seen.media_type is None:
                return ReportedStatus(PlayState.IDLE)
        return seen
