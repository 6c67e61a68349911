"""What was really heard in the room of a speaker: the truth that tests and benches measure against.

All times (`at`) are seconds of the monotonic clock (`time.monotonic()`), so that another process on the same Linux
machine can compare them with its own.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

__all__ = [
    "CutBy", "Event", "Executed", "Journal", "MediaEnded", "MediaPaused", "MediaResumed", "MediaStarted",
    "NativeEnded", "NativeStarted", "Paused", "Played", "PresenceChanged", "QuestionSaid", "RecordVisible",
    "RefusalReason", "SoundCut", "SoundEnded", "SoundStarted", "SpeechAccepted", "SpeechPath", "SpeechRefused",
    "Stopped", "VolumeSet", "Woken",
]  # fmt: skip


class SpeechPath(StrEnum):
    """Which interface a text was sent through."""

    MINA = "mina"
    MIOT = "miot"


class CutBy(StrEnum):
    """What ended a sound before its own end."""

    SPEECH = "speech"
    NATIVE = "native"
    QUESTION = "question"
    PAUSE = "pause"
    STOP = "stop"
    OFFLINE = "offline"


class RefusalReason(StrEnum):
    """Why a text was not spoken. The first three are visible to the client, the others are silent."""

    BUSY = "busy"
    SPEAKING = "speaking"
    OFFLINE = "offline"
    TOO_LONG = "too_long"
    SENSITIVE = "sensitive"
    PATH_IS_SILENT = "path_is_silent"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the room at `at` (monotonic seconds)."""

    at: float

    @classmethod
    def kind(cls) -> str:
        """The name on the wire: `SoundStarted` → `sound_started`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def to_json(self) -> dict[str, object]:
        """The event as plain JSON values, with its name under `event`."""
        return {"event": self.kind(), **dataclasses.asdict(self)}


@dataclass(frozen=True, slots=True)
class QuestionSaid(Event):
    """A person said something to the speaker; `time_ms` is the cloud's stamp of the record."""

    text: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class RecordVisible(Event):
    """From now on the conversation history shows the question (`has_answers`: with XiaoAI's answer)."""

    text: str
    request_id: str
    has_answers: bool


@dataclass(frozen=True, slots=True)
class NativeStarted(Event):
    """XiaoAI's own answer begins to sound."""

    text: str


@dataclass(frozen=True, slots=True)
class NativeEnded(Event):
    """XiaoAI's own answer is over after `heard_s` seconds; `cut_by` is None when it came to its own end."""

    text: str
    heard_s: float
    cut_by: CutBy | None


@dataclass(frozen=True, slots=True)
class SpeechAccepted(Event):
    """A TTS text was accepted; `utterance` counts the accepted texts of this speaker from 1."""

    text: str
    path: SpeechPath
    utterance: int


@dataclass(frozen=True, slots=True)
class SpeechRefused(Event):
    """A TTS text will not be heard."""

    text: str
    path: SpeechPath
    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class SoundStarted(Event):
    """The first syllable of an accepted text."""

    text: str
    utterance: int


@dataclass(frozen=True, slots=True)
class SoundEnded(Event):
    """An accepted text was heard to its end."""

    text: str
    utterance: int


@dataclass(frozen=True, slots=True)
class SoundCut(Event):
    """An accepted text was broken off after `chars_heard` characters (0 if it never began)."""

    text: str
    utterance: int
    chars_heard: int
    cut_by: CutBy


@dataclass(frozen=True, slots=True)
class MediaStarted(Event):
    """Music or a URL begins to play."""

    title: str


@dataclass(frozen=True, slots=True)
class MediaPaused(Event):
    """Music stands still and can be resumed with `play`, where the model allows."""

    title: str
    by: CutBy


@dataclass(frozen=True, slots=True)
class MediaResumed(Event):
    """Music goes on where it was paused."""

    title: str


@dataclass(frozen=True, slots=True)
class MediaEnded(Event):
    """Music is over; `cut_by` is None when it came to its own end."""

    title: str
    cut_by: CutBy | None


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """A pause command arrived; `silenced`: it ended a sound."""

    silenced: bool


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """A stop command arrived; `silenced`: it ended a sound."""

    silenced: bool


@dataclass(frozen=True, slots=True)
class Played(Event):
    """A play command arrived; `resumed`: music goes on."""

    resumed: bool


@dataclass(frozen=True, slots=True)
class VolumeSet(Event):
    """The volume is now `volume` (0-100)."""

    volume: int


@dataclass(frozen=True, slots=True)
class Woken(Event):
    """The speaker was woken and listens for `listens_s` seconds."""

    listens_s: float


@dataclass(frozen=True, slots=True)
class Executed(Event):
    """XiaoAI was told to act on a text as if it had been said."""

    text: str
    silent: bool


@dataclass(frozen=True, slots=True)
class PresenceChanged(Event):
    """The speaker came online or went offline."""

    is_online: bool


E = TypeVar("E", bound=Event)


class Journal:
    """Append-only list of the events of one speaker, oldest first."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def append(self, event: Event) -> None:
        self._events.append(event)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def of(self, kind: type[E], *, since: float = float("-inf")) -> list[E]:
        """All events of one class at or after `since` (monotonic seconds)."""
        return [event for event in self._events if isinstance(event, kind) and event.at >= since]

    def last(self, kind: type[E]) -> E | None:
        """The newest event of one class, if any."""
        return next((event for event in reversed(self._events) if isinstance(event, kind)), None)

    def spoken(self, *, since: float = float("-inf")) -> list[str]:
        """The texts that were heard to their end, in order."""
        return [event.text for event in self.of(SoundEnded, since=since)]

    def heard(self, *, since: float = float("-inf")) -> str:
        """All that was heard of accepted texts, cut ones as far as they were heard."""
        parts = []
        for event in self._events:
            if event.at < since:
                continue
            if isinstance(event, SoundEnded):
                parts.append(event.text)
            elif isinstance(event, SoundCut):
                parts.append(event.text[: event.chars_heard])
        return "".join(parts)

    def native_heard_s(self, *, since: float = float("-inf")) -> float:
        """For how many seconds XiaoAI's own answers were heard (finished ones only)."""
        return sum(event.heard_s for event in self.of(NativeEnded, since=since))
