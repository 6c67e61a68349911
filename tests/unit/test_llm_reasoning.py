"""The model's thinking is never part of the answer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_brain.llm.reasoning import ThinkingFilter


def _filtered(pieces: list[str]) -> str:
    thinking = ThinkingFilter()
    return "".join([*(thinking.feed(piece) for piece in pieces), thinking.finish()])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>想一想</think>天是蓝的。", "天是蓝的。"),
        ("\n<think>\n想\n</think>\n\n天是蓝的。", "天是蓝的。"),
        ("<think>一</think><think>二</think>好", "好"),
        ("<think>没有结束", ""),
        ("<think></think>", ""),
        ("天是蓝的。<think>这是正文</think>", "天是蓝的。<think>这是正文</think>"),
        ("<thin", "<thin"),
        ("< 3 是小于三", "< 3 是小于三"),
        ("", ""),
        ("  \n ", ""),
    ],
)
def test_leading_thinking_is_taken_out(text: str, answer: str) -> None:
    assert _filtered([text]) == answer
    assert _filtered(list(text)) == answer


@given(text=st.text(alphabet="<think>/好 \n", max_size=40), cuts=st.sets(st.integers(0, 40)))
def test_any_chunking_gives_the_same_answer(text: str, cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[begin:end] for begin, end in pairwise(edges)]
    assert _filtered(pieces) == _filtered([text])


def test_text_is_handed_on_without_delay() -> None:
    thinking = ThinkingFilter()
    assert thinking.feed("天") == "天"
    assert thinking.feed("<think>") == "<think>"


def test_long_thinking_is_not_kept() -> None:
    thinking = ThinkingFilter()
    thinking.feed("<think>")
    for _ in range(10_000):
        assert thinking.feed("想") == ""
    assert len(thinking._held) < 20
    assert thinking.feed("</think>好") == "好"
