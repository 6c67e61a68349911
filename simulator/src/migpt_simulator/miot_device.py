"""What a MIoT action or property means on a speaker of a certain model, and which code it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from .faults import RequestKind
from .journal import RefusalReason, SpeechPath
from .models import ActionAddress, HardwareModel, SilentKind
from .play_status import PlayState
from .speaker import Speaker

__all__ = ["DataTypeError", "MiotCode", "PropertyValue", "action_kind", "read_property", "run_action", "write_property"]


class MiotCode(IntEnum):
    """Codes inside an answer, as public clients list them."""

    OK = 0
    OFFLINE = -704042011
    NOT_FOUND = -704090001
    WRONG_ARGUMENT_COUNT = -704220025
    WRONG_ARGUMENT = -704220035
    NO_SUCH_SERVICE = -704040002
    NO_SUCH_PROPERTY = -704040003
    NO_SUCH_ACTION = -704040005
    NOT_READABLE = -704030013
    TIMEOUT = -704083036
    CANNOT_RUN_NOW = -704053100


class DataTypeError(Exception):
    """An argument of the wrong JSON type: the whole request answers -8."""


@dataclass(frozen=True, slots=True)
class PropertyValue:
    """The answer to a property read; `value` is None unless the code is OK."""

    code: MiotCode
    value: int | None = None


class _Playback(StrEnum):
    PLAY = "play"
    PAUSE = "pause"
    STOP = "stop"


_SPEAKER_SERVICE = 2
_VOLUME = 1
# Play-control actions: the newer models' spec (seek 1, play 2, pause 3, stop 4) and the older one's (play 1, pause 2).
_NEWER_PLAYBACK = {2: _Playback.PLAY, 3: _Playback.PAUSE, 4: _Playback.STOP}
_OLDER_PLAYBACK = {1: _Playback.PLAY, 2: _Playback.PAUSE}
_PLAYBACK_KINDS = {
    _Playback.PLAY: RequestKind.PLAY, _Playback.PAUSE: RequestKind.PAUSE, _Playback.STOP: RequestKind.STOP,
}  # fmt: skip


def action_kind(model: HardwareModel, address: ActionAddress) -> RequestKind:
    """What an action is about, for the request log."""
    if address == model.play_text:
        return RequestKind.SPEAK
    if address == model.wake_up:
        return RequestKind.WAKE
    if address == model.execute_text:
        return RequestKind.EXECUTE
    playback = _playback(model, address)
    return RequestKind.OTHER if playback is None else _PLAYBACK_KINDS[playback]


def run_action(core: Speaker, now: float, time_ms: int, address: ActionAddress, arguments: list[object]) -> MiotCode:
    """Run an action on a speaker that can be reached. Raises DataTypeError."""
    model = core.model
    if address == model.play_text:
        texts = _texts(arguments, 1)
        return MiotCode.WRONG_ARGUMENT_COUNT if texts is None else _speak(core, now, texts[0])
    if address == model.wake_up:
        if _texts(arguments, 1 if model.wake_up_takes_text else 0) is None:
            return MiotCode.WRONG_ARGUMENT_COUNT
        core.room.wake(now)
        return MiotCode.OK
    if address == model.execute_text:
        if len(arguments) != 2:
            return MiotCode.WRONG_ARGUMENT_COUNT
        text, silent = arguments
        if not isinstance(text, str):
            raise DataTypeError
        core.execute(now, time_ms, text, silent=_is_silent(model.silent_kind, silent))
        return MiotCode.OK
    playback = _playback(model, address)
    if playback is None:
        return MiotCode.NO_SUCH_ACTION
    if arguments:
        return MiotCode.WRONG_ARGUMENT_COUNT
    match playback:
        case _Playback.PLAY:
            core.room.play(now)
        case _Playback.PAUSE:
            core.room.pause(now, by_miot=True)
        case _Playback.STOP:
            core.room.stop(now)
    return MiotCode.OK


def read_property(core: Speaker, now: float, siid: int, piid: int) -> PropertyValue:
    """The volume (2.1) or the playing state (3.1; L07A and L7A: 4.1)."""
    if (siid, piid) == (_SPEAKER_SERVICE, _VOLUME):
        return PropertyValue(MiotCode.OK, core.room.volume)
    model = core.model
    if siid != _playback_service(model):
        known = siid == _SPEAKER_SERVICE
        return PropertyValue(MiotCode.NO_SUCH_PROPERTY if known else MiotCode.NO_SUCH_SERVICE)
    if piid != 1:
        return PropertyValue(MiotCode.NO_SUCH_PROPERTY)
    if not model.playing_property_is_readable:
        return PropertyValue(MiotCode.NOT_READABLE)
    playing = model.playing_property_is_always_playing or core.status(now).state is PlayState.PLAYING
    return PropertyValue(MiotCode.OK, int(playing))


def write_property(core: Speaker, now: float, siid: int, piid: int, value: object) -> MiotCode:
    """Only the volume can be written. Raises DataTypeError."""
    if siid != _SPEAKER_SERVICE:
        return MiotCode.NO_SUCH_SERVICE
    if piid != _VOLUME:
        return MiotCode.NO_SUCH_PROPERTY
    if not isinstance(value, int) or isinstance(value, bool):
        raise DataTypeError
    if not 0 <= value <= 100:
        return MiotCode.WRONG_ARGUMENT
    core.room.set_volume(now, value)
    return MiotCode.OK


def _speak(core: Speaker, now: float, text: str) -> MiotCode:
    if core.speak(now, text, SpeechPath.MIOT) in (RefusalReason.BUSY, RefusalReason.SPEAKING):
        return MiotCode.CANNOT_RUN_NOW
    return MiotCode.OK


def _texts(arguments: list[object], count: int) -> tuple[str, ...] | None:
    if len(arguments) != count:
        return None
    if not all(isinstance(argument, str) for argument in arguments):
        raise DataTypeError
    return tuple(str(argument) for argument in arguments)


def _is_silent(kind: SilentKind, value: object) -> bool:
    # Some clients send "0" and "1" as text, and the speakers take it.
    if not isinstance(value, bool | int | str) or str(value).lower() not in ("0", "1", "true", "false"):
        raise DataTypeError
    is_set = str(value).lower() in ("1", "true")
    return is_set if kind is SilentKind.BOOL else not is_set


def _playback_service(model: HardwareModel) -> int:
    return 4 if model.hardware in ("L07A", "L7A") or _family(model) == 3 else 3


def _family(model: HardwareModel) -> int:
    return model.play_text.siid if model.play_text is not None else 5


def _playback(model: HardwareModel, address: ActionAddress) -> _Playback | None:
    if address.siid != _playback_service(model):
        return None
    return (_NEWER_PLAYBACK if _family(model) == 7 else _OLDER_PLAYBACK).get(address.aiid)
