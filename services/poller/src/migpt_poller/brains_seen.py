"""Which brains live, to know when one has (re)appeared that may have missed something."""

from __future__ import annotations

from migpt_shared.messages import PRESENCE_EVERY_S, Presence

#: A brain that was silent for longer than this has been away, and is back.
_SILENCE_S = 1.5 * PRESENCE_EVERY_S


class BrainsSeen:
    """The brains as their presence shows them. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._births: dict[str, tuple[int, float]] = {}

    def seen(self, instance: str, presence: Presence, now: float) -> bool:
        """Whether this presence means that a brain has appeared, for the first time or again."""
        if presence.status == "offline":
            self._births.pop(instance, None)
            return False
        born, last_seen = self._births.get(instance, (-1, now))
        self._births[instance] = (presence.since, now)
        return born != presence.since or now - last_seen > _SILENCE_S
