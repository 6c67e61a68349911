"""What a service is to its runner, and what the runner gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from migpt_shared.bus import Bus, Cleared, Delivery, Subscription
from migpt_shared.messages import Address, BrainState, Command, Health, HearingState, HomeState, Result, SpeechState
from migpt_shared.ownership import Ownership
from migpt_shared.settings import Settings

#: The state messages that name the owner of a speaker, or of a household's home.
OwnerState = HearingState | BrainState | SpeechState | HomeState


@dataclass(frozen=True, slots=True)
class Context:
    """What a service is made with."""

    settings: Settings
    src: str
    """`service/instance`: this instance's name as `src` and as owner"""
    bus: Bus
    ownership: Ownership
    """ask it `owns(address)` and `targets(household, speaker)`; tell it of speakers with `offer` and `withdraw`"""
    config: Path | None = None
    """the file that the settings come from, if they come from one"""

    def answer(self, command: Command, address: Address, *, error: str | None = None, value: object = None) -> None:
        """Publish the result of a command for one speaker."""
        result = Result(turn=command.turn, request=command.id, ok=error is None, error=error, value=value)
        self.bus.publish(result, household=address.household, speaker=address.speaker)


class Service(Protocol):
    """One of our processes. Every method but `run` and `stop` is called on the event loop and must return quickly."""

    name: ClassVar[str]
    #: The message in which this service names itself as owner of a speaker; None: it owns no speakers, and `acquire`,
    #: `release`, `is_busy` and `state` are never called.
    state_kind: ClassVar[type[OwnerState] | None]

    def subscriptions(self) -> Sequence[Subscription]:
        """What it listens to, besides presence of its own kind and its own state messages."""

    def receive(self, delivery: Delivery) -> None:
        """A message of its subscriptions, its own state messages (retained ones included), or presence."""

    async def run(self) -> None:
        """The service's work until cancelled. An exception, or a return, ends the process."""

    async def stop(self) -> None:
        """Finish or hand back what is in flight, within 5 seconds."""

    def acquire(self, address: Address) -> None:
        """It is responsible for the speaker from now on; it publishes its state with itself as owner."""

    def release(self, address: Address) -> None:
        """It is not responsible any more. The runner publishes what has to be published."""

    def synchronised(self) -> None:
        """Connected (again), and everything retained was received: publish anew what a broker may have forgotten.

        States of owned speakers are published by the runner.
        """

    def is_busy(self, address: Address) -> bool:
        """Something is open that must not be handed over now."""

    def state(self, address: Address) -> OwnerState:
        """The state message to publish for an owned speaker; the runner publishes it again after a reconnect."""

    def reconfigure(self, settings: Settings) -> None:
        """The settings have changed."""

    def health(self) -> Health: ...

    def counters(self) -> Mapping[str, int]:
        """What it did since its start; published with presence."""


@runtime_checkable
class SeesClearing(Protocol):
    """A service that wants to know when a retained topic of its subscriptions was emptied."""

    def cleared(self, cleared: Cleared) -> None: ...


@runtime_checkable
class ClearsUp(Protocol):
    """A service that keeps more than its state message on the broker."""

    def clear_up(self, address: Address) -> None:
        """The speaker exists no more: clear the other topics that this service writes."""


MakeService = Callable[[Context], Service]
