"""The simulated model is faithful: the official SDK, used plainly, finds what it knows from the real one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from migpt_simulator.llm import LlmServer
from migpt_simulator.llm_answers import SKY
from migpt_simulator.llm_behaviour import Behaviour, LlmControl

QUESTION = [{"role": "user", "content": "为什么天是蓝的"}]


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with LlmServer() as server:
        yield server


@pytest.fixture
async def client(server: LlmServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0, timeout=10) as client:
        yield client


async def _chunks(client: AsyncOpenAI, **parameters: object) -> list[ChatCompletionChunk]:
    stream = await client.chat.completions.create(model="m", messages=QUESTION, stream=True, **parameters)  # type: ignore[call-overload]
    return [chunk async for chunk in stream]


async def test_models_are_listed(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["simulated-chat", "simulated-reasoner"]


async def test_a_stream_has_role_text_end_and_usage(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(default=Behaviour(tokens_per_s=2000)))
    chunks = await _chunks(client, stream_options={"include_usage": True})
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk.model_dump())
    first, *middle, last, usage = chunks
    assert first.choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in middle) == SKY
    assert last.choices[0].finish_reason == "stop"
    assert (usage.choices, usage.usage is not None) == ([], True)
    assert all(chunk.usage is None for chunk in (first, *middle, last))
    without = await _chunks(client)
    assert without[-1].choices[0].finish_reason == "stop"


async def test_the_wire_is_server_sent_events_ending_in_done(server: LlmServer) -> None:
    server.control(LlmControl(default=Behaviour(tokens_per_s=2000)))
    body = {"model": "m", "messages": QUESTION, "stream": True}
    headers = {"Authorization": "Bearer x"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/chat/completions", json=body, headers=headers) as response,
    ):
        assert response.content_type == "text/event-stream"
        events = (await response.text()).split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: {") for event in events[:-2])


async def test_a_whole_answer(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(default=Behaviour(tokens_per_s=2000, reasoning="想。")))
    answer = await client.chat.completions.create(model="m", messages=QUESTION)  # type: ignore[arg-type]
    ChatCompletion.model_validate(answer.model_dump())
    assert answer.choices[0].message.content == SKY
    assert answer.choices[0].message.model_extra == {"reasoning_content": "想。"}
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_reasoning_comes_first_as_deepseek_sends_it(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(default=Behaviour(tokens_per_s=2000, reasoning="让我想想。", null_chunks=True)))
    deltas = [chunk.choices[0].delta for chunk in await _chunks(client) if chunk.choices]
    assert "".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas) == "让我想想。"
    assert "".join(delta.content or "" for delta in deltas) == SKY
    assert any(delta.content is None and not delta.model_extra for delta in deltas[:-1])


async def test_max_tokens_ends_with_length(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(default=Behaviour(tokens_per_s=2000)))
    chunks = await _chunks(client, max_completion_tokens=20)
    assert chunks[-1].choices[0].finish_reason == "length"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SKY[:30]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour(status=401), openai.AuthenticationError),
        (Behaviour(status=429, retry_after_s=2), openai.RateLimitError),
        (Behaviour(status=500), openai.InternalServerError),
        (Behaviour(status=502, html=True), openai.InternalServerError),
        (Behaviour(rejects=("stream",)), openai.BadRequestError),
        (Behaviour(end="reset", end_after_chars=0), openai.APIConnectionError),
    ],
)
async def test_failures_raise_what_the_real_ones_raise(
    client: AsyncOpenAI, server: LlmServer, behaviour: Behaviour, expected: type[openai.APIError]
) -> None:
    server.control(LlmControl(next=(behaviour,)))
    with pytest.raises(expected) as caught:
        await _chunks(client)
    if isinstance(caught.value, openai.RateLimitError):
        assert caught.value.response.headers["retry-after"] == "2"
    if isinstance(caught.value, openai.BadRequestError):
        assert caught.value.param == "stream"


async def test_keys_are_checked_when_some_are_given(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(api_keys=("sk-other",)))
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided") as caught:
        await _chunks(client)
    assert caught.value.code == "invalid_api_key"
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-other") as other:
        assert [model.id async for model in other.models.list()]
    async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/models") as response:
        assert response.status == 401


async def test_time_is_kept(client: AsyncOpenAI, server: LlmServer) -> None:
    await _chunks(client)
    server.control(LlmControl(reset=True, default=Behaviour(stall_after_chars=60, stall_s=0.2)))
    await _chunks(client)
    entry = server.journal.entries[0]
    due = [entry.arrived + 0.3 + 0.025 * index + (0.2 if index >= 40 else 0) for index in range(len(entry.tokens))]
    late = sorted(token.at - at for token, at in zip(entry.tokens, due, strict=True))
    assert late[0] >= 0
    assert late[len(late) // 2] < 0.005
    assert entry.tokens[-1].chars == len(SKY)


async def test_a_hang_and_a_client_that_leaves_are_seen_at_once(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(next=(Behaviour(hang_s=30),)))
    asking = asyncio.create_task(_chunks(client))
    await server.journal.wait_for(lambda journal: len(journal.entries) == 1, 2)
    asking.cancel()
    left = time.monotonic()
    await server.journal.wait_for(lambda journal: journal.entries[0].ended is not None, 2)
    entry = server.journal.entries[0]
    assert entry.outcome == "disconnected"
    assert entry.ended is not None
    assert entry.ended - left < 0.05
    assert [model.id async for model in client.models.list()], "the server lives on"


async def test_truncation_ends_without_an_end_mark(client: AsyncOpenAI, server: LlmServer) -> None:
    server.control(LlmControl(default=Behaviour(tokens_per_s=2000, end="truncated", end_after_chars=10)))
    chunks = await _chunks(client, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SKY[:10]
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)
    assert server.journal.entries[0].outcome == "truncated"


async def test_control_and_journal_over_http(client: AsyncOpenAI, server: LlmServer) -> None:
    async with aiohttp.ClientSession() as session:
        change = {"default": {"tokens_per_s": 2000, "answer": "好。"}, "next": [{"status": 500}]}
        async with session.post(server.control_url, json=change) as response:
            assert await response.json() == {"ok": True, "revision": 0}
        waiting = asyncio.create_task(_journal(session, server, since=0, wait_s=5))
        with pytest.raises(openai.InternalServerError):
            await _chunks(client)
        assert (await waiting)["requests"][0]["number"] == 1
        assert len(await _chunks(client)) == 4
        shown = await _journal(session, server, since=0, wait_s=0)
        first, second = shown["requests"]
        assert (first["status"], first["outcome"]) == (500, "error")
        assert (second["status"], second["outcome"], second["question"]) == (200, "finished", "为什么天是蓝的")
        assert second["arrived"] < second["tokens"][0]["at"] <= second["ended"] <= shown["now"]
        assert (await _journal(session, server, since=shown["revision"], wait_s=0.05))["requests"] == []
        async with session.post(server.control_url, json={"reset": True}) as response:
            assert response.status == 200
        assert not server.journal.entries


async def _journal(session: aiohttp.ClientSession, server: LlmServer, since: int, wait_s: float) -> Any:
    url = f"{server.control_url}/journal"
    async with session.get(url, params={"since": str(since), "wait_s": str(wait_s)}) as response:
        return await response.json()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"default": {"first_token_s": -1}}', b'{"nonsense": 1}', b"\xff"])
async def test_nonsense_is_refused_and_changes_nothing(server: LlmServer, body: bytes) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.post(server.control_url, data=body) as response:
            assert response.status == 400
            assert (await response.json())["ok"] is False
        headers = {"Authorization": "Bearer x"}
        async with session.post(f"{server.base_url}/chat/completions", data=body, headers=headers) as response:
            assert response.status == 400
        async with session.get(f"{server.control_url}/journal?since=x") as response:
            assert response.status == 400
    assert not server.journal.entries
