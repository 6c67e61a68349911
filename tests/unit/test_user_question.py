"""A question to a person, from being asked aloud to its end, in simulated time."""

from __future__ import annotations

import pytest

from migpt_brain.asked.question import SAID_WITHIN_S, TRANSCRIPT_LATE_S, Ending, Question, problem_with
from migpt_shared.messages import AskUser

ASK = AskUser(question="要关灯吗", choices=["要", "不要"], timeout_s=10)


def asked() -> Question:
    """Asked at 0, requested at 1, known to sound at 1.4, said to its end at 3."""
    question = Question(ASK, 0.0)
    question.seen("requested", 1.0)
    question.seen("speaking", 1.4)
    assert question.said(None, 3.0) is None
    return question


def test_the_answer_is_one_of_the_choices() -> None:
    question = asked()
    assert question.is_answered_at(5.0)
    assert question.answered("要的") == Ending("choice", "要", "要的")
    assert question.answered("要的").error is None


def test_none_of_the_choices_is_a_result_too() -> None:
    ending = asked().answered("今天星期几")
    assert (ending.kind, ending.choice, ending.text) == ("none", None, "今天星期几")
    assert ending.error is not None


def test_without_choices_any_answer_is_one() -> None:
    ending = Question(AskUser(question="几点叫你"), 0.0).answered("七点吧")
    assert ending == Ending("free", None, "七点吧")
    assert ending.error is None


@pytest.mark.parametrize(
    ("said_at", "counts"),
    [(0.5, False), (1.1, False), (1.5, True), (3.0, True), (12.9, True), (13.1, False)],
)
def test_what_is_said_from_the_question_until_the_time_is_over_counts(said_at: float, counts: bool) -> None:
    assert asked().is_answered_at(said_at) is counts


def test_before_it_is_asked_aloud_nothing_answers_it() -> None:
    assert not Question(ASK, 0.0).is_answered_at(5.0)


def test_a_short_question_may_be_answered_before_it_is_known_to_sound() -> None:
    question = Question(ASK, 0.0)
    question.seen("requested", 1.0)
    assert question.is_answered_at(1.5)


def test_a_question_that_a_busy_speaker_refused_is_not_answered_yet() -> None:
    question = Question(ASK, 0.0)
    question.seen("requested", 1.0)
    question.seen("retrying", 1.1)
    assert not question.is_answered_at(1.5)
    question.seen("requested", 2.0)
    assert question.is_answered_at(2.5)


def test_a_question_that_was_requested_but_not_heard_can_fail() -> None:
    question = Question(ASK, 0.0)
    question.seen("requested", 1.0)
    ending = question.said("the speaker is offline", 2.0)
    assert ending is not None
    assert ending.kind == "not_asked"


def test_it_may_be_answered_while_it_is_still_being_asked() -> None:
    question = Question(ASK, 0.0)
    question.seen("speaking", 1.0)
    assert question.is_answered_at(2.0)


def test_the_time_begins_when_the_question_has_been_heard_and_the_transcript_is_waited_for() -> None:
    question = asked()
    assert question.ended(13.0) is None
    assert question.ended(13.0 + TRANSCRIPT_LATE_S - 0.1) is None
    assert question.ended(13.0 + TRANSCRIPT_LATE_S) == Ending("timeout")


def test_a_question_that_cannot_be_spoken_ends_with_the_reason() -> None:
    ending = Question(ASK, 0.0).said("the speaker is offline", 2.0)
    assert ending is not None
    assert ending.kind == "not_asked"
    assert "offline" in str(ending.error)


def test_a_question_that_was_stopped_while_it_sounded_can_still_be_answered() -> None:
    question = Question(ASK, 0.0)
    question.seen("speaking", 1.0)
    assert question.said("it was interrupted", 1.5) is None
    assert question.is_answered_at(8.0)
    assert question.ended(11.5 + TRANSCRIPT_LATE_S) == Ending("timeout")


def test_a_question_that_is_never_spoken_is_given_up() -> None:
    question = Question(ASK, 0.0)
    assert question.ended(SAID_WITHIN_S - 0.1) is None
    ending = question.ended(SAID_WITHIN_S)
    assert ending is not None
    assert ending.kind == "not_asked"


def test_a_question_whose_end_is_never_reported_ends_all_the_same() -> None:
    question = Question(ASK, 0.0)
    question.seen("speaking", 1.0)
    assert question.ended(1.0 + SAID_WITHIN_S) is None
    assert question.is_answered_at(5.0 + SAID_WITHIN_S)
    assert question.ended(11.0 + SAID_WITHIN_S + TRANSCRIPT_LATE_S) == Ending("timeout")


@pytest.mark.parametrize(
    ("question", "choices", "words"),
    [
        ("？？", [], "no word"),
        ("要关灯吗", ["要", "！"], "each choice"),
        ("要关灯吗", ["要", "要。"], "same"),
        ("要关灯吗", ["要", "不要"], None),
        ("几点叫你", [], None),
    ],
)
def test_what_cannot_be_asked(question: str, choices: list[str], words: str | None) -> None:
    problem = problem_with(AskUser(question=question, choices=choices))
    assert problem is None if words is None else words in str(problem)
