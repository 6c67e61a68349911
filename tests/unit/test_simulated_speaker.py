"""A simulated speaker without clock: its transcript, being busy, being offline."""

from __future__ import annotations

import random

import pytest
from pydantic import ValidationError

from migpt_simulator import (
    BusyAnswer,
    CutBy,
    Journal,
    NativeAnswer,
    NativeStarted,
    PresenceChanged,
    RecordVisible,
    RefusalReason,
    RequestKind,
    SimulatedSpeaker,
    SoundCut,
    SpeechPath,
)
from migpt_simulator.conversation import Conversation, Record
from migpt_simulator.models import ActionAddress, model_of
from migpt_simulator.speaker import Question, Speaker


def _speaker(hardware: str = "LX06", **settings: object) -> tuple[Speaker, Journal]:
    journal = Journal()
    spec = SimulatedSpeaker(slug="kitchen", name="厨房小爱", hardware=hardware, settings=settings)
    return Speaker(spec, journal.append, random.Random(1)), journal


def test_a_question_is_heard_published_and_answered_each_at_its_time() -> None:
    speaker, journal = _speaker()
    record = speaker.say(10.0, 1_700_000_000_000, Question("几点了", NativeAnswer(text="三点"), 2.0, 0.5))
    speaker.advance(100.0)
    assert [(event.kind(), round(event.at, 6)) for event in journal] == [
        ("question_said", 10.0),
        ("native_started", 10.5),
        ("native_ended", 10.9),
        ("record_visible", 12.0),
    ]
    assert speaker.conversation.page(11.9, until_ms=None, limit=5).records == ()
    assert speaker.conversation.page(12.0, until_ms=None, limit=5).records == (record,)


def test_an_answer_may_appear_later_than_its_record() -> None:
    speaker, journal = _speaker()
    record = speaker.say(0.0, 1, Question("几点了", publish_delay_s=1.0, answer_delay_s=2.0))
    speaker.advance(100.0)
    assert (record.visible_at, record.answered_at) == (1.0, 3.0)
    assert [(event.at, event.has_answers) for event in journal.of(RecordVisible)] == [(1.0, False), (3.0, True)]


def test_what_is_not_recorded_never_shows() -> None:
    speaker, journal = _speaker()
    speaker.say(0.0, 1, Question("小爱同学", is_recorded=False))
    speaker.advance(100.0)
    assert speaker.conversation.page(100.0, until_ms=None, limit=5).records == ()
    assert not journal.of(RecordVisible)


def test_busy_for_calls_counts_only_the_named_kinds() -> None:
    speaker, _journal = _speaker()
    speaker.be_busy(0.0, calls=2, only=frozenset({RequestKind.SPEAK}))
    assert speaker.reach(0.0, RequestKind.STATUS) is None
    found = [speaker.reach(0.0, RequestKind.SPEAK) for _ in range(3)]
    assert [one.reason if one else None for one in found] == [RefusalReason.BUSY, RefusalReason.BUSY, None]


def test_busy_until_a_time_with_its_own_answer() -> None:
    speaker, _journal = _speaker()
    speaker.be_busy(0.0, for_s=15.0, answer=BusyAnswer.TIMEOUT)
    found = speaker.reach(14.9, RequestKind.STATUS)
    assert found is not None
    assert found.answer is BusyAnswer.TIMEOUT
    assert speaker.reach(15.0, RequestKind.STATUS) is None


def test_busy_for_ever_is_refused() -> None:
    speaker, _journal = _speaker()
    with pytest.raises(ValueError, match="how many"):
        speaker.be_busy(0.0)


def test_going_offline_silences_and_questions_get_lost() -> None:
    speaker, journal = _speaker()
    speaker.speak(0.0, "一二三四五", SpeechPath.MINA)
    speaker.set_online(0.9, is_online=False)
    assert journal.of(SoundCut)[0].cut_by is CutBy.OFFLINE
    assert journal.of(SoundCut)[0].chars_heard == 3
    found = speaker.reach(1.0, RequestKind.STATUS)
    assert found is not None
    assert found.reason is RefusalReason.OFFLINE
    speaker.say(1.0, 1, Question("几点了"))
    speaker.advance(100.0)
    assert not journal.of(NativeStarted)
    assert speaker.conversation.page(100.0, until_ms=None, limit=5).records == ()
    speaker.set_online(101.0, is_online=True)
    speaker.set_online(102.0, is_online=True)
    assert [event.is_online for event in journal.of(PresenceChanged)] == [False, True]


def test_settings_change_at_once_and_wrong_ones_change_nothing() -> None:
    speaker, _journal = _speaker()
    speaker.configure(0.0, {"seconds_per_char": 0.1})
    with pytest.raises(ValidationError):
        speaker.configure(0.0, {"seconds_per_char": -1})
    with pytest.raises(ValidationError):
        speaker.configure(0.0, {"no_such_setting": 1})
    assert speaker.behaviour.seconds_per_char == 0.1
    assert speaker.room.behaviour is speaker.behaviour


def test_a_models_quirks_are_the_defaults_and_settings_win() -> None:
    plain, _ = _speaker("L05C")
    assert not plain.behaviour.native_can_be_silenced
    assert not plain.behaviour.mina_speech_is_audible
    changed, _ = _speaker("L05C", native_can_be_silenced=True)
    assert changed.behaviour.native_can_be_silenced
    assert model_of("L05C").play_text == ActionAddress(5, 3)
    assert model_of("OH2P").wake_up == ActionAddress(7, 1)
    assert model_of("never seen").play_text == ActionAddress(5, 1)
    assert model_of("M01").play_text is None


def _record(time_ms: int, visible_at: float = 0.0) -> Record:
    return Record(time_ms, f"r{time_ms}", "q", NativeAnswer(), visible_at, visible_at)


def test_pages_are_newest_first_with_an_inclusive_cursor() -> None:
    conversation = Conversation()
    for time_ms in (30, 10, 20, 40):
        conversation.add(_record(time_ms, visible_at=5.0 if time_ms == 40 else 0.0))
    page = conversation.page(1.0, until_ms=None, limit=2)
    assert [record.time_ms for record in page.records] == [30, 20]
    assert page.next_end_ms == 10
    older = conversation.page(1.0, until_ms=page.next_end_ms, limit=2)
    assert [record.time_ms for record in older.records] == [10]
    assert older.next_end_ms == 0
    assert [record.time_ms for record in conversation.page(5.0, until_ms=40, limit=9).records] == [40, 30, 20, 10]
    assert conversation.page(5.0, until_ms=39, limit=0).records == ()


def test_old_records_are_forgotten() -> None:
    conversation = Conversation(capacity=3)
    for time_ms in range(10):
        conversation.add(_record(time_ms))
    assert [record.time_ms for record in conversation.page(1.0, until_ms=None, limit=9).records] == [9, 8, 7]
