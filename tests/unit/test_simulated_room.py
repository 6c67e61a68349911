"""What sounds in a simulated room, by a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_simulator import (
    CutBy,
    Event,
    Journal,
    MediaEnded,
    MediaPaused,
    MediaResumed,
    MediaStarted,
    NativeAnswer,
    NativeEnded,
    NativeKind,
    NativeStarted,
    NewSpeech,
    Paused,
    RefusalReason,
    SoundCut,
    SoundEnded,
    SoundStarted,
    SpeakerBehaviour,
    SpeechAccepted,
    SpeechPath,
    SpeechRefused,
    Stopped,
    VolumeSet,
    Woken,
)
from migpt_simulator.room import Room

TEN = "一二三四五六七八九十"


@dataclass
class Trial:
    """A room with its journal. Ten characters take 2 s and begin 0.3 s after they were accepted."""

    settings: dict[str, object] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = Room(self.journal.append, SpeakerBehaviour().changed(self.settings))

    def speak(self, now: float, text: str = TEN, path: SpeechPath = SpeechPath.MINA) -> RefusalReason | None:
        return self.room.speak(now, text, path)

    def times(self) -> list[tuple[str, float]]:
        return [(event.kind(), round(event.at, 6)) for event in self.journal]


def test_speech_sounds_after_the_delay_for_as_long_as_its_characters_take() -> None:
    trial = Trial()
    assert trial.speak(100.0) is None
    trial.room.advance(200.0)
    assert trial.times() == [("speech_accepted", 100.0), ("sound_started", 100.3), ("sound_ended", 102.3)]
    assert trial.journal.spoken() == [TEN]
    assert trial.room.next_due() is None


def test_a_new_text_cuts_the_one_being_spoken_when_it_is_accepted() -> None:
    trial = Trial()
    trial.speak(0.0)
    trial.speak(1.3, "新的")
    trial.room.advance(10.0)
    assert trial.journal.of(SoundCut) == [SoundCut(1.3, TEN, 1, 5, CutBy.SPEECH)]
    assert trial.journal.of(SoundStarted)[1].at == pytest.approx(1.6)
    assert trial.journal.heard() == "一二三四五新的"


def test_a_text_cut_before_its_first_sound_is_heard_not_at_all() -> None:
    trial = Trial()
    trial.speak(0.0)
    trial.speak(0.1, "新的")
    trial.room.advance(10.0)
    assert trial.journal.of(SoundCut) == [SoundCut(0.1, TEN, 1, 0, CutBy.SPEECH)]
    assert trial.journal.spoken() == ["新的"]


def test_queued_texts_follow_each_other_whole() -> None:
    trial = Trial({"new_speech": "queues"})
    trial.speak(0.0)
    trial.speak(0.1, "二二")
    trial.speak(2.2, "三三")
    trial.room.advance(10.0)
    assert trial.journal.spoken() == [TEN, "二二", "三三"]
    assert [round(event.at, 6) for event in trial.journal.of(SoundStarted)] == [0.3, 2.3, 2.7]
    assert not trial.journal.of(SoundCut)


def test_a_refusing_speaker_takes_a_text_only_in_silence() -> None:
    trial = Trial({"new_speech": "refused"})
    trial.speak(0.0)
    assert trial.speak(0.1, "早") is RefusalReason.SPEAKING
    assert trial.speak(2.2, "早") is RefusalReason.SPEAKING
    assert trial.speak(2.4, "好") is None
    trial.room.advance(10.0)
    assert trial.journal.spoken() == [TEN, "好"]
    assert [event.reason for event in trial.journal.of(SpeechRefused)] == [RefusalReason.SPEAKING] * 2


@pytest.mark.parametrize(
    ("settings", "text", "path", "reason"),
    [
        ({}, "字" * 201, SpeechPath.MINA, RefusalReason.TOO_LONG),
        ({"sensitive_words": ("坏话",)}, "一句坏话", SpeechPath.MINA, RefusalReason.SENSITIVE),
        ({"mina_speech_is_audible": False}, "你好", SpeechPath.MINA, RefusalReason.PATH_IS_SILENT),
        ({"mina_speech_is_audible": False}, "你好", SpeechPath.MIOT, None),
        ({}, "字" * 200, SpeechPath.MINA, None),
    ],
)
def test_texts_that_are_not_heard(
    settings: dict[str, object], text: str, path: SpeechPath, reason: RefusalReason | None
) -> None:
    trial = Trial(settings)
    assert trial.speak(0.0, text, path) is reason
    trial.room.advance(100.0)
    assert trial.journal.spoken() == ([] if reason else [text])


def test_listening_blocks_speech_where_the_speaker_does_that() -> None:
    trial = Trial({"speech_is_blocked_while_listening": True, "listens_s": 10.0})
    trial.room.wake(0.0)
    assert trial.speak(9.9, "早") is RefusalReason.BUSY
    assert trial.speak(10.0, "早") is None
    assert trial.journal.of(Woken) == [Woken(0.0, 10.0)]


def test_a_native_answer_sounds_and_pause_ends_it() -> None:
    trial = Trial()
    trial.room.answer_natively(0.0, NativeAnswer(text=TEN), 1.0)
    trial.room.pause(1.5)
    assert trial.journal.of(NativeStarted) == [NativeStarted(1.0, TEN)]
    assert trial.journal.of(NativeEnded) == [NativeEnded(1.5, TEN, 0.5, CutBy.PAUSE)]
    assert trial.journal.of(Paused) == [Paused(1.5, True)]
    assert trial.journal.native_heard_s() == 0.5


def test_a_native_answer_cuts_speech_and_speech_cuts_a_native_answer() -> None:
    trial = Trial()
    trial.speak(0.0)
    trial.room.answer_natively(0.0, NativeAnswer(text=TEN), 1.3)
    trial.speak(2.0, "好")
    trial.room.advance(10.0)
    assert trial.journal.of(SoundCut) == [SoundCut(1.3, TEN, 1, 5, CutBy.NATIVE)]
    ended = trial.journal.of(NativeEnded)
    assert [(event.cut_by, round(event.heard_s, 6)) for event in ended] == [(CutBy.SPEECH, 0.7)]
    assert trial.journal.spoken() == ["好"]


@pytest.mark.parametrize("command", ["pause", "stop"])
def test_some_native_answers_cannot_be_silenced_but_spoken_over(command: str) -> None:
    trial = Trial({"native_can_be_silenced": False})
    trial.room.answer_natively(0.0, NativeAnswer(text=TEN), 1.0)
    getattr(trial.room, command)(1.5)
    assert not trial.journal.of(NativeEnded)
    trial.speak(2.0, "好")
    assert trial.journal.of(NativeEnded)[0].cut_by is CutBy.SPEECH


def test_a_pause_without_effect_leaves_the_speech_and_a_stop_ends_it() -> None:
    trial = Trial({"pause_silences": False})
    trial.speak(0.0)
    trial.room.pause(0.5)
    trial.room.stop(0.9)
    assert trial.journal.of(Paused) == [Paused(0.5, False)]
    assert trial.journal.of(Stopped) == [Stopped(0.9, True)]
    assert trial.journal.of(SoundCut) == [SoundCut(0.9, TEN, 1, 3, CutBy.STOP)]


def test_stop_drops_what_waits() -> None:
    trial = Trial({"new_speech": "queues"})
    trial.speak(0.0)
    trial.speak(0.1, "二")
    trial.room.stop(1.0)
    trial.room.advance(10.0)
    assert [(cut.text, cut.chars_heard) for cut in trial.journal.of(SoundCut)] == [("二", 0), (TEN, 3)]
    assert not trial.journal.spoken()


def test_a_question_cuts_speech_only_where_set_and_music_always() -> None:
    for settings, cut in (({}, False), ({"question_cuts_speech": True}, True)):
        trial = Trial(dict(settings))
        trial.speak(0.0)
        trial.room.hear_question(1.0)
        assert bool(trial.journal.of(SoundCut)) is cut
    trial = Trial()
    trial.room.play_media(0.0, "song")
    trial.room.hear_question(1.0)
    assert trial.journal.of(MediaPaused) == [MediaPaused(1.0, "song", CutBy.QUESTION)]


def test_an_audio_answer_is_an_announcement_and_then_music() -> None:
    trial = Trial()
    trial.room.answer_natively(0.0, NativeAnswer(NativeKind.AUDIO, "好的", 5.0, "晴天"), 1.0)
    trial.room.advance(20.0)
    assert trial.times() == [
        ("native_started", 1.0),
        ("native_ended", 1.4),
        ("media_started", 1.4),
        ("media_ended", 6.4),
    ]


def test_music_stands_still_during_speech_and_goes_on_with_play() -> None:
    trial = Trial({"media_duration_s": 10.0})
    trial.room.play_media(0.0, "song")
    trial.speak(4.0, "好")
    trial.room.play(4.4)  # still speaking: not now
    trial.room.play(5.0)
    trial.room.advance(20.0)
    assert trial.journal.of(MediaPaused) == [MediaPaused(4.0, "song", CutBy.SPEECH)]
    assert trial.journal.of(MediaResumed) == [MediaResumed(5.0, "song")]
    assert trial.journal.of(MediaEnded) == [MediaEnded(11.0, "song", None)]


def test_toggle_pauses_and_resumes_music_and_stop_forgets_it() -> None:
    trial = Trial()
    trial.room.play_media(0.0, "song")
    trial.room.toggle(1.0)
    trial.room.toggle(2.0)
    trial.room.toggle(3.0)
    trial.room.stop(4.0)
    trial.room.play(5.0)
    kinds = [type(event) for event in trial.journal if isinstance(event, MediaStarted | MediaPaused | MediaResumed)]
    assert kinds == [MediaStarted, MediaPaused, MediaResumed, MediaPaused]


def test_some_speakers_do_not_resume() -> None:
    trial = Trial({"media_can_resume": False})
    trial.room.play_media(0.0, "song")
    trial.room.pause(1.0)
    trial.room.play(2.0)
    assert not trial.journal.of(MediaResumed)


def test_volume_is_held_in_its_range() -> None:
    trial = Trial()
    trial.room.minimum_volume = 5
    for asked in (0, 30, 130):
        trial.room.set_volume(0.0, asked)
    assert [event.volume for event in trial.journal.of(VolumeSet)] == [5, 30, 100]


_COMMANDS = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.sampled_from(["speak", "native", "music", "pause", "stop", "play", "toggle", "wake", "question", "off"]),
    ),
    max_size=25,
)


@given(steps=_COMMANDS, new_speech=st.sampled_from(NewSpeech), cuts=st.booleans(), mutable=st.booleans())
def test_whatever_is_done_one_thing_sounds_and_every_text_ends_once(
    steps: list[tuple[float, str]], new_speech: NewSpeech, cuts: bool, mutable: bool
) -> None:
    trial = Trial(
        {
            "new_speech": new_speech,
            "question_cuts_speech": cuts,
            "native_can_be_silenced": mutable,
            "media_duration_s": 5.0,
        }
    )
    room, now = trial.room, 0.0
    for gap, step in steps:
        now += gap
        match step:
            case "speak":
                room.speak(now, TEN, SpeechPath.MINA)
            case "native":
                room.answer_natively(now, NativeAnswer(text="好的"), 0.7)
            case "music":
                room.play_media(now, "song")
            case "question":
                room.hear_question(now)
            case "off":
                room.fall_silent(now)
            case _:
                getattr(room, step)(now)
    room.advance(now + 1000)

    times = [event.at for event in trial.journal]
    assert times == sorted(times)
    accepted = [event.utterance for event in trial.journal.of(SpeechAccepted)]
    ended = [event.utterance for event in trial.journal if isinstance(event, SoundEnded | SoundCut)]
    assert sorted(ended) == accepted
    assert _most_at_once(list(trial.journal)) <= 1


def _most_at_once(events: list[Event]) -> int:
    sounding: set[object] = set()
    most = 0
    for event in events:
        match event:
            case SoundStarted():
                sounding.add(event.utterance)
            case SoundEnded() | SoundCut():
                sounding.discard(event.utterance)
            case NativeStarted():
                sounding.add("native")
            case NativeEnded():
                sounding.discard("native")
            case MediaStarted() | MediaResumed():
                sounding.add("media")
            case MediaPaused() | MediaEnded():
                sounding.discard("media")
        most = max(most, len(sounding))
    return most
