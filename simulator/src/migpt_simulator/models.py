"""What a XiaoAI model can do and where it misbehaves, by the `hardware` name of the device list.

The numbers are siid-aiid pairs of the MIoT "intelligent-speaker" service, collected from the tables of several public
clients and from their users' reports; where two clients list the same model, they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

__all__ = ["ActionAddress", "HardwareModel", "SilentKind", "StatusQuirk", "model_of"]


class StatusQuirk(StrEnum):
    """How far the reported play status (MiNA `player_get_play_status`) can be trusted."""

    USABLE = "usable"
    STUCK_PLAYING = "stuck_playing"  # 1 for ever once something was played
    NEVER_PLAYING = "never_playing"  # 0 whatever is played
    IDLE_IN_SPEECH = "idle_in_speech"  # right for music, 0 while it speaks
    PLAYING_AFTER_PAUSE = "playing_after_pause"  # pause leaves 1, stop gives 2
    PLAYING_AFTER_PAUSE_AND_STOP = "playing_after_pause_and_stop"
    ABSENT = "absent"  # the answer has no `status` at all


class SilentKind(StrEnum):
    """How the second argument of execute-text-directive says "do not speak"."""

    BOOL = "bool"  # true = silent
    ON_IS_ZERO = "on_is_zero"  # value list On=0, Off=1


@dataclass(frozen=True, slots=True)
class ActionAddress:
    """siid and aiid of a MIoT action."""

    siid: int
    aiid: int


@dataclass(frozen=True, slots=True)
class HardwareModel:
    """One row of the table. `None` for an action means the model does not have it."""

    hardware: str
    miot_model: str
    play_text: ActionAddress | None
    wake_up: ActionAddress | None
    execute_text: ActionAddress | None
    wake_up_takes_text: bool = False
    silent_kind: SilentKind = SilentKind.BOOL
    playing_property_is_readable: bool = True
    playing_property_is_always_playing: bool = False
    mina_speech_is_audible: bool = True
    pause_silences: bool = True
    miot_pause_silences: bool = True
    native_can_be_silenced: bool = True
    status_quirk: StatusQuirk = StatusQuirk.USABLE
    minimum_volume: int = 0
    history_is_recorded: bool = True


class _Quirks(TypedDict, total=False):
    wake_up_takes_text: bool
    silent_kind: SilentKind
    playing_property_is_readable: bool
    playing_property_is_always_playing: bool
    mina_speech_is_audible: bool
    pause_silences: bool
    miot_pause_silences: bool
    native_can_be_silenced: bool
    status_quirk: StatusQuirk
    minimum_volume: int
    history_is_recorded: bool


def _row(
    hardware: str,
    family: int,
    play: int | None,
    wake: int | None,
    execute: int | None,
    quirks: _Quirks | None = None,
    miot_model: str | None = None,
) -> HardwareModel:
    def address(aiid: int | None) -> ActionAddress | None:
        return None if aiid is None else ActionAddress(family, aiid)

    return HardwareModel(
        hardware,
        miot_model or f"xiaomi.wifispeaker.{hardware.lower()}",
        address(play),
        address(wake),
        address(execute),
        **(quirks or {}),
    )


_NEEDS_MIOT_SPEECH: _Quirks = {"mina_speech_is_audible": False}
_UNREADABLE: _Quirks = {"playing_property_is_readable": False}
_NOT_MUTABLE: _Quirks = {"native_can_be_silenced": False}
_WAKES_WITH_TEXT: _Quirks = {"wake_up_takes_text": True}
_TOUCH: _Quirks = {"status_quirk": StatusQuirk.IDLE_IN_SPEECH, "playing_property_is_readable": False}
_REMOTE: _Quirks = {
    "miot_pause_silences": False,
    "status_quirk": StatusQuirk.PLAYING_AFTER_PAUSE,
    "playing_property_is_readable": False,
}
_PLAY: _Quirks = {
    "playing_property_is_always_playing": True,
    "status_quirk": StatusQuirk.PLAYING_AFTER_PAUSE_AND_STOP,
    "mina_speech_is_audible": False,
    "native_can_be_silenced": False,
}
_REDMI_PLAY: _Quirks = {"silent_kind": SilentKind.ON_IS_ZERO, "pause_silences": False}
_PRO_NEW: _Quirks = {"pause_silences": False, "status_quirk": StatusQuirk.PLAYING_AFTER_PAUSE}

_MODELS: dict[str, HardwareModel] = {
    row.hardware: row
    for row in (
        _row("LX06", 5, 1, 3, 5, _UNREADABLE),
        _row("LX05", 5, 1, 3, 5),
        _row("LX5A", 5, 1, 3, 5, _REMOTE),
        _row("LX05A", 5, 1, 3, 5, _REMOTE),
        _row("S12", 5, 1, 3, 5),
        _row("S12A", 5, 1, 3, 5),
        _row("LX01", 5, 1, 2, 5),
        _row("L06A", 5, 1, 2, 5, _WAKES_WITH_TEXT),
        _row(
            "LX04",
            5,
            1,
            2,
            4,
            {
                **_TOUCH,
                **_NEEDS_MIOT_SPEECH,
                **_WAKES_WITH_TEXT,
                "silent_kind": SilentKind.ON_IS_ZERO,
                "minimum_volume": 5,
            },
        ),
        _row("L04M", 5, 1, 2, 4, _WAKES_WITH_TEXT),
        _row("X08A", 5, 1, 2, 4, {**_WAKES_WITH_TEXT, **_UNREADABLE}),
        _row("L05B", 5, 3, 1, 4, _PLAY),
        _row("L05C", 5, 3, 1, 4, _PLAY),
        _row("L07A", 5, 1, 2, 5, _REDMI_PLAY),
        _row("L7A", 5, 1, 2, 5, _REDMI_PLAY),
        _row("L05G", 5, 3, None, None),
        _row("07G", 5, 3, None, None),
        _row("L09A", 3, 1, 2, 5, {**_WAKES_WITH_TEXT, **_NOT_MUTABLE}),
        _row("L09B", 7, 3, 1, 4),
        _row("L15A", 7, 3, 1, 4, {"status_quirk": StatusQuirk.IDLE_IN_SPEECH}),
        _row("L16A", 7, 3, 1, 4),
        _row("L17A", 7, 3, 1, 4),
        _row("OH2P", 7, 3, 1, 4, _PRO_NEW),
        _row("OH2", 5, 3, 1, None),
        _row("ASX4B", 5, 3, 1, None),
        _row("X4B", 5, 3, 1, None),
        _row("X6A", 7, 3, 1, 4, {"status_quirk": StatusQuirk.NEVER_PLAYING}),
        _row("X08E", 7, 3, 1, 4, _TOUCH),
        _row("X08C", 3, 1, 2, 5, _NOT_MUTABLE),
        _row("X10A", 7, 3, 1, 4, {**_NEEDS_MIOT_SPEECH, **_NOT_MUTABLE}),
        _row("X8F", 7, 3, 1, 4),
        *(_row(name, 7, 3, None, None) for name in ("16B", "M03A", "OH11", "OH1M", "OH1P", "OH27", "OH8", "X8S")),
        _row("M01", 5, None, None, None, {"history_is_recorded": False}, "onemore.wifispeaker.sm4"),
    )
}


def model_of(hardware: str) -> HardwareModel:
    """The row of a `hardware` name; an unknown name gets what most clients assume (TTS 5-1, wake-up 5-3)."""
    return _MODELS.get(hardware) or _row(hardware, 5, 1, 3, 5)
