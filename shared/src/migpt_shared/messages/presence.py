"""Which processes live."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from migpt_shared.messages.envelope import Message
from migpt_shared.messages.topics import Channel

#: `online` is published this often, seconds, and on every connect.
PRESENCE_EVERY_S = 5
PRESENCE_EXPIRES_S = 15


class Health(BaseModel):
    """Whether a process does its work."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    ok: bool = Field(default=True, description="connected, and the main loop made progress lately")
    detail: str = Field(default="", description="what is wrong, if something is")


class Presence(Message):
    """A living process; its last will says `offline`. A clean stop clears the topic."""

    channel: ClassVar = Channel("service/{service}/{instance}", retain=True, expires_s=PRESENCE_EXPIRES_S)
    example: ClassVar[dict[str, Any]] = {
        "status": "online",
        "version": "0.1.0",
        "since": 1763817600123,
        "health": {"ok": True},
        "counters": {"heard": 12},
    }

    status: Literal["online", "offline"] = Field(description="offline is sent by the broker as the last will")
    version: str = Field(default="", description="version of the program")
    since: int = Field(default=0, ge=0, description="start of the process, wall clock, ms")
    health: Health = Field(default_factory=Health, description="whether it does its work")
    counters: dict[str, int] = Field(default_factory=dict, description="what it did since its start")
