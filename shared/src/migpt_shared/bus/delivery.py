"""What the bus hands over and what it expects of those who listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from migpt_shared.messages import Address, Message


@dataclass(frozen=True, slots=True)
class Subscription:
    """A kind of message to listen to; `household`/`speaker` None: of all of them.

    Commands addressed to `all` are delivered whatever speaker is named here.
    """

    kind: type[Message]
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A validated message as it arrived."""

    message: Message
    places: Mapping[str, str]
    """values of the topic's placeholders"""
    retained: bool
    """the broker kept it from before the subscription; it is not news"""
    arrived: float
    """time.monotonic() of the arrival, seconds"""
    expires_at: float | None = None
    """time.monotonic() after which it must not be acted on; None: never"""

    @property
    def household(self) -> str | None:
        return self.places.get("household")

    @property
    def speaker(self) -> str | None:
        return self.places.get("speaker")

    @property
    def address(self) -> Address:
        """The speaker it is about. Raises KeyError for messages that are about none."""
        return Address(self.places["household"], self.places["speaker"])


@dataclass(frozen=True, slots=True)
class Malformed:
    """A payload that is no valid message of its kind."""

    kind: type[Message]
    places: Mapping[str, str]
    reason: str
    request: str | None
    """the id that the payload carried, if it could be read"""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A retained topic was emptied by its writer."""

    kind: type[Message]
    places: Mapping[str, str]


class Receiver(Protocol):
    """Listens to a bus. All methods are called on the event loop, in order of arrival, and must return quickly."""

    def receive(self, delivery: Delivery) -> None: ...

    def malformed(self, malformed: Malformed) -> None: ...

    def cleared(self, cleared: Cleared) -> None: ...

    def connected(self) -> None:
        """The subscriptions are confirmed; retained messages follow, before anything published from here on."""

    def disconnected(self) -> None: ...


class Bus(Protocol):
    """Publishes messages. Never waits: order per topic is kept, and what the broker has not confirmed is sent again."""

    @property
    def is_connected(self) -> bool: ...

    def publish(self, message: Message, **places: str) -> None:
        """Publish on the message's channel. Raises ValueError when the places do not fit the channel."""

    def clear(self, kind: type[Message], **places: str) -> None:
        """Empty a retained topic."""
