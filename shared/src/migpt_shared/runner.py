"""Runs one service: connection, presence, ownership, settings that change, health, and a stop that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import structlog
from watchfiles import awatch

from migpt_shared import health_file
from migpt_shared.bus import Bus, Cleared, Delivery, Malformed, MemoryBroker, MemoryBus, MqttBus, Receiver, Subscription
from migpt_shared.messages import (
    HOME,
    PRESENCE_EVERY_S,
    Address,
    BrainState,
    Command,
    Health,
    HearingState,
    HomeState,
    Message,
    Presence,
    Result,
    SpeechState,
)
from migpt_shared.ownership import Bury, LetGo, Lose, Ownership, Take
from migpt_shared.service import ClearsUp, Context, MakeService, SeesClearing
from migpt_shared.settings import Settings, SettingsError, load_settings, settings_files
from migpt_shared.watchdog import LoopWatchdog

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 5.0
_OWNERSHIP_EVERY_S = 0.25


class RunningBus(Bus, Protocol):
    """A bus that the runner keeps up."""

    @property
    def malformed_count(self) -> int: ...

    async def run(self) -> None: ...


class MakeBus(Protocol):
    """Makes the connection of a service: over MQTT, or to a broker in this process."""

    def __call__(
        self,
        *,
        src: str,
        subscriptions: Sequence[Subscription],
        receiver: Receiver,
        will: tuple[Message, dict[str, str]],
    ) -> RunningBus: ...


def mqtt_bus(settings: Settings) -> MakeBus:
    """Connections to the configured broker. Raises ValueError when none is configured."""
    address, prefix = settings.mqtt.address(), settings.mqtt.prefix

    def make(
        *, src: str, subscriptions: Sequence[Subscription], receiver: Receiver, will: tuple[Message, dict[str, str]]
    ) -> MqttBus:
        return MqttBus(address, prefix=prefix, src=src, subscriptions=subscriptions, receiver=receiver, will=will)

    return make


def memory_bus(broker: MemoryBroker, settings: Settings) -> MakeBus:
    """Connections to a broker in this process."""

    def make(
        *, src: str, subscriptions: Sequence[Subscription], receiver: Receiver, will: tuple[Message, dict[str, str]]
    ) -> MemoryBus:
        return MemoryBus(
            broker, prefix=settings.mqtt.prefix, src=src, subscriptions=subscriptions, receiver=receiver, will=will
        )

    return make


class _LateBus:
    """The bus as the service sees it: the real one is made after the service, whose subscriptions it needs."""

    def __init__(self) -> None:
        self.real: RunningBus | None = None

    @property
    def _bus(self) -> RunningBus:
        if self.real is None:
            raise RuntimeError("a service publishes only after it was made")
        return self.real

    @property
    def is_connected(self) -> bool:
        return self._bus.is_connected

    def publish(self, message: Message, **places: str) -> None:
        self._bus.publish(message, **places)

    def clear(self, kind: type[Message], **places: str) -> None:
        self._bus.clear(kind, **places)


class ServiceHost:
    """Hosts one instance of one service."""

    def __init__(
        self,
        make_service: MakeService,
        name: str,
        settings: Settings,
        make_bus: MakeBus,
        *,
        config: Path | None = None,
        watchdog: bool = True,
        health: Path | None = None,
        on_settings: Callable[[Settings], None] | None = None,
    ) -> None:
        """`health`: a file for `migpt_shared.health_file`, written as long as the service is well. `on_settings`: told
        of settings that have changed, before the service is.
        """
        self._name = name
        self._instance = secrets.token_hex(4)
        self._src = f"{name}/{self._instance}"
        self._config = config
        self._health_file = health
        self._on_settings = on_settings
        self._watchdog = LoopWatchdog() if watchdog else None
        self._since_ms = time.time_ns() // 1_000_000
        self._ownership = Ownership(self._src)
        self._was_synchronised = False
        self._wake_ownership = asyncio.Event()
        late_bus = _LateBus()
        self._service = make_service(Context(settings, self._src, late_bus, self._ownership, config))
        self._bus = make_bus(
            src=self._src,
            subscriptions=self._subscriptions(),
            receiver=self,
            will=(Presence(status="offline", src=self._src), {"service": name, "instance": self._instance}),
        )
        late_bus.real = self._bus

    @property
    def src(self) -> str:
        return self._src

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then stop cleanly. Raises what ends the service when it dies by itself."""
        log.info("service_started", instance=self._instance)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._bus.run(), name="bus"),
                tasks.create_task(self._work(), name="work"),
            ]
            claiming = [
                tasks.create_task(self._announce(), name="presence"),
                tasks.create_task(self._divide(), name="ownership"),
            ]
            if self._config is not None:
                running.append(tasks.create_task(self._watch_settings(self._config), name="settings"))
            if self._watchdog is not None:
                running.append(tasks.create_task(self._watchdog.run(), name="watchdog"))
            await stop.wait()
            for task in claiming:
                task.cancel()
            await self._wind_down()
            for task in running:
                task.cancel()
        log.info("service_stopped")

    # -- Receiver ------------------------------------------------------------------------------------------------

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case Command() if delivery.retained:
                # It would be obeyed again at every connect, long after whoever sent it has forgotten it.
                log.warning("retained_command_ignored", command=type(delivery.message).__name__, **delivery.places)
            case Presence() as presence if delivery.places["service"] == self._name:
                self._receive_presence(presence, delivery)
                if self._service.state_kind is None:
                    self._service.receive(delivery)  # it divides nothing with its kind, but may want to show it
            case HearingState() | BrainState() | SpeechState() | HomeState() as state if (
                type(state) is self._service.state_kind
            ):
                unit = Address(delivery.places["household"], delivery.places.get("speaker", HOME))
                self._ownership.stands(unit, state.owner)
                self._wake_ownership.set()
                self._service.receive(delivery)
            case _:
                self._service.receive(delivery)

    def _receive_presence(self, presence: Presence, delivery: Delivery) -> None:
        src = f"{delivery.places['service']}/{delivery.places['instance']}"
        if presence.status == "offline":
            self._ownership.members.gone(src)
        else:
            self._ownership.members.seen(src, delivery.arrived, established=delivery.retained)
            if src == self._src and not delivery.retained:
                self._synchronised(delivery.arrived)
        self._wake_ownership.set()

    def _synchronised(self, now: float) -> None:
        """Our own presence came back: everything retained was delivered before it."""
        if self._ownership.is_synchronised:
            return
        self._ownership.synchronised(now, first_time=not self._was_synchronised)
        self._was_synchronised = True
        for address in self._ownership.owned:
            if not self._ownership.is_taken_by_other(address):
                self._publish_state(address)
        self._service.synchronised()

    def malformed(self, malformed: Malformed) -> None:
        if not issubclass(malformed.kind, Command) or self._name not in malformed.kind.owners:
            return
        household, speaker = malformed.places.get("household"), malformed.places.get("speaker")
        if household is None or speaker is None:
            return
        for address in self._ownership.targets(household, speaker):
            result = Result(request=malformed.request, ok=False, error=malformed.reason)
            self._bus.publish(result, household=address.household, speaker=address.speaker)

    def cleared(self, cleared: Cleared) -> None:
        if cleared.kind is Presence and cleared.places["service"] == self._name:
            self._ownership.members.gone(f"{self._name}/{cleared.places['instance']}")
            self._wake_ownership.set()
        elif isinstance(self._service, SeesClearing):
            self._service.cleared(cleared)

    def connected(self) -> None:
        self._publish_presence()
        self._report_health()

    def disconnected(self) -> None:
        self._ownership.disconnected()
        self._report_health()

    # -- tasks ---------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        await self._service.run()
        raise RuntimeError(f"the work of service {self._name} ended by itself")

    async def _announce(self) -> None:
        while True:
            await asyncio.sleep(PRESENCE_EVERY_S)
            if self._bus.is_connected:
                self._publish_presence()
            self._report_health()

    async def _divide(self) -> None:
        while True:
            self._wake_ownership.clear()
            for decision in self._ownership.decide(time.monotonic(), self._service.is_busy):
                log.info("ownership", decision=type(decision).__name__, speaker=str(decision.address))
                match decision:
                    case Take(address):
                        self._service.acquire(address)
                        self._publish_state(address)
                    case LetGo(address):
                        state = self._service.state(address)
                        self._service.release(address)
                        self._publish(state.model_copy(update={"owner": None}), address)
                    case Lose(address):
                        self._service.release(address)
                    case Bury(address, was_owned):
                        if was_owned:
                            self._service.release(address)
                        if (kind := self._service.state_kind) is not None:
                            self._bus.clear(kind, **_places(kind, address))
                        if isinstance(self._service, ClearsUp):
                            self._service.clear_up(address)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_OWNERSHIP_EVERY_S):
                    await self._wake_ownership.wait()

    async def _watch_settings(self, config: Path) -> None:
        files = settings_files(config)
        # The folder `secrets` may be made later: its coming is a change in the folder of the configuration.
        watched = {str(path) for path in files} | {str(file.parent) for file in files}
        while True:
            folders = {file.parent for file in files if file.parent.is_dir()}
            try:
                async for changes in awatch(*folders, recursive=False, debounce=300, step=100):
                    if not watched.isdisjoint(path for _, path in changes):
                        self._reload(config)
                    if folders != {file.parent for file in files if file.parent.is_dir()}:
                        break
            except (OSError, RuntimeError) as error:
                log.warning("settings_not_watched", reason=str(error), consequence="changes need a restart")
                await asyncio.Event().wait()

    def _reload(self, config: Path) -> None:
        try:
            settings = load_settings(config)
        except SettingsError as error:
            log.error("settings_refused", problems=list(error.problems), still="the former settings")
            return
        if self._on_settings is not None:
            self._on_settings(settings)
        log.info("settings_changed")
        self._service.reconfigure(settings)

    async def _wind_down(self) -> None:
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self._service.stop()
                for address in self._ownership.owned:
                    state = self._service.state(address)
                    self._publish(state.model_copy(update={"owner": None}), address)
                self._bus.clear(Presence, service=self._name, instance=self._instance)
                if isinstance(self._bus, MqttBus) and self._bus.is_connected:
                    await self._bus.flushed()
        except TimeoutError:
            log.warning("stop_took_too_long", limit_s=STOP_WITHIN_S)

    # -- publishing ----------------------------------------------------------------------------------------------

    def _publish_presence(self) -> None:
        health = self._service.health()
        if self._watchdog is not None and not self._watchdog.is_lively:
            health = Health(ok=False, detail="the event loop was blocked")
        counters = {**self._service.counters(), "malformed": self._bus.malformed_count}
        self._bus.publish(
            Presence(
                status="online",
                version=version("migpt-shared"),
                since=self._since_ms,
                health=health,
                counters=counters,
            ),
            service=self._name,
            instance=self._instance,
        )

    def _report_health(self) -> None:
        """For a look from outside. Troubles of an account are none of the process: no restart would cure them."""
        if self._health_file is None:
            return
        problem = ""
        if not self._bus.is_connected:
            problem = "not connected to the broker"
        elif self._watchdog is not None and not self._watchdog.is_lively:
            problem = "the event loop was blocked"
        try:
            health_file.report(self._health_file, problem)
        except OSError as error:
            log.warning("health_not_reported", file=str(self._health_file), reason=error.strerror)

    def _publish_state(self, address: Address) -> None:
        self._publish(self._service.state(address), address)

    def _publish(self, message: Message, address: Address) -> None:
        self._bus.publish(message, **_places(type(message), address))

    def _subscriptions(self) -> list[Subscription]:
        own = [Subscription(Presence, {"service": self._name})]
        if self._service.state_kind is not None:
            own.append(Subscription(self._service.state_kind))
        return [*self._service.subscriptions(), *own]


def _places(kind: type[Message], address: Address) -> dict[str, str]:
    """The places of a message about a speaker, or about a household's home."""
    places = {"household": address.household, "speaker": address.speaker}
    return {place: places[place] for place in kind.channel.placeholders}
