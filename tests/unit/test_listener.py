"""From the transcript, and what else goes on at a speaker, to what is told to the brains."""

from __future__ import annotations

import dataclasses
from datetime import time

import pytest

from migpt_poller.cadence import Pace
from migpt_poller.cloud_clock import CloudClock
from migpt_poller.listener import Listener, Reading
from migpt_poller.transcript import Bookmark
from migpt_shared.messages import Native, Speech, SpeechPhase, Turn, TurnPhase, Wake
from migpt_shared.settings.hearing import HearingSettings
from migpt_shared.xiaomi import HistoryPage, NativeAnswer, Record

START_MS = 1_763_817_600_000
YEAR_MS = 365 * 86_400_000


class Room:
    """A listener, and the cloud's transcript and clock. `now` is the poller's own clock, which shows anything."""

    def __init__(self, *, now: float = 5000.0, bookmark: Bookmark | None = None, has_dates: bool = True) -> None:
        self.records: list[Record] = []
        self.now = now
        self.cloud_ms = START_MS
        self.has_dates = has_dates
        self.clock = CloudClock()
        self.ear = Listener("device", HearingSettings(), self.clock, now)
        self.ear.resume(bookmark, now)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.cloud_ms += round(seconds * 1000)

    def said(self, query: str, *answers: NativeAnswer, ago_s: float = 1.0) -> Record:
        record = Record(self.cloud_ms - round(ago_s * 1000), query, query, answers)
        self.records.insert(0, record)
        self.records.sort(key=lambda one: one.time_ms, reverse=True)
        return record

    def look(self) -> Reading:
        look = self.ear.look()
        while look.request is not None:
            until_ms = look.request.until_ms
            found = [record for record in self.records if until_ms is None or record.time_ms <= until_ms]
            date_ms = self.cloud_ms // 1000 * 1000 if self.has_dates else None
            page = HistoryPage(tuple(found[: look.request.limit]), date_ms, None)
            self.ear.page_came(look, page, self.now)
        return self.ear.read(look, self.now)

    def heard(self) -> list[str]:
        return [one.text for one in self.look().heard]


def turn(name: str, phase: TurnPhase) -> Turn:
    return Turn(turn=name, text="x", route="llm", reason="mode", phase=phase, owner="brain/1")


def speech(text: str, phase: SpeechPhase, utterance: str = "u1") -> Speech:
    return Speech(utterance=utterance, text=text, phase=phase)


def test_what_was_said_before_the_start_is_not_heard_and_what_is_said_after_it_is() -> None:
    room = Room()
    room.said("从前")
    assert room.heard() == []
    room.passes(1)
    room.said("现在")
    assert room.heard() == ["现在"]
    assert room.heard() == []


@pytest.mark.parametrize("skew_ms", [-YEAR_MS, -86_400_000, 0, 86_400_000, YEAR_MS])
def test_the_local_clock_does_not_matter(skew_ms: int) -> None:
    room = Room(now=3.0)
    room.cloud_ms += skew_ms
    room.said("从前", ago_s=100)
    room.look()
    room.passes(2)
    room.said("你好")
    reading = room.look()
    assert [one.text for one in reading.heard] == ["你好"]
    assert reading.heard[0].spoken_at == room.cloud_ms - 1000


def test_after_a_restart_what_is_younger_than_15_s_is_heard_and_the_rest_is_missed() -> None:
    room = Room(bookmark=Bookmark.at(START_MS - 60_000))
    for ago_s in (50.0, 30.0, 16.5, 12.0, 2.0):
        room.said(f"{ago_s:g} 秒前", ago_s=ago_s)
    room.said("更早", ago_s=70)
    reading = room.look()
    assert [one.text for one in reading.missed] == ["50 秒前", "30 秒前", "16.5 秒前"]
    assert [one.text for one in reading.heard] == ["12 秒前", "2 秒前"]
    assert room.ear.missed == 3
    assert room.ear.bookmark is not None
    assert room.ear.bookmark.cursor_ms == START_MS - 2000
    assert room.look() == Reading()


def test_without_any_date_from_the_cloud_only_what_came_between_two_looks_is_heard() -> None:
    room = Room(bookmark=Bookmark.at(START_MS - 60_000), has_dates=False)
    room.said("多久以前？")
    assert [one.text for one in room.look().missed] == ["多久以前？"]
    room.passes(1)
    room.said("刚才")
    assert room.heard() == ["刚才"]
    room.passes(20)
    room.said("断了很久")
    assert room.heard() == []


def test_our_own_speech_is_no_question() -> None:
    room = Room()
    room.look()
    room.ear.speech(speech("因为大气会散射阳光。", "speaking"), room.now)
    room.passes(2)
    room.said("因为大气会散射阳光")
    reading = room.look()
    assert (reading.heard, [one.text for one in reading.echoes]) == ((), ["因为大气会散射阳光"])
    room.passes(1)
    room.records[0] = Record(room.cloud_ms, "again", "因为大气会散射阳光", ())
    assert room.heard() == ["因为大气会散射阳光"]


def test_what_we_had_xiaoai_do_is_no_question() -> None:
    room = Room()
    room.look()
    room.ear.commanded(Native(text="播放周杰伦的歌"), room.now)
    room.ear.commanded(Wake(), room.now)
    room.said("播放周杰伦的歌", ago_s=0.5)
    room.said("小爱同学", ago_s=0.2)
    room.said("大声点", ago_s=0.1)
    assert room.heard() == ["大声点"]


def test_what_could_not_be_spoken_guards_against_nothing() -> None:
    room = Room()
    room.look()
    room.ear.speech(speech("你好", "requested"), room.now)
    room.ear.speech(speech("你好", "failed"), room.now)
    room.said("你好")
    assert room.heard() == ["你好"]


def test_an_answer_that_appears_within_6_s_is_told_with_the_same_id() -> None:
    room = Room()
    room.look()
    room.said("量子纠缠是什么", ago_s=1)
    (first,) = room.look().heard
    room.passes(3)
    room.records[0] = dataclasses.replace(room.records[0], answers=(NativeAnswer("TTS", "我不太明白"),))
    reading = room.look()
    assert reading.heard == ()
    (again,) = reading.amended
    assert (again.id, again.native_answer, again.native_type) == (first.id, "我不太明白", "TTS")
    assert room.look() == Reading()
    assert room.ear.deliveries.due(room.now)[0].native_answer == "我不太明白"


def test_an_answer_that_appears_after_6_s_is_not_told() -> None:
    room = Room()
    room.look()
    room.said("量子纠缠是什么", ago_s=1)
    room.look()
    room.passes(6)
    room.records[0] = dataclasses.replace(room.records[0], answers=(NativeAnswer("TTS", "好"),))
    assert room.look() == Reading()


def test_what_a_brain_already_answers_for_is_not_told_again() -> None:
    room, other = Room(), Room()
    for one in (room, other):
        one.look()
        one.said("你好")
    (told_by_another,) = other.look().heard
    room.ear.turn(turn(told_by_another.id, "thinking"), room.now, retained=True)
    assert room.heard() == []


def test_a_record_without_words_is_passed_over() -> None:
    room = Room()
    room.look()
    room.said("  ")
    reading = room.look()
    assert (reading.heard, reading.missed, reading.is_moved) == ((), (), True)


def test_an_utterance_a_turn_and_speech_make_it_attentive() -> None:
    def pace(room: Room) -> Pace:
        return room.ear.attention.pace(room.now, time(12))

    room = Room()
    room.look()
    assert pace(room) is Pace.IDLE
    room.said("你好")
    room.look()
    assert pace(room) is Pace.HOT
    room.passes(30)
    assert pace(room) is Pace.WARM
    room.ear.turn(turn("t", "speaking"), room.now, retained=True)
    assert pace(room) is Pace.WARM  # what the broker kept says nothing about now
    room.ear.turn(turn("t", "speaking"), room.now, retained=False)
    room.passes(40)
    assert pace(room) is Pace.HOT
    room.ear.turn(turn("t", "done"), room.now, retained=False)
    room.passes(14)
    assert pace(room) is Pace.HOT
    room.passes(2)
    assert pace(room) is Pace.WARM
    room.ear.speech(speech("叮", "speaking"), room.now)
    assert pace(room) is Pace.HOT
    room.ear.speech(speech("叮", "spoken"), room.now)
    room.passes(15 + 60)
    assert pace(room) is Pace.IDLE


def test_the_delay_of_the_transcript_is_the_median() -> None:
    room = Room()
    room.look()
    assert room.ear.transcript_delay_p50_s is None
    for ago_s in (1.0, 9.0, 2.0):
        room.passes(20)
        room.said(f"{ago_s}", ago_s=ago_s)
        room.look()
    assert room.ear.transcript_delay_p50_s == pytest.approx(2.0, abs=1.0)
    assert room.ear.last_heard == "2.0"


def test_the_cloud_clock_takes_late_answers_for_late_and_a_new_time_for_new() -> None:
    clock = CloudClock()
    assert clock.now_ms(0.0) is None
    assert clock.age_s(1, 0.0) is None
    clock.observe(100_000, 10.0)
    clock.observe(100_000, 10.9)  # the same second, later
    assert clock.now_ms(11.0) == 101_000
    clock.observe(50_000, 12.0)  # the cloud's clock was set back
    assert clock.now_ms(12.0) == 50_000
    assert clock.age_s(48_000, 13.0) == 3.0
