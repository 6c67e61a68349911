"""The bridge to Home Assistant: one service of two sides, speakers as devices there, and the home as a command here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

from migpt_ha_bridge.home import HomeSide
from migpt_ha_bridge.side import Bridge, MakeSide, Side
from migpt_ha_bridge.speakers import SpeakersSide
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import HOME, Address, Health, HomeState
from migpt_shared.service import Context, OwnerState
from migpt_shared.settings import Settings

__all__ = ["HaBridgeService"]

#: The sides, in the order in which they are told of things.
_SIDES: tuple[MakeSide, ...] = (SpeakersSide, HomeSide)


class HaBridgeService:
    """One instance of the bridge, responsible for households, not speakers; see `migpt_shared.service.Service`."""

    name: ClassVar[str] = "ha_bridge"
    state_kind: ClassVar[type[OwnerState] | None] = HomeState

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._homes: dict[str, HomeState] = {}
        bridge = Bridge(context, self._report)
        self._sides: tuple[Side, ...] = tuple(make(bridge) for make in _SIDES)

    def subscriptions(self) -> Sequence[Subscription]:
        wanted: list[Subscription] = []
        for side in self._sides:
            wanted += [subscription for subscription in side.subscriptions() if subscription not in wanted]
        return wanted

    def receive(self, delivery: Delivery) -> None:
        for side in self._sides:
            side.receive(delivery)

    def cleared(self, cleared: Cleared) -> None:
        for side in self._sides:
            side.cleared(cleared)

    async def run(self) -> None:
        self._offer()
        async with asyncio.TaskGroup() as tasks:
            for side in self._sides:
                tasks.create_task(_until_cancelled(side), name=type(side).__name__)

    async def stop(self) -> None:
        for household in {address.household for address in self._context.ownership.owned}:
            self._homes[household] = HomeState(owner=None, connected=False)
        await asyncio.gather(*(side.stop() for side in self._sides))

    def acquire(self, address: Address) -> None:
        for side in self._sides:
            side.acquire(address.household)

    def release(self, address: Address) -> None:
        for side in self._sides:
            side.release(address.household)
        self._homes.pop(address.household, None)

    def synchronised(self) -> None:
        for side in self._sides:
            side.synchronised()

    def is_busy(self, address: Address) -> bool:
        return False

    def state(self, address: Address) -> HomeState:
        home = self._homes.get(address.household, HomeState(owner=None, connected=False))
        return home.model_copy(update={"owner": self._context.src})

    def reconfigure(self, settings: Settings) -> None:
        self._settings = settings
        for side in self._sides:
            side.reconfigure(settings)
        self._offer()

    def health(self) -> Health:
        troubles = [trouble for side in self._sides for trouble in side.troubles()]
        return Health(ok=not troubles, detail="; ".join(troubles))

    def counters(self) -> Mapping[str, int]:
        return {name: count for side in self._sides for name, count in side.counters().items()}

    def _offer(self) -> None:
        """Every household that has a Home Assistant wants a bridge."""
        ownership = self._context.ownership
        wanted = {household for household in self._settings.households if self._settings.home_of(household) is not None}
        for address in {address for address in ownership.owned if address.household not in wanted}:
            self._homes[address.household] = HomeState(connected=False)
            ownership.withdraw(address)
        for household in wanted:
            ownership.offer(Address(household, HOME))

    def _report(self, household: str, state: HomeState) -> None:
        self._homes[household] = state
        address = Address(household, HOME)
        if self._context.ownership.owns(address):
            self._context.bus.publish(self.state(address), household=household)


async def _until_cancelled(side: Side) -> None:
    await side.run()
    raise RuntimeError(f"{type(side).__name__} ended by itself")
