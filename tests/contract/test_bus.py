"""One contract for every bus: over mosquitto (each version at hand) and within the process."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from migpt_cli.broker import PrivateBroker
from migpt_shared.bus import BrokerAddress, Cleared, Delivery, Malformed, MemoryBroker, MemoryBus, MqttBus, Subscription
from migpt_shared.messages import (
    Heard,
    HearingState,
    Message,
    Presence,
    Say,
    Sentence,
    SetVolume,
    Stop,
    Turn,
    new_id,
)

PLACE = {"household": "home", "speaker": "living_room"}


@dataclass
class Listener:
    """Keeps what arrives and lets a test wait for it."""

    deliveries: list[Delivery] = field(default_factory=list)
    bad: list[Malformed] = field(default_factory=list)
    emptied: list[Cleared] = field(default_factory=list)
    connections: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def receive(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.changed.set()
        if isinstance(delivery.message, Say) and delivery.message.text == "坏":
            raise RuntimeError("a handler that fails")

    def malformed(self, malformed: Malformed) -> None:
        self.bad.append(malformed)
        self.changed.set()

    def cleared(self, cleared: Cleared) -> None:
        self.emptied.append(cleared)
        self.changed.set()

    def connected(self) -> None:
        self.connections += 1
        self.changed.set()

    def disconnected(self) -> None:
        self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def texts(self) -> list[str]:
        return [delivery.message.text for delivery in self.deliveries if hasattr(delivery.message, "text")]


AnyBus = MqttBus | MemoryBus
Connect = Callable[..., contextlib.AbstractAsyncContextManager[AnyBus]]


@pytest.fixture(params=["memory", "mqtt"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Opens a connection: `async with connect(listener, Heard, ...) as bus`."""
    prefix = f"t{new_id().lower()}"
    memory = MemoryBroker()
    url = request.getfixturevalue("broker").url if request.param == "mqtt" else None

    @contextlib.asynccontextmanager
    async def opened(
        listener: Listener, *kinds: type[Message], src: str = "test/1", will: Message | None = None
    ) -> AsyncIterator[AnyBus]:
        subscriptions = [Subscription(kind) for kind in kinds]
        service, _, instance = src.partition("/")
        last_will = None if will is None else (will, {"service": service, "instance": instance})
        bus: AnyBus
        if url is None:
            bus = MemoryBus(
                memory, prefix=prefix, src=src, subscriptions=subscriptions, receiver=listener, will=last_will
            )
        else:
            bus = MqttBus(
                BrokerAddress.from_url(url),
                prefix=prefix,
                src=src,
                subscriptions=subscriptions,
                receiver=listener,
                will=last_will,
            )
        task = asyncio.create_task(bus.run())
        await listener.until(lambda: listener.connections)
        try:
            yield bus
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return opened


def heard(text: str) -> Heard:
    return Heard(turn=new_id(), text=text, spoken_at=1)


async def test_a_message_arrives_whole_and_stamped(connect: Connect) -> None:
    listener = Listener()
    async with connect(listener, Heard, src="poller/x") as bus:
        bus.publish(heard("今天天气"), **PLACE)
        await listener.until(lambda: listener.deliveries)
    [delivery] = listener.deliveries
    assert delivery.message.src == "poller/x"
    assert (delivery.household, delivery.speaker, delivery.retained) == ("home", "living_room", False)
    assert delivery.expires_at is not None
    assert 0 < delivery.expires_at - delivery.arrived <= 15


async def test_order_is_kept(connect: Connect) -> None:
    listener = Listener()
    async with connect(listener, Heard) as bus:
        for number in range(500):
            bus.publish(heard(str(number)), **PLACE)
        await listener.until(lambda: len(listener.deliveries) == 500)
    assert listener.texts() == [str(number) for number in range(500)]


async def test_nothing_else_is_delivered(connect: Connect) -> None:
    listener = Listener()
    async with connect(listener, Heard) as bus:
        bus.publish(Sentence(turn="T", seq=0, text="别的"), **PLACE)
        bus.publish(heard("要的"), **PLACE)
        await listener.until(lambda: listener.deliveries)
    assert listener.texts() == ["要的"]


async def test_a_retained_state_greets_newcomers_and_can_be_cleared(connect: Connect) -> None:
    first, second, third = Listener(), Listener(), Listener()
    async with connect(first, HearingState) as bus:
        bus.publish(HearingState(owner="poller/x", cursor=7), **PLACE)
        await first.until(lambda: first.deliveries)
        async with connect(second, HearingState):
            await second.until(lambda: second.deliveries)
            bus.clear(HearingState, **PLACE)
            await second.until(lambda: second.emptied)
        async with connect(third, HearingState, Heard):
            bus.publish(heard("之后"), **PLACE)
            await third.until(lambda: third.deliveries)
    assert not first.deliveries[0].retained
    assert second.deliveries[0].retained
    assert third.texts() == ["之后"]


async def test_retained_messages_come_before_what_is_published_after_the_subscription(connect: Connect) -> None:
    early, late = Listener(), Listener()
    async with connect(early, Turn) as bus:
        bus.publish(Turn(turn="T1", text="一", route="llm", reason="r", phase="done", owner="brain/x"), **PLACE)
        await early.until(lambda: early.deliveries)
        async with connect(late, Turn, Heard) as other:
            other.publish(heard("自己的"), **PLACE)
            await late.until(lambda: len(late.deliveries) == 2)
    assert late.texts() == ["一", "自己的"]


async def test_expired_retained_messages_are_not_delivered(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Presence, "channel", dataclasses.replace(Presence.channel, expires_s=1))

    async def newcomer_sees() -> list[Delivery]:
        reader = Listener()
        async with connect(reader, Presence, Heard) as bus:
            bus.publish(heard("到"), **PLACE)
            await reader.until(lambda: "到" in reader.texts())
        return reader.deliveries[:-1]

    writer = Listener()
    async with connect(writer, Presence) as bus:
        bus.publish(Presence(status="online"), service="brain", instance="a")
        await writer.until(lambda: writer.deliveries)
        assert len(await newcomer_sees()) == 1
        async with asyncio.timeout(10):
            while await newcomer_sees():
                pass


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no json",
        b'{"text": 5}',
        b'{"text": "x"',
        b"[1]",
        b"\xff\xfe",
        b"1" * 1_000_000,
        b'{"text": null}',
        b"null",
    ],
    ids=["empty", "text", "wrong_type", "cut_off", "list", "invalid_utf8", "megabyte", "null_field", "null"],
)
async def test_a_malformed_payload_is_told_and_harms_nothing(connect: Connect, payload: bytes) -> None:
    listener = Listener()
    async with connect(listener, Heard) as bus:
        publish_raw(bus, "home/living_room/heard", payload)
        bus.publish(heard("还活着"), **PLACE)
        await listener.until(lambda: listener.deliveries)
    assert listener.texts() == ["还活着"]
    [malformed] = listener.bad
    assert malformed.kind is Heard
    assert malformed.reason
    assert bus.malformed_count == 1


async def test_a_failing_handler_does_not_end_the_bus(connect: Connect) -> None:
    listener = Listener()
    async with connect(listener, Say) as bus:
        bus.publish(Say(text="坏"), **PLACE)
        bus.publish(Say(text="好"), **PLACE)
        await listener.until(lambda: len(listener.deliveries) == 2)
    assert listener.texts() == ["坏", "好"]


async def test_plain_text_commands(connect: Connect) -> None:
    listener = Listener()
    async with connect(listener, Say, SetVolume, Stop) as bus:
        publish_raw(bus, "home/living_room/do/say", "晚饭好了\n".encode())
        publish_raw(bus, "home/living_room/set/volume", b"35")
        publish_raw(bus, "home/living_room/do/stop", b"")
        publish_raw(bus, "home/living_room/do/say", b'  {"text": "x", "priority": "alarm"}')
        await listener.until(lambda: len(listener.deliveries) == 4)
    say, volume, stop, alarm = (delivery.message for delivery in listener.deliveries)
    assert isinstance(say, Say)
    assert say.text == "晚饭好了"
    assert isinstance(volume, SetVolume)
    assert volume.value == 35
    assert isinstance(stop, Stop)
    assert isinstance(alarm, Say)
    assert alarm.priority == "alarm"


def publish_raw(bus: AnyBus, topic: str, payload: bytes) -> None:
    """Put bytes on a topic as any client could."""
    full_topic = f"{bus._prefix}/{topic}"
    if isinstance(bus, MemoryBus):
        bus._broker.publish(full_topic, payload, retain=False, expires_s=None)
    else:
        assert bus._line._client is not None
        bus._line._client._client.publish(full_topic, payload, 1, False)


async def test_reconnects_after_a_broker_restart_and_loses_nothing() -> None:
    listener = Listener()
    first = PrivateBroker()
    async with first:
        url = first.url
        bus = MqttBus(
            BrokerAddress.from_url(url), prefix="p", src="a/b", subscriptions=[Subscription(Heard)], receiver=listener
        )
        task = asyncio.create_task(bus.run())
        await listener.until(lambda: listener.connections == 1)
    try:
        await listener.until(lambda: not bus.is_connected)
        bus.publish(heard("在断线时"), **PLACE)
        async with PrivateBroker(port=BrokerAddress.from_url(url).port):
            await listener.until(lambda: listener.deliveries)
        assert listener.texts() == ["在断线时"]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
