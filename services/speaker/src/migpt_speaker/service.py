"""The speaker service: speaks what is to be spoken on every speaker that this instance owns."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from time import monotonic
from typing import Any, ClassVar

import structlog

from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import (
    EVERYBODY,
    Address,
    Command,
    Health,
    Login,
    Native,
    Pause,
    Play,
    Result,
    Say,
    Sentence,
    SetVolume,
    SpeakerInfo,
    Speech,
    SpeechState,
    Stop,
    Turn,
    Wake,
    new_id,
)
from migpt_shared.service import Context, OwnerState
from migpt_shared.settings import HouseholdSettings, Settings
from migpt_shared.xiaomi import Device, SpeakPath, model_of
from migpt_shared.xiaomi.household_cloud import household_cloud
from migpt_shared.xiaomi.speaker_choice import device_uid
from migpt_speaker.actor import Actor
from migpt_speaker.conductor import Conductor
from migpt_speaker.device_link import DeviceLink
from migpt_speaker.household import Household
from migpt_speaker.knowledge import Knowledge
from migpt_speaker.orders import Effect
from migpt_speaker.pacer import Pacer
from migpt_speaker.profile import Profile, ProfileStore
from migpt_speaker.routine import Traits
from migpt_speaker.speaking_rate import SpeakingRate
from migpt_speaker.voice import Ways

__all__ = ["SpeakerService"]

log = structlog.get_logger(__name__)

_SAVE_EVERY_S = 20.0
_STOP_WITHIN_S = 1.0


class SpeakerService:
    """One instance of the speaker service; see `migpt_shared.service.Service`."""

    name: ClassVar[str] = "speaker"
    state_kind: ClassVar[type[OwnerState] | None] = SpeechState

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._store = ProfileStore(context.settings.data_dir / "speech")
        self._households: dict[str, Household] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._actors: dict[Address, Actor] = {}
        self._turns: dict[Address, Turn] = {}
        self._introduced: set[Address] = set()
        self._standing: set[Address] = set()
        self._profiles: dict[str, Profile] = {}
        self._former: Counter[str] = Counter()
        self._group: asyncio.TaskGroup | None = None

    def subscriptions(self) -> Sequence[Subscription]:
        commands = (Say, Stop, Native, Wake, Play, Pause, SetVolume)
        return [Subscription(kind) for kind in (Turn, Sentence, Speech, Result, Login, SpeakerInfo, *commands)]

    # messages

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case Turn() as turn:
                self._receive_turn(turn, delivery.address, is_retained=delivery.retained)
            case Sentence() as sentence:
                self._feed(delivery.address, lambda actor: lambda now: actor.conductor.sentence_arrived(sentence, now))
            case Speech() as speech:
                self._receive_speech(speech, delivery.address)
            case Result() as result:
                self._receive_result(result)
            case SpeakerInfo():
                self._introduced.add(delivery.address)
            case SpeechState():
                self._standing.add(delivery.address)
            case Login():
                for name, household in self._households.items():
                    if delivery.household in (EVERYBODY, name):
                        self._spawn(household.login_again(), f"login {name}")
            case Command() as command if delivery.household and delivery.speaker and not delivery.retained:
                for address in self._context.ownership.targets(delivery.household, delivery.speaker):
                    self._feed(address, lambda actor: lambda now: _command(actor.conductor, command, now))
            case _:
                pass

    def _receive_turn(self, turn: Turn, address: Address, *, is_retained: bool) -> None:
        self._turns[address] = turn
        concerned = {address, *(Address(address.household, slug) for slug in turn.speakers)}
        for speaker in sorted(concerned & self._actors.keys()):
            self._feed_turn(speaker, turn, address, is_retained=is_retained)

    def _feed_turn(self, speaker: Address, turn: Turn, topic: Address, *, is_retained: bool) -> None:
        self._feed(
            speaker,
            lambda actor: (
                lambda now: actor.conductor.turn_arrived(
                    turn, now, is_retained=is_retained, own_slug=speaker.speaker, topic_slug=topic.speaker
                )
            ),
        )

    def _receive_speech(self, speech: Speech, address: Address) -> None:
        for other, actor in self._actors.items():
            if other != address and other.household == address.household and actor.conductor.voice.unison.is_group:
                self._feed(other, lambda actor: lambda now: actor.conductor.peer_spoke(address.speaker, speech, now))

    def _receive_result(self, result: Result) -> None:
        if result.request is None:
            return
        for actor in self._actors.values():
            if actor.stand_in_reported(result.request, None if result.ok else result.error or "it failed"):
                return

    def _feed(self, address: Address, event: Callable[[Actor], Callable[[float], list[Effect]]]) -> None:
        if (actor := self._actors.get(address)) is not None:
            actor.feed(event(actor))

    # ownership

    def acquire(self, address: Address) -> None:
        household = self._households.get(address.household)
        device = household.devices.get(address) if household is not None else None
        if household is None or device is None:
            return
        actor = Actor(
            address, self._context, DeviceLink(household.cloud, device), self._conductor(address, device), self._spawn,
            on_trouble=household.look_again,
        )  # fmt: skip
        self._actors[address] = actor
        actor.feed(actor.conductor.acquired)
        for topic, turn in sorted(self._turns.items(), key=lambda item: item[0] == address):
            if topic == address or (topic.household == address.household and address.speaker in turn.speakers):
                self._feed_turn(address, turn, topic, is_retained=True)

    def release(self, address: Address) -> None:
        actor = self._actors.pop(address, None)
        if actor is not None:
            actor.abandon()
            self._profiles[device_uid(actor.link.device)] = actor.profile()
            self._former.update(actor.counters)

    def cleared(self, cleared: Cleared) -> None:
        """A speaker whose `info` is cleared exists no more."""
        if cleared.kind is SpeakerInfo:
            address = Address(cleared.places["household"], cleared.places["speaker"])
            self._introduced.discard(address)
            self._context.ownership.retire(address)

    def synchronised(self) -> None:
        """Nothing to do: the runner publishes the states, and what is under way goes on."""

    def is_busy(self, address: Address) -> bool:
        actor = self._actors.get(address)
        return actor is not None and actor.conductor.is_busy(monotonic())

    def state(self, address: Address) -> SpeechState:
        actor = self._actors.get(address)
        return actor.state() if actor is not None else SpeechState(owner=self._context.src)

    def _conductor(self, address: Address, device: Device) -> Conductor:
        model = model_of(device.hardware)
        profile = self._profiles.get(device_uid(device))
        speech = self._settings.speech
        if profile is not None:
            knowledge, proven = (
                profile.knowledge.reopened(has_usable_status=model.has_usable_status),
                profile.proven_path,
            )
        else:
            rate = SpeakingRate.assumed(speech.assumed_seconds_per_character)
            knowledge, proven = Knowledge(rate).reopened(has_usable_status=model.has_usable_status), None
        traits = Traits(model.pause_is_effective, model.can_be_silenced)
        return Conductor(Pacer(knowledge), self._ways(address, device, proven), traits, speech, new_id)

    def _ways(self, address: Address, device: Device, proven: SpeakPath | None) -> Ways:
        model = model_of(device.hardware)
        can_miot = model.play_text is not None and device.miot_did is not None
        table = model.speak_path if can_miot else SpeakPath.MINA
        other = SpeakPath.MINA if table is SpeakPath.MIOT else SpeakPath.MIOT if can_miot else None
        configured = self._settings.households[address.household].speakers.get(address.speaker)
        return Ways(table, other, proven, configured.stand_in if configured is not None else None)

    # running

    async def run(self) -> None:
        """Serve until cancelled. A failure in any task ends the service."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._settle_households()
            while True:
                await asyncio.sleep(_SAVE_EVERY_S)
                await self._save()

    async def stop(self) -> None:
        await asyncio.gather(*(actor.close(within_s=_STOP_WITHIN_S) for actor in self._actors.values()))
        await self._save()

    def reconfigure(self, settings: Settings) -> None:
        self._settings = settings
        self._settle_households()
        for address, actor in self._actors.items():
            if address.household in settings.households:
                ways = self._ways(address, actor.link.device, None)
                actor.conductor.reconfigured(settings.speech, ways)

    def health(self) -> Health:
        troubles = [f"{one.name}: {one.trouble}" for one in self._households.values() if one.trouble is not None]
        return Health(ok=not troubles, detail="; ".join(troubles))

    def counters(self) -> Mapping[str, int]:
        total = Counter(self._former)
        for actor in self._actors.values():
            rules = actor.conductor
            total.update(actor.counters)
            total.update(
                sentences_dropped=rules.book.dropped,
                sentences_missing=rules.voice.answers.missing,
                sentences_repeated=rules.voice.answers.repeated,
            )
        return dict(total)

    def _settle_households(self) -> None:
        """Start those that are new, end those that are gone, and begin anew with those that changed."""
        if self._group is None:
            return
        wanted = self._settings.households
        for name in list(self._households):
            if name not in wanted or not _is_same_account(self._households[name].settings, wanted[name]):
                for address in [address for address in self._actors if address.household == name]:
                    self.release(address)
                self._running.pop(name).cancel()
                del self._households[name]
            else:
                self._households[name].settings = wanted[name]
                self._households[name].look_again()
        for name in wanted.keys() - self._households.keys():
            household = Household(
                name, wanted[name], household_cloud(name, wanted[name], self._settings.data_dir),
                self._context.ownership, on_devices=self._know_devices,
            )  # fmt: skip
            self._households[name] = household
            self._running[name] = self._spawn(household.run(), f"household {name}")

    async def _know_devices(self, devices: dict[Address, Device]) -> None:
        for address, device in devices.items():
            uid = device_uid(device)
            if uid not in self._profiles and (profile := await asyncio.to_thread(self._store.load, uid)) is not None:
                self._profiles[uid] = profile
            if (actor := self._actors.get(address)) is not None:
                actor.link.device = device
            elif self._context.ownership.owns(address):
                self.acquire(address)  # its household was begun anew with other settings
        for household in {address.household for address in devices}:
            self._leave_behind(household, devices)

    def _leave_behind(self, household: str, devices: dict[Address, Device]) -> None:
        """Speakers that were removed while no such service ran leave nothing on the broker."""
        configured = self._settings.households[household].speakers
        for address in self._standing - self._introduced - devices.keys():
            if address.household == household and address.speaker not in configured:
                self._standing.discard(address)
                self._context.ownership.retire(address)

    async def _save(self) -> None:
        changed: dict[str, Profile] = {}
        for actor in self._actors.values():
            uid, profile = device_uid(actor.link.device), actor.profile()
            if self._profiles.get(uid) != profile:
                changed[uid] = profile
        self._profiles.update(changed)
        for uid, profile in changed.items():
            try:
                await asyncio.to_thread(self._store.save, uid, profile)
            except OSError as error:
                log.warning("profile_not_saved", reason=error.strerror)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        if self._group is None:
            work.close()
            raise RuntimeError("the service works only while it runs")
        return self._group.create_task(work, name=name)


def _command(conductor: Conductor, command: Command, now: float) -> list[Effect]:
    match command:
        case Say():
            return conductor.say(command, now)
        case Stop():
            return conductor.stop(command, now)
        case SetVolume():
            return conductor.set_volume(command, now)
        case Native() | Wake() | Play() | Pause():
            return conductor.errand(command, now)
        case _:
            raise TypeError(f"{type(command).__name__} is no command of the speaker service")


def _is_same_account(one: HouseholdSettings, other: HouseholdSettings) -> bool:
    """Whether a session of one serves the other."""
    return one.model_copy(update={"speakers": {}}) == other.model_copy(update={"speakers": {}})
