"""The poller: reads what was said to the speakers of all households and publishes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import structlog

from migpt_poller.household_poller import HouseholdPoller
from migpt_poller.speaker_poller import SpeakerPoller
from migpt_poller.tally import Tally
from migpt_shared.appearances import Appearances
from migpt_shared.bus import Delivery, Subscription
from migpt_shared.messages import (
    EVERYBODY,
    Address,
    Health,
    HearingState,
    Login,
    Native,
    Presence,
    SpeakerInfo,
    Speech,
    Turn,
    Wake,
)
from migpt_shared.service import Context, OwnerState
from migpt_shared.settings import HearingSettings, HouseholdSettings, Settings
from migpt_shared.xiaomi.speaker_choice import SpeakerNamesError

log = structlog.get_logger(__name__)


class PollerService:
    """Hears for the speakers that this instance owns."""

    name: ClassVar[str] = "poller"
    state_kind: ClassVar[type[OwnerState] | None] = HearingState

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._changed = asyncio.Event()
        self._households: dict[str, HouseholdPoller] = {}
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._served_as: dict[str, tuple[HouseholdSettings, HearingSettings, Path]] = {}
        self._problems: dict[str, str] = {}
        self._brains = Appearances()
        self._tally = Tally()
        # The broker's retained messages come before the cloud has listed the speakers they are about.
        self._standing: dict[Address, HearingState] = {}
        self._speakers: dict[str, frozenset[str]] = {}
        self._last_turn: dict[Address, Turn] = {}

    def subscriptions(self) -> Sequence[Subscription]:
        return [
            Subscription(Turn),
            Subscription(Speech),
            Subscription(Native),
            Subscription(Wake),
            Subscription(Login),
            Subscription(Presence, {"service": "brain"}),
        ]

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case Turn() as turn:
                self._last_turn[delivery.address] = turn
                if poller := self._poller(delivery.address):
                    poller.listener.turn(turn, delivery.arrived, retained=delivery.retained)
                    poller.something_happened()
            case Speech() as speech:
                self._spoken(speech, delivery)
            case Native() | Wake() as command:
                for poller in self._addressed(delivery.places["household"], delivery.places["speaker"]):
                    poller.listener.commanded(command, delivery.arrived)
            case HearingState() as state:
                self._standing[delivery.address] = state
                if delivery.retained:
                    self._leave_behind(delivery.address.household)
                if poller := self._poller(delivery.address):
                    poller.cursor_stands_at(state.cursor)
            case Presence() as presence if delivery.places["service"] == "brain":
                if self._brains.seen(delivery.places["instance"], presence, delivery.arrived):
                    for poller in self._addressed(EVERYBODY, EVERYBODY):
                        poller.tell_brain()
            case Login():
                for name, household in self._households.items():
                    if delivery.places["household"] in (name, EVERYBODY):
                        household.log_in_again()

    async def run(self) -> None:
        if not self._settings.households:
            log.warning("no_households", do="name at least one in config.toml: [households.home] with its account")
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                await self._arrange(tasks)
                await self._changed.wait()

    async def stop(self) -> None:
        for household in self._households.values():
            await household.stop()

    def acquire(self, address: Address) -> None:
        self._households[address.household].acquire(address.speaker)

    def release(self, address: Address) -> None:
        if household := self._households.get(address.household):
            household.release(address.speaker)

    def synchronised(self) -> None:
        for household in self._households.values():
            household.publish_again()

    def is_busy(self, address: Address) -> bool:
        poller = self._poller(address)
        return poller is not None and poller.is_owed_an_answer

    def state(self, address: Address) -> HearingState:
        if poller := self._poller(address):
            return poller.state()
        standing = self._standing.get(address)
        return HearingState(owner=self._context.src, cursor=standing.cursor if standing else None)

    def reconfigure(self, settings: Settings) -> None:
        self._settings = settings
        self._changed.set()

    def health(self) -> Health:
        return Health(detail="; ".join(f"{name}: {problem}" for name, problem in sorted(self._problems.items())))

    def counters(self) -> Mapping[str, int]:
        return asdict(self._tally)

    def _poller(self, address: Address) -> SpeakerPoller | None:
        household = self._households.get(address.household)
        return household.pollers.get(address.speaker) if household else None

    def _addressed(self, household: str, speaker: str) -> list[SpeakerPoller]:
        owned = self._context.ownership.targets(household, speaker)
        return [poller for address in owned if (poller := self._poller(address)) is not None]

    def _spoken(self, speech: Speech, delivery: Delivery) -> None:
        mouths = {delivery.places["speaker"], speech.spoken_by or delivery.places["speaker"]}
        for speaker in mouths:
            if poller := self._poller(Address(delivery.places["household"], speaker)):
                poller.listener.speech(speech, delivery.arrived)
                poller.something_happened()

    def _introduce(self, poller: SpeakerPoller) -> None:
        """A speaker was found: what the broker had said of it counts."""
        if standing := self._standing.get(poller.address):
            poller.cursor_stands_at(standing.cursor)
        if turn := self._last_turn.get(poller.address):
            poller.listener.deliveries.turn_seen(turn.turn)

    def _kept(self, household: str, speakers: frozenset[str]) -> None:
        """These are all the speakers that the household has."""
        self._speakers[household] = speakers
        self._leave_behind(household)

    def _leave_behind(self, household: str) -> None:
        """Speakers that the household had in an earlier run, and has no more, leave nothing on the broker."""
        if (speakers := self._speakers.get(household)) is None:
            return  # the cloud has not listed them yet
        for address in [one for one in self._standing if one.household == household and one.speaker not in speakers]:
            del self._standing[address]
            self._context.ownership.retire(address)

    def clear_up(self, address: Address) -> None:
        self._context.bus.clear(SpeakerInfo, household=address.household, speaker=address.speaker)

    async def _arrange(self, tasks: asyncio.TaskGroup) -> None:
        """Serve the households as they are configured now; those that have not changed are left alone."""
        settings = self._settings
        wanted = {
            name: (household, settings.hearing, settings.data_dir) for name, household in settings.households.items()
        }
        for name in [name for name, former in self._served_as.items() if wanted.get(name) != former]:
            self._serving[name].cancel()
            await asyncio.wait([self._serving[name]])
            if name not in wanted:
                self._kept(name, frozenset())
            self._speakers.pop(name, None)
            del self._serving[name], self._served_as[name], self._households[name]
            self._problems.pop(name, None)
        for name in wanted.keys() - self._served_as.keys():
            self._households[name] = HouseholdPoller(
                name, settings, self._context, self._tally, self._introduce, self._kept
            )
            self._served_as[name] = wanted[name]
            self._serving[name] = tasks.create_task(self._serve(self._households[name]), name=f"household {name}")

    async def _serve(self, household: HouseholdPoller) -> None:
        try:
            await household.run()
        except SpeakerNamesError as error:
            log.error("household_unusable", household=household.name, reason=str(error))
            self._problems[household.name] = str(error)
            if self._problems.keys() >= self._households.keys():
                raise  # there is nothing else to hear for
