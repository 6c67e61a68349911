"""What was published and is not yet confirmed by the broker; pure bookkeeping.

A connection that breaks loses what the broker has not confirmed: it is sent again, in order, on the next connection.
QoS 1 makes duplicates possible; every receiver of ours goes by message ids.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

#: What could not be delivered for this long is given up: a retained state is published anew by its owner after a
#: reconnect, and no command, sentence or utterance is of use to anybody after that time.
MAX_AGE_S = 15.0
#: A broker that is away must not make a process grow without bound.
MAX_PENDING = 2000


@dataclass(frozen=True, slots=True)
class Publication:
    """A message ready for the wire."""

    topic: str
    payload: bytes
    retain: bool
    queued_at: float
    """monotonic seconds"""
    expires_at: float | None
    """monotonic seconds; None: no expiry"""

    def expires_in_s(self, now: float) -> int | None:
        """Remaining message expiry in whole seconds, at least 1; None: none."""
        return None if self.expires_at is None else max(1, round(self.expires_at - now))


class Outbox:
    """Pending publications in order. `serial` numbers identify them."""

    def __init__(self) -> None:
        self._pending: OrderedDict[int, Publication] = OrderedDict()
        self._in_flight: dict[int, int] = {}
        self._next_serial = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, publication: Publication) -> int:
        if len(self._pending) >= MAX_PENDING:
            self._pending.popitem(last=False)
            self.dropped += 1
        if publication.retain:
            self._forget_older_state(publication.topic)
        self._next_serial += 1
        self._pending[self._next_serial] = publication
        return self._next_serial

    def sent(self, serial: int, packet: int) -> None:
        """It was handed to the connection as MQTT packet number `packet`."""
        self._in_flight[packet] = serial

    def confirmed(self, packet: int) -> Publication | None:
        """The broker answered for `packet`."""
        serial = self._in_flight.pop(packet, None)
        return None if serial is None else self._pending.pop(serial, None)

    def after_reconnect(self, now: float) -> list[tuple[int, Publication]]:
        """What has to be sent (again), in order; what is out of date is dropped and counted."""
        self._in_flight.clear()
        for serial, publication in list(self._pending.items()):
            expired = publication.expires_at is not None and publication.expires_at <= now
            if expired or now - publication.queued_at > MAX_AGE_S:
                del self._pending[serial]
                self.dropped += 1
        return list(self._pending.items())

    def _forget_older_state(self, topic: str) -> None:
        """A newer state replaces one that no connection has carried yet."""
        carried = set(self._in_flight.values())
        for serial, publication in list(self._pending.items()):
            if publication.topic == topic and publication.retain and serial not in carried:
                del self._pending[serial]
