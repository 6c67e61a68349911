"""A speaker in simulated time: what it plays when, what it does with a request while it plays, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

Overlap = Literal["cut", "queue", "refuse"]


@dataclass(slots=True)
class Played:
    text: str
    start: float
    end: float
    is_native: bool = False
    is_music: bool = False
    was_cut: bool = False


@dataclass(slots=True)
class SpeakerModel:
    seconds_per_character: float = 0.2
    onset_s: float = 0.3
    lag_s: float = 0.0
    overlap: Overlap = "cut"
    counts_marks: bool = True
    status: Literal["right", "never", "stuck", "absent"] = "right"
    pause_works: bool = True
    played: list[Played] = field(default_factory=list)
    busy_times: int = 0
    volume: int = 30
    volumes: list[int] = field(default_factory=list)

    def duration_s(self, text: str) -> float:
        spoken = len(text) if self.counts_marks else sum(character.isalnum() for character in text)
        return spoken * self.seconds_per_character

    def speak(self, text: str, at: float) -> bool:
        """False: busy."""
        if self.busy_times:
            self.busy_times -= 1
            return False
        start = at + self.onset_s
        last = self.played[-1] if self.played else None
        if last is not None and at < last.end and not last.is_music:
            if self.overlap == "refuse":
                return False
            if self.overlap == "queue":
                start = max(start, last.end + self.onset_s)
            else:
                last.end = max(at, last.start)
                last.was_cut = True
        elif last is not None and at < last.end:
            last.end = at
        self.played.append(Played(text, start, start + self.duration_s(text)))
        return True

    def native(self, at: float, lasts_s: float, *, is_music: bool = False) -> None:
        self.played.append(Played("native", at, at + lasts_s, is_native=True, is_music=is_music))

    def silence(self, at: float) -> None:
        if not self.pause_works:
            return
        for played in self.played:
            is_to_come = played.is_native and at < played.start
            if at < played.end and not is_to_come:
                played.end = max(at, played.start)
                played.was_cut = True

    def shows(self, at: float) -> tuple[bool | None, bool]:
        """(playing, music) as the status tells at this moment."""
        moment = at - self.lag_s
        now = [played for played in self.played if played.start <= moment < played.end]
        if self.status == "absent":
            return None, False
        if self.status == "never":
            return False, False
        if self.status == "stuck":
            return any(played.start <= moment for played in self.played), False
        return bool(now), bool(now) and now[-1].is_music

    def heard(self) -> list[Played]:
        """What of ours could be heard, in order of time."""
        return [played for played in self.played if not played.is_native and played.end > played.start]

    def gaps_s(self) -> list[float]:
        heard = self.heard()
        return [after.start - before.end for before, after in pairwise(heard)]
