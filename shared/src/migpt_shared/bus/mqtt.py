"""The bus over MQTT 5."""

from __future__ import annotations

from collections.abc import Sequence

from migpt_shared.bus.delivery import Receiver, Subscription
from migpt_shared.bus.intake import Intake
from migpt_shared.bus.line import BrokerAddress, BrokerError, MqttLine, Will
from migpt_shared.messages import Message, encode


class MqttBus:
    """A connection to the broker that heals itself. `run()` keeps it up; `publish()` works at any time."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        prefix: str,
        src: str,
        subscriptions: Sequence[Subscription],
        receiver: Receiver,
        will: tuple[Message, dict[str, str]] | None = None,
    ) -> None:
        self._prefix = prefix
        self._src = src
        self._receiver = receiver
        self._intake = Intake(prefix, receiver)
        self._line = MqttLine(
            address,
            filters=[one.kind.channel.filter(prefix, **dict(one.places)) for one in subscriptions],
            listener=self,
            will=self._on_the_wire(*will) if will is not None else None,
        )

    @property
    def malformed_count(self) -> int:
        """Payloads that were refused since the start."""
        return self._intake.malformed_count

    @property
    def is_connected(self) -> bool:
        return self._line.is_connected

    @property
    def problem(self) -> BrokerError | None:
        """Why there is no connection; None while there is one, or before the first attempt has failed."""
        return self._line.problem

    async def wait_connected(self) -> None:
        await self._line.wait_connected()

    async def flushed(self) -> None:
        """Return when the broker has confirmed everything that was published."""
        await self._line.flushed()

    def publish(self, message: Message, **places: str) -> None:
        channel = message.channel
        topic = channel.topic(self._prefix, **places)
        self._line.publish(topic, encode(message, self._src), retain=channel.retain, expires_s=channel.expires_s)

    def clear(self, kind: type[Message], **places: str) -> None:
        self._line.publish(kind.channel.topic(self._prefix, **places), b"", retain=True)

    async def run(self) -> None:
        """Connect, receive, and connect again whenever the connection is lost, until cancelled."""
        await self._line.run()

    def _on_the_wire(self, will: Message, places: dict[str, str]) -> Will:
        topic = will.channel.topic(self._prefix, **places)
        return Will(topic, encode(will, self._src), will.channel.expires_s)

    # -- what the line carries -----------------------------------------------------------------------------------

    def take(self, topic: str, payload: bytes, *, retained: bool, expiry_s: float | None) -> None:
        self._intake.take(topic, payload, retained=retained, expiry_s=expiry_s)

    def connected(self) -> None:
        self._receiver.connected()

    def disconnected(self) -> None:
        self._receiver.disconnected()
