"""One household's connection to the broker for Home Assistant: publishes the view, and watches what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from time import monotonic

import structlog

from migpt_ha_bridge.speakers.states import OFFLINE, ONLINE
from migpt_ha_bridge.speakers.view import HouseholdView
from migpt_shared.bus import BrokerAddress, MqttLine, Will

log = structlog.get_logger(__name__)

#: After Home Assistant's start everything is published anew, not at once: it is busy, and others do the same.
_BIRTH_DELAY_S = (1.0, 5.0)
_FAREWELL_WITHIN_S = 2.0


class HouseholdPost:
    """`run()` serves until cancelled. It has a connection of its own, as the last will is what Home Assistant knows
    the bridge's end by, and a connection has but one.
    """

    def __init__(self, view: HouseholdView, address: BrokerAddress) -> None:
        self.view = view
        self.published = 0
        self.births = 0
        self._availability = view.paths.availability()
        self._discovery_beginning = f"{view.paths.discovery_prefix}/"
        self._line = MqttLine(
            address,
            filters=(*view.paths.filters(), view.paths.birth_topic),
            listener=self,
            will=Will(self._availability, OFFLINE.encode()),
        )
        self._is_synchronised = False
        self._is_leaving = False
        self._birth_due: float | None = None
        self._called = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._line.run(), name=f"line {self.view.paths.household}")
            tasks.create_task(self._keep_time(), name=f"time {self.view.paths.household}")

    def settle(self) -> None:
        """The view has changed: publish what follows."""
        if not self._is_synchronised:
            return
        for notice in self.view.settle(monotonic()):
            self._line.publish(notice.topic, notice.payload, retain=True, expires_s=notice.expires_s)
            self.published += 1
        self._called.set()

    async def leave(self) -> None:
        """Say good-bye, so that Home Assistant knows at once; nothing is published afterwards."""
        self.settle()
        self._is_leaving, self._is_synchronised = True, False
        if not self._line.is_connected:
            return
        farewell = OFFLINE.encode() if self.view.wishes.is_shown else b""
        self._line.publish(self._availability, farewell, retain=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_WITHIN_S):
                await self._line.flushed()

    async def _keep_time(self) -> None:
        while True:
            self._called.clear()
            due = [at for at in (self.view.due_at(), self._birth_due) if at is not None]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(due) - monotonic()) if due and self._is_synchronised else None):
                    await self._called.wait()
                    continue
            if self._birth_due is not None and monotonic() >= self._birth_due:
                self._birth_due = None
                self.view.say_again()
            self.settle()

    # -- what the line carries -----------------------------------------------------------------------------------

    def connected(self) -> None:
        """Our own `online` comes back after everything that was retained."""
        if not self._is_leaving:
            self._line.publish(self._availability, ONLINE.encode(), retain=True)

    def disconnected(self) -> None:
        self._is_synchronised = False
        self._birth_due = None
        self.view.lost_sight()

    def take(self, topic: str, payload: bytes, *, retained: bool, expiry_s: float | None) -> None:
        if topic == self.view.paths.birth_topic:
            if payload == b"online" and not retained:
                self._born()
        elif topic.startswith(self._discovery_beginning):
            self._discovery_seen(topic, payload, retained=retained)
        elif retained:
            self.view.state_stands(topic, payload)
        elif topic == self._availability and not self._is_leaving:
            self._availability_seen(payload)

    def _availability_seen(self, payload: bytes) -> None:
        if payload == ONLINE.encode():
            self.view.state_stands(self._availability, payload)
            if not self._is_synchronised:
                self._is_synchronised = True
                self.settle()
        elif payload == OFFLINE.encode() and self.view.wishes.is_shown:
            # The will of a connection before this one, perhaps of another bridge.
            self._line.publish(self._availability, ONLINE.encode(), retain=True)

    def _discovery_seen(self, topic: str, payload: bytes, *, retained: bool) -> None:
        before = self.view.deleted_by_user
        self.view.discovery_stands(topic, payload, retained=retained)
        for deleted in self.view.deleted_by_user - before:
            log.info("device_deleted_in_home_assistant", topic=deleted, comes_back="when it or the bridge starts anew")

    def _born(self) -> None:
        self.births += 1
        self._birth_due = monotonic() + random.uniform(*_BIRTH_DELAY_S)
        log.info("home_assistant_started", household=self.view.paths.household)
        self._called.set()
