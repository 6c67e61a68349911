"""What is known of a speaker, and of the household around it, put together from messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from migpt_shared.messages import (
    Account,
    BrainState,
    HearingState,
    HomeState,
    Presence,
    SpeakerInfo,
    SpeechState,
    Turn,
)
from migpt_shared.messages.presence import PRESENCE_EXPIRES_S


@dataclass(slots=True)
class SpeakerFacts:
    """The last messages about one speaker; None: nothing was heard of it yet."""

    info: SpeakerInfo | None = None
    hearing: HearingState | None = None
    brain: BrainState | None = None
    speech: SpeechState | None = None
    turn: Turn | None = None
    answered: Turn | None = None
    """the last turn whose answer is known, as it ended"""
    native_answer: str | None = None
    """what XiaoAI answered, where `answered` was left to it"""
    asked: str | None = None
    """the last question that was sent by command"""
    ordered: str | None = None
    """the last text that was sent to XiaoAI by command"""
    problem: str | None = None
    """why the last command or turn failed"""

    def forget_conversation(self) -> None:
        """What was said is nobody's business any more."""
        self.turn = self.answered = self.native_answer = self.problem = None
        self.asked = self.ordered = ""


@dataclass(slots=True)
class _Living:
    presence: Presence
    seen: float


@dataclass(slots=True)
class ServiceFacts:
    """The living instances of one service. Times are monotonic seconds."""

    instances: dict[str, _Living] = field(default_factory=dict)

    def seen(self, instance: str, presence: Presence, now: float) -> None:
        if presence.status == "online":
            self.instances[instance] = _Living(presence, now)
        else:
            self.gone(instance)

    def gone(self, instance: str) -> None:
        self.instances.pop(instance, None)

    def expire(self, now: float) -> None:
        """Drop those that have been silent for longer than presence lasts."""
        for instance in [name for name, one in self.instances.items() if now - one.seen > PRESENCE_EXPIRES_S]:
            del self.instances[instance]

    @property
    def healthy(self) -> bool:
        """At least one lives, and none complains."""
        return bool(self.instances) and all(one.presence.health.ok for one in self.instances.values())

    @property
    def details(self) -> list[str]:
        """What the instances complain of, each complaint once."""
        said = (one.presence.health.detail for one in self.instances.values())
        return sorted({detail for detail in said if detail})

    @property
    def versions(self) -> list[str]:
        return sorted({one.presence.version for one in self.instances.values()})


@dataclass(slots=True)
class HouseholdFacts:
    """The last messages about one household."""

    account: Account | None = None
    home: HomeState | None = None
    speakers: dict[str, SpeakerFacts] = field(default_factory=dict)

    def speaker(self, unit: str) -> SpeakerFacts:
        return self.speakers.setdefault(unit, SpeakerFacts())
