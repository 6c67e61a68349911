"""A client's connection to the bus: what arrives waits in a queue, and a broker that is not there is an error."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from migpt_cli.outcome import CommandFailedError
from migpt_cli.quiet import quiet_logs
from migpt_shared.bus import BrokerRefusedError, Cleared, Delivery, Malformed, MqttBus, Subscription
from migpt_shared.language import Phrase
from migpt_shared.messages import Message, Presence
from migpt_shared.runner import MakeBus, RunningBus, mqtt_bus
from migpt_shared.settings import Settings

#: With the start of the command itself, a person knows within three seconds.
CONNECT_WITHIN_S = 2.2
_LOOK_AGAIN_S = 0.02
#: What clients are called in `src` and in presence.
_PARTY = "client"

_UNREACHABLE = Phrase(
    zh="连不上消息服务器：{reason}。它在运行吗？mqtt.url 对吗？",
    en="cannot reach the broker: {reason}. Is it running, and is mqtt.url right?",
)
_REFUSED = Phrase(zh="消息服务器拒绝连接：{reason}", en="the broker refuses us: {reason}")
_SILENT = Phrase(
    zh="消息服务器 {limit:g} 秒内没有应答。它在运行吗？mqtt.url 对吗？",
    en="no answer from the broker within {limit:g} s. Is it running, and is mqtt.url right?",
)


class Connection:
    """A connection that is up. Read `inbox`; what was published by others while disconnected is not in it."""

    def __init__(self, src: str) -> None:
        self.src = src
        self.inbox: asyncio.Queue[Delivery | Cleared] = asyncio.Queue()
        self._up = asyncio.Event()
        self._synchronised = asyncio.Event()
        self._bus: RunningBus | None = None

    def publish(self, message: Message, **places: str) -> None:
        if self._bus is None:
            raise RuntimeError("the connection is not open")
        self._bus.publish(message, **places)

    async def next_delivery(self) -> Delivery:
        """The next message."""
        while True:
            arrived = await self.inbox.get()
            if isinstance(arrived, Delivery):
                return arrived

    async def synchronised(self) -> None:
        """Return when everything that the broker keeps has arrived; raises TimeoutError if that takes too long.

        The broker sends what it keeps before anything that is published later: our own presence is the mark.
        """
        instance = self.src.partition("/")[2]
        self.publish(Presence(status="online"), service=_PARTY, instance=instance)
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await self._synchronised.wait()
        if self._bus is not None:
            self._bus.clear(Presence, service=_PARTY, instance=instance)

    # -- Receiver

    def receive(self, delivery: Delivery) -> None:
        if isinstance(delivery.message, Presence) and delivery.message.src == self.src:
            self._synchronised.set()
        elif delivery.places.get("service") != _PARTY or not isinstance(delivery.message, Presence):
            self.inbox.put_nowait(delivery)

    def malformed(self, malformed: Malformed) -> None:
        """Somebody's broken message is not for us to report."""

    def cleared(self, cleared: Cleared) -> None:
        self.inbox.put_nowait(cleared)

    def connected(self) -> None:
        self._up.set()

    def disconnected(self) -> None:
        self._up.clear()


@asynccontextmanager
async def connect_to(settings: Settings, subscriptions: Sequence[Subscription]) -> AsyncIterator[Connection]:
    """Connect to the configured broker, as a command does that wants to be quick."""
    quiet_logs()  # the bus tells of its troubles there; here they become errors
    async with connect(mqtt_bus(settings), subscriptions) as connection:
        yield connection


@asynccontextmanager
async def connect(
    make_bus: MakeBus, subscriptions: Sequence[Subscription], *, within_s: float | None = CONNECT_WITHIN_S
) -> AsyncIterator[Connection]:
    """Connect as a client. Raises CommandFailedError when the broker does not answer in time or refuses.

    `within_s` None: wait as long as it takes. A connection that is lost later heals by itself.
    """
    connection = Connection(f"{_PARTY}/{secrets.token_hex(4)}")
    own = Subscription(Presence, {"service": _PARTY, "instance": connection.src.partition("/")[2]})
    bus = make_bus(
        src=connection.src,
        subscriptions=[*subscriptions, own],
        receiver=connection,
        will=(Presence(status="offline", src=connection.src), {"service": _PARTY, "instance": own.places["instance"]}),
    )
    connection._bus = bus
    running = asyncio.create_task(bus.run(), name="client_bus")
    try:
        await _until_up(connection, bus, within_s)
        yield connection
        if isinstance(bus, MqttBus) and bus.is_connected:
            await _flush(bus)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _until_up(connection: Connection, bus: RunningBus, within_s: float | None) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not connection._up.is_set():
                problem = bus.problem if isinstance(bus, MqttBus) else None
                if problem is not None and within_s is not None:
                    phrase = _REFUSED if isinstance(problem, BrokerRefusedError) else _UNREACHABLE
                    raise CommandFailedError(phrase, reason=problem)
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        raise CommandFailedError(_SILENT, limit=within_s) from None


async def _flush(bus: MqttBus) -> None:
    """What was published leaves before the connection does."""
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await bus.flushed()
    except TimeoutError:
        raise CommandFailedError(_SILENT, limit=CONNECT_WITHIN_S) from None
