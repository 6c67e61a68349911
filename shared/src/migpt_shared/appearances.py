"""Which instances of another service live, to know when one has (re)appeared that may have missed something; pure."""

from __future__ import annotations

from migpt_shared.messages import PRESENCE_EVERY_S, PRESENCE_EXPIRES_S, Presence

#: An instance that was silent for longer than this has been away, and is back.
_SILENCE_S = 1.5 * PRESENCE_EVERY_S


class Appearances:
    """Instances of one service as their presence shows them. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._births: dict[str, tuple[int, float]] = {}

    def seen(self, instance: str, presence: Presence, now: float) -> bool:
        """Whether this presence means that an instance has appeared, for the first time or again."""
        if presence.status == "offline":
            self._births.pop(instance, None)
            return False
        for gone in [name for name, (_, at) in self._births.items() if now - at > PRESENCE_EXPIRES_S]:
            del self._births[gone]
        born, last_seen = self._births.get(instance, (-1, now))
        self._births[instance] = (presence.since, now)
        return born != presence.since or now - last_seen > _SILENCE_S

    def forget(self) -> None:
        """We were away ourselves: whoever shows up now may have missed something."""
        self._births.clear()
