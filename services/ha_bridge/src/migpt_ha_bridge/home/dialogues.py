"""Which conversation with Home Assistant's agent a speaker is in, so that a second sentence can refer to the first."""

from __future__ import annotations

from dataclasses import dataclass

#: Home Assistant forgets a conversation after five minutes.
FORGOTTEN_AFTER_S = 300.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """The last thing said and answered in a conversation."""

    conversation_id: str | None
    text: str
    speech: str
    at: float


class Dialogues:
    """The current conversation of every speaker. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[str, Exchange] = {}

    def current(self, speaker: str, now: float) -> Exchange | None:
        """What was said last, unless it is forgotten."""
        last = self._last.get(speaker)
        return last if last is not None and now - last.at < FORGOTTEN_AFTER_S else None

    def remember(self, speaker: str, exchange: Exchange) -> None:
        self._last[speaker] = exchange

    def forget(self) -> None:
        """Home Assistant was restarted, or is another one."""
        self._last.clear()
