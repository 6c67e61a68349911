"""Messages of the poller: what was heard, and what is known of speakers and accounts."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from migpt_shared.messages.envelope import Message
from migpt_shared.messages.topics import Channel

Source = Literal["speaker", "mqtt", "console", "api", "ha"]


class Heard(Message):
    """An utterance that a person said to a speaker. `id` and `turn` are the same for the same record for ever."""

    channel: ClassVar = Channel("{household}/{speaker}/heard", expires_s=15)
    example: ClassVar[dict[str, Any]] = {
        "turn": "01K9ZJ5T2M6W0V3B8QH4N7X1CE",
        "text": "为什么天是蓝的",
        "spoken_at": 1763817600123,
        "native_answer": "因为大气散射",
        "native_type": "TTS",
        "source": "speaker",
        "age_s": 1.2,
    }

    text: str = Field(min_length=1, max_length=2000, description="what was said, as the cloud recognised it")
    spoken_at: int | None = Field(default=None, ge=0, description="the cloud's time of the record, ms")
    native_answer: str | None = Field(default=None, description="XiaoAI's own answer, if the record has one")
    native_type: Literal["TTS", "LLM", "AUDIO", "none"] = Field(default="none", description="kind of XiaoAI's answer")
    source: Source = Field(default="speaker", description="where the utterance came from")
    age_s: float | None = Field(
        default=None,
        ge=0,
        description="age when published, by the cloud's clock, seconds; null: not known",
    )


class SpeakerInfo(Message):
    """What a speaker is. Written by the poller that owns it."""

    channel: ClassVar = Channel("{household}/{speaker}/info", retain=True)
    example: ClassVar[dict[str, Any]] = {
        "uid": "3f9a1c07be42",
        "name": "客厅小爱",
        "hardware": "LX06",
        "area": "客厅",
        "device_tail": "1a2b",
        "capabilities": ["ai_instruction", "custom_tts"],
        "rom": "1.94.13",
    }

    uid: str = Field(pattern=r"^[0-9a-f]{12}$", description="12 hex digits of a hash of the deviceID; stable")
    name: str = Field(description="the name given in Xiaomi's app")
    hardware: str = Field(description="Xiaomi's model code, such as LX06")
    area: str | None = Field(default=None, description="room, from the configuration")
    device_tail: str = Field(description="last four characters of the deviceID")
    capabilities: list[str] = Field(default_factory=list, description="what the cloud says the speaker can do")
    rom: str = Field(default="", description="firmware version")


class HearingState(Message):
    """How hearing goes for one speaker. Written by the poller that owns it."""

    channel: ClassVar = Channel("{household}/{speaker}/state/hearing", retain=True)
    example: ClassVar[dict[str, Any]] = {
        "owner": "poller/a1b2c3",
        "cursor": 1763817600123,
        "online": True,
        "interval_s": 1.0,
        "requests_today": 18234,
        "budget": 100000,
        "transcript_delay_p50_s": 1.4,
        "last_heard": "为什么天是蓝的",
    }

    owner: str | None = Field(description="service/instance that polls this speaker; null: free")
    cursor: int | None = Field(default=None, ge=0, description="cloud time of the newest record handled, ms")
    online: bool | None = Field(default=None, description="whether the cloud reaches the speaker; null: not known yet")
    interval_s: float | None = Field(default=None, gt=0, description="seconds between two requests now, start to start")
    requests_today: int = Field(default=0, ge=0, description="transcript requests since midnight")
    budget: int = Field(default=0, ge=0, description="transcript requests allowed per day")
    transcript_delay_p50_s: float | None = Field(
        default=None, description="median of record time to visibility, seconds; null: nothing heard yet"
    )
    last_heard: str | None = Field(default=None, description="the last utterance")
    missed: int = Field(default=0, ge=0, description="utterances seen too late to be answered since the start")


class Account(Message):
    """State of a household's Xiaomi login. Never holds a secret."""

    channel: ClassVar = Channel("{household}/account", retain=True)
    example: ClassVar[dict[str, Any]] = {"ok": True, "service_token_age_s": 3600, "pass_token_age_s": 86400}

    ok: bool = Field(description="requests to the cloud are accepted")
    needs_captcha: bool = Field(default=False, description="Xiaomi wants a captcha solved")
    needs_verification: bool = Field(default=False, description="Xiaomi wants an SMS or mail code")
    needs_login: bool = Field(default=False, description="account, password or token were rejected")
    reason: str | None = Field(default=None, description="what is wrong and what to do, in plain words")
    service_token_age_s: int | None = Field(default=None, ge=0, description="age of the service token, seconds")
    pass_token_age_s: int | None = Field(default=None, ge=0, description="age of the pass token, seconds")
