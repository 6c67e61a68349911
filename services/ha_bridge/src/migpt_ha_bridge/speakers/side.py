"""The direction Home Assistant → speakers: every speaker is a device there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from migpt_ha_bridge.side import Bridge
from migpt_ha_bridge.speakers.bridge_entities import SERVICES
from migpt_ha_bridge.speakers.facts import ServiceFacts
from migpt_ha_bridge.speakers.paths import Paths
from migpt_ha_bridge.speakers.post import HouseholdPost
from migpt_ha_bridge.speakers.view import HouseholdView
from migpt_ha_bridge.speakers.wishes import paths_of, wishes_of
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import (
    EVERYBODY,
    Account,
    Ask,
    BrainState,
    Event,
    Heard,
    HearingState,
    HomeState,
    Message,
    Native,
    Presence,
    Result,
    SpeakerInfo,
    SpeechState,
    Turn,
)
from migpt_shared.settings import Settings

#: How often services are looked through for those that have fallen silent.
_LOOK_EVERY_S = 2.0


class SpeakersSide:
    """See `migpt_ha_bridge.side.Side`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._bus = bridge.context.bus
        self._settings = bridge.context.settings
        self._services = {name: ServiceFacts() for name in SERVICES}
        self._views: dict[str, HouseholdView] = {}
        self._posts: dict[str, HouseholdPost] = {}
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._owned: set[str] = set()
        self._is_synchronised = False
        self._changed = asyncio.Event()
        self._told = 0
        self._births = 0

    def subscriptions(self) -> Sequence[Subscription]:
        kinds: tuple[type[Message], ...] = (
            Heard, Turn, Ask, Native, Result, SpeakerInfo, HearingState, BrainState, SpeechState, Account,
        )  # fmt: skip
        return [
            *(Subscription(kind) for kind in kinds),
            *(Subscription(Presence, {"service": name}) for name in SERVICES),
        ]

    # -- what arrives --------------------------------------------------------------------------------------------

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case Presence() as presence:
                self._presence_seen(delivery, presence)
            case Account() as account:
                self._view(delivery).account_seen(account)
            case HomeState() as home:
                self._view(delivery).home_seen(home)
            case SpeakerInfo() as info:
                self._view(delivery).info_seen(delivery.places["speaker"], info)
            case HearingState() | BrainState() | SpeechState() as state:
                self._view(delivery).state_seen(delivery.places["speaker"], state)
            case Turn() as turn:
                view, unit = self._view(delivery), delivery.places["speaker"]
                self._tell(delivery, view.turn_seen(unit, turn, is_news=not delivery.retained))
            case Heard() as heard:
                self._tell(delivery, self._view(delivery).heard(delivery.places["speaker"], heard))
            case Ask() | Native() as command if delivery.places["speaker"] != EVERYBODY:
                self._view(delivery).command_seen(delivery.places["speaker"], command)
            case Result() as result:
                self._tell(delivery, self._view(delivery).result_seen(delivery.places["speaker"], result))
            case _:
                return
        if (household := delivery.household) is not None:
            self._settle(household)

    def cleared(self, cleared: Cleared) -> None:
        household, unit = cleared.places.get("household"), cleared.places.get("speaker")
        if cleared.kind is Presence and cleared.places["service"] in self._services:
            self._services[cleared.places["service"]].gone(cleared.places["instance"])
            self._show_services()
        elif household is not None and unit is not None and household in self._views:
            if cleared.kind is SpeakerInfo:
                self._views[household].info_cleared(unit)
            elif cleared.kind is Turn:
                self._views[household].turn_cleared(unit)
            self._settle(household)

    def _presence_seen(self, delivery: Delivery, presence: Presence) -> None:
        service = self._services.get(delivery.places["service"])
        if service is not None:
            service.seen(delivery.places["instance"], presence, delivery.arrived)
            self._show_services()

    def _show_services(self) -> None:
        for household, view in self._views.items():
            view.show_bridge()
            self._settle(household)

    def _tell(self, delivery: Delivery, events: Iterable[Event]) -> None:
        if not self._bridge.owns(delivery.places["household"]):
            return
        for event in events:
            self._bus.publish(event, household=delivery.places["household"], speaker=delivery.places["speaker"])
            self._told += 1

    def _view(self, delivery: Delivery) -> HouseholdView:
        return self._view_of(delivery.places["household"])

    def _view_of(self, household: str) -> HouseholdView:
        view = self._views.get(household)
        if view is None:
            paths = paths_of(self._settings, household) or Paths(self._settings.mqtt.prefix, household)
            view = HouseholdView(paths, wishes_of(self._settings, household), self._services)
            self._views[household] = view
        return view

    def _settle(self, household: str) -> None:
        post = self._posts.get(household)
        if post is not None and self._is_synchronised:
            post.settle()

    # -- running -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._arrange(tasks)
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._changed.wait()
                self._look_for_the_silent()

    async def stop(self) -> None:
        await asyncio.gather(*(post.leave() for post in self._posts.values()))

    def acquire(self, household: str) -> None:
        self._owned.add(household)
        self._changed.set()

    def release(self, household: str) -> None:
        self._owned.discard(household)
        self._changed.set()

    def synchronised(self) -> None:
        self._is_synchronised = True
        self._changed.set()
        for household in self._posts:
            self._settle(household)

    def reconfigure(self, settings: Settings) -> None:
        self._settings = settings
        for household, view in self._views.items():
            view.wish(wishes_of(settings, household))
            self._settle(household)
        self._changed.set()

    def troubles(self) -> Sequence[str]:
        return ()

    def counters(self) -> Mapping[str, int]:
        posts = self._posts.values()
        return {
            "events": self._told,
            "published": sum(post.published for post in posts),
            "home_assistant_starts": sum(post.births for post in posts),
        }

    # -- the households that are served --------------------------------------------------------------------------

    def _arrange(self, tasks: asyncio.TaskGroup) -> None:
        """A connection for each household that is ours, where its Home Assistant looks now."""
        for household, post in list(self._posts.items()):
            paths = paths_of(self._settings, household)
            if household in self._owned and post.view.paths == paths:
                continue
            del self._posts[household]
            if paths is not None and post.view.paths != paths:
                self._views[household] = post.view.at(paths)
                post.view.wish(replace(post.view.wishes, is_shown=False))
            tasks.create_task(_end(post, self._serving.pop(household)), name=f"end {household}")
        for household in self._owned - self._posts.keys():
            if paths_of(self._settings, household) is not None:
                post = HouseholdPost(self._view_of(household), self._settings.mqtt.address())
                self._posts[household] = post
                self._serving[household] = tasks.create_task(post.run(), name=f"serve {household}")

    def _look_for_the_silent(self) -> None:
        before = {name: len(service.instances) for name, service in self._services.items()}
        for service in self._services.values():
            service.expire(monotonic())
        if before != {name: len(service.instances) for name, service in self._services.items()}:
            self._show_services()


async def _end(post: HouseholdPost, serving: asyncio.Task[None]) -> None:
    """Another bridge publishes it from now on, or nobody: then nothing of it stays behind."""
    if not post.view.wishes.is_shown:
        await post.leave()
    serving.cancel()
