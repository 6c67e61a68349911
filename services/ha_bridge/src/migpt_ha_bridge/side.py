"""What the two directions of the bridge have in common: how the service drives them, and what it gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import HomeState
from migpt_shared.service import Context
from migpt_shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Bridge:
    """What a side is made with."""

    context: Context
    report: Callable[[str, HomeState], None]
    """`report(household, state)`: how the household's Home Assistant stands; published as retained `{h}/ha/state`,
    with this instance as owner, at once and whenever the broker may have lost it. For `home/` alone."""

    def owns(self, household: str) -> bool:
        """Whether this instance is the household's bridge now. Only then it may act on a message or publish."""
        return household in {address.household for address in self.context.ownership.owned}


class Side(Protocol):
    """One direction. Every method but `run` and `stop` is called on the event loop and must return quickly.

    Several bridges may run; each household with Home Assistant has one owner among them. Messages arrive at all of
    them, so that a side knows how things stand when it becomes the owner.
    """

    def subscriptions(self) -> Sequence[Subscription]:
        """What it listens to; what both sides want is subscribed to once, and delivered to both."""

    def receive(self, delivery: Delivery) -> None:
        """A message of the subscriptions of either side: those of no interest are passed over."""

    def cleared(self, cleared: Cleared) -> None:
        """A retained topic of the subscriptions was emptied by its writer."""

    async def run(self) -> None:
        """Its own work until cancelled. An exception, or a return, ends the process."""

    async def stop(self) -> None:
        """Take leave, within 5 seconds; `run` still runs."""

    def acquire(self, household: str) -> None:
        """This instance is the household's bridge from now on."""

    def release(self, household: str) -> None:
        """It is not any more. May be called for the last time before `stop`, never after it."""

    def synchronised(self) -> None:
        """Connected (again), and everything retained was received."""

    def reconfigure(self, settings: Settings) -> None:
        """The settings have changed. What a household's section says comes from `settings.home_of(household)`."""

    def troubles(self) -> Sequence[str]:
        """What is wrong now, in words, for the health that presence shows."""

    def counters(self) -> Mapping[str, int]:
        """What it did since its start."""


MakeSide = Callable[[Bridge], Side]
