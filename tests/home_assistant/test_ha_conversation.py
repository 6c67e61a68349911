"""What is said to a speaker, as a real Home Assistant sees it: states that fit, one event each, automations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_shared.messages import Event, Result, Turn, new_id
from migpt_simulator import NativeAnswer
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.home_assistant.ha_automations import automation, events_of
from tests.home_assistant.ha_client import HomeAssistant
from tests.home_assistant.household import Household, household, retained

pytestmark = pytest.mark.asyncio(loop_scope="module")

NATIVE = NativeAnswer(text="这个我还不会", duration_s=1.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    async with household(ha) as running:
        running.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=0.1, tokens_per_s=400)))
        yield running


def answers(house: Household, question: str, answer: str) -> None:
    house.simulator.llm.control(LlmControl(answers=(AnswerRule(match=question, answer=answer),)))


async def test_one_question_is_one_event_and_one_answer(ha: HomeAssistant, house: Household) -> None:
    answers(house, "为什么海是咸的", "因为河水把盐带进了大海。")
    entity = house.entity("event.conversation")
    async with events_of(ha, entity) as events:
        house.simulator.home.speaker("living_room").say("为什么海是咸的", NATIVE)
        turn = await house.watcher.closed("为什么海是咸的")
        await ha.until_state(house.entity("sensor.answer"), "因为河水把盐带进了大海。")
        await asyncio.sleep(1)  # more of them would be a fault
    assert [(event["event_type"], event["text"]) for event in events] == [
        ("question", "为什么海是咸的"),
        ("answer", "因为河水把盐带进了大海。"),
    ]
    assert {(event["route"], event["source"], event["turn"]) for event in events} == {("llm", "speaker", turn.turn)}
    assert await retained(ha.surroundings.broker_url, "migpt/+/+/event") == {}
    states = await ha.states()
    assert states[house.entity("sensor.heard")]["state"] == "为什么海是咸的"
    assert states[house.entity("sensor.route")]["state"] == "llm"
    assert float(states[house.entity("sensor.first_word")]["state"]) > 0
    assert states[house.entity("sensor.answer")]["attributes"]["question"] == "为什么海是咸的"


async def test_xiaoais_own_answers_are_told_too(ha: HomeAssistant, house: Household) -> None:
    await ha.call("select.select_option", entity_id=house.entity("select.mode", "bedroom"), option="native")
    await ha.until_state(house.entity("select.mode", "bedroom"), "native")
    async with events_of(ha, house.entity("event.conversation", "bedroom")) as events:
        house.simulator.home.speaker("bedroom").say("今天天气怎么样", NativeAnswer(text="今天晴", duration_s=0.5))
        await ha.until_state(house.entity("sensor.answer", "bedroom"), "今天晴")
    assert [(event["event_type"], event["text"]) for event in events] == [
        ("question", "今天天气怎么样"),
        ("answer", "今天晴"),
    ]
    await ha.call("select.select_option", entity_id=house.entity("select.mode", "bedroom"), option="AI")
    await ha.until_state(house.entity("select.mode", "bedroom"), "AI")


async def test_an_answer_that_is_cut_off(ha: HomeAssistant, house: Household) -> None:
    answers(house, "讲个长故事", "从前有座山，山里有座庙，庙里有个老和尚。" * 30)
    async with events_of(ha, house.entity("event.conversation")) as events:
        house.simulator.home.speaker("living_room").say("讲个长故事", NATIVE)
        await ha.until_state(house.entity("binary_sensor.speaking"), "on")
        await ha.call("button.press", entity_id=house.entity("button.stop"))
        await house.watcher.closed("讲个长故事")
        await ha.until_state(house.entity("binary_sensor.speaking"), "off")
    assert [event["event_type"] for event in events] == ["question", "interrupted"]


async def test_long_texts_fit_and_are_whole(ha: HomeAssistant, house: Household) -> None:
    began, text = time.time(), "五千个字。" * 1000
    long = Turn(
        turn=new_id(), text=text, route="llm", reason="mode_ai", phase="done", owner="brain/test", reply_so_far=text
    )
    house.publish(long)
    for key in ("sensor.heard", "sensor.answer"):
        entity = house.entity(key)
        await ha.until(lambda states, one=entity: states[one]["attributes"].get("turn") == long.turn, entity)  # type: ignore[misc]
        state = await ha.state(entity)
        assert state is not None
        assert state["attributes"]["text"] == text
        assert len(state["state"]) <= 80
    assert await ha.troubles(began) == []


async def test_device_triggers_start_automations(ha: HomeAssistant, house: Household) -> None:
    device = await ha.device(house.device())
    assert device is not None
    [triggers] = await ha.ws({"type": "device_automation/trigger/list", "device_id": device["id"]})
    mine = {(one["type"], one["subtype"]) for one in triggers if one["domain"] == "mqtt"}
    assert {("question", "any"), ("question", "llm"), ("answer", "any"), ("answer", "llm"), ("choice", "any")} <= mine

    trigger = {"trigger": "device", "domain": "mqtt", "device_id": device["id"], "type": "answer", "subtype": "llm"}
    said = {
        "action": "notify.send_message",
        "target": {"entity_id": house.entity("notify.say", "bedroom")},
        "data": {"message": "客厅答：{{ trigger.payload_json.text }}"},
    }
    bedroom, since = house.simulator.home.speaker("bedroom"), time.monotonic()
    async with automation(ha, "migpt_test_trigger", triggers=[trigger], actions=[said]):
        answers(house, "一加一等于几", "等于二。")
        house.simulator.home.speaker("living_room").say("一加一等于几", NATIVE)
        await bedroom.until(lambda journal: journal.spoken(since=since))
        await house.watcher.closed("一加一等于几")
    assert bedroom.journal.spoken(since=since) == ["客厅答：等于二。"]


async def test_an_automation_on_what_was_said(ha: HomeAssistant, house: Household) -> None:
    trigger = {"trigger": "state", "entity_id": house.entity("event.conversation")}
    condition = {
        "condition": "template",
        "value_template": "{{ trigger.to_state.attributes.event_type == 'question'"
        " and '热' in trigger.to_state.attributes.text }}",
    }
    said = {
        "action": "notify.send_message",
        "target": {"entity_id": house.entity("notify.say", "bedroom")},
        "data": {"message": "有人觉得热"},
    }
    bedroom, since = house.simulator.home.speaker("bedroom"), time.monotonic()
    async with automation(ha, "migpt_test_words", triggers=[trigger], conditions=[condition], actions=[said]):
        for question in ("现在几点", "客厅太热了"):
            house.simulator.home.speaker("living_room").say(question, NATIVE)
            await house.watcher.closed(question)
        await bedroom.until(lambda journal: journal.spoken(since=since))
    assert bedroom.journal.spoken(since=since) == ["有人觉得热"]


async def test_a_persons_choice_is_an_event(ha: HomeAssistant, house: Household) -> None:
    value = {"outcome": "choice", "question": "要关灯吗", "choice": "要", "text": "要的"}
    async with events_of(ha, house.entity("event.conversation")) as events:
        house.publish(Result(request="01K9ZJ5VX0Q3M7C2T5P8R1D4FA", ok=True, value=value))
        await house.watcher.until(lambda: [one for one in house.watcher.of(Event) if one.event_type == "choice"])
        await ha.until(
            lambda states: states[house.entity("event.conversation")]["attributes"].get("choice") == "要", "the choice"
        )
    assert [(event["event_type"], event["choice"], event["question"]) for event in events] == [
        ("choice", "要", "要关灯吗")
    ]
