"""Asks every language model that answers are taken from a short question, as the brain would."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from migpt_brain.llm import AnswerFailed, AnswerRequest, ChatMessage, TextDelta, spoken_failure
from migpt_brain.llm.answers import Answers
from migpt_cli.doctor.report import Report
from migpt_shared.language import Phrase
from migpt_shared.settings import Settings

#: Later than this, XiaoAI's own answer is over before ours begins.
_LATE_MS = 3000

_QUESTION = Phrase(zh="用一个词回答：天空是什么颜色？", en="Answer with one word: what colour is the sky?")
_ANSWERS = Phrase(
    zh="回答了，第一个词用了 {first} 毫秒，全部 {whole} 毫秒",
    en="it answers: first word after {first} ms, {whole} ms in all",
)
_LATE = Phrase(
    zh="回答了，但第一个词要 {first} 毫秒：换一个快的模型，或加 fallbacks",
    en="it answers, but its first word takes {first} ms: choose a quicker model, or add fallbacks",
)
_FAILS = Phrase(zh="{words}（{detail}）", en="{words} ({detail})")


async def check_models(settings: Settings) -> AsyncGenerator[Report, None]:
    """The configured preset and its fallbacks, one after the other, each asked once."""
    for name in settings.llm.chain:
        yield await _check(name, settings)


async def _check(name: str, settings: Settings) -> Report:
    alone = settings.llm.model_copy(update={"preset": name, "fallbacks": []})
    request = AnswerRequest((ChatMessage("user", _QUESTION.in_(settings.language)),))
    began = time.monotonic()
    first: int | None = None
    try:
        async with (
            Answers(alone, language=settings.language) as answers,
            aclosing(answers.stream(request)) as parts,
        ):
            async for part in parts:
                if isinstance(part, TextDelta) and first is None:
                    first = _ms(began)
    except AnswerFailed as failure:
        words = spoken_failure(failure.kind, settings.language)
        return Report("model", "bad", _FAILS, {"words": words, "detail": failure.detail}, name)
    values: dict[str, object] = {"first": first, "whole": _ms(began)}
    if first is not None and first > _LATE_MS:
        return Report("model", "warning", _LATE, values, name)
    return Report("model", "good", _ANSWERS, values, name)


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
