"""The API with the official SDK against the whole system."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx2
import openai
import pytest
import pytest_asyncio

from migpt_shared.messages import BrainState, HomeAnswer, HomeAsk, HomeState, Reply, Speech, Turn
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.console.console_process import API_KEY, ConsoleHouse

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = "天空是蓝色的。因为阳光被散射了。晚上就看不见了。"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[ConsoleHouse]:
    async with ConsoleHouse(answer=ANSWER) as running:
        await running.until_known()
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def client(house: ConsoleHouse) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{house.url}/v1", api_key=API_KEY, max_retries=0) as sdk:
        yield sdk


async def test_the_models_are_listed_and_retrieved(client: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert names[0] == "migpt"
    assert {"migpt:living_room", "simulated"} <= set(names)
    assert "home-assistant" not in names
    assert (await client.models.retrieve("migpt:living_room")).id == "migpt:living_room"
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("nobody")
    assert caught.value.code == "model_not_found"


async def test_the_brain_answers_whole_and_nothing_is_spoken(house: ConsoleHouse, client: openai.AsyncOpenAI) -> None:
    spoken, turns = len(house.watcher.of(Speech)), len(house.watcher.of(Turn))
    answer = await client.chat.completions.create(
        model="migpt", messages=[{"role": "user", "content": "为什么天是蓝的"}]
    )
    assert answer.choices[0].message.content == ANSWER
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 20
    assert house.watcher.of(Reply)
    assert (len(house.watcher.of(Speech)), len(house.watcher.of(Turn))) == (spoken, turns)


async def test_sentences_are_streamed_while_the_model_still_writes(
    house: ConsoleHouse, client: openai.AsyncOpenAI
) -> None:
    slow = AnswerRule(match="慢慢", answer=ANSWER, behaviour=Behaviour(tokens_per_s=8))
    house.simulator.llm.control(LlmControl(answers=(slow,)))
    began, came, usage, text = time.monotonic(), [], None, ""
    stream = await client.chat.completions.create(
        model="migpt",
        messages=[{"role": "user", "content": "慢慢说"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        usage = chunk.usage or usage
        if chunk.choices and chunk.choices[0].delta.content:
            came.append(time.monotonic() - began)
            text += chunk.choices[0].delta.content
    assert text == ANSWER
    assert len(came) >= 3
    assert came[-1] - came[0] > 0.5, "all came at once"
    assert usage is not None
    assert usage.completion_tokens > 10


async def test_earlier_messages_replace_the_memory_and_parts_are_joined(
    house: ConsoleHouse, client: openai.AsyncOpenAI
) -> None:
    await client.chat.completions.create(
        model="migpt",
        messages=[
            {"role": "system", "content": "你是船长"},
            {"role": "user", "content": "我叫小明"},
            {"role": "assistant", "content": "你好小明"},
            {"role": "user", "content": [{"type": "text", "text": "我叫"}, {"type": "text", "text": "什么"}]},
        ],
    )
    asked = house.simulator.llm.journal.entries[-1].messages
    assert [message["content"] for message in asked][-3:] == ["我叫小明", "你好小明", "我叫什么"]
    assert any("你是船长" in str(message["content"]) for message in asked)


async def test_a_speaker_speaks_what_it_answers(house: ConsoleHouse, client: openai.AsyncOpenAI) -> None:
    pieces = [
        chunk.choices[0].delta.content or ""
        async for chunk in await client.chat.completions.create(
            model="migpt:living_room", messages=[{"role": "user", "content": "客厅说给我听"}], stream=True
        )
        if chunk.choices
    ]
    assert "".join(pieces) == ANSWER
    assert len([piece for piece in pieces if piece]) >= 2
    turn = await house.watcher.closed("客厅说给我听")
    assert (turn.source, turn.phase) == ("api", "done")
    assert any(speech.phase == "spoken" for speech in house.watcher.of(Speech, "living_room"))


async def test_a_preset_is_passed_through(house: ConsoleHouse, client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="simulated", messages=[{"role": "user", "content": "直接问"}], temperature=0.3
    )
    assert answer.choices[0].message.content == ANSWER
    asked = house.simulator.llm.journal.entries[-1]
    assert (asked.model, asked.parameters["temperature"], len(asked.messages)) == ("simulated-chat", 0.3, 1)
    text = ""
    async for chunk in await client.chat.completions.create(
        model="simulated", messages=[{"role": "user", "content": "直接问"}], stream=True
    ):
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    assert text == ANSWER


async def test_home_assistant_is_asked_when_it_is_connected(house: ConsoleHouse, client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(model="home-assistant", messages=[{"role": "user", "content": "开灯"}])
    assert caught.value.status_code == 503
    house.bus.publish(HomeState(connected=True, agent="conversation.test"), household="home")
    async with asyncio.timeout(10):
        while "home-assistant" not in await house.models():
            await asyncio.sleep(0.05)
    asking = asyncio.create_task(
        client.chat.completions.create(model="home-assistant", messages=[{"role": "user", "content": "打开客厅灯"}])
    )
    await house.watcher.until(lambda: house.watcher.of(HomeAsk), what="the ask")
    ask = house.watcher.of(HomeAsk)[-1]
    house.bus.publish(HomeAnswer(request=ask.id, ok=True, speech="已打开客厅灯"), household="home")
    assert (await asking).choices[0].message.content == "已打开客厅灯"
    assert ask.text == "打开客厅灯"
    house.bus.publish(HomeState(connected=False), household="home")


@pytest.mark.parametrize(
    ("key", "problem"), [("", "no key"), ("wrong", "wrong key"), (API_KEY[:-1], "wrong key"), (f"{API_KEY}x", "wrong")]
)
async def test_only_the_key_opens(house: ConsoleHouse, key: str, problem: str) -> None:
    async with httpx2.AsyncClient() as browser:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = await browser.get(f"{house.url}/v1/models", headers=headers)
    assert answer.status_code == 401
    assert problem in answer.json()["error"]["message"]
    assert answer.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": "migpt"}, "messages"),
        ({"model": "migpt", "messages": []}, "messages"),
        ({"model": "migpt", "messages": [{"role": "king", "content": "x"}]}, "messages.0.role"),
        ({"model": "migpt", "messages": [{"role": "user", "content": "  "}]}, "messages"),
        ({"model": "migpt", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"model": "migpt", "messages": [{"role": "user", "content": "x" * 9000}]}, "messages"),
        ({"model": "migpt", "messages": [{"role": "user", "content": "x"}], "n": 3}, "n"),
    ],
)
async def test_bad_requests_say_what_is_wrong(house: ConsoleHouse, body: dict[str, object], param: str) -> None:
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {API_KEY}"}) as browser:
        answer = await browser.post(f"{house.url}/v1/chat/completions", json=body)
        broken = await browser.post(f"{house.url}/v1/chat/completions", content=b"{", headers={"content-type": "x/y"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"] == param
    assert broken.status_code == 400


async def test_a_failing_provider_is_an_error_not_an_answer(house: ConsoleHouse, client: openai.AsyncOpenAI) -> None:
    house.simulator.llm.control(LlmControl(default=Behaviour(status=500)))
    try:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="migpt", messages=[{"role": "user", "content": "你好"}])
        assert caught.value.code == "provider_failed"
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="simulated", messages=[{"role": "user", "content": "你好"}])
        assert "sk-simulated" not in str(caught.value)
        with pytest.raises(openai.APIError):
            async for _ in await client.chat.completions.create(
                model="migpt", messages=[{"role": "user", "content": "你好"}], stream=True
            ):
                pass
    finally:
        house.simulator.llm.control(LlmControl(reset=True, default=Behaviour(answer=ANSWER)))


async def test_no_brain_is_told_at_once(house: ConsoleHouse, client: openai.AsyncOpenAI) -> None:
    await house.service("brain").kill()
    try:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="migpt", messages=[{"role": "user", "content": "有人吗"}])
        assert caught.value.status_code == 503
    finally:
        dead = house.owner_of(BrainState, house.addresses()[0])
        await house.service("brain").start()
        await house.watcher.until(
            lambda: all(house.owner_of(BrainState, one) not in (None, dead) for one in house.addresses()),
            40,
            "the brain to be back",
        )


async def test_limits_and_cors_take_effect_and_follow_the_settings(house: ConsoleHouse) -> None:
    """The same console, its settings changed while it runs."""
    config = house.config.read_text(encoding="utf-8")
    headers = {"Authorization": f"Bearer {API_KEY}", "Origin": "https://chat.example.com"}
    async with httpx2.AsyncClient(headers=headers) as browser:
        assert "access-control-allow-origin" not in (await browser.get(f"{house.url}/v1/models")).headers
        changed = config.replace(
            "requests_per_minute = 5000", 'requests_per_minute = 3\ncors_origins = ["https://chat.example.com"]'
        )
        house.config.write_text(changed, encoding="utf-8")
        try:
            async with asyncio.timeout(20):
                while (answer := await browser.get(f"{house.url}/v1/models")).status_code != 429:
                    await asyncio.sleep(0.05)
            assert answer.json()["error"]["type"] == "rate_limit_error"
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["access-control-allow-origin"] == "https://chat.example.com"
            preflight = await browser.options(
                f"{house.url}/v1/chat/completions",
                headers={"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"},
            )
            assert preflight.status_code == 200
            foreign = await browser.get(f"{house.url}/v1/models", headers={"Origin": "https://evil.example"})
            assert foreign.headers.get("access-control-allow-origin") != "https://evil.example"
        finally:
            house.config.write_text(config, encoding="utf-8")
        async with asyncio.timeout(20):
            while (await browser.get(f"{house.url}/v1/models")).status_code != 200:
                await asyncio.sleep(0.1)


async def test_the_document_describes_the_routes(house: ConsoleHouse) -> None:
    async with httpx2.AsyncClient() as browser:
        document = json.loads((await browser.get(f"{house.url}/v1/openapi.json")).text)
    assert set(document["paths"]) == {"/models", "/models/{model}", "/chat/completions"}
    assert document["components"]["securitySchemes"]
