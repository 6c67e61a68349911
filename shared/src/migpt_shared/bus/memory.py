"""The bus within one process, for the demo on machines without mosquitto and for tests. Same contract as over MQTT."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from migpt_shared.bus.delivery import Receiver, Subscription
from migpt_shared.bus.intake import Intake
from migpt_shared.messages import Message, encode


@dataclass(frozen=True, slots=True)
class _Retained:
    payload: bytes
    expires_at: float | None


class MemoryBroker:
    """Stands in for the broker: delivers in order, keeps retained messages until they expire."""

    def __init__(self) -> None:
        self._buses: list[MemoryBus] = []
        self._retained: dict[str, _Retained] = {}

    def attach(self, bus: MemoryBus) -> None:
        self._buses.append(bus)
        now = time.monotonic()
        for topic, kept in list(self._retained.items()):
            if kept.expires_at is not None and kept.expires_at <= now:
                del self._retained[topic]
            elif bus.listens_to(topic):
                remaining = None if kept.expires_at is None else kept.expires_at - now
                bus.enqueue(topic, kept.payload, retained=True, expiry_s=remaining)

    def detach(self, bus: MemoryBus) -> None:
        if bus in self._buses:
            self._buses.remove(bus)

    def publish(self, topic: str, payload: bytes, *, retain: bool, expires_s: float | None) -> None:
        if retain and not payload:
            self._retained.pop(topic, None)
        elif retain:
            expires_at = None if expires_s is None else time.monotonic() + expires_s
            self._retained[topic] = _Retained(payload, expires_at)
        for bus in self._buses:
            if bus.listens_to(topic):
                bus.enqueue(topic, payload, retained=False, expiry_s=expires_s)


class MemoryBus:
    """A connection to a `MemoryBroker`. Use `connection()`; `break_off()` is a crash: the broker sends the will."""

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        prefix: str,
        src: str,
        subscriptions: Sequence[Subscription],
        receiver: Receiver,
        will: tuple[Message, dict[str, str]] | None = None,
    ) -> None:
        self._broker = broker
        self._prefix = prefix
        self._src = src
        self._filters = [
            subscription.kind.channel.filter(prefix, **dict(subscription.places)).split("/")
            for subscription in subscriptions
        ]
        self._receiver = receiver
        self._intake = Intake(prefix, receiver)
        self._will = will
        self._queue: asyncio.Queue[tuple[str, bytes, bool, float | None]] = asyncio.Queue()
        self._is_connected = False

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    @property
    def malformed_count(self) -> int:
        return self._intake.malformed_count

    def listens_to(self, topic: str) -> bool:
        levels = topic.split("/")
        return any(
            len(levels) == len(wanted) and all(w in ("+", level) for w, level in zip(wanted, levels, strict=True))
            for wanted in self._filters
        )

    def enqueue(self, topic: str, payload: bytes, *, retained: bool, expiry_s: float | None) -> None:
        self._queue.put_nowait((topic, payload, retained, expiry_s))

    def publish(self, message: Message, **places: str) -> None:
        channel = message.channel
        self._broker.publish(
            channel.topic(self._prefix, **places),
            encode(message, self._src),
            retain=channel.retain,
            expires_s=channel.expires_s,
        )

    def clear(self, kind: type[Message], **places: str) -> None:
        self._broker.publish(kind.channel.topic(self._prefix, **places), b"", retain=True, expires_s=None)

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._is_connected = True
        self._receiver.connected()
        self._broker.attach(self)
        try:
            while True:
                topic, payload, retained, expiry_s = await self._queue.get()
                self._intake.take(topic, payload, retained=retained, expiry_s=expiry_s)
        finally:
            self._is_connected = False
            self._broker.detach(self)
            self._receiver.disconnected()

    def break_off(self) -> None:
        """Vanish without a word: the broker sends the will."""
        self._broker.detach(self)
        if self._will is not None:
            message, places = self._will
            self.publish(message, **places)


@asynccontextmanager
async def running(bus: MemoryBus) -> AsyncIterator[MemoryBus]:
    """Deliver while the context lasts."""
    task = asyncio.create_task(bus.run(), name="memory_bus")
    await asyncio.sleep(0)
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
