"""The whole system on the broker of a real Home Assistant: simulated speakers, all services, the bridge."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiomqtt

from migpt_cli.broker import PrivateBroker
from migpt_shared.bus import BrokerAddress
from migpt_shared.messages import Presence, SpeakerInfo
from migpt_simulator import SimulatedHome, SimulatedSpeaker
from tests.home_assistant.ha_client import HomeAssistant, Surroundings
from tests.whole_system import SERVICES, WholeSystem

BRIDGED = (*SERVICES, "ha_bridge")
QUICK = {"seconds_per_char": 0.03, "publish_delay_s": 0.3, "native_delay_s": 0.3}


def speaker(slug: str, name: str, **settings: object) -> SimulatedSpeaker:
    return SimulatedSpeaker(slug=slug, name=name, hardware="LX06", settings={**QUICK, **settings})


def home(*speakers: SimulatedSpeaker) -> SimulatedHome:
    return SimulatedHome(
        latency_s=0.01, speakers=speakers or (speaker("living_room", "客厅小爱"), speaker("bedroom", "Bedroom"))
    )


class OutsideBroker(PrivateBroker):
    """A broker that runs already, and goes on running."""

    def __init__(self, url: str) -> None:
        super().__init__(port=BrokerAddress.from_url(url).port)
        self._outside_url = url

    @property
    def url(self) -> str:
        return self._outside_url

    async def start(self) -> None:
        """It runs."""

    async def stop(self) -> None:
        """It goes on running."""


class Household(WholeSystem):
    """A whole system beside a Home Assistant."""

    def __init__(
        self,
        surroundings: Surroundings,
        simulated: SimulatedHome | None = None,
        *,
        section: str = "",
        settings: str = "",
        replicas: Iterable[str] = BRIDGED,
        answer: str | None = None,
    ) -> None:
        """`section`: what stands in [home_assistant]; `settings`: further sections."""
        self.began_at = time.time()
        super().__init__(
            simulated or home(),
            broker=OutsideBroker(surroundings.broker_url),
            replicas=replicas,
            settings=f"\n[home_assistant]\n{section}\n{settings}",
            answer=answer,
        )

    def uid(self, unit: str = "living_room") -> str:
        info = self.watcher.latest[SpeakerInfo, ("home", unit)]
        assert isinstance(info, SpeakerInfo)
        return info.uid

    def device(self, unit: str = "living_room") -> str:
        """The device's identifier in Home Assistant."""
        return f"xiaoai_{self.uid(unit)}"

    def entity(self, key: str, unit: str = "living_room") -> str:
        """An entity's id: `sensor.heard` → `sensor.xiaoai_<uid>_heard`."""
        platform, name = key.split(".")
        return f"{platform}.{self.device(unit)}_{name}"

    def bridges(self) -> int:
        """How many bridges live."""
        return len(self._bridges())

    def births(self) -> int:
        """How often the living bridges have heard that Home Assistant has started."""
        return sum(presence.counters["home_assistant_starts"] for presence in self._bridges())

    def _bridges(self) -> list[Presence]:
        return [
            message
            for (kind, places), message in self.watcher.latest.items()
            if kind is Presence and places[0] == "ha_bridge" and isinstance(message, Presence)
            if message.status == "online"
        ]


async def retained(url: str, *filters: str, quiet_s: float = 0.5) -> dict[str, bytes]:
    """What the broker keeps, by topic."""
    address = BrokerAddress.from_url(url)
    found: dict[str, bytes] = {}
    async with aiomqtt.Client(address.host, address.port) as client:
        for one in filters:
            await client.subscribe(one, qos=1)
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(quiet_s):
                    message = await anext(client.messages)
                if message.retain:
                    found[message.topic.value] = bytes(message.payload)
    return found


async def publish(url: str, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
    address = BrokerAddress.from_url(url)
    async with aiomqtt.Client(address.host, address.port) as client:
        await client.publish(topic, payload, qos=1, retain=retain)


async def clean(url: str) -> None:
    """Leave nothing of ours on the broker, and so nothing in Home Assistant."""
    address = BrokerAddress.from_url(url)
    left = await retained(url, "homeassistant/device/+/config", "migpt/#")
    async with aiomqtt.Client(address.host, address.port) as client:
        for topic in left:
            if topic.startswith("migpt/") or "/xiaoai_" in topic:
                await client.publish(topic, b"", qos=1, retain=True)


@asynccontextmanager
async def household(
    ha: HomeAssistant, *, kind: type[Household] = Household, **options: object
) -> AsyncIterator[Household]:
    """A household that is shown in Home Assistant completely, and gone from it afterwards."""
    url = ha.surroundings.broker_url
    await clean(url)
    try:
        async with kind(ha.surroundings, **options) as running:  # type: ignore[arg-type]
            await ha.until(
                lambda states: all(
                    states.get(running.entity("binary_sensor.online", address.speaker), {}).get("state") == "on"
                    for address in running.addresses()
                ),
                "every speaker to be online in Home Assistant",
                40,
            )
            yield running
    finally:
        await clean(url)
