"""Messages of the speaker service: how each utterance fares, and the state of each speaker."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from migpt_shared.messages.envelope import Message, UlidText
from migpt_shared.messages.topics import Channel

SpeechPhase = Literal["requested", "retrying", "speaking", "spoken", "interrupted", "failed", "expired"]


class Speech(Message):
    """One TTS request and how it fares."""

    channel: ClassVar = Channel("{household}/{speaker}/speech")
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "utterance": "01K9ZJ5TG3D5N2R8S4Y6ZB0WQK",
        "take": 0,
        "seqs": [1, 2],
        "text": "蓝光波长短。散射得最厉害。",
        "phase": "spoken",
        "attempt": 1,
        "estimated": False,
    }

    utterance: UlidText = Field(description="identity of the TTS request; the same through its phases")
    take: int = Field(default=0, ge=0, description="attempt at the turn")
    seqs: list[int] = Field(default_factory=list, description="the sentences joined in it; empty for a notice or alarm")
    text: str = Field(description="what is spoken")
    phase: SpeechPhase = Field(description="how far it is")
    attempt: int = Field(default=1, ge=1, description="number of the request to the cloud, from 1")
    error: str | None = Field(default=None, description="what went wrong, if something did")
    estimated: bool = Field(default=False, description="the end was estimated, not measured")
    spoken_by: str | None = Field(default=None, description="the stand-in that spoke it, if it was not this speaker")


class SpeechProfile(BaseModel):
    """What was found out about a speaker."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    tts_path: Literal["mina", "miot"] = Field(description="which of Xiaomi's interfaces makes it speak")
    status_is_usable: bool = Field(description="whether its playing status can be relied on")
    status_lag_s: float = Field(default=0.0, ge=0, description="how late its status is, seconds")


class SpeechState(Message):
    """What a speaker is doing. Written by the speaker service that owns it."""

    channel: ClassVar = Channel("{household}/{speaker}/state/speech", retain=True)
    example: ClassVar[dict[str, Any]] = {
        "owner": "speaker/778899",
        "activity": "speaking",
        "volume": 35,
        "queue_length": 2,
        "seconds_per_character": 0.21,
        "profile": {"tts_path": "mina", "status_is_usable": True, "status_lag_s": 0.0},
    }

    owner: str | None = Field(description="service/instance that speaks through this speaker; null: free")
    activity: Literal["idle", "speaking", "muted"] = Field(default="idle", description="what it does now")
    volume: int | None = Field(default=None, ge=0, le=100, description="volume in percent, if known")
    queue_length: int = Field(default=0, ge=0, description="sentences waiting")
    seconds_per_character: float | None = Field(default=None, gt=0, description="learned rate of speech")
    profile: SpeechProfile | None = Field(default=None, description="what was found out about the speaker")
