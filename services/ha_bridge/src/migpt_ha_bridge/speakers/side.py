"""The direction Home Assistant → speakers: every speaker is a device there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from migpt_ha_bridge.side import Bridge
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import SpeakerInfo
from migpt_shared.settings import Settings


class SpeakersSide:
    """See `migpt_ha_bridge.side.Side`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._settings = bridge.context.settings

    def subscriptions(self) -> Sequence[Subscription]:
        return [Subscription(SpeakerInfo)]

    def receive(self, delivery: Delivery) -> None:
        pass

    def cleared(self, cleared: Cleared) -> None:
        pass

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def stop(self) -> None:
        pass

    def acquire(self, household: str) -> None:
        pass

    def release(self, household: str) -> None:
        pass

    def synchronised(self) -> None:
        pass

    def reconfigure(self, settings: Settings) -> None:
        self._settings = settings

    def troubles(self) -> Sequence[str]:
        return ()

    def counters(self) -> Mapping[str, int]:
        return {}
