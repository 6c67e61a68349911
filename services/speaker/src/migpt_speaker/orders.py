"""What the rules ask of the outside world (orders), and what came of it (outcomes)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migpt_shared.messages import Message
from migpt_shared.xiaomi import SpeakPath
from migpt_speaker.utterance import Utterance

__all__ = [
    "Command",
    "Effect",
    "Execute",
    "HandOver",
    "Look",
    "Outcome",
    "OutcomeKind",
    "Publish",
    "Recall",
    "Resume",
    "Send",
    "SetVolume",
    "Silence",
    "Speak",
    "WakeUp",
]


@dataclass(frozen=True, slots=True)
class Speak:
    text: str
    path: SpeakPath


@dataclass(frozen=True, slots=True)
class Silence:
    """End what sounds. `by_stop`: with `stop`, for models on which `pause` has no effect."""

    by_stop: bool


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with the media that was paused."""


@dataclass(frozen=True, slots=True)
class SetVolume:
    volume: int


@dataclass(frozen=True, slots=True)
class Execute:
    """Let XiaoAI act on a text as if it had been said."""

    text: str
    silent: bool


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Open the microphone as if the wake word had been said."""


Command = Speak | Silence | Resume | SetVolume | Execute | WakeUp


class OutcomeKind(StrEnum):
    DONE = "done"
    BUSY = "busy"
    """the speaker did not take it; it will later"""
    UNCLEAR = "unclear"
    """no usable answer: it may or may not have taken it"""
    OFFLINE = "offline"
    UNSUPPORTED = "unsupported"
    DENIED = "denied"
    """the account is not logged in"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command; `reason` in words for a person, empty when it was done."""

    kind: OutcomeKind
    reason: str = ""

    @property
    def is_done(self) -> bool:
        return self.kind is OutcomeKind.DONE


@dataclass(frozen=True, slots=True)
class Send:
    """Send a command to the speaker; tell its outcome under the same ticket."""

    ticket: int
    command: Command


@dataclass(frozen=True, slots=True)
class Look:
    """Ask for the play status. Any number may be under way at once."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish a message about this speaker."""

    message: Message


@dataclass(frozen=True, slots=True)
class HandOver:
    """Let another speaker of the household speak this; tell what came of it under the utterance's id."""

    utterance: Utterance
    stand_in: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Silence the stand-in."""

    stand_in: str


Effect = Send | Look | Publish | HandOver | Recall
