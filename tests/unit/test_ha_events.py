"""What automations are told of turns: one question, and one answer or one reason why there is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migpt_ha_bridge.speakers.events import TurnEvents, choice_event
from migpt_shared.messages import Event, Heard, Result, Turn


def turn(phase: str, ident: str = "t1", **changes: object) -> Turn:
    body = {"turn": ident, "text": "为什么", "route": "llm", "reason": "keyword", "phase": phase, "owner": "brain/1"}
    return Turn.model_validate(body | changes)


def heard(answer: str | None, ident: str = "t1") -> Heard:
    return Heard(turn=ident, text="为什么", native_answer=answer)


def told(*events: Event) -> list[tuple[str, str]]:
    return [(event.event_type, event.text) for event in events]


def of(events: TurnEvents, *turns: Turn) -> list[tuple[str, str]]:
    return told(*(event for one in turns for event in events.turn(one, is_news=True)))


def test_a_question_and_its_answer_are_told_once() -> None:
    events = TurnEvents()
    done = turn("done", reply_so_far="因为散射。", preset="deepseek")
    story = of(events, turn("accepted"), turn("accepted"), turn("thinking"), turn("speaking"), done, done)
    assert story == [("question", "为什么"), ("answer", "因为散射。")]


def test_an_event_says_what_it_is_about() -> None:
    event = TurnEvents().turn(turn("failed", error="no report", source="ha", preset="x"), is_news=True)[1]
    assert (event.turn, event.event_type, event.question, event.route) == ("t1", "failed", "为什么", "llm")
    assert (event.source, event.preset, event.error) == ("ha", "x", "no report")


def test_an_answer_that_was_cut_off() -> None:
    assert of(TurnEvents(), turn("accepted"), turn("cancelled", reply_so_far="因为")) == [
        ("question", "为什么"),
        ("interrupted", "因为"),
    ]


def test_what_was_told_before_is_not_told_again() -> None:
    events = TurnEvents()
    assert events.turn(turn("done", reply_so_far="旧"), is_news=False) == []
    assert of(events, turn("done", reply_so_far="旧")) == []
    assert events.turn(turn("speaking", "t2"), is_news=False) == []
    assert of(events, turn("done", "t2", reply_so_far="新")) == [("answer", "新")]


def test_xiaoais_answer_is_told_when_it_is_known() -> None:
    before = TurnEvents()
    assert told(*before.heard(heard("今天晴"))) == []
    assert of(before, turn("accepted", route="native"), turn("done", route="native")) == [
        ("question", "为什么"),
        ("answer", "今天晴"),
    ]
    after = TurnEvents()
    assert of(after, turn("accepted", route="native"), turn("done", route="native")) == [("question", "为什么")]
    assert told(*after.heard(heard(None))) == []
    assert told(*after.heard(heard("今天晴"))) == [("answer", "今天晴")]
    assert told(*after.heard(heard("今天晴"))) == []


def test_what_xiaoai_said_to_a_question_that_the_model_answers_is_no_answer() -> None:
    events = TurnEvents()
    assert told(*events.heard(heard("我不会"))) == []
    assert of(events, turn("accepted"), turn("done", reply_so_far="因为。")) == [
        ("question", "为什么"),
        ("answer", "因为。"),
    ]
    assert told(*events.heard(heard("我不会"))) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["accepted", "speaking", "done", "cancelled"]))))
def test_whatever_the_order_each_is_told_at_most_once(story: list[tuple[str, str]]) -> None:
    events = TurnEvents()
    seen: list[tuple[str | None, bool]] = []
    for ident, phase in story:
        told_now = events.turn(turn(phase, ident, reply_so_far="好"), is_news=True)
        seen += [(event.turn, event.event_type == "question") for event in told_now]
    assert len(seen) == len(set(seen))


def test_turns_of_long_ago_are_dropped() -> None:
    events = TurnEvents()
    for number in range(1000):
        of(events, turn("accepted", f"t{number}"))
    assert len(events._told) < 100


def test_a_persons_choice_is_an_event() -> None:
    result = Result(request="r1", ok=True, value={"question": "要关灯吗", "choice": "要", "text": "要吧"})
    event = choice_event(result)
    assert event is not None
    assert (event.event_type, event.choice, event.text, event.question, event.request) == (
        "choice", "要", "要吧", "要关灯吗", "r1",
    )  # fmt: skip
    nothing = choice_event(Result(request="r1", ok=True, value={"choice": None, "text": "随便"}))
    assert nothing is not None
    assert (nothing.choice, nothing.text) == (None, "随便")
    assert choice_event(Result(request="r1", ok=True, value={"turn": "t1"})) is None
    assert choice_event(Result(request="r1", ok=True)) is None
