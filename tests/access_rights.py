"""What each user of the broker may do, tried out topic by topic at a running broker."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from migpt_shared.messages import CATALOGUE, DEFAULT_PREFIX, PARTIES, Message, Presence, traffic_of

#: Users by what they are in the catalogue: Home Assistant is a client.
USERS: dict[str, str] = {**{party: party for party in PARTIES}, "home_assistant": "client"}

REFUSED = 0x87
_WITHIN_S = 20.0
# No household has this name, so services that listen do nothing.
_PLACES = {"household": "trial", "speaker": "trial", "instance": "trial", "request": "trial"}


@dataclass(frozen=True, slots=True)
class Trial:
    """A topic, and who may write and read it by the catalogue."""

    topic: str
    writers: frozenset[str]
    readers: frozenset[str]


def trials() -> list[Trial]:
    """Every topic there is; presence once for each service."""
    found = []
    for kind in CATALOGUE:
        for service in PARTIES if kind is Presence else ("",):
            places = {**_PLACES, "service": service or "console"}
            topic = kind.channel.topic(DEFAULT_PREFIX, **{place: places[place] for place in kind.channel.placeholders})
            found.append(Trial(topic, _users(kind, "writers", service), _users(kind, "readers", "")))
    return found


def _users(kind: type[Message], right: str, service: str) -> frozenset[str]:
    parties = {service} if service else set(getattr(traffic_of(kind), right))
    return frozenset(user for user, party in USERS.items() if party in parties)


@dataclass(frozen=True, slots=True)
class Door:
    """Where the broker is, and one user's way in."""

    user: str
    password: str | None
    host: str
    port: int

    def client(self) -> paho.Client:
        """A client that is not connected yet."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set(self.user, self.password)
        client.on_socket_open = _without_nagle
        return client

    def publish(self, topic: str, payload: str) -> int:
        """Publish on a connection of its own; the reason code that the broker gave.

        mosquitto 2.0.11 ends the connection after a refusal; later versions do not.
        """
        client, codes = self.client(), list[int]()
        client.on_publish = lambda _client, _data, _mid, reason, _properties: codes.append(reason.value)

        def connected(*_: Any) -> None:
            client.publish(topic, payload, 1)

        client.on_connect = connected
        client.connect(self.host, self.port)
        _loop_until(client, lambda: codes, f"{self.user}: publishing {topic} was not answered")
        client.disconnect()
        return codes[0]

    def knock(self) -> int:
        """The reason code of a connect."""
        client, codes = self.client(), list[int]()
        client.on_connect = lambda _client, _data, _flags, reason, _properties: codes.append(reason.value)
        client.connect(self.host, self.port)
        _loop_until(client, lambda: codes, f"{self.user}: the connect was not answered")
        client.disconnect()
        return codes[0]


@dataclass
class Listener:
    """A user that listens to everything."""

    door: Door
    received: set[tuple[str, str]] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def until_received(self, topic: str, payload: str) -> None:
        with self.changed:
            is_there = self.changed.wait_for(lambda: (topic, payload) in self.received, _WITHIN_S)
        assert is_there, f"{self.door.user} did not get {topic} of {payload}"


@contextmanager
def listening(door: Door, topic: str) -> Iterator[Listener]:
    """A connected user whose subscription is granted, as mosquitto does even if it will deliver nothing."""
    client, one = door.client(), Listener(door)
    granted: queue.Queue[list[int]] = queue.Queue()

    def received(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        with one.changed:
            one.received.add((message.topic, message.payload.decode()))
            one.changed.notify_all()

    def subscribed(_client: paho.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        granted.put([reason.value for reason in reasons])

    def connected(*_: Any) -> None:
        client.subscribe(topic, 1)

    client.on_connect, client.on_message, client.on_subscribe = connected, received, subscribed
    client.connect(door.host, door.port)
    client.loop_start()
    try:
        assert max(granted.get(timeout=_WITHIN_S)) < 0x80
        yield one
    finally:
        client.disconnect()
        client.loop_stop()


def assert_everybody_keeps_to_their_topics(listeners: Mapping[str, Listener]) -> None:
    """Each user, who listens to `migpt/#`, publishes to every topic there is.

    Publishing where it may not is answered with 0x87 and reaches nobody; what it may not read never comes. What it may
    do, it can.
    """
    expected: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for trial in trials():
        for user, one in listeners.items():
            code = one.door.publish(trial.topic, user)
            if user in trial.writers:
                assert code in (0x00, 0x10), f"{user} may write {trial.topic} and was answered {code:#x}"
                for reader in trial.readers & set(listeners):
                    expected[reader].add((trial.topic, user))
            else:
                assert code == REFUSED, f"{user} wrote {trial.topic} and was answered {code:#x}"
    for user, one in listeners.items():
        for topic, sender in sorted(expected[user]):
            one.until_received(topic, sender)
        # Nothing was sent after what has arrived by now.
        got = {(topic, sender) for topic, sender in one.received if sender in USERS and "trial" in topic}
        assert got == expected[user], f"{user} got {sorted(got - expected[user])}"


def _without_nagle(_client: paho.Client, _data: Any, connection: Any) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _loop_until(client: paho.Client, condition: Callable[[], object], problem: str) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, problem
        client.loop(0.2)
