"""A speaker and a process, as their last messages show them."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_shared.messages import (
    Address,
    BrainState,
    HearingState,
    Presence,
    SpeakerInfo,
    SpeechState,
)


@dataclass(slots=True)
class Speaker:
    """One speaker; None: nothing was said of it yet."""

    address: Address
    info: SpeakerInfo | None = None
    hearing: HearingState | None = None
    brain: BrainState | None = None
    speech: SpeechState | None = None

    @property
    def name(self) -> str:
        """The name people gave it, else its slug."""
        return self.info.name if self.info and self.info.name else self.address.speaker

    @property
    def is_online(self) -> bool | None:
        """Whether the cloud reaches it; None: not known."""
        return self.hearing.online if self.hearing else None

    @property
    def is_served(self) -> bool:
        """Somebody hears, somebody answers and somebody speaks for it."""
        return all(state is not None and state.owner for state in (self.hearing, self.brain, self.speech))


@dataclass(frozen=True, slots=True)
class Process:
    """One process, as it announced itself last. `seen_at`: monotonic seconds."""

    service: str
    instance: str
    presence: Presence
    seen_at: float
