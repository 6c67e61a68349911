"""Carries orders to one device and says what came of them."""

from __future__ import annotations

from migpt_shared.xiaomi import (
    Device,
    LoginFailed,
    PlayStatus,
    SpeakerBusy,
    SpeakerOffline,
    StoreUnusable,
    TokenExpired,
    Unsupported,
    XiaomiCloud,
    XiaomiError,
)
from migpt_speaker.orders import Command, Execute, Outcome, OutcomeKind, Resume, SetVolume, Silence, Speak, WakeUp

__all__ = ["DeviceLink"]


class DeviceLink:
    """One device behind its household's cloud. `device` is replaced when the cloud lists it anew."""

    def __init__(self, cloud: XiaomiCloud, device: Device) -> None:
        self._cloud = cloud
        self.device = device

    async def carry_out(self, command: Command) -> Outcome:
        """Never raises an XiaomiError: every failure is an outcome."""
        try:
            await self._send(command)
        except XiaomiError as error:
            return Outcome(_kind_of(error), str(error))
        return Outcome(OutcomeKind.DONE)

    async def look(self) -> PlayStatus | None:
        """The play status; None when it could not be had."""
        try:
            return await self._cloud.play_status(self.device)
        except XiaomiError:
            return None

    async def _send(self, command: Command) -> None:
        match command:
            case Speak(text, path):
                await self._cloud.speak(self.device, text, path=path)
            case Silence(by_stop=True):
                await self._cloud.stop(self.device)
            case Silence():
                await self._cloud.pause(self.device)
            case Resume():
                await self._cloud.play(self.device)
            case SetVolume(volume):
                await self._cloud.set_volume(self.device, volume)
            case Execute(text, silent):
                await self._cloud.execute(self.device, text, silent=silent)
            case WakeUp():
                await self._cloud.wake(self.device)


def _kind_of(error: XiaomiError) -> OutcomeKind:
    match error:
        case SpeakerBusy():
            return OutcomeKind.BUSY
        case SpeakerOffline():
            return OutcomeKind.OFFLINE
        case Unsupported():
            return OutcomeKind.UNSUPPORTED
        case LoginFailed() | TokenExpired() | StoreUnusable():
            return OutcomeKind.DENIED
        case _:
            return OutcomeKind.UNCLEAR
