"""The client against the simulated model: what a listener gets when the provider behaves, and when it does not."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator

import pytest

from migpt_brain.llm import AnswerRequest, ChatMessage, FailureKind, Finished
from migpt_brain.llm.answers import Answers
from migpt_shared.settings.llm import LlmSettings, PresetSettings
from migpt_simulator.llm import LlmServer
from migpt_simulator.llm_answers import SKY
from migpt_simulator.llm_behaviour import Behaviour, LlmControl
from tests.contract.llm_asking import KEY, ask, ended, script, settings

QUICK = {"first_token_s": 0.02, "tokens_per_s": 2000.0}
HELLO = "你好呀！很高兴和你聊天。今天想聊点什么呢？"


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with LlmServer() as server:
        script(server, **QUICK)
        yield server


async def test_an_answer_comes_in_pieces_as_it_is_written(server: LlmServer) -> None:
    server.control(LlmControl(reset=True))
    async with Answers(settings(server)) as answers:
        await answers.warm_up()
        await ask(answers, "你好")
        heard = await ask(answers, "为什么天是蓝的")
    assert heard.text == SKY
    assert heard.pieces > 50
    entry = server.journal.entries[-1]
    assert heard.finished == Finished("a", heard.finished.tokens_in if heard.finished else None, len(entry.tokens))
    assert heard.first_s is not None
    assert 0.29 < heard.first_s < 0.4
    assert 2.9 < heard.ended_s < 3.2


async def test_what_is_asked_is_what_the_settings_say(server: LlmServer) -> None:
    preset = PresetSettings(
        base_url=server.base_url, model="m", api_key=KEY, temperature=0.3, max_tokens=77, extra_body={"top_k": 5}
    )
    async with Answers(LlmSettings(preset="a", presets={"a": preset})) as answers:
        await ask(answers)
        said = (ChatMessage("user", "一"), ChatMessage("assistant", "二"), ChatMessage("user", "三"))
        async for _ in answers.stream(AnswerRequest(said, system_prompt="角色")):
            pass
        async for _ in answers.stream(AnswerRequest((ChatMessage("system", "自带"), *said))):
            pass
    first, second, third = server.journal.entries
    assert first.parameters == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.3,
        "max_tokens": 77,
        "top_k": 5,
    }
    assert first.messages[0]["role"] == "system"
    assert "语音助手" in str(first.messages[0]["content"])
    assert [message["content"] for message in second.messages] == ["角色", "一", "二", "三"]
    assert [message["content"] for message in third.messages] == ["自带", "一", "二", "三"]


async def test_the_built_in_role_is_told_in_the_chosen_language(server: LlmServer) -> None:
    async with Answers(settings(server), language="en") as answers:
        await ask(answers)
    assert "voice assistant" in str(server.journal.entries[0].messages[0]["content"])


@pytest.mark.parametrize(
    ("general", "own", "told"), [("家规", None, "家规"), ("家规", "店规", "店规"), ("", "店规", "店规")]
)
async def test_the_role_comes_from_the_preset_or_the_general_setting(
    server: LlmServer, general: str, own: str | None, told: str
) -> None:
    preset = PresetSettings(base_url=server.base_url, model="m", system_prompt=own)
    async with Answers(LlmSettings(preset="a", presets={"a": preset}, system_prompt=general)) as answers:
        await ask(answers)
    assert server.journal.entries[0].messages[0] == {"role": "system", "content": told}


async def test_a_known_providers_request_is_shaped_for_it(server: LlmServer) -> None:
    own = PresetSettings(base_url=server.base_url, api_key=KEY, temperature=0.5)
    async with Answers(LlmSettings(preset="openai", presets={"openai": own})) as answers:
        assert (await ask(answers)).text == HELLO
    parameters = server.journal.entries[0].parameters
    assert parameters["max_completion_tokens"] == 1000
    assert parameters["reasoning_effort"] == "none"
    assert not {"max_tokens", "temperature"} & set(parameters)


@pytest.mark.parametrize("streaming", [True, False])
async def test_thinking_is_not_in_the_answer(server: LlmServer, streaming: bool) -> None:
    script(
        server, Behaviour(reasoning="让我想想。"), Behaviour(answer="<think>让我想想。</think>\n\n因为散射。"), **QUICK
    )
    async with Answers(settings(server, streaming=streaming)) as answers:
        assert (await ask(answers)).text == HELLO
        assert (await ask(answers)).text == "因为散射。"


async def test_chunks_without_content_do_no_harm(server: LlmServer) -> None:
    script(server, null_chunks=True, **QUICK)
    async with Answers(settings(server)) as answers:
        assert (await ask(answers)).text == HELLO


async def test_whole_answer_mode_asks_without_streaming(server: LlmServer) -> None:
    async with Answers(settings(server, streaming=False)) as answers:
        heard = await ask(answers, "为什么天是蓝的")
    assert (heard.text, heard.pieces) == (SKY, 1)
    assert heard.finished is not None
    assert server.journal.entries[0].parameters["stream"] is False


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    "trouble", [Behaviour(status=500), Behaviour(status=429, retry_after_s=0.2), Behaviour(answer="")]
)
async def test_trouble_once_is_not_noticed(server: LlmServer, trouble: Behaviour, streaming: bool) -> None:
    script(server, trouble, **QUICK)
    async with Answers(settings(server, streaming=streaming)) as answers:
        heard = await ask(answers)
    assert (heard.text, heard.failure) == (HELLO, None)
    assert heard.ended_s < 1.5
    assert len(server.journal.entries) == 2


async def test_a_connection_reset_before_the_answer_is_tried_again(server: LlmServer) -> None:
    script(server, Behaviour(end="reset", end_after_chars=0), **QUICK)
    async with Answers(settings(server)) as answers:
        assert (await ask(answers)).text == HELLO


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    ("behaviour", "kind", "requests"),
    [
        (Behaviour(status=401), FailureKind.REFUSED_KEY, 1),
        (Behaviour(status=404), FailureKind.BAD_REQUEST, 1),
        (Behaviour(status=400), FailureKind.BAD_REQUEST, 1),
        (Behaviour(status=429), FailureKind.RATE_LIMITED, 2),
        (Behaviour(status=429, retry_after_s=30), FailureKind.RATE_LIMITED, 1),
        (Behaviour(status=429, error_code="insufficient_quota"), FailureKind.REFUSED_KEY, 1),
        (Behaviour(status=500), FailureKind.SERVER_ERROR, 2),
        (Behaviour(status=502, html=True), FailureKind.SERVER_ERROR, 2),
        (Behaviour(html=True), FailureKind.BAD_ANSWER, 1),
        (Behaviour(answer=""), FailureKind.EMPTY, 2),
        (Behaviour(answer=" \n"), FailureKind.EMPTY, 2),
        (Behaviour(reasoning="想。", answer=""), FailureKind.EMPTY, 2),
    ],
)
async def test_lasting_trouble_ends_in_a_failure_of_its_kind(
    server: LlmServer, behaviour: Behaviour, kind: FailureKind, requests: int, streaming: bool
) -> None:
    server.control(LlmControl(default=behaviour))
    async with Answers(settings(server, streaming=streaming)) as answers:
        heard = await ask(answers)
    assert heard.failure is not None
    assert (heard.failure.kind, heard.failure.preset, heard.failure.text_was_sent) == (kind, "a", False)
    assert heard.text == ""
    assert heard.ended_s < 2
    assert len(server.journal.entries) == requests


async def test_nobody_listening_at_the_address() -> None:
    async with LlmServer() as gone:
        chosen = settings(gone)
    async with Answers(chosen) as answers:
        await answers.warm_up()
        heard = await ask(answers)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.UNREACHABLE


async def test_a_hang_ends_before_the_listener_gives_up(server: LlmServer) -> None:
    script(server, hang_s=20)
    async with Answers(settings(server)) as answers:
        heard = await ask(answers)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.TIMED_OUT
    assert 6.4 < heard.ended_s < 7.0
    assert (await ended(server)).outcome == "disconnected"


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (Behaviour(stall_after_chars=6), HELLO[:6]),
        (Behaviour(end="truncated", end_after_chars=8), HELLO[:8]),
        (Behaviour(end="reset", end_after_chars=8), HELLO[:8]),
    ],
)
async def test_an_answer_that_breaks_off_is_told_as_such(server: LlmServer, behaviour: Behaviour, text: str) -> None:
    script(server, behaviour, **QUICK)
    async with Answers(settings(server, stall_deadline_s=0.5)) as answers:
        heard = await ask(answers)
    assert heard.text == text
    assert heard.failure is not None
    assert (heard.failure.kind, heard.failure.text_was_sent) == (FailureKind.STALLED, True)
    assert heard.ended_s < 1.5
    assert len(server.journal.entries) == 1


async def test_a_short_pause_in_the_answer_is_waited_for(server: LlmServer) -> None:
    script(server, Behaviour(stall_after_chars=6, stall_s=0.3), **QUICK)
    async with Answers(settings(server, stall_deadline_s=1)) as answers:
        assert (await ask(answers)).text == HELLO


async def test_thinking_does_not_count_as_a_stall_but_as_being_late(server: LlmServer) -> None:
    script(server, first_token_s=0.02, tokens_per_s=20, reasoning="想" * 60)
    async with Answers(settings(server, stall_deadline_s=0.5, answer_deadline_s=1.0)) as answers:
        heard = await ask(answers)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.TIMED_OUT


async def test_a_rejected_parameter_is_left_out_from_then_on(server: LlmServer) -> None:
    script(server, rejects=("max_tokens", "temperature", "top_k"), **QUICK)
    preset = PresetSettings(base_url=server.base_url, model="m", api_key=KEY, temperature=0.3, extra_body={"top_k": 1})
    async with Answers(LlmSettings(preset="a", presets={"a": preset})) as answers:
        assert (await ask(answers)).text == HELLO
        assert len(server.journal.entries) == 4
        assert (await ask(answers)).text == HELLO
    assert len(server.journal.entries) == 5
    parameters = server.journal.entries[-1].parameters
    assert parameters["max_completion_tokens"] == 1000
    assert not {"max_tokens", "temperature", "top_k"} & set(parameters)


async def test_the_key_is_in_no_error_and_no_log(
    server: LlmServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.control(LlmControl(api_keys=("another",)))
    async with Answers(settings(server)) as answers:
        heard = await ask(answers)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.REFUSED_KEY
    assert heard.failure.__cause__ is None
    printed = capsys.readouterr()
    everything = f"{heard.failure!r} {heard.failure} {caplog.text} {printed.out} {printed.err}"
    assert not re.search(f"{KEY}|{KEY[:8]}|{KEY[-4:]}", everything)


async def test_unknown_preset_and_missing_key_end_in_their_failures(server: LlmServer) -> None:
    async with Answers(settings(server)) as answers:
        unknown = (await ask(answers, preset="nobody")).failure
    assert unknown is not None
    assert unknown.kind is FailureKind.UNKNOWN_PRESET
    async with Answers(LlmSettings(preset="deepseek")) as answers:
        keyless = (await ask(answers)).failure
        assert "api_key is missing" in answers.problems()[0]
    assert keyless is not None
    assert keyless.kind is FailureKind.NO_KEY


async def test_connections_are_kept_and_opened_ahead(server: LlmServer) -> None:
    async with Answers(settings(server)) as answers:
        await answers.warm_up()
        assert not server.journal.entries, "warming up must not ask anything"
        for _ in range(3):
            await ask(answers)
    assert len({entry.peer_port for entry in server.journal.entries}) == 1


async def test_new_settings_count_from_the_next_answer(server: LlmServer) -> None:
    script(server, first_token_s=0.02, tokens_per_s=40)
    async with LlmServer() as other, Answers(settings(server)) as answers:
        script(other, **QUICK)
        stream = answers.stream(AnswerRequest((ChatMessage("user", "你好"),)))
        text = getattr(await anext(stream), "text", "")
        await answers.replace(settings(other))
        assert (await ask(answers)).text == HELLO
        async for part in stream:
            text += getattr(part, "text", "")
        assert text == HELLO
        assert (len(server.journal.entries), len(other.journal.entries)) == (1, 1)
        assert not answers._retired
