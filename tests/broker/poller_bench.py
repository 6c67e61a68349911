"""A poller on a real broker and a simulated cloud, and somebody who reads along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from migpt_cli.broker import PrivateBroker
from migpt_poller.service import PollerService
from migpt_shared.bus import Cleared, Delivery, Malformed, MqttBus, Subscription
from migpt_shared.messages import Account, Heard, HearingState, Message, Presence, SpeakerInfo
from migpt_shared.runner import ServiceHost, mqtt_bus
from migpt_shared.settings import Settings
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, Simulator

M = TypeVar("M", bound=Message)

KINDS = (Heard, HearingState, SpeakerInfo, Account, Presence)


class Witness:
    """Reads along what a poller publishes, and speaks as anybody else on the broker."""

    def __init__(self, url: str, prefix: str) -> None:
        settings = Settings.model_validate({"mqtt": {"url": url, "prefix": prefix}})
        self.deliveries: list[Delivery] = []
        self._news = asyncio.Event()
        self.bus = MqttBus(
            settings.mqtt.address(),
            prefix=prefix,
            src="witness/1",
            subscriptions=[Subscription(kind) for kind in KINDS],
            receiver=self,
        )

    def receive(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self._news.set()

    def malformed(self, malformed: Malformed) -> None:
        raise AssertionError(f"the poller published nonsense: {malformed}")

    def cleared(self, cleared: Cleared) -> None: ...

    def connected(self) -> None: ...

    def disconnected(self) -> None: ...

    def all(self, kind: type[M], **places: str) -> list[M]:
        """Every message of the kind so far, at these places."""
        return [
            delivery.message
            for delivery in self.deliveries
            if isinstance(delivery.message, kind) and places.items() <= dict(delivery.places).items()
        ]

    def texts(self, **places: str) -> list[str]:
        """The utterances told so far, each once, in order."""
        return list({heard.id: heard.text for heard in self.all(Heard, **places)}.values())

    async def until(self, is_reached: Callable[[], Any], timeout_s: float = 10.0) -> None:
        """Wait until a message makes it true. Raises TimeoutError that shows what came."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_reached():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            came = "\n".join(f"  {dict(one.places)} {one.message!r}" for one in self.deliveries[-20:])
            raise TimeoutError(f"not reached within {timeout_s} s; the last messages:\n{came}") from None

    async def last(self, kind: type[M], fits: Callable[[M], bool], **places: str) -> M:
        """The latest message of the kind, as soon as it fits."""
        await self.until(lambda: (found := self.all(kind, **places)) and fits(found[-1]))
        return self.all(kind, **places)[-1]


@asynccontextmanager
async def witness(broker: PrivateBroker, prefix: str) -> AsyncIterator[Witness]:
    one = Witness(broker.url, prefix)
    task = asyncio.create_task(one.bus.run(), name="witness")
    try:
        await one.bus.wait_connected()
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def household(simulator: Simulator, account: str = DEFAULT_ACCOUNT, **more: object) -> dict[str, object]:
    """The settings of a household of the simulator."""
    url = simulator.url
    return {
        "account": account,
        "password": DEFAULT_PASSWORD,
        "endpoints": {"account": url, "mina": url, "conversation": url, "miot": url},
        "speakers": {"living_room": {"name": "客厅小爱", "area": "客厅"}},
    } | more


def poller_settings(
    broker: PrivateBroker, prefix: str, data_dir: Path, households: dict[str, object], **hearing: object
) -> Settings:
    """Settings of a poller; idle polling is a little quicker than usual, to save time."""
    return Settings.model_validate(
        {
            "data_dir": data_dir,
            "mqtt": {"url": broker.url, "prefix": prefix},
            "households": households,
            "hearing": {"idle_interval_s": 0.3, "warm_interval_s": 0.3} | hearing,
        }
    )


@asynccontextmanager
async def running_poller(settings: Settings) -> AsyncIterator[ServiceHost]:
    """A poller that is stopped cleanly at the end; a death of its own is raised."""
    stop = asyncio.Event()
    host = ServiceHost(PollerService, "poller", settings, mqtt_bus(settings), watchdog=False)
    task = asyncio.create_task(host.run(stop), name="poller")
    try:
        yield host
    finally:
        stop.set()
        await task
