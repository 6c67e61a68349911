"""One TTS request: a text, whose it is, and how urgent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Priority", "Utterance"]


class Priority(IntEnum):
    """The smaller goes first."""

    ALARM = 0
    REPLY = 1
    NOTICE = 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is spoken in one go. An answer's has a turn and the sentences joined in it; a `do/say` has a request."""

    id: str
    text: str
    priority: Priority = Priority.REPLY
    turn: str | None = None
    take: int = 0
    seqs: tuple[int, ...] = ()
    completes: bool = True
    """no further piece of its sentences, or of its request, follows"""
    request: str | None = None
    volume: int | None = None
    expires_at: float | None = None
    """seconds, monotonic: not begun after that; None: whenever"""
