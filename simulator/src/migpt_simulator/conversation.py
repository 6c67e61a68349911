"""The transcript that the cloud keeps of one speaker: which records a client may see at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Conversation", "NativeAnswer", "NativeKind", "Page", "Record"]


class NativeKind(StrEnum):
    """Type of XiaoAI's own answer in a record. AUDIO is a spoken announcement followed by music."""

    TTS = "TTS"
    LLM = "LLM"
    AUDIO = "AUDIO"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class NativeAnswer:
    """XiaoAI's own answer. `duration_s` None: as long as speaking `text` takes; for AUDIO it is the music's length.

    `title` is the piece of music of an AUDIO answer.
    """

    kind: NativeKind = NativeKind.TTS
    text: str = ""
    duration_s: float | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One question of the transcript. The `*_at` are monotonic seconds; `time_ms` is the cloud's wall clock."""

    time_ms: int
    request_id: str
    query: str
    answer: NativeAnswer
    visible_at: float
    answered_at: float


@dataclass(frozen=True, slots=True)
class Page:
    """What one request gets: records newest first, and the time from which the next older page goes on (0: none)."""

    records: tuple[Record, ...]
    next_end_ms: int


@dataclass(slots=True)
class Conversation:
    """All records of one speaker. `capacity` oldest ones are forgotten, as nobody pages back that far."""

    capacity: int = 1000
    _records: list[Record] = field(default_factory=list)

    def add(self, record: Record) -> None:
        self._records.append(record)
        self._records.sort(key=lambda kept: kept.time_ms)
        del self._records[: -self.capacity]

    def page(self, now: float, *, until_ms: int | None, limit: int) -> Page:
        """The newest `limit` records visible at `now` and not newer than `until_ms` (inclusive; None: no bound)."""
        visible = [
            record
            for record in reversed(self._records)
            if record.visible_at <= now and (until_ms is None or record.time_ms <= until_ms)
        ]
        return Page(tuple(visible[:limit]), visible[limit].time_ms if len(visible) > limit else 0)
