"""Spoken wishes against a real Home Assistant: its agent, tools of the model, doors, and what goes wrong."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_shared.messages import (
    Ask,
    HomeAnswer,
    HomeAsk,
    HomeCall,
    HomeEntities,
    HomeEntity,
    HomeLook,
    HomeState,
    Source,
    Turn,
)
from migpt_simulator import NativeAnswer
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl, ScriptedToolCall
from tests.home_assistant.ha_client import HomeAssistant, Surroundings
from tests.home_assistant.household import Household, household
from tests.home_assistant.mqtt_house import OFF, MqttHouse, mqtt_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

NATIVE = NativeAnswer(text="这个我还不会", duration_s=4.0)


class Home:
    """A running household that commands the devices of the house."""

    def __init__(self, system: Household, ha: HomeAssistant, house: MqttHouse) -> None:
        self.system = system
        self.ha = ha
        self.house = house

    def state(self) -> HomeState | None:
        state = self.system.watcher.latest.get((HomeState, ("home",)))
        return state if isinstance(state, HomeState) else None

    def entities(self) -> dict[str, HomeEntity]:
        told = self.system.watcher.latest.get((HomeEntities, ("home",)))
        return {entity.id: entity for entity in told.entities} if isinstance(told, HomeEntities) else {}

    async def until_entity(self, entity_id: str, **fields: object) -> HomeEntity:
        def is_so() -> bool:
            entity = self.entities().get(entity_id)
            return entity is not None and all(getattr(entity, name) == value for name, value in fields.items())

        await self.system.watcher.until(is_so, 60, f"{entity_id} with {fields}")
        return self.entities()[entity_id]

    async def said(self, text: str, source: Source = "speaker") -> tuple[Turn, str]:
        """A person (or somebody on the bus) says it; the turn at its end, and what was heard."""
        watcher, speaker = self.system.watcher, self.system.simulator.home.speaker("living_room")
        since, before = time.monotonic(), len(watcher.turns(text))
        if source == "speaker":
            speaker.say(text, NATIVE)
        else:
            assert (await self.system.send(Ask(text=text, source=source))).ok
        await watcher.until(
            lambda: any(not turn.is_open for turn in watcher.turns(text)[before:]), 60, f"the end of {text!r}"
        )
        turn = next(turn for turn in watcher.turns(text)[before:] if not turn.is_open)
        return turn, "".join(speaker.journal.spoken(since=since))

    async def answer(self, question: HomeAsk | HomeCall | HomeLook) -> HomeAnswer:
        def answers() -> list[HomeAnswer]:
            return [one for one in self.system.watcher.of(HomeAnswer) if one.request == question.id]

        self.system.bus.publish(question, household="home")
        await self.system.watcher.until(answers, 40, f"the answer to {question!r}")
        return answers()[0]

    def model_uses(self, question: str, *calls: tuple[str, list[str], dict[str, object], str]) -> None:
        scripted = tuple(
            ScriptedToolCall(
                name="control_devices",
                arguments={"service": service, "entities": entities, "data": data, "say": say},
            )
            for service, entities, data, say in calls
        )
        rule = AnswerRule(match=question, answer="好的。", behaviour=Behaviour(tool_rounds=(scripted,)))
        self.system.simulator.llm.control(LlmControl(answers=(rule,)))


class HouseholdInRoom(Household):
    """The speaker stands in the living room."""

    def config_text(self) -> str:
        return super().config_text().replace("living_room]\ndevice_id", 'living_room]\narea = "客厅"\ndevice_id')


def section(surroundings: Surroundings, more: str = "") -> str:
    return f'url = "{surroundings.url}"\ntoken = "{surroundings.token}"\n{more}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(ha: HomeAssistant, surroundings: Surroundings) -> AsyncIterator[Home]:
    mapping = '[home_assistant.device_mapping]\n"阳光灯" = "light.test_house_strip"\n'
    async with (
        mqtt_house(ha) as house,
        household(ha, section=section(surroundings, mapping), kind=HouseholdInRoom) as system,
    ):
        running = Home(system, ha, house)
        await system.watcher.until(lambda: (state := running.state()) is not None and state.connected, 60, "the bridge")
        await running.until_entity("lock.test_house_door", confirm=True)
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _usual(home: Home) -> AsyncIterator[None]:
    yield
    home.house.deaf.clear()
    for key, state in (("lamp", OFF), ("strip", OFF), ("door", "LOCKED")):
        await home.house.becomes(key, state)
    await home.ha.until_state("lock.test_house_door", "locked")
    home.system.simulator.llm.control(LlmControl(reset=True))


async def test_exposed_entities_have_names_areas_and_domains(home: Home) -> None:
    lamp = await home.until_entity("light.test_house_lamp")
    assert (lamp.name, lamp.area, lamp.domain, lamp.confirm) == ("落地灯", "客厅", "light", False)
    strip = await home.until_entity("light.test_house_strip")
    assert (strip.name, strip.aliases, strip.area) == ("阳光灯", ["灯带"], "书房")
    careful = {entity.id for entity in home.entities().values() if entity.confirm}
    assert {"lock.test_house_door", "cover.test_house_garage"} <= careful
    state = home.state()
    assert state is not None
    assert (state.agent, state.error) == ("conversation.home_assistant", None)


async def test_aliases_exposure_and_areas_are_followed(home: Home) -> None:
    update = {"type": "config/entity_registry/update", "entity_id": "light.test_house_lamp"}
    await home.ha.ws({**update, "aliases": [None, "主灯"]})
    await home.until_entity("light.test_house_lamp", aliases=["主灯"])
    turn, heard = await home.said("小周打开主灯")
    assert (turn.phase, home.house.light("lamp")["state"]) == ("done", "ON"), heard
    await home.ha.ws({**update, "aliases": [None]})
    await home.until_entity("light.test_house_lamp", aliases=[])
    expose = {"type": "homeassistant/expose_entity", "assistants": ["conversation"]}
    ids = ["sensor.test_house_heat"]
    await home.ha.ws({**expose, "entity_ids": ids, "should_expose": False})
    await home.system.watcher.until(lambda: ids[0] not in home.entities(), 60, "the entity to be hidden")
    await home.ha.ws({**expose, "entity_ids": ids, "should_expose": True})
    await home.until_entity(ids[0])


async def test_a_spoken_command_reaches_the_device_and_the_answer_is_spoken(home: Home) -> None:
    turn, heard = await home.said("小周打开落地灯")
    assert (turn.phase, turn.route) == ("done", "home")
    assert heard == "落地灯已打开"
    assert home.house.light("lamp")["state"] == "ON"
    assert await home.ha.value("light.test_house_lamp") == "on"


async def test_here_is_the_speakers_room(home: Home) -> None:
    """Home Assistant takes the area of the speaker's own device for "here"."""
    device = await home.ha.device(home.system.device())
    assert device is not None
    areas = {name: area for area, name in (await home.ha.areas()).items()}
    await home.ha.ws({"type": "config/device_registry/update", "device_id": device["id"], "area_id": areas["客厅"]})
    turn, heard = await home.said("小周打开灯")
    assert turn.phase == "done", heard
    assert home.house.light("lamp")["state"] == "ON"
    assert home.house.light("strip")["state"] == "OFF", "that one is in another room"


async def test_a_question_about_a_state(home: Home) -> None:
    turn, heard = await home.said("小周客厅温度是多少")
    assert (turn.phase, "27" in heard) == ("done", True), heard


async def test_names_of_the_settings(home: Home) -> None:
    turn, heard = await home.said("小周打开阳光灯")
    assert (turn.phase, heard) == ("done", "好的，阳光灯已打开。")
    assert home.house.light("strip")["state"] == "ON"


async def test_colour_and_brightness_of_several_lights_by_the_model(home: Home) -> None:
    home.model_uses(
        "调成红色",
        ("light.turn_on", ["落地灯"], {"rgb_color": [255, 0, 0], "brightness_pct": 50}, ""),
        ("light.turn_on", ["阳光灯"], {"rgb_color": [255, 0, 0], "brightness_pct": 50}, "两个灯都红了。"),
    )
    turn, heard = await home.said("小周把客厅和书房的灯调成红色，亮度50%")
    assert (turn.phase, heard, turn.preset) == ("done", "两个灯都红了。", "simulated")
    for key in ("lamp", "strip"):
        light = home.house.light(key)
        assert (light["state"], light["brightness"]) == ("ON", 128)
        assert light["color"]["r"] == 255
        assert light["color"]["g"] < 40


async def test_a_device_that_does_not_obey_is_not_said_to_have(home: Home) -> None:
    home.house.deaf.add("lamp")
    turn, heard = await home.said("小周打开落地灯")
    assert (turn.phase, heard) == ("failed", "指令已发出，但落地灯还没有反应。")
    home.model_uses("暗一点", ("light.turn_on", ["落地灯"], {"brightness_pct": 10}, "暗了。"))
    turn, heard = await home.said("小周落地灯暗一点")
    assert (turn.phase, heard) == ("failed", "指令已发出，但落地灯还没有反应。")


async def test_an_unavailable_device(home: Home) -> None:
    await home.house.available("lamp", is_available=False)
    await home.ha.until_state("light.test_house_lamp", "unavailable")
    try:
        for_call = HomeCall(service="light.turn_on", target={"entity_id": ["light.test_house_lamp"]})
        assert (await home.answer(for_call)).code == "unavailable"
        turn, heard = await home.said("小周打开落地灯")
        assert (turn.phase, "落地灯" in heard) == ("failed", True)
    finally:
        await home.house.available("lamp", is_available=True)
        await home.ha.until(lambda states: states["light.test_house_lamp"]["state"] != "unavailable", "the lamp")


async def test_a_door_opens_after_a_spoken_yes_only(home: Home) -> None:
    turn, heard = await home.said("小周打开入户锁")
    assert (turn.phase, heard) == ("done", "确认要打开入户锁吗？")
    assert home.house.states["door"] == "LOCKED"
    turn, heard = await home.said("确认")
    assert (turn.reason, home.house.states["door"]) == ("confirmed", "UNLOCKED"), heard
    home.model_uses("要出车了", ("cover.open_cover", ["地库门"], {}, "门开了。"))
    turn, heard = await home.said("小周要出车了")
    assert heard == "确认要打开地库门吗？"
    turn, heard = await home.said("算了")
    assert (turn.reason, home.house.states["garage"]) == ("declined", "closed")


async def test_errors_of_home_assistant_become_sentences(home: Home) -> None:
    answer = await home.answer(HomeAsk(text="给我唱首歌吧", speaker="living_room"))
    assert (answer.ok, answer.code, bool(answer.speech)) == (False, "not_understood", True)
    answer = await home.answer(HomeAsk(text="打开不存在的东西", speaker="living_room"))
    assert (answer.ok, answer.code) == (False, "no_target")
    call = HomeCall(
        service="light.turn_on", target={"entity_id": ["light.test_house_lamp"]}, data={"brightness_pct": "viel"}
    )
    assert (await home.answer(call)).code == "refused"
    call = HomeCall(service="light.frobnicate", target={"entity_id": ["light.test_house_lamp"]})
    assert (await home.answer(call)).code == "refused"


async def test_states_are_read(home: Home) -> None:
    answer = await home.answer(HomeLook(entities=["sensor.test_house_heat"]))
    [state] = answer.states
    assert state.state.startswith("27")
    assert state.attributes["unit_of_measurement"] == "°C"


async def test_a_command_of_an_automation(home: Home) -> None:
    """The text entity of the speaker's device runs it, as an automation would."""
    text = "小周打开落地灯"
    before = len(home.system.watcher.turns(text))
    await home.ha.call("text.set_value", entity_id=home.system.entity("text.ask"), value=text)
    watcher = home.system.watcher
    await watcher.until(lambda: any(not turn.is_open for turn in watcher.turns(text)[before:]), 60, "the turn")
    assert watcher.turns(text)[-1].route == "home"
    assert home.house.light("lamp")["state"] == "ON"


async def test_an_unknown_agent_is_said_and_calls_go_on(home: Home) -> None:
    former = home.system.config.read_text(encoding="utf-8")
    home.system.config.write_text(former.replace('\ntoken = "ey', '\nagent_id = "conversation.nope"\ntoken = "ey'))
    try:
        await home.system.watcher.until(lambda: "conversation.nope" in str(home.state()), 60, "the other settings")
        answer = await home.answer(HomeAsk(text="打开落地灯", speaker="living_room"))
        assert answer.code == "unknown_agent"
        call = HomeCall(service="light.turn_on", target={"entity_id": ["light.test_house_lamp"]})
        assert (await home.answer(call)).ok
    finally:
        home.system.config.write_text(former, encoding="utf-8")
    await home.system.watcher.until(
        lambda: (state := home.state()) is not None and state.connected and state.error is None, 60, "the usual ones"
    )


async def test_a_wrong_token_is_one_line_in_the_log(home: Home, surroundings: Surroundings) -> None:
    former = home.system.config.read_text(encoding="utf-8")
    home.system.config.write_text(former.replace(surroundings.token, "wrong-token"), encoding="utf-8")
    watcher, bridge = home.system.watcher, home.system.service("ha_bridge")
    try:
        await watcher.until(
            lambda: (state := home.state()) is not None and state.code == "not_authorised", 60, "the refusal"
        )
        turn, heard = await home.said("小周打开落地灯")
        assert (turn.phase, "令牌" in heard) == ("failed", True)
        lines = [json.loads(line) for line in bridge.log.read_text().splitlines() if line.startswith("{")]
        assert sum(line["event"] == "home_assistant_refuses_us" for line in lines) == 1
    finally:
        home.system.config.write_text(former, encoding="utf-8")
    await watcher.until(lambda: (state := home.state()) is not None and state.connected, 60, "the right token")
    turn, _ = await home.said("小周打开落地灯")
    assert turn.phase == "done"
    assert surroundings.token not in bridge.log.read_text()


async def test_a_restart_of_home_assistant(home: Home, can_restart: None) -> None:
    await home.ha.control("restart-ha")
    watcher = home.system.watcher
    await watcher.until(lambda: (state := home.state()) is not None and state.connected, 120, "the connection")
    await home.ha.until_state("light.test_house_lamp", "off", 60)
    await home.until_entity("light.test_house_lamp", area="客厅")
    turn, heard = await home.said("小周打开落地灯")
    assert (turn.phase, home.house.light("lamp")["state"]) == ("done", "ON"), heard
