"""A connection to an MQTT 5 broker that heals itself: topics and payloads as they are on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiomqtt
import paho.mqtt.client as paho
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from migpt_shared.bus.outbox import Outbox, Publication
from migpt_shared.bus.reconnect import reconnect_delay_s

log = structlog.get_logger(__name__)

KEEPALIVE_S = 5
_CONNECT_TIMEOUT_S = 10.0
#: A connection that lived this long starts the count of attempts anew.
_STEADY_AFTER_S = 10.0
#: Retrying cannot cure a wrong password: try seldom, say it clearly.
_REFUSED_RETRY_S = 30.0
_ERROR_REASONS_FROM = 128
#: Without it Nagle's algorithm and delayed acknowledgements cost about 40 ms per hop (measured: 44 ms against 2 ms).
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class BrokerError(Exception):
    """The broker cannot be used. The text says what to do."""


class BrokerRefusedError(BrokerError):
    """The broker answered and refused; trying again will not help."""


class BrokerUnreachableError(BrokerError):
    """Nobody answers at the address."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it. `mqtt://user:password@host:port`, or `mqtts://` for TLS."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool

    @classmethod
    def from_url(cls, url: str) -> BrokerAddress:
        """Raises ValueError with words for the person who wrote the URL; never repeats the password."""
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise ValueError("the broker's URL must look like mqtt://user:password@host:1883 (or mqtts:// for TLS)")
        try:
            port = parts.port
        except ValueError as error:
            raise ValueError("the port in the broker's URL must be a number from 1 to 65535") from error
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=port or (8883 if tls else 1883),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"BrokerAddress({self})"


class _ConfirmingClient(aiomqtt.Client):
    """aiomqtt's client, with publishing that does not wait and with the reason code of every PUBACK.

    aiomqtt's own `publish` returns normally when the broker refuses a message (reason code 128 and above), and waits
    for the confirmation, which must not happen in the loop that receives.
    """

    def __init__(self, confirmed: Callable[[int, int], None], **options: Any) -> None:
        super().__init__(**options)
        self._confirmed = confirmed

    def send(self, publication: Publication, now: float) -> int:
        """Hand a publication to the connection; returns the packet number. Raises aiomqtt.MqttError."""
        properties = None
        expires_in_s = publication.expires_in_s(now)
        if expires_in_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expires_in_s
        info = self._client.publish(publication.topic, publication.payload, 1, publication.retain, properties)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise aiomqtt.MqttError(paho.error_string(info.rc))
        return info.mid

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self._confirmed(mid, reason_code.value)


class Carried(Protocol):
    """Listens to a line. All methods are called on the event loop, in order of arrival, and must return quickly."""

    def take(self, topic: str, payload: bytes, *, retained: bool, expiry_s: float | None) -> None:
        """Something arrived. `retained`: the broker kept it from before the subscription."""

    def connected(self) -> None:
        """The subscriptions are confirmed; retained messages follow, before anything published from here on."""

    def disconnected(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the connection ends without a farewell."""

    topic: str
    payload: bytes
    expires_s: int | None = None


class MqttLine:
    """`run()` keeps the connection up; `publish()` works at any time, and never waits: what was published is ordered,
    kept while the broker is away, and sent again until it is confirmed or too old to be of use.
    """

    def __init__(
        self, address: BrokerAddress, *, filters: Sequence[str], listener: Carried, will: Will | None = None
    ) -> None:
        self._address = address
        self._filters = tuple(filters)
        self._listener = listener
        self._will = will
        self._outbox = Outbox()
        self._client: _ConfirmingClient | None = None
        self._connected = asyncio.Event()
        self._emptied = asyncio.Event()
        self.problem: BrokerError | None = None

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        await self._connected.wait()

    async def flushed(self) -> None:
        """Return when the broker has confirmed everything that was published."""
        while len(self._outbox):
            self._emptied.clear()
            await self._emptied.wait()

    def publish(self, topic: str, payload: bytes, *, retain: bool, expires_s: float | None = None) -> None:
        """Publish with QoS 1. An empty retained payload empties the topic."""
        now = time.monotonic()
        publication = Publication(topic, payload, retain, now, None if expires_s is None else now + expires_s)
        serial = self._outbox.add(publication)
        if self._client is None or not self._connected.is_set():
            return
        # A connection that is just breaking: the outbox keeps it for the next one.
        with contextlib.suppress(aiomqtt.MqttError, OSError):
            self._outbox.sent(serial, self._client.send(publication, publication.queued_at))

    async def run(self) -> None:
        """Connect, receive, and connect again whenever the connection is lost, until cancelled."""
        attempt, down_since = 0, time.monotonic()
        while True:
            connected_at: float | None = None
            problem: BrokerError = BrokerUnreachableError(f"the MQTT broker at {self._address} closed the connection")
            try:
                async with self._make_client() as client:
                    connected_at = time.monotonic()
                    await self._session(client)
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                problem = self._in_words(error)
            finally:
                self._drop_client()
            lived_s = 0.0 if connected_at is None else time.monotonic() - connected_at
            if lived_s > _STEADY_AFTER_S:
                attempt = 0
            if connected_at is not None:
                down_since = time.monotonic()
            self._tell(problem, first=attempt == 0 or type(self.problem) is not type(problem))
            self.problem = problem
            if isinstance(problem, BrokerRefusedError):
                delay_s = _REFUSED_RETRY_S
            else:
                delay_s = reconnect_delay_s(time.monotonic() - down_since, attempt, random.random())
            attempt += 1
            await asyncio.sleep(delay_s)

    def _make_client(self) -> _ConfirmingClient:
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        connect.SessionExpiryInterval = 0
        return _ConfirmingClient(
            self._on_confirmed,
            hostname=self._address.host,
            port=self._address.port,
            username=self._address.username,
            password=self._address.password,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            properties=connect,
            keepalive=KEEPALIVE_S,
            timeout=_CONNECT_TIMEOUT_S,
            socket_options=[_NO_DELAY],
            will=self._aiomqtt_will(),
            tls_context=ssl.create_default_context() if self._address.tls else None,
        )

    def _aiomqtt_will(self) -> aiomqtt.Will | None:
        if self._will is None:
            return None
        properties = None
        if self._will.expires_s is not None:
            properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = self._will.expires_s
        return aiomqtt.Will(self._will.topic, self._will.payload, 1, True, properties)

    async def _session(self, client: _ConfirmingClient) -> None:
        filters = [(topic_filter, SubscribeOptions(qos=1)) for topic_filter in self._filters]
        self._client = client
        if filters:
            codes = await client.subscribe(filters)
            for (topic_filter, _), code in zip(filters, codes, strict=True):
                if isinstance(code, ReasonCode) and code.value >= _ERROR_REASONS_FROM:
                    log.error("subscription_refused", filter=topic_filter, reason=str(code))
        for serial, publication in self._outbox.after_reconnect(time.monotonic()):
            self._outbox.sent(serial, client.send(publication, time.monotonic()))
        if self.problem is not None:
            log.info("broker_connected_again", broker=str(self._address))
            self.problem = None
        me = asyncio.current_task()
        if me is not None and me.cancelling():
            # Python 3.11's wait_for, which aiomqtt connects and subscribes with, loses a cancellation that comes in
            # the same moment as the answer; the service would wait for us for ever.
            raise asyncio.CancelledError
        self._connected.set()
        self._listener.connected()
        async for message in client.messages:
            self._dispatch(message)

    def _drop_client(self) -> None:
        self._client = None
        if self._connected.is_set():
            self._connected.clear()
            self._listener.disconnected()

    def _on_confirmed(self, packet: int, reason: int) -> None:
        publication = self._outbox.confirmed(packet)
        if not len(self._outbox):
            self._emptied.set()
        if reason >= _ERROR_REASONS_FROM and publication is not None:
            words = str(ReasonCode(PacketTypes.PUBACK, identifier=reason))
            log.error("publish_refused", topic=publication.topic, reason=words)

    def _dispatch(self, message: aiomqtt.Message) -> None:
        self._listener.take(
            message.topic.value,
            message.payload if isinstance(message.payload, bytes) else b"",
            retained=bool(message.retain),
            expiry_s=getattr(message.properties, "MessageExpiryInterval", None),
        )

    def _tell(self, problem: BrokerError, *, first: bool) -> None:
        (log.warning if first else log.debug)("broker_connection_lost", problem=str(problem))

    def _in_words(self, error: Exception) -> BrokerError:
        where = str(self._address)
        if isinstance(error, aiomqtt.exceptions.MqttConnectError):
            return BrokerRefusedError(self._refusal(error))
        if isinstance(error, ssl.SSLError):
            return BrokerRefusedError(f"no TLS connection to the broker at {where}: {error.reason or error}")
        return BrokerUnreachableError(f"no connection to the MQTT broker at {where}: {error}")

    def _refusal(self, error: aiomqtt.exceptions.MqttConnectError) -> str:
        where = str(self._address)
        code = getattr(error.rc, "value", error.rc)
        if code in {4, 5, 134, 135}:
            return f"the MQTT broker at {where} refuses user and password; check mqtt.url"
        if code in {1, 132}:
            return f"the MQTT broker at {where} does not speak MQTT 5; use mosquitto 2.0 or later, or another that does"
        return f"the MQTT broker at {where} refuses the connection: {error}"
