"""The speakers of one household as the cloud lists them, and the cloud itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from migpt_shared.messages import Address
from migpt_shared.ownership import Ownership
from migpt_shared.settings import HouseholdSettings
from migpt_shared.xiaomi import Device, XiaomiCloud, XiaomiError
from migpt_shared.xiaomi.speaker_choice import SpeakerNamesError, choose, wanted_speakers

__all__ = ["Household"]

log = structlog.get_logger(__name__)

_LIST_EVERY_S = 300.0
_LIST_AGAIN_S = 10.0
_BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)


class Household:
    """Keeps the list of one household's devices fresh and offers its speakers to ownership."""

    def __init__(
        self,
        name: str,
        settings: HouseholdSettings,
        cloud: XiaomiCloud,
        ownership: Ownership,
        *,
        on_devices: Callable[[dict[Address, Device]], Awaitable[None]],
    ) -> None:
        self.name = name
        self.settings = settings
        self.cloud = cloud
        self.devices: dict[Address, Device] = {}
        self.trouble: str | None = None
        """why the speakers are not known, in plain words"""
        self._kind_of_trouble: type[Exception] | None = None
        self._ownership = ownership
        self._on_devices = on_devices
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """List the devices now, from time to time, and when asked to."""
        failures = 0
        async with self.cloud:
            try:
                while True:
                    is_listed = await self._list()
                    failures = 0 if is_listed else failures + 1
                    pause_s = _LIST_EVERY_S if is_listed else _BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1]
                    # However often it is asked for: not more than one list in a while.
                    await asyncio.sleep(min(_LIST_AGAIN_S, pause_s))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, pause_s - _LIST_AGAIN_S)):
                            await self._wake.wait()
                    self._wake.clear()
            finally:
                for address in self.devices:
                    self._ownership.withdraw(address)

    def look_again(self) -> None:
        """A speaker does not answer: it may be offline."""
        self._wake.set()

    async def login_again(self) -> None:
        """Leave the cool-down and try once; then list the devices."""
        state = await self.cloud.login_again()
        log.info("login_tried_again", household=self.name, ok=state.ok, reason=state.reason)
        self._wake.set()

    async def _list(self) -> bool:
        try:
            choice = choose(await self.cloud.devices(), wanted_speakers(self.settings.speakers))
        except (XiaomiError, SpeakerNamesError) as error:
            # Once per kind of trouble: how long a cool-down still lasts is no news.
            if self._kind_of_trouble is not type(error):
                log.warning("speakers_unknown", household=self.name, reason=str(error))
            self.trouble, self._kind_of_trouble = str(error), type(error)
            return False
        if self.trouble is not None:
            log.info("speakers_known_again", household=self.name)
        self.trouble = self._kind_of_trouble = None
        for absent in choice.absent:
            log.warning("speaker_not_in_account", household=self.name, speaker=absent.slug)
        devices = {Address(self.name, chosen.slug): chosen.device for chosen in choice.speakers}
        for address in self.devices.keys() - devices.keys():
            self._ownership.withdraw(address)
        self.devices = devices
        await self._on_devices(devices)
        for address in devices:
            self._ownership.offer(address)
        return True
