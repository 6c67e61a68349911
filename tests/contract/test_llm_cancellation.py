"""Whoever stops listening stops the provider: seen from the provider's side of the connection."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from migpt_brain.llm.answers import Answers
from migpt_simulator.llm import LlmServer
from tests.contract.llm_asking import request, script, settings

AT_ONCE_S = 0.05


async def _cut_after(server: LlmServer, stopped_at: float) -> float:
    """Seconds from stopping to the moment the provider saw the connection close."""
    await server.journal.wait_for(lambda journal: journal.entries[-1].ended is not None, 2)
    entry = server.journal.entries[-1]
    assert entry.outcome == "disconnected"
    assert entry.ended is not None
    return entry.ended - stopped_at


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("heard_pieces", [0, 3])
async def test_cancelling_the_reader_closes_the_connection(heard_pieces: int, streaming: bool) -> None:
    async with LlmServer() as server, Answers(settings(server, streaming=streaming)) as answers:
        count, reached = 0, asyncio.Event()
        if not streaming or not heard_pieces:
            script(server, hang_s=20)

        async def listen() -> None:
            nonlocal count
            async with aclosing(answers.stream(request("为什么天是蓝的"))) as parts:
                async for _ in parts:
                    count += 1
                    if count == heard_pieces:
                        reached.set()

        listening = asyncio.create_task(listen())
        await server.journal.wait_for(lambda journal: bool(journal.entries), 2)
        if streaming and heard_pieces:
            await asyncio.wait_for(reached.wait(), 2)
        listening.cancel()
        stopped_at = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await listening
        assert await _cut_after(server, stopped_at) < AT_ONCE_S


async def test_closing_the_stream_closes_the_connection_before_it_returns() -> None:
    async with LlmServer() as server, Answers(settings(server)) as answers:
        stream = answers.stream(request("为什么天是蓝的"))
        await anext(stream)
        stopped_at = asyncio.get_running_loop().time()
        await stream.aclose()
        assert await _cut_after(server, stopped_at) < AT_ONCE_S


async def test_the_next_question_is_answered_after_a_cancelled_one() -> None:
    async with LlmServer() as server, Answers(settings(server)) as answers:
        for _ in range(3):
            stream = answers.stream(request("为什么天是蓝的"))
            await anext(stream)
            await stream.aclose()
        async with aclosing(answers.stream(request("你好"))) as parts:
            texts = [getattr(part, "text", "") async for part in parts]
        assert "".join(texts).startswith("你好呀")


async def test_both_connections_of_a_race_are_closed() -> None:
    async with LlmServer() as slow, LlmServer() as slower:
        script(slow, hang_s=20)
        script(slower, hang_s=20)
        async with Answers(settings(slow, slower, first_token_deadline_s=0.2)) as answers:
            listening = asyncio.create_task(anext(answers.stream(request("你好"))))
            await slower.journal.wait_for(lambda journal: bool(journal.entries), 2)
            listening.cancel()
            stopped_at = asyncio.get_running_loop().time()
            with pytest.raises(asyncio.CancelledError):
                await listening
            for server in (slow, slower):
                assert await _cut_after(server, stopped_at) < AT_ONCE_S


async def test_no_task_is_left_behind() -> None:
    before = asyncio.all_tasks()
    async with LlmServer() as server, Answers(settings(server)) as answers:
        stream = answers.stream(request("为什么天是蓝的"))
        await anext(stream)
        await stream.aclose()
        left = [task for task in asyncio.all_tasks() - before if task.get_name().startswith("llm-")]
    assert left == []
