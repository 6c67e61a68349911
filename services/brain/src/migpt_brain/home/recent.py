"""What was last said about the home at each speaker, so that "再亮一点" is understood; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from migpt_brain.llm import ChatMessage
from migpt_shared.messages import Address

_KEPT_FOR_S = 300.0
_MOST = 4


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    reply: str
    at: float


class RecentHomeTalk:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._said: dict[Address, deque[_Said]] = {}

    def remember(self, address: Address, text: str, reply: str, now: float) -> None:
        self._said.setdefault(address, deque(maxlen=_MOST)).append(_Said(text, reply, now))

    def forget(self, address: Address) -> None:
        """Nothing of it is told again."""
        self._said.pop(address, None)

    def messages(self, address: Address, now: float) -> list[ChatMessage]:
        """The exchanges of the last minutes, oldest first."""
        told = []
        for said in self._said.get(address, ()):
            if now - said.at < _KEPT_FOR_S:
                told += [ChatMessage("user", said.text), ChatMessage("assistant", said.reply)]
        return told
