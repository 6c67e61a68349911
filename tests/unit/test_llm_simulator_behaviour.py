"""The simulated model's script: which behaviour a request gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migpt_simulator.llm_answers import SKY
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl, Script, tokens_of


@given(text=st.text(max_size=200), chars_per_token=st.floats(0.3, 10), limit=st.none() | st.integers(1, 50))
def test_tokens_are_the_text_or_its_beginning(text: str, chars_per_token: float, limit: int | None) -> None:
    tokens = list(tokens_of(text, chars_per_token, limit))
    joined = "".join(tokens)
    assert text.startswith(joined)
    if limit is None:
        assert joined == text
    else:
        assert len(tokens) <= limit


def test_tokens_have_the_mean_length() -> None:
    assert [len(token) for token in tokens_of("一二三四五六", 1.5)] == [1, 2, 1, 2]


def test_the_standard_answer_is_as_the_measurements_want_it() -> None:
    assert 155 <= len(SKY) <= 165
    assert SKY.count("。") == 6
    assert Script().take(1, "小爱同学，为什么天是蓝的？").answer == SKY


def test_changes_add_up_and_single_ones_are_used_once() -> None:
    script = Script()
    script.change(LlmControl(default=Behaviour(first_token_s=1.0), next=(Behaviour(status=500),)))
    script.change(LlmControl(by_number={3: Behaviour(tokens_per_s=10)}))
    first, second, third = (script.take(number, "?") for number in (1, 2, 3))
    assert (first.status, first.first_token_s) == (500, 1.0)
    assert (second.status, second.first_token_s, second.tokens_per_s) == (None, 1.0, 40.0)
    assert third.tokens_per_s == 10


def test_own_answers_come_before_the_built_in_ones() -> None:
    script = Script()
    rule = AnswerRule(match="天是蓝", answer="因为。", behaviour=Behaviour(first_token_s=2))
    script.change(LlmControl(answers=(rule,)))
    behaviour = script.take(1, "为什么天是蓝的")
    assert (behaviour.answer, behaviour.first_token_s) == ("因为。", 2)
    assert script.take(2, "你好").answer != "因为。"
