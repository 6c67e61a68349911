"""How far a turn is, and what happens to it when its brain dies."""

from __future__ import annotations

from itertools import pairwise

import pytest

from migpt_brain.takeover import (
    AnswerAgain,
    Apologise,
    CloseSilently,
    FinishSentences,
    Takeover,
    WaitForNative,
    WaitForSpeech,
    takeover,
)
from migpt_brain.turn_progress import SILENCE_LIMIT_S, TurnProgress
from migpt_shared.messages import Source, Speech, SpeechPhase, Turn

ONE = frozenset({"a"})
BOTH = frozenset({"a", "b"})


def progress(*speakers: str, sentences: int = 2) -> TurnProgress:
    turn = TurnProgress(
        id="T",
        text="问",
        source="speaker",
        route="llm",
        reason="r",
        reason_text="",
        speakers=speakers or ("a",),
        opened=0,
    )
    for number in range(sentences):
        turn.add_sentence(f"第{number}句。", now=1.0)
    return turn


def speech(phase: SpeechPhase, *seqs: int, take: int = 0) -> Speech:
    return Speech(turn="T", utterance="U", take=take, seqs=list(seqs), text="x", phase=phase)


def test_a_turn_is_over_when_every_online_speaker_has_ended_every_sentence() -> None:
    turn = progress("a", "b")
    turn.finish(2.0)
    turn.report("a", speech("spoken", 0, 1), 3.0)
    assert turn.is_over(ONE)
    assert not turn.is_over(BOTH)
    turn.report("b", speech("spoken", 0), 3.0)
    assert not turn.is_over(BOTH)
    turn.report("b", speech("failed", 1), 3.0)
    assert turn.is_over(BOTH)


def test_a_turn_is_not_over_before_the_model_has_finished() -> None:
    turn = progress()
    turn.report("a", speech("spoken", 0, 1), 3.0)
    assert not turn.is_over(ONE)


def test_what_has_not_ended_is_unconfirmed() -> None:
    turn = progress(sentences=3)
    turn.report("a", speech("requested", 0), 1.1)
    turn.report("a", speech("speaking", 0), 1.2)
    turn.report("a", speech("requested", 1), 1.3)
    assert turn.unconfirmed("a") == [0, 1, 2]
    turn.report("a", speech("spoken", 0), 1.4)
    assert turn.unconfirmed("a") == [1, 2]


def test_a_late_report_does_not_bring_back_what_has_ended() -> None:
    turn = progress(sentences=1)
    turn.finish(1.0)
    turn.report("a", speech("spoken", 0), 2.0)
    turn.report("a", speech("retrying", 0), 2.1)
    assert turn.is_over(ONE)


def test_what_was_sounding_when_the_speaker_service_died_counts_as_spoken() -> None:
    turn = progress(sentences=3)
    turn.finish(1.0)
    turn.report("a", speech("speaking", 0), 2.0)
    turn.report("a", speech("requested", 1), 2.1)
    turn.reporter_died("a")
    assert turn.unconfirmed("a") == [1, 2]
    turn.report("a", speech("spoken", 1, 2), 9.0)
    assert turn.is_over(ONE)


def test_what_an_alarm_interrupted_is_spoken_again_and_counts_then() -> None:
    turn = progress(sentences=1)
    turn.finish(1.0)
    turn.report("a", speech("speaking", 0), 2.0)
    turn.report("a", speech("interrupted", 0), 2.5)
    assert not turn.is_over(ONE)
    turn.report("a", speech("speaking", 0), 5.0)
    turn.report("a", speech("spoken", 0), 6.0)
    assert turn.is_over(ONE)
    assert not turn.all_failed()


def test_reports_of_another_take_or_a_stranger_change_nothing() -> None:
    turn = progress(sentences=1)
    assert not turn.report("a", speech("spoken", 0, take=1), 2.0)
    assert not turn.report("c", speech("spoken", 0), 2.0)
    assert turn.unconfirmed("a") == [0]


def test_what_was_heard_is_what_was_begun_without_gaps() -> None:
    turn = progress(sentences=3)
    turn.report("a", speech("spoken", 0), 2.0)
    turn.report("a", speech("spoken", 2), 2.0)
    assert turn.spoken_count() == 1
    assert turn.heard_text() == "第0句。"


def test_a_turn_without_news_is_given_up_after_the_predicted_end() -> None:
    turn = progress(sentences=1)
    assert 1.0 + SILENCE_LIMIT_S < turn.gives_up_at() < 1.0 + SILENCE_LIMIT_S + 5
    turn.report("a", speech("speaking", 0), 50.0)
    assert turn.gives_up_at() > 50.0 + SILENCE_LIMIT_S


def test_everything_failed_is_told_apart_from_spoken() -> None:
    turn = progress()
    turn.report("a", speech("failed", 0, 1), 2.0)
    assert turn.all_failed()
    turn = progress()
    turn.report("a", speech("spoken", 0), 2.0)
    turn.report("a", speech("failed", 1), 2.0)
    assert not turn.all_failed()


def interrupted(*, sent: int = 3, spoken: int = 1, complete: bool = False, earlier: str = "") -> Turn:
    turn = progress(sentences=sent)
    turn.earlier = earlier
    for seq in range(spoken):
        turn.report("a", speech("spoken", seq), 2.0)
    turn.is_complete = complete
    return turn.message("brain/dead")


def left_to_xiaoai(source: Source = "speaker") -> Turn:
    return interrupted(sent=0, spoken=0).model_copy(update={"route": "native", "source": source})


@pytest.mark.parametrize(
    ("turn", "age_s", "expected"),
    [
        (interrupted(sent=0, spoken=0), 3, AnswerAgain()),
        (interrupted(spoken=0), 3, AnswerAgain()),
        (interrupted(spoken=0), 16, Apologise()),
        (interrupted(complete=True), 3, WaitForSpeech()),
        (interrupted(), 30, FinishSentences("第0句。", ("第1句。", "第2句。"))),
        (interrupted(earlier="早先。"), 30, FinishSentences("早先。第0句。", ("第1句。", "第2句。"))),
        (interrupted(), 90, Apologise()),
        (interrupted(), 121, CloseSilently()),
        (interrupted(), None, CloseSilently()),
        (left_to_xiaoai(), 2.5, WaitForNative(5.5)),
        (left_to_xiaoai(), 8.0, CloseSilently(is_failure=False)),
        (left_to_xiaoai(), None, CloseSilently(is_failure=False)),
        (left_to_xiaoai("mqtt"), 1.0, CloseSilently()),
    ],
)
def test_what_the_next_brain_does(turn: Turn, age_s: float | None, expected: Takeover) -> None:
    assert takeover(turn, age_s) == expected


def test_an_inherited_turn_is_over_once_the_rest_was_reported() -> None:
    heir = progress(sentences=0)
    heir.inherit(interrupted(complete=True, earlier="早先。"))
    assert heir.message("brain/heir").reply_so_far == "早先。第0句。第1句。第2句。"
    heir.report("a", speech("spoken", 1, 2), 5.0)
    assert heir.is_over(ONE)


def test_who_answers_instead_has_to_claim_the_turn_anew() -> None:
    turn = progress(sentences=0)
    turn.route = "native"
    turn.is_confirmed = True
    turn.reroute("llm", "rescued", "小爱答不上来")
    message = turn.message("brain/1")
    assert (message.route, message.reason, message.take, message.phase) == ("llm", "rescued", 1, "accepted")
    assert not turn.is_confirmed


def test_a_reply_in_latin_words_has_spaces_between_its_sentences() -> None:
    turn = progress(sentences=0)
    for text in ("The sky looks blue because", "sunlight is scattered.", "White light", "因为散射。", "天。", "OK"):
        turn.add_sentence(text, now=1.0)
    reply = turn.message("brain/1")
    assert reply.reply_so_far == "The sky looks blue because sunlight is scattered. White light因为散射。天。OK"
    assert [reply.reply_so_far[start:end] for start, end in pairwise(reply.cuts)] == turn.sentences
