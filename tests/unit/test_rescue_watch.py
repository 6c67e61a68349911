"""When the language model takes over what XiaoAI was left to answer."""

from __future__ import annotations

from typing import Literal

import pytest

from migpt_brain.rescue import RESCUE_WITHIN_S, RescueWatch, Verdict, is_refused
from migpt_shared.messages import Heard


def heard(
    answer: str | None, kind: Literal["TTS", "LLM", "AUDIO", "none"] = "TTS", age_s: float | None = None
) -> Heard:
    return Heard(text="泰山多高", native_answer=answer, native_type="none" if answer is None else kind, age_s=age_s)


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        (heard(None), None),
        (heard("抱歉，我不太明白"), True),
        (heard("这个我还没学会", "LLM"), True),
        (heard("好的，已打开客厅灯"), False),
        (heard("我不太明白", "AUDIO"), False),
        (Heard(text="放首歌", native_type="AUDIO"), False),
        (Heard(text="嗯", native_type="TTS"), False),
        (Heard(text="嗯", native_answer="我不太明白"), True),
    ],
)
def test_what_counts_as_a_refusal(message: Heard, refused: bool | None) -> None:
    assert is_refused(message) is refused


def test_it_waits_for_the_answer_and_takes_over_a_refusal() -> None:
    watch = RescueWatch.over(heard(None), now=100.0)
    assert watch.verdict(103.0) is Verdict.WAIT
    watch.heard_again(heard(None))
    assert watch.verdict(104.0) is Verdict.WAIT
    watch.heard_again(heard("抱歉，我不太明白"))
    assert watch.verdict(105.0) is Verdict.TAKE_OVER


def test_an_answer_is_left_as_it_is() -> None:
    watch = RescueWatch.over(heard("好的，已打开"), now=100.0)
    assert watch.verdict(100.0) is Verdict.LEAVE
    watch.heard_again(heard(None))
    assert watch.verdict(101.0) is Verdict.LEAVE


@pytest.mark.parametrize("age_s", [None, 0.0, 1.5, 7.9])
def test_never_later_than_8_s_after_it_was_said(age_s: float | None) -> None:
    watch = RescueWatch.over(heard("我不太明白", age_s=age_s), now=100.0)
    last = 100.0 + RESCUE_WITHIN_S - (age_s or 0.0)
    assert watch.verdict(last - 0.01) is Verdict.TAKE_OVER
    assert watch.verdict(last) is Verdict.LEAVE


def test_what_is_told_too_late_is_not_taken_over() -> None:
    assert RescueWatch.over(heard("我不太明白", age_s=9.0), now=100.0).verdict(100.0) is Verdict.LEAVE
