"""What our speech disturbs and has to be put right afterwards: the volume, and the music that played."""

from __future__ import annotations

from migpt_shared.xiaomi import PlayStatus

__all__ = ["Surroundings"]

#: Music seen this long before we silenced or spoke was what we interrupted, seconds.
_RECENT_S = 5.0
#: A status asked for together with our command still shows what was before it.
_TOGETHER_S = 0.02


class Surroundings:
    """Volume and music of one speaker."""

    def __init__(self) -> None:
        self.volume: int | None = None
        """as far as known"""
        self.usual_volume: int | None = None
        """to be restored after a message with a volume of its own; None: nothing to restore"""
        self._music_at: float | None = None
        self._disturbed_at: float | None = None

    def seen(self, status: PlayStatus, asked_at: float) -> None:
        """A status answer."""
        if status.volume is not None:
            self.volume = status.volume
        is_music = bool(status.is_playing) and status.media_type is not None
        if is_music and (self._disturbed_at is None or asked_at <= self._disturbed_at + _TOGETHER_S):
            self._music_at = asked_at

    def disturbed(self, now: float) -> None:
        """We silence the speaker or speak."""
        if self._disturbed_at is None:
            self._disturbed_at = now

    @property
    def music_was_interrupted(self) -> bool:
        if self._music_at is None or self._disturbed_at is None:
            return False
        return self._disturbed_at - self._music_at <= _RECENT_S

    def calm(self) -> None:
        """The music plays again, or nobody wants it any more."""
        self._music_at = self._disturbed_at = None

    def volume_to_set(self, wanted: int | None) -> int | None:
        """The volume to set before speaking (`wanted` None: at the usual one); None: it is right."""
        if wanted is None:
            wanted = self.usual_volume
        return wanted if wanted is not None and wanted != self.volume else None

    def volume_set(self, volume: int, *, for_message: bool) -> None:
        """The volume was set: for one message alone, or for good."""
        if not for_message:
            self.usual_volume = None
        elif self.usual_volume is None:
            self.usual_volume = self.volume
        if self.usual_volume == volume:
            self.usual_volume = None
        self.volume = volume
