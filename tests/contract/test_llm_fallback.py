"""Several providers: who answers when the first fails or is late, and that the losers are let go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from migpt_brain.llm import FailureKind
from migpt_brain.llm.answers import Answers
from migpt_shared.settings.llm import LlmSettings, PresetSettings
from migpt_simulator.llm import LlmServer
from migpt_simulator.llm_behaviour import Behaviour
from tests.contract.llm_asking import ask, ended, script, settings

QUICK = {"first_token_s": 0.02, "tokens_per_s": 2000.0}


@pytest.fixture
async def servers() -> AsyncIterator[list[LlmServer]]:
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(LlmServer()) for _ in "abc"]
        for name, server in zip("abc", started, strict=True):
            script(server, answer=f"我是{name}。", **QUICK)
        yield started


@pytest.mark.parametrize(
    ("trouble", "requests"), [(Behaviour(status=401), 1), (Behaviour(status=500), 2), (Behaviour(status=429), 2)]
)
async def test_the_next_answers_when_the_first_fails(
    servers: list[LlmServer], trouble: Behaviour, requests: int
) -> None:
    script(servers[0], **trouble.model_dump(exclude_unset=True))
    async with Answers(settings(*servers[:2])) as answers:
        heard = await ask(answers)
    assert heard.text == "我是b。"
    assert heard.finished is not None
    assert heard.finished.preset == "b"
    assert heard.ended_s < 1.5
    assert [len(server.journal.entries) for server in servers[:2]] == [requests, 1]


async def test_the_next_is_asked_when_the_first_is_late_and_the_first_is_cut(servers: list[LlmServer]) -> None:
    script(servers[0], hang_s=20)
    async with Answers(settings(*servers[:2], first_token_deadline_s=0.5)) as answers:
        heard = await ask(answers)
    assert heard.text == "我是b。"
    assert 0.5 < (heard.first_s or 0) < 0.8
    late, quick = await ended(servers[0]), await ended(servers[1])
    assert late.outcome == "disconnected"
    assert late.ended is not None
    assert late.ended - quick.tokens[0].at < 0.05, "the loser is cut as soon as the other speaks"


async def test_the_first_still_wins_if_it_speaks_first(servers: list[LlmServer]) -> None:
    script(servers[0], first_token_s=0.7)
    script(servers[1], first_token_s=5)
    async with Answers(settings(*servers[:2], first_token_deadline_s=0.4)) as answers:
        heard = await ask(answers)
    assert heard.text == "我是a。"
    assert (await ended(servers[1])).outcome == "disconnected"


async def test_one_voice_only_when_both_speak(servers: list[LlmServer]) -> None:
    script(servers[0], answer="甲" * 60, first_token_s=0.45, tokens_per_s=100.0)
    script(servers[1], answer="乙" * 60, first_token_s=0.05, tokens_per_s=100.0)
    async with Answers(settings(*servers[:2], first_token_deadline_s=0.4)) as answers:
        heard = await ask(answers)
    assert set(heard.text) in ({"甲"}, {"乙"})
    assert len(heard.text) == 60


async def test_a_chain_of_three(servers: list[LlmServer]) -> None:
    script(servers[0], status=401)
    script(servers[1], html=True)
    async with Answers(settings(*servers)) as answers:
        assert (await ask(answers)).text == "我是c。"


async def test_when_all_fail_the_first_ones_trouble_is_told(servers: list[LlmServer]) -> None:
    script(servers[0], status=401)
    script(servers[1], status=500)
    async with Answers(settings(*servers[:2])) as answers:
        heard = await ask(answers)
    assert heard.failure is not None
    assert (heard.failure.kind, heard.failure.preset) == (FailureKind.REFUSED_KEY, "a")


async def test_all_hanging_ends_in_time(servers: list[LlmServer]) -> None:
    for server in servers:
        script(server, hang_s=20)
    async with Answers(settings(*servers, first_token_deadline_s=0.4, answer_deadline_s=1.5)) as answers:
        heard = await ask(answers)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.TIMED_OUT
    assert 1.45 < heard.ended_s < 2
    assert [(await ended(server)).outcome for server in servers] == ["disconnected"] * 3


async def test_a_broken_off_answer_is_not_begun_again_by_another(servers: list[LlmServer]) -> None:
    script(servers[0], answer="第一句。第二句。", end="reset", end_after_chars=4)
    async with Answers(settings(*servers[:2])) as answers:
        heard = await ask(answers)
    assert heard.text == "第一句。"
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.STALLED
    assert not servers[1].journal.entries


async def test_a_preset_without_key_is_passed_over(servers: list[LlmServer]) -> None:
    b = PresetSettings(base_url=servers[1].base_url, model="m")
    async with Answers(LlmSettings(preset="deepseek", fallbacks=("b",), presets={"b": b})) as answers:
        assert (await ask(answers)).text == "我是b。"


async def test_a_chosen_preset_is_asked_first_and_the_fallbacks_follow(servers: list[LlmServer]) -> None:
    async with Answers(settings(*servers)) as answers:
        assert (await ask(answers, preset="c")).text == "我是c。"
        script(servers[2], status=401)
        assert (await ask(answers, preset="c")).text == "我是b。"


async def test_whole_answers_fall_back_too(servers: list[LlmServer]) -> None:
    script(servers[0], hang_s=20)
    chosen = settings(*servers[:2], streaming=False, whole_answer_deadline_s=1)
    async with Answers(chosen) as answers:
        heard = await ask(answers)
    assert heard.text == "我是b。"
    assert heard.ended_s < 1
