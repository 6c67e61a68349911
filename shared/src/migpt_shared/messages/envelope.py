"""What every message has: the envelope, a channel, and for commands the plain-text form."""

from __future__ import annotations

import time
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from ulid import ULID

from migpt_shared.messages.topics import Channel

UlidText = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


def new_id() -> str:
    """A fresh ULID in its 26-character text form."""
    return str(ULID())


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Message(BaseModel):
    """Base of all messages: the envelope. Readers ignore unknown fields; new fields have defaults."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    channel: ClassVar[Channel]
    #: A body that stands in the reference page and in the contract tests.
    example: ClassVar[dict[str, Any]]

    id: UlidText = Field(default_factory=new_id, description="identity of this message (ULID)")
    turn: UlidText | None = Field(default=None, description="the turn this message belongs to, if any")
    ts: int = Field(default_factory=_wall_clock_ms, ge=0, description="sender's wall clock, ms; for people to read")
    src: str = Field(default="", max_length=200, description="sender: service/instance")


class Command(Message):
    """A command or setting: anyone may send it, as JSON or as plain text (see `plain`)."""

    #: The field that a plain-text payload fills; None: the payload is ignored.
    plain: ClassVar[str | None] = None
    #: The services that act on it and answer with a `Result`.
    owners: ClassVar[tuple[str, ...]]
