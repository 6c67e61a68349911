"""What a speaker says about its player."""

import json
from dataclasses import dataclass

from migpt_shared.xiaomi.errors import MalformedAnswer


@dataclass(frozen=True, slots=True)
class PlayStatus:
    """`is_playing`: None if the device gave no status (one idle model answers `{"is_mic_mute":0}` only).

    `volume`: 0-100. `media_type`: 3 music, 13 video; None while it speaks. Some models report playing for ever or
    never, see `model_of`.
    """

    is_playing: bool | None
    volume: int | None
    media_type: int | None


def play_status_from(info: object) -> PlayStatus:
    """The status in `data.info` of `player_get_play_status` (JSON text; null and absent mean that none was given)."""
    if info is None or info == "":
        return PlayStatus(None, None, None)
    try:
        fields = json.loads(info) if isinstance(info, str) else info
    except ValueError:
        raise MalformedAnswer("the play status is not JSON") from None
    if fields is None:
        return PlayStatus(None, None, None)
    if not isinstance(fields, dict):
        raise MalformedAnswer(f"the play status is a {type(fields).__name__}, not an object")
    status, volume, media_type = (_number(fields.get(key)) for key in ("status", "volume", "media_type"))
    if volume is not None and not 0 <= volume <= 100:
        volume = None
    return PlayStatus(is_playing=None if status is None else status == 1, volume=volume, media_type=media_type)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
