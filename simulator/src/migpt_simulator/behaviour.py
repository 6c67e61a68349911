"""How one simulated speaker behaves: every setting that a test, a bench or the control API may change while it runs."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from .conversation import NativeKind
from .models import HardwareModel, StatusQuirk

__all__ = ["BusyAnswer", "NewSpeech", "SpeakerBehaviour"]


class NewSpeech(StrEnum):
    """What a new TTS text does to speech that has not ended."""

    CUTS = "cuts"
    QUEUES = "queues"
    REFUSED = "refused"  # answered like a busy speaker


class BusyAnswer(StrEnum):
    """How the cloud says that the speaker did not answer."""

    ROM = "rom"  # code 101 with the inner 3012 "ROM端未响应", at once
    TIMEOUT = "timeout"  # code 100, after `device_timeout_s`


class SpeakerBehaviour(BaseModel):
    """All times in seconds. The model's quirks are the defaults (`for_model`); every one can be overridden."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds_per_char: float = Field(0.2, ge=0, description="speaking time of one character")
    sound_delay_s: float = Field(0.3, ge=0, description="from an accepted text to its first sound")
    new_speech: NewSpeech = Field(NewSpeech.CUTS, description="what a new text does to the one being spoken")
    question_cuts_speech: bool = Field(False, description="a question (its wake word) ends the speech in progress")
    status_lag_s: float = Field(0.0, ge=0, description="the reported play status is this old")
    status_quirk: StatusQuirk = Field(StatusQuirk.USABLE, description="how the reported play status is wrong")
    pause_silences: bool = Field(True, description="pause has an effect (stop always has)")
    miot_pause_silences: bool = Field(True, description="the MIoT pause action has an effect")
    native_can_be_silenced: bool = Field(True, description="pause and stop end XiaoAI's own answer")
    mina_speech_is_audible: bool = Field(True, description="false: MiNA text_to_speech succeeds without a sound")
    media_can_resume: bool = Field(True, description="`play` goes on with paused music")
    media_duration_s: float = Field(180.0, gt=0, description="length of a piece of music or a URL")
    max_chars: int = Field(200, ge=0, description="longer texts are accepted and not spoken")
    sensitive_words: tuple[str, ...] = Field((), description="texts with one of these are accepted and not spoken")
    native_delay_s: float = Field(1.0, ge=0, description="from the question to XiaoAI's own answer")
    publish_delay_s: float = Field(1.0, ge=0, description="from the question to its record in the history")
    native_kind: NativeKind = Field(NativeKind.TTS, description="own answer to a question that names none")
    native_text: str = Field("抱歉，这个问题我还在学习，换个问题试试吧", description="its text")
    native_duration_s: float | None = Field(None, ge=0, description="its length; null: by its characters")
    listens_s: float = Field(10.0, ge=0, description="how long the microphone stays open after a wake-up")
    speech_is_blocked_while_listening: bool = Field(False, description="a text is refused as busy while it listens")
    busy_answer: BusyAnswer = Field(BusyAnswer.ROM, description="how a busy speaker is reported")
    device_timeout_s: float = Field(2.0, ge=0, description="how long the cloud waits for a speaker that is offline")

    @classmethod
    def for_model(cls, model: HardwareModel) -> Self:
        """The defaults with the known quirks of a model."""
        return cls(
            status_quirk=model.status_quirk,
            pause_silences=model.pause_silences,
            miot_pause_silences=model.miot_pause_silences,
            native_can_be_silenced=model.native_can_be_silenced,
            mina_speech_is_audible=model.mina_speech_is_audible,
        )

    def changed(self, changes: dict[str, object]) -> Self:
        """A validated copy with some settings changed. Raises pydantic's ValidationError naming the bad ones."""
        return type(self).model_validate({**self.model_dump(), **changes})
