"""From the bytes of a topic to a call of the receiver; the same for every bus."""

from __future__ import annotations

import time

import structlog

from migpt_shared.bus.delivery import Cleared, Delivery, Malformed, Receiver
from migpt_shared.messages import BadMessageError, Command, decode, place_of

log = structlog.get_logger(__name__)


class Intake:
    """Validates what arrives. One bad message, or one that a service fails on, never ends the service."""

    def __init__(self, prefix: str, receiver: Receiver) -> None:
        self._prefix = prefix
        self._receiver = receiver
        self.malformed_count = 0
        self.failed_count = 0

    def take(self, topic: str, payload: bytes, *, retained: bool, expiry_s: float | None) -> None:
        place = place_of(self._prefix, topic)
        if place is None:
            return
        arrived = time.monotonic()
        try:
            # A command with an empty payload is a command; any other emptied retained topic was cleared by its writer.
            if not payload and place.kind.channel.retain and not issubclass(place.kind, Command):
                self._receiver.cleared(Cleared(place.kind, place.values))
                return
            message = decode(place.kind, payload)
        except BadMessageError as error:
            self.malformed_count += 1
            log.warning("malformed_message", topic=topic, problem=error.reason)
            self._receiver.malformed(Malformed(place.kind, place.values, error.reason, error.request))
            return
        expires_at = None if expiry_s is None else arrived + expiry_s
        try:
            self._receiver.receive(Delivery(message, place.values, retained, arrived, expires_at))
        except Exception:
            # The fault is in the log with its trace, and the next message gets its chance.
            self.failed_count += 1
            log.exception("message_handler_failed", topic=topic, turn=message.turn)
