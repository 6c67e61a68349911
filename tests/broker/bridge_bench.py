"""Bridges on a real broker, somebody who plays the other services, and what Home Assistant would read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migpt_cli.broker import PrivateBroker
from migpt_ha_bridge.service import HaBridgeService
from migpt_shared.bus import MqttBus, MqttLine
from migpt_shared.messages import (
    Account,
    BrainState,
    HearingState,
    Message,
    Presence,
    SpeakerInfo,
    SpeechState,
)
from migpt_shared.runner import ServiceHost, mqtt_bus
from migpt_shared.settings import Settings

UID = "3f9a1c07be42"


@dataclass
class Reader:
    """What stands on the broker below some topics, and what came there live."""

    standing: dict[str, bytes] = field(default_factory=dict)
    live: list[tuple[str, bytes]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, topic: str, payload: bytes, *, retained: bool, expiry_s: float | None) -> None:
        if not retained:
            self.live.append((topic, payload))
        if payload:
            self.standing[topic] = payload
        else:
            self.standing.pop(topic, None)
        self.news.set()

    def connected(self) -> None:
        """The retained messages follow."""

    def disconnected(self) -> None:
        self.standing.clear()

    async def until(self, is_reached: Callable[[], Any], timeout_s: float = 20.0) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not is_reached():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            shown = "\n".join(f"  {topic} {payload[:80]!r}" for topic, payload in sorted(self.standing.items()))
            raise TimeoutError(f"not reached within {timeout_s} s; there stands:\n{shown}") from None


class _Nobody:
    """Listens to nothing."""

    def receive(self, delivery: object) -> None: ...
    def malformed(self, malformed: object) -> None: ...
    def cleared(self, cleared: object) -> None: ...
    def connected(self) -> None: ...
    def disconnected(self) -> None: ...


class Bench:
    """One household. `prefix` keeps its topics apart, Home Assistant's among them."""

    def __init__(self, url: str, prefix: str) -> None:
        self.prefix, self.discovery_prefix = prefix, f"{prefix}_ha"
        self._url = url
        settings = self.settings()
        self.reader = Reader()
        self.line = MqttLine(
            settings.mqtt.address(), filters=(f"{prefix}/#", f"{self.discovery_prefix}/#"), listener=self.reader
        )
        self.services = MqttBus(
            settings.mqtt.address(), prefix=prefix, src="poller/1", subscriptions=(), receiver=_Nobody()
        )

    def settings(self, section: Mapping[str, object] | None = None, **more: object) -> Settings:
        home = {
            "discovery_prefix": self.discovery_prefix,
            "birth_topic": f"{self.discovery_prefix}/status",
            **(section or {}),
        }
        body = {
            "mqtt": {"url": self._url, "prefix": self.prefix},
            "households": {"home": {"account": "1", "home_assistant": home}},
            "llm": {"preset": "deepseek"},
        }
        return Settings.model_validate({**body, **more})

    def config(self, folder: Path) -> Path:
        """The same settings as a file, for a bridge that is a process."""
        file = folder / "config.toml"
        file.write_text(
            f'data_dir = "data"\n[mqtt]\nurl = "{self._url}"\nprefix = "{self.prefix}"\n'
            f'[households.home]\naccount = "1"\n[home_assistant]\ndiscovery_prefix = "{self.discovery_prefix}"\n'
        )
        return file

    def tell(self, message: Message, speaker: str = "living_room") -> None:
        places = {"household": "home", "speaker": speaker, "service": "poller", "instance": "1"}
        self.services.publish(message, **{place: places[place] for place in message.channel.placeholders})

    def tell_of_speaker(self, speaker: str = "living_room", uid: str = UID) -> None:
        """All that the services say of a speaker that is well."""
        self.tell(SpeakerInfo(uid=uid, name="客厅小爱", hardware="LX06", device_tail="1a2b"), speaker)
        self.tell(HearingState(owner="poller/1", online=True), speaker)
        self.tell(BrainState(owner="brain/1", preset="deepseek"), speaker)
        self.tell(SpeechState(owner="speaker/1", volume=35), speaker)
        self.tell(Account(ok=True))
        self.tell(Presence(status="online"))

    def state(self, key: str, unit: str = "living_room") -> str | None:
        payload = self.reader.standing.get(f"{self.prefix}/home/{unit}/ha/{key}")
        return None if payload is None else payload.decode()

    def discovery(self, device: str = f"xiaoai_{UID}") -> str:
        return f"{self.discovery_prefix}/device/{device}/config"

    def devices(self) -> set[str]:
        """The devices that Home Assistant would know."""
        return {
            topic.split("/")[2] for topic in self.reader.standing if topic.startswith(f"{self.discovery_prefix}/device")
        }

    async def until(self, is_reached: Callable[[], Any], timeout_s: float = 20.0) -> None:
        await self.reader.until(is_reached, timeout_s)

    async def until_state(self, key: str, wanted: str) -> None:
        await self.until(lambda: self.state(key) == wanted)

    async def quiet(self, seconds: float) -> None:
        """Return when nothing has come for so long, but for what comes again and again."""
        while True:
            before = len(self._news())
            await asyncio.sleep(seconds)
            if len(self._news()) == before:
                return

    def _news(self) -> list[tuple[str, bytes]]:
        return [one for one in self.reader.live if "/service/" not in one[0]]

    @asynccontextmanager
    async def bridge(self, settings: Settings | None = None) -> AsyncIterator[RunningBridge]:
        """A bridge until the context ends."""
        running = RunningBridge(settings or self.settings())
        try:
            yield running
        finally:
            await running.stop()


class RunningBridge:
    """A bridge in this process."""

    def __init__(self, settings: Settings) -> None:
        self._stop = asyncio.Event()
        self.host = ServiceHost(HaBridgeService, "ha_bridge", settings, mqtt_bus(settings), watchdog=False)
        self._running = asyncio.create_task(self.host.run(self._stop), name="bridge")

    def reconfigure(self, settings: Settings) -> None:
        self.host._service.reconfigure(settings)

    async def stop(self) -> None:
        """A clean stop."""
        self._stop.set()
        await asyncio.gather(self._running, return_exceptions=True)


@asynccontextmanager
async def bench(broker: PrivateBroker, prefix: str) -> AsyncIterator[Bench]:
    made = Bench(broker.url, prefix)
    async with AsyncExitStack() as stack:
        for bus in (made.line, made.services):
            task = asyncio.create_task(bus.run(), name="bench")
            stack.push_async_callback(_cancelled, task)
            await bus.wait_connected()
        yield made


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
