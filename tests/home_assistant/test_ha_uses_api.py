"""A real Home Assistant asks the console's OpenAI-compatible API, by its own integration "llama.cpp"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from migpt_shared.messages import Ask, Reply, Speech
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl, ScriptedToolCall
from migpt_simulator.llm_journal import ChatEntry
from tests.console.console_process import API_KEY, ConsoleHouse
from tests.home_assistant.ha_client import HomeAssistant, HomeAssistantError, Record

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = "天空是蓝色的。因为阳光被散射了。晚上就看不见了。"
_INTEGRATION = "llama_cpp"
_FLOWS = "/api/config/config_entries/flow"
_SUBENTRY_FLOWS = "/api/config/config_entries/subentries/flow"


class Connected:
    """Home Assistant with the integration set up against the API of a running house."""

    def __init__(self, ha: HomeAssistant, house: ConsoleHouse, entry_id: str) -> None:
        self.ha = ha
        self.house = house
        self.entry_id = entry_id

    async def agents(self) -> dict[str, str]:
        """The integration's conversation entities, by the model they ask."""
        entities, devices = await self.ha.ws(
            {"type": "config/entity_registry/list"}, {"type": "config/device_registry/list"}
        )
        models = {device["id"]: str(device["model"]) for device in devices}
        return {
            models[row["device_id"]]: str(row["entity_id"])
            for row in entities
            if row["config_entry_id"] == self.entry_id and row["entity_id"].startswith("conversation.")
        }

    async def agent(self, model: str) -> str:
        """The conversation entity that asks the model, once it can be asked."""
        async with asyncio.timeout(40):
            while True:
                agent = (await self.agents()).get(model)
                if agent is not None and await self.ha.value(agent) not in (None, "unavailable"):
                    return agent
                await asyncio.sleep(0.1)

    async def add_agent(self, model: str) -> str:
        """A further agent, as the button "add conversation agent" adds one."""
        handler = {"handler": [self.entry_id, "conversation"]}
        async with _flow(self.ha, _SUBENTRY_FLOWS, handler) as flow:
            done = await flow.submit(chat_model=model, llm_hass_api=["assist"], recommended=True)
            assert done["type"] == "create_entry", done
        return await self.agent(model)

    async def ask(self, agent: str, text: str, conversation: str | None = None) -> tuple[str, str]:
        """What the agent says, and the conversation's id."""
        body = {"text": text, "language": "zh-CN", "agent_id": agent}
        if conversation is not None:
            body["conversation_id"] = conversation
        result = await self.ha.request("POST", "/api/conversation/process", body)
        assert result["response"]["response_type"] != "error", result
        return str(result["response"]["speech"]["plain"]["speech"]), str(result["conversation_id"])

    def asked(self, question: str) -> list[ChatEntry]:
        """What reached the model about that question."""
        return [entry for entry in self.house.simulator.llm.journal.entries if entry.question == question]


@dataclass(slots=True)
class _Flow:
    """A dialogue of Home Assistant's settings, step by step."""

    ha: HomeAssistant
    path: str
    step: Record

    async def submit(self, **fields: object) -> Record:
        """Fill in the form; the next step."""
        self.step = await self.ha.request("POST", f"{self.path}/{self.step['flow_id']}", fields)
        return self.step


@asynccontextmanager
async def _flow(ha: HomeAssistant, path: str, start: Record) -> AsyncIterator[_Flow]:
    """A dialogue that is closed in any case. Raises HomeAssistantError when Home Assistant cannot open it."""
    flow = _Flow(ha, path, await ha.request("POST", path, start))
    try:
        yield flow
    finally:
        if flow.step["type"] == "form":
            await ha.request("DELETE", f"{path}/{flow.step['flow_id']}")


async def _set_up(ha: HomeAssistant, house: ConsoleHouse) -> str:
    """Fill in the integration's dialogue as a person does, mistyping the key first; the entry's id."""
    async with _flow(ha, _FLOWS, {"handler": _INTEGRATION}) as flow:
        assert flow.step["step_id"] == "user", flow.step
        refused = await flow.submit(base_url=f"{house.url}/v1", api_key="mistyped")
        assert refused["errors"] == {"base": "invalid_auth"}
        models = await flow.submit(base_url=f"{house.url}/v1", api_key=API_KEY)
        assert models["step_id"] == "model", models
        (field,) = models["data_schema"]
        assert {"migpt", "migpt:living_room", "simulated"} <= set(field["selector"]["select"]["options"])
        assert field["description"]["suggested_value"] == "migpt"
        done = await flow.submit(chat_model="migpt")
        assert done["type"] == "create_entry", done
        return str(done["result"]["entry_id"])


async def _require_integration(ha: HomeAssistant) -> None:
    """Skips where Home Assistant is too old for the integration, or lacks the packages that it needs."""
    try:
        async with _flow(ha, _FLOWS, {"handler": _INTEGRATION}):
            pass
    except HomeAssistantError as error:
        if error.status not in (404, 500):
            raise
        pytest.skip(f"this Home Assistant cannot load its integration {_INTEGRATION}: {error}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connected(ha: HomeAssistant) -> AsyncIterator[Connected]:
    await _require_integration(ha)
    async with ConsoleHouse(answer=ANSWER) as house:
        await house.until_known()
        entry_id = await _set_up(ha, house)
        try:
            yield Connected(ha, house, entry_id)
        finally:
            await ha.request("DELETE", f"/api/config/config_entries/entry/{entry_id}")


async def test_the_brain_answers_home_assistant(connected: Connected) -> None:
    watcher, agent = connected.house.watcher, await connected.agent("migpt")
    spoken, replied = len(watcher.of(Speech)), len(watcher.of(Reply))
    answer, _ = await connected.ask(agent, "为什么天是蓝的")
    assert answer == ANSWER
    await watcher.until(lambda: any(reply.end for reply in watcher.of(Reply)[replied:]), what="the brain's last reply")
    assert "".join(reply.text for reply in watcher.of(Reply)[replied:]) == ANSWER
    ask = next(one for one in watcher.of(Ask) if one.text == "为什么天是蓝的")
    assert (ask.source, ask.speak) == ("api", False)
    assert len(watcher.of(Speech)) == spoken, "nobody asked a speaker to speak"


async def test_home_assistants_conversation_and_instructions_reach_the_model(connected: Connected) -> None:
    agent = await connected.agent("migpt")
    _, conversation = await connected.ask(agent, "我叫小明")
    answer, same = await connected.ask(agent, "我叫什么", conversation)
    assert (answer, same) == (ANSWER, conversation)
    messages = connected.asked("我叫什么")[-1].messages
    said = [message["content"] for message in messages if message["role"] != "system"]
    assert said == ["我叫小明", ANSWER, "我叫什么"]
    assert any("Home Assistant" in str(message["content"]) for message in messages if message["role"] == "system")


async def test_a_speaker_speaks_what_home_assistant_asks(connected: Connected) -> None:
    answer, _ = await connected.ask(await connected.add_agent("migpt:living_room"), "客厅说给我听")
    assert answer == ANSWER
    turn = await connected.house.watcher.closed("客厅说给我听")
    assert (turn.source, turn.phase) == ("api", "done")
    assert any(speech.phase == "spoken" for speech in connected.house.watcher.of(Speech, "living_room"))


async def test_a_model_uses_home_assistants_tools_through_the_api(connected: Connected) -> None:
    agent = await connected.add_agent("simulated")
    rounds = ((ScriptedToolCall(name="llm__GetDateTime"),),)
    rule = AnswerRule(match="现在几点", answer="三点整。", behaviour=Behaviour(tool_rounds=rounds))
    connected.house.simulator.llm.control(LlmControl(answers=(rule,)))
    answer, _ = await connected.ask(agent, "现在几点")
    assert answer == "三点整。"
    first, second = connected.asked("现在几点")[-2:]
    assert first.streaming, "Home Assistant's trial of the brain has found that the API streams"
    assert "llm__GetDateTime" in str(first.parameters["tools"])
    assert second.messages[-1]["role"] == "tool"
    assert "date" in str(second.messages[-1]["content"])
