"""The direction speaker → Home Assistant: the homes of the households that this bridge owns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import structlog

from migpt_ha_bridge.home.household import HouseholdHome
from migpt_ha_bridge.side import Bridge
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import Address, HomeAsk, HomeCall, HomeEntities, HomeLook, HomeState, SpeakerInfo
from migpt_shared.settings import Settings

log = structlog.get_logger(__name__)

#: Questions remembered, so that one delivered twice is not obeyed twice.
_REMEMBERED = 512


class HomeSide:
    """See `migpt_ha_bridge.side.Side`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._settings = bridge.context.settings
        self._homes: dict[str, HouseholdHome] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._uids: dict[Address, str] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        self._group: asyncio.TaskGroup | None = None
        self._counters = {"home_questions": 0, "home_questions_repeated": 0}

    def subscriptions(self) -> Sequence[Subscription]:
        return [Subscription(kind) for kind in (HomeAsk, HomeCall, HomeLook, SpeakerInfo)]

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case SpeakerInfo(uid=uid):
                self._uids[delivery.address] = uid
            case HomeAsk() | HomeCall() | HomeLook() as question:
                home = self._homes.get(delivery.places["household"])
                if home is not None and self._is_new(question.id):
                    home.take(question)
            case _:
                pass

    def cleared(self, cleared: Cleared) -> None:
        if cleared.kind is SpeakerInfo:
            self._uids.pop(Address(cleared.places["household"], cleared.places["speaker"]), None)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as self._group:
            for name in self._homes:
                self._start(name)
            await asyncio.Event().wait()

    async def stop(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def acquire(self, household: str) -> None:
        settings = self._settings.home_of(household)
        if settings is None:
            return
        self._homes[household] = HouseholdHome(
            household,
            settings,
            self._settings.language,
            self._bridge.context.bus,
            report=lambda state: self._report(household, state),
            identifier_of=lambda speaker: f"mqtt:xiaoai_{self._uids.get(Address(household, speaker), '')}",
        )
        self._start(household)

    def release(self, household: str) -> None:
        self._homes.pop(household, None)
        if (task := self._running.pop(household, None)) is not None:
            task.cancel()

    def synchronised(self) -> None:
        for home in self._homes.values():
            home.publish_again()

    def reconfigure(self, settings: Settings) -> None:
        former, self._settings = self._settings, settings
        for household in list(self._homes):
            wanted = settings.home_of(household) if household in settings.households else None
            if wanted == former.home_of(household) and settings.language == former.language:
                continue
            self.release(household)
            if wanted is not None:
                self.acquire(household)
            else:
                self._bridge.context.bus.clear(HomeEntities, household=household)

    def troubles(self) -> Sequence[str]:
        return [f"{name}: {home.trouble}" for name, home in self._homes.items() if home.trouble]

    def counters(self) -> Mapping[str, int]:
        return self._counters

    def _report(self, household: str, state: HomeState) -> None:
        self._bridge.report(household, state)

    def _start(self, household: str) -> None:
        if self._group is not None:
            home = self._homes[household]
            self._running[household] = self._group.create_task(home.run(), name=f"home {household}")

    def _is_new(self, question: str) -> bool:
        self._counters["home_questions"] += 1
        if question in self._known:
            self._counters["home_questions_repeated"] += 1
            return False
        self._known[question] = None
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return True
