"""The play status as a speaker reports it: late, and wrong in the ways of its model."""

from __future__ import annotations

import pytest

from migpt_simulator import SpeakerBehaviour, SpeechPath, StatusQuirk
from migpt_simulator.play_status import MediaType, PlayState
from migpt_simulator.room import Room


def _room(quirk: StatusQuirk = StatusQuirk.USABLE) -> Room:
    return Room(lambda _event: None, SpeakerBehaviour(status_quirk=quirk))


def _state(room: Room, now: float, lag_s: float = 0.0) -> PlayState | None:
    room.advance(now)
    return room.status.reported(now, lag_s, room.behaviour.status_quirk).state


def test_a_usable_status_follows_the_sound_and_media_type_tells_music() -> None:
    room = _room()
    room.speak(0.0, "一二三四五", SpeechPath.MINA)
    assert [_state(room, at) for at in (0.29, 0.3, 1.29, 1.31)] == [
        PlayState.IDLE,
        PlayState.PLAYING,
        PlayState.PLAYING,
        PlayState.IDLE,
    ]
    room.play_media(2.0, "song")
    reported = room.status.reported(2.5, 0.0, StatusQuirk.USABLE)
    assert (reported.state, reported.media_type, reported.title) == (PlayState.PLAYING, MediaType.MUSIC, "song")
    room.pause(3.0)
    assert _state(room, 3.0) is PlayState.PAUSED


def test_a_late_status_shows_both_begin_and_end_late() -> None:
    room = _room()
    room.speak(0.0, "一二三四五", SpeechPath.MINA)
    seen = [_state(room, at, lag_s=1.5) for at in (1.7, 1.9, 2.7, 2.9)]
    assert seen == [PlayState.IDLE, PlayState.PLAYING, PlayState.PLAYING, PlayState.IDLE]


@pytest.mark.parametrize(
    ("quirk", "before", "speaking", "after_pause", "after_stop", "after_end"),
    [
        (StatusQuirk.USABLE, 0, 1, 0, 0, 0),
        (StatusQuirk.STUCK_PLAYING, 0, 1, 1, 1, 1),
        (StatusQuirk.NEVER_PLAYING, 0, 0, 0, 0, 0),
        (StatusQuirk.IDLE_IN_SPEECH, 0, 0, 0, 0, 0),
        (StatusQuirk.PLAYING_AFTER_PAUSE, 0, 1, 1, 2, 0),
        (StatusQuirk.PLAYING_AFTER_PAUSE_AND_STOP, 0, 1, 1, 1, 0),
        (StatusQuirk.ABSENT, None, None, None, None, None),
    ],
)
def test_quirks(
    quirk: StatusQuirk,
    before: int | None,
    speaking: int | None,
    after_pause: int | None,
    after_stop: int | None,
    after_end: int | None,
) -> None:
    room = _room(quirk)
    seen = [_state(room, 0.0)]
    room.speak(0.0, "一二三四五", SpeechPath.MINA)
    seen.append(_state(room, 0.5))
    room.pause(0.6)
    seen.append(_state(room, 0.7))
    room.speak(1.0, "一二三四五", SpeechPath.MINA)
    room.stop(1.5)
    seen.append(_state(room, 1.6))
    room.speak(2.0, "一二三四五", SpeechPath.MINA)
    seen.append(_state(room, 9.0))
    assert seen == [before, speaking, after_pause, after_stop, after_end]


def test_a_status_that_is_idle_in_speech_is_right_for_music() -> None:
    room = _room(StatusQuirk.IDLE_IN_SPEECH)
    room.play_media(0.0, "song")
    assert _state(room, 1.0) is PlayState.PLAYING
