"""Tools: what the model wants done comes back checked, with the same retry and fallback as answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from migpt_brain.llm import AnswerFailed, ChatMessage, ChoiceRequest, FailureKind, Tool, ToolResult
from migpt_brain.llm.answers import Answers
from migpt_simulator.llm import LlmServer
from migpt_simulator.llm_behaviour import Behaviour, ScriptedToolCall
from tests.contract.llm_asking import KEY, script, settings

TOOL = Tool("switch", "Switches something.", {"type": "object", "properties": {"what": {"type": "string"}}})
QUICK = {"first_token_s": 0.02, "tokens_per_s": 2000.0}
ROUND = (
    ScriptedToolCall(name="switch", arguments={"what": "灯"}),
    ScriptedToolCall(name="switch", arguments="{broken"),
)


@pytest.fixture
async def servers() -> AsyncIterator[list[LlmServer]]:
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(LlmServer()) for _ in "ab"]
        for name, server in zip("ab", started, strict=True):
            script(server, answer=f"我是{name}。", **QUICK)
        yield started


def request(*more: object) -> ChoiceRequest:
    messages = (ChatMessage("system", "家"), ChatMessage("user", "开灯"), *more)
    return ChoiceRequest(messages, (TOOL,))  # type: ignore[arg-type]


async def test_calls_come_back_as_written_and_results_are_told_again(servers: list[LlmServer]) -> None:
    server = servers[0]
    script(server, answer="灯开了。", tool_rounds=(ROUND,), **QUICK)
    async with Answers(settings(server)) as answers:
        choice = await answers.choose(request())
        assert (choice.preset, choice.text) == ("a", "")
        assert [(call.name, call.arguments) for call in choice.calls] == [
            ("switch", '{"what": "灯"}'),
            ("switch", "{broken"),
        ]
        assert choice.tokens > 0
        results = [ToolResult(call.id, "ok") for call in choice.calls]
        last = await answers.choose(request(choice, *results))
    assert (last.text, last.calls) == ("灯开了。", ())
    sent = server.journal.entries[0]
    assert sent.parameters["tools"] == [TOOL.as_sent()]
    assert not sent.streaming
    told = server.journal.entries[1].messages
    assert [message["role"] for message in told] == ["system", "user", "assistant", "tool", "tool"]
    assert [call["id"] for call in told[2]["tool_calls"]] == [message["tool_call_id"] for message in told[3:]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "trouble", [Behaviour(status=401), Behaviour(status=500), Behaviour(answer=""), Behaviour(html=True)]
)
async def test_the_next_is_asked_when_the_first_fails(servers: list[LlmServer], trouble: Behaviour) -> None:
    script(servers[0], **{**QUICK, **trouble.model_dump(exclude_unset=True)})
    async with Answers(settings(*servers)) as answers:
        choice = await answers.choose(request())
    assert (choice.preset, choice.text) == ("b", "我是b。")


async def test_the_next_is_asked_when_the_first_is_late(servers: list[LlmServer]) -> None:
    script(servers[0], hang_s=30)
    async with Answers(settings(*servers, first_token_deadline_s=0.2)) as answers:
        choice = await answers.choose(request())
    assert choice.preset == "b"
    await servers[0].journal.wait_for(lambda journal: journal.entries[0].outcome == "disconnected", 10)


async def test_a_provider_without_tools_is_not_asked_without_them(servers: list[LlmServer]) -> None:
    script(servers[0], rejects=("tools",), **QUICK)
    async with Answers(settings(servers[0])) as answers:
        with pytest.raises(AnswerFailed) as caught:
            await answers.choose(request())
    assert caught.value.kind is FailureKind.BAD_REQUEST
    assert KEY not in str(caught.value)
    assert len(servers[0].journal.entries) == 1


async def test_nobody_can_be_asked_without_a_key(servers: list[LlmServer]) -> None:
    async with Answers(settings(servers[0])) as answers:
        assert answers.can_be_asked()
        assert not answers.can_be_asked("nobody")


async def test_the_simulator_streams_calls_as_the_api_does(servers: list[LlmServer]) -> None:
    script(servers[0], tool_rounds=(ROUND[:1],), **QUICK)
    question = {"role": "user", "content": "开灯"}
    body = {"model": "m", "stream": True, "messages": [question], "tools": [TOOL.as_sent()]}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as client,
        client.post(f"{servers[0].base_url}/chat/completions", json=body) as answer,
    ):
        lines = [line.removeprefix("data: ") for line in (await answer.text()).split("\n\n")]
    choices = [choice for line in lines if line.startswith("{") for choice in json.loads(line)["choices"]]
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls", ())]
    assert [(call["index"], call["function"]["name"]) for call in calls] == [(0, "switch")]
    assert json.loads(calls[0]["function"]["arguments"]) == {"what": "灯"}
    assert choices[-1]["finish_reason"] == "tool_calls"
