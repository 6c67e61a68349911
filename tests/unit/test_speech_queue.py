"""Cutting and joining texts, and the queues that hold them."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_shared.messages import Say, Sentence, Speech
from migpt_shared.settings import SpeechSettings
from migpt_speaker.announcements import Announcements
from migpt_speaker.answer_queue import AnswerQueue
from migpt_speaker.lane import Lane
from migpt_speaker.orders import Resume, Silence, Speak
from migpt_speaker.pieces import CAP, joined, pieces_of
from migpt_speaker.unison import Unison
from migpt_speaker.utterance import Priority


def new_queue(max_chars: int = 120) -> AnswerQueue:
    ids = count(1)
    queue = AnswerQueue(max_chars, lambda: f"u{next(ids)}")
    queue.open("t", 0)
    return queue


def sentence(seq: int, text: str, *, last: bool = False) -> Sentence:
    return Sentence(turn="t", seq=seq, text=text, last=last)


# pieces


@given(st.text(alphabet=st.sampled_from("天地玄黄宇宙 ，。！abc 3.5,\n"), max_size=700))
def test_pieces_lose_nothing_that_is_spoken(text: str) -> None:
    pieces = pieces_of(text)
    assert all(0 < len(piece) <= CAP for piece in pieces)
    assert [one for one in "".join(pieces) if one.isalnum()] == [one for one in text if one.isalnum()]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("一二三四五六七八。九十一二三四五六。七八九十", ("一二三四五六七八。九十一二三四五六。", "七八九十")),
        ("一二三四五六七八九十一二3.1415926，五六七八九", ("一二三四五六七八九十一二", "3.1415926，五六七八九")),
        ("one two three four five six", ("one two three four", "five six")),
        ("……！", ()),
    ],
)
def test_a_long_text_is_cut_where_the_voice_may_rest(text: str, pieces: tuple[str, ...]) -> None:
    assert pieces_of(text, 20) == pieces


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("好。", "走", "好。走"),
        ("好", "走", "好，走"),
        ("Good.", "Go", "Good. Go"),
        ("Good", "Go", "Good, Go"),
        ("", "走", "走"),
    ],
)
def test_joined_sentences_keep_their_rest(left: str, right: str, whole: str) -> None:
    assert joined(left, right) == whole


# answers


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6), st.integers(0, 6))
def test_each_sentence_is_given_once_and_in_order(order: list[int], again: list[int], taken_after: int) -> None:
    queue = new_queue()
    texts = [f"第{number}句话。" for number in range(6)]
    given_out = []
    for position, seq in enumerate([*order, *again]):
        queue.add(sentence(seq, texts[seq], last=seq == 5))
        if position >= taken_after and (utterance := queue.take(0.0)):
            given_out.append(utterance)
    while utterance := queue.take(0.0):
        given_out.append(utterance)
    assert "".join(one.text for one in given_out) == "".join(texts)
    assert [seq for one in given_out for seq in one.seqs] == list(range(6))
    assert queue.is_complete
    assert queue.repeated == len(again)


def test_a_sentence_without_a_word_is_stepped_over() -> None:
    queue = new_queue()
    queue.add(sentence(0, "……"))
    queue.add(sentence(1, "", last=True))
    assert queue.take(0.0) is None
    assert queue.is_complete


def test_a_group_never_joins() -> None:
    queue = new_queue()
    queue.add(sentence(0, "一。"))
    queue.add(sentence(1, "二。"))
    assert [one.text for one in (queue.take(0.0, may_join=False), queue.take(0.0, may_join=False)) if one] == [
        "一。",
        "二。",
    ]


# announcements


def test_announcements_keep_their_priority_and_repeat_whole() -> None:
    ids = count(1)
    announcements = Announcements(lambda: f"u{next(ids)}")
    assert announcements.add(Say(text="晚饭好了。", priority="notice"), 0.0, 120) is Priority.NOTICE
    assert (
        announcements.add(Say(text="一二三四五六七八九十，" * 4, priority="alarm", repeat=2), 0.0, 30) is Priority.ALARM
    )
    assert announcements.add(Say(text="？"), 0.0, 120) is None
    alarms = []
    while utterance := announcements.take(Priority.ALARM):
        alarms.append(utterance)
    assert "".join(one.text for one in alarms) == "一二三四五六七八九十，" * 8
    assert [one.completes for one in alarms] == [False] * (len(alarms) - 1) + [True]
    assert len(announcements) == 1


def test_what_expired_is_taken_out_with_all_its_pieces() -> None:
    announcements = Announcements(lambda: "u")
    announcements.add(Say(text="一二三四五六七八九十，" * 4, expires_s=5), 10.0, 30)
    assert announcements.next_expiry() == 15.0
    assert not announcements.expired(14.9)
    assert len(announcements.expired(15.0)) == 1
    assert len(announcements) == 0


# groups and the order of commands


def test_a_group_waits_for_its_slowest_but_not_for_ever() -> None:
    unison = Unison()
    unison.open("t", ["kitchen", "bedroom"])

    def spoke(speaker: str, seq: int, phase: str = "spoken") -> None:
        unison.heard(
            speaker, Speech.model_validate({"turn": "t", "utterance": "u", "seqs": [seq], "text": "", "phase": phase})
        )

    assert unison.waits_until(-1, 0.0, 0.0) is None
    spoke("kitchen", 0)
    spoke("bedroom", 0, "speaking")
    assert unison.waits_until(0, 10.0, 10.2) == 11.0
    spoke("bedroom", 0)
    assert unison.waits_until(0, 10.0, 10.3) is None
    spoke("kitchen", 1)
    assert unison.waits_until(1, 20.0, 21.0) is None, "the bedroom is not waited for any more"
    spoke("kitchen", 2)
    assert unison.waits_until(2, 30.0, 30.1) is None


def test_commands_go_one_after_the_other_and_silence_overtakes_what_hangs() -> None:
    lane = Lane()
    first = lane.send(Resume(), 0.0)
    assert not lane.may_send(0.01)
    assert not lane.may_send(0.05, silence=True)
    assert lane.overtaking_at() == pytest.approx(0.1)
    assert lane.may_send(0.1, silence=True)
    silence = lane.send(Silence(by_stop=False), 0.1)
    assert not lane.may_send(1.0, silence=True)
    flight = lane.landed(silence.ticket)
    assert flight is not None
    assert not flight.was_overtaken
    assert lane.may_send(0.2)
    late = lane.landed(first.ticket)
    assert late is not None
    assert late.was_overtaken
    assert lane.landed(99) is None
    assert not isinstance(late.command, Speak)


# settings


@pytest.mark.parametrize(
    "wrong",
    [{"max_chars": 10}, {"retry_delays_s": []}, {"retry_delays_s": [0]}, {"answer_on": ["Kitchen"]},
     {"answer_on": ["a", "a"]}, {"answer_on": ["all"]}, {"typo": 1}],
)  # fmt: skip
def test_wrong_speech_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SpeechSettings.model_validate(wrong)
