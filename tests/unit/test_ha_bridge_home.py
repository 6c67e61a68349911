"""The bridge's rules about a home: what is exposed, what has happened, what needs a yes, what is said."""

from __future__ import annotations

from typing import Any

import pytest

from migpt_ha_bridge.home.abilities import lack
from migpt_ha_bridge.home.agent_answer import agent_answer
from migpt_ha_bridge.home.caution import guarded
from migpt_ha_bridge.home.dialogues import FORGOTTEN_AFTER_S, Dialogues, Exchange
from migpt_ha_bridge.home.direct_commands import DirectCommand, direct_command, in_home_assistants_words
from migpt_ha_bridge.home.directory import Device, Entry, Registry, entities, exposed_to_conversation
from migpt_ha_bridge.home.expectations import is_done
from migpt_ha_bridge.home.intended import intended_service
from migpt_ha_bridge.home.sentences import confirm_call, confirm_text, done, listed, problem
from migpt_ha_bridge.home.states import EntityState, StateTable
from migpt_ha_bridge.home.targets import targets
from migpt_shared.messages import HomeEntity

CONFIRM = ("lock", "alarm_control_panel", "valve", "cover.garage", "cover.gate")


def states(**known: tuple[str, dict[str, Any]]) -> StateTable:
    table = StateTable()
    table.apply({"a": {name.replace("__", "."): {"s": s, "a": a} for name, (s, a) in known.items()}})
    return table


# -- states


def test_compressed_events_are_put_together() -> None:
    table = states(light__lamp=("off", {"friendly_name": "灯"}))
    assert not table.apply({"c": {"light.lamp": {"+": {"s": "on", "a": {"brightness": 10}}}}})
    lamp = table.get("light.lamp")
    assert lamp is not None
    assert (lamp.state, lamp.attributes["brightness"], lamp.changes) == ("on", 10, 1)
    assert table.apply({"c": {"light.lamp": {"+": {"a": {"friendly_name": "大灯"}}, "-": {"a": ["brightness"]}}}})
    lamp = table.get("light.lamp")
    assert lamp is not None
    assert lamp.attributes == {"friendly_name": "大灯"}
    assert table.apply({"r": ["light.lamp"]})
    assert table.get("light.lamp") is None
    assert not table.apply({"c": {"light.nowhere": {"+": {"s": "on"}}}, "r": ["light.nowhere"]})


def test_a_description_leaves_out_noise() -> None:
    state = EntityState("on", {"friendly_name": "x", "brightness": 3, "effect_list": ["e"] * 100, "nothing": None})
    assert state.described() == {"brightness": 3}


# -- what is exposed


def test_entities_have_the_settings_names_first_and_the_devices_area() -> None:
    registry = Registry(
        exposed=frozenset({"light.lamp", "cover.garage", "cover.curtain", "light.gone", "light.disabled"}),
        entries={
            "light.lamp": Entry.of(
                {"entity_id": "light.lamp", "original_name": "Lamp", "aliases": [None, "大灯"], "device_id": "d1"}
            ),
            "cover.garage": Entry.of(
                {"entity_id": "cover.garage", "area_id": "yard", "original_device_class": "garage"}
            ),
            "light.disabled": Entry.of({"entity_id": "light.disabled", "disabled_by": "user"}),
        },
        devices={"d1": Device("d1", "living")},
        areas={"living": "客厅", "yard": "院子"},
    )
    table = states(
        light__lamp=("on", {"friendly_name": "吸顶灯"}),
        cover__curtain=("open", {"friendly_name": "窗帘", "device_class": "curtain"}),
        switch__pump=("off", {"friendly_name": "水泵"}),
    )
    mapping = {"阳光灯": "light.lamp", "客厅灯": "light.lamp", "水泵": "switch.pump"}
    found = {each.id: each for each in entities(registry, table, mapping, CONFIRM)}
    assert set(found) == {"light.lamp", "cover.garage", "cover.curtain", "switch.pump"}
    lamp = found["light.lamp"]
    assert (lamp.name, lamp.aliases, lamp.area) == ("阳光灯", ["客厅灯", "吸顶灯", "大灯"], "客厅")
    assert found["cover.garage"].confirm
    assert found["cover.garage"].area == "院子"
    assert not found["cover.curtain"].confirm
    assert found["switch.pump"].aliases == []


def test_a_single_entity_can_need_a_yes() -> None:
    table = states(switch__door=("off", {"friendly_name": "大门开关"}))
    found = entities(Registry(exposed=frozenset({"switch.door"})), table, {}, ("switch.door",))
    assert found[0].confirm


def test_only_exposure_to_conversation_counts() -> None:
    raw = {"light.a": {"conversation": True}, "light.b": {"cloud.alexa": True}, "light.c": {"conversation": False}}
    assert exposed_to_conversation(raw) == {"light.a"}


def test_a_device_is_found_by_its_identifier() -> None:
    device = Device.of({"id": "d9", "area_id": None, "identifiers": [["mqtt", "xiaoai_0123"]]})
    registry = Registry(devices={"d9": device})
    assert registry.device_with("mqtt:xiaoai_0123") == "d9"
    assert registry.device_with("mqtt:xiaoai_") is None


# -- whom a call is for

LAMP = HomeEntity(id="light.lamp", name="客厅灯", aliases=["大灯"], area="客厅", domain="light")
DOOR = HomeEntity(id="lock.door", name="大门锁", area="客厅", domain="lock", confirm=True)
GARAGE = HomeEntity(id="cover.garage", name="车库门", domain="cover", confirm=True)
HOME = [LAMP, DOOR, GARAGE]


def test_only_exposed_entities_of_the_services_domain_are_reached() -> None:
    found = targets("light.turn_on", {"entity_id": ["light.lamp", "lock.door", "light.secret"]}, HOME, Registry())
    assert found.entities == (LAMP,)
    assert found.strangers == ("lock.door", "light.secret")
    everything = targets("homeassistant.turn_off", {"entity_id": ["light.lamp", "lock.door"]}, HOME, Registry())
    assert everything.entities == (LAMP, DOOR)
    assert targets("homeassistant.restart", {"entity_id": ["light.lamp"]}, HOME, Registry()).entities == ()


def test_areas_and_devices_mean_their_entities() -> None:
    registry = Registry(
        entries={"light.lamp": Entry("light.lamp", device_id="d1", area_id="living")}, areas={"living": "客厅"}
    )
    for target in ({"area_id": ["客厅"]}, {"area_id": ["living"]}, {"device_id": ["d1"]}):
        assert targets("light.turn_on", target, HOME, registry).entities == (LAMP,)
    assert targets("light.turn_on", {}, HOME, registry).entities == ()
    assert targets("light.turn_on", {"device_id": ["d2"], "area_id": [""]}, HOME, registry).entities == ()


# -- whether it has happened


def after(state: str, changes: int = 1, **attributes: Any) -> EntityState:
    return EntityState(state, attributes, changes)


BEFORE = EntityState("off", {}, 0)


@pytest.mark.parametrize(
    ("service", "data", "now"),
    [
        ("light.turn_on", {}, after("on")),
        ("light.turn_on", {}, after("on", 0)),
        ("light.turn_on", {"brightness_pct": 50}, after("on", brightness=128)),
        ("light.turn_on", {"rgb_color": [255, 0, 0]}, after("on", rgb_color=[250, 10, 5])),
        ("light.turn_on", {"color_temp_kelvin": 3000}, after("on", rgb_color=[255, 180, 107])),
        ("light.turn_on", {"brightness_pct": 0}, after("off")),
        ("light.turn_off", {}, after("off")),
        ("switch.toggle", {}, after("on")),
        ("cover.open_cover", {}, after("opening")),
        ("cover.set_cover_position", {"position": 40}, after("open", current_position=42)),
        ("cover.set_cover_position", {"position": 40}, after("closing", current_position=90)),
        ("lock.unlock", {}, after("unlocking")),
        ("climate.turn_on", {}, after("cool")),
        ("climate.set_temperature", {"temperature": 26}, after("cool", temperature=26.0)),
        ("climate.set_hvac_mode", {"hvac_mode": "heat"}, after("heat")),
        ("climate.set_temperature", {"temperature": 26, "hvac_mode": "heat"}, after("heat", temperature=26)),
        ("number.set_value", {"value": 42}, after("42.0")),
        ("select.select_option", {"option": "睡眠"}, after("睡眠")),
        ("scene.turn_on", {}, after("2026-01-01T00:00:00", 1)),
        ("media_player.volume_set", {"volume_level": 0.3}, after("playing", volume_level=0.3)),
        ("fan.set_percentage", {"percentage": 60}, after("on", percentage=66)),
        ("todo.add_item", {"item": "牛奶"}, after("3", 1)),
    ],
)
def test_done(service: str, data: dict[str, Any], now: EntityState) -> None:
    domain, name = service.split(".")
    assert is_done(domain, name, data, BEFORE, now)


@pytest.mark.parametrize(
    ("service", "data", "now"),
    [
        ("light.turn_on", {}, after("off", 1)),
        ("light.turn_on", {}, after("unavailable", 1)),
        ("light.turn_on", {"brightness_pct": 50}, after("on", brightness=255)),
        ("light.turn_on", {"brightness_pct": 50}, after("on")),
        ("light.turn_on", {"rgb_color": [255, 0, 0]}, after("on", rgb_color=[255, 255, 255])),
        ("light.turn_on", {"rgb_color": [255, 0, 0]}, after("on")),
        ("switch.toggle", {}, after("off")),
        ("cover.close_cover", {}, after("open")),
        ("lock.unlock", {}, after("locked")),
        ("climate.set_temperature", {"temperature": 26}, after("cool", temperature=22.0)),
        ("climate.set_temperature", {"temperature": 26, "hvac_mode": "heat"}, after("cool", temperature=26)),
        ("scene.turn_on", {}, after("2026-01-01T00:00:00", 0)),
        ("select.select_option", {"option": "睡眠"}, after("自动")),
        ("todo.add_item", {"item": "牛奶"}, after("2", 0)),
        ("media_player.media_next_track", {}, after("playing", 0)),
    ],
)
def test_not_done(service: str, data: dict[str, Any], now: EntityState) -> None:
    domain, name = service.split(".")
    assert not is_done(domain, name, data, BEFORE, now)
    assert not is_done(domain, name, data, BEFORE, None)


def test_what_a_light_cannot_do() -> None:
    white = EntityState("on", {"supported_color_modes": ["brightness"]})
    assert lack("light", {"rgb_color": [1, 2, 3]}, white) == "colour"
    assert lack("light", {"color_temp_kelvin": 3000}, white) == "colour_temperature"
    assert lack("light", {"brightness_pct": 3}, white) is None
    assert lack("light", {"brightness_pct": 3}, EntityState("on", {"supported_color_modes": ["onoff"]})) == "brightness"
    assert lack("light", {"rgb_color": [1, 2, 3]}, EntityState("on", {"supported_color_modes": ["hs"]})) is None
    assert lack("light", {"rgb_color": [1, 2, 3]}, EntityState("on")) is None
    assert lack("fan", {"rgb_color": 1}, white) is None


# -- what needs a yes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("打开大门锁", ("大门锁",)),
        ("请把车库门打开", ("车库门",)),
        ("开锁", ("大门锁",)),
        ("解锁一下", ("大门锁",)),
        ("打开所有设备", ("大门锁", "车库门")),
        ("能打开车库门吗", ("车库门",)),
        ("open the garage", ("车库门",)),
        ("unlock everything", ("大门锁", "车库门")),
        ("打开客厅灯", ()),
        ("关掉所有灯", ()),
        ("大门锁锁了吗", ()),
        ("车库门是不是开着", ()),
        ("is the garage open", ()),
        ("今天天气怎么样", ()),
    ],
)
def test_sentences_that_need_a_yes(text: str, names: tuple[str, ...]) -> None:
    assert guarded(text, HOME) == names


def test_a_pointing_word_leads_to_what_was_spoken_of() -> None:
    before = "大门锁锁着吗 大门锁已锁上"
    assert guarded("把它打开", HOME, before) == ("大门锁",)
    assert guarded("打开", HOME, before) == ("大门锁",)
    assert guarded("打开客厅灯", HOME, before) == ()
    assert guarded("把它打开", HOME, "客厅灯开着吗 不是") == ()
    assert guarded("打开大门锁", [LAMP]) == ()


# -- plain commands to the settings' names

MAPPING = {
    "阳光灯": "light.lamp",
    "大门": "lock.door",
    "回家": "scene.home",
    "卷帘": "cover.garage",
    "Sun Lamp": "light.sun",
}


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("打开阳光灯", ("light.turn_on", "light.lamp")),
        ("请把阳光灯关掉", ("light.turn_off", "light.lamp")),
        ("关阳光灯", ("light.turn_off", "light.lamp")),
        ("阳光灯打开一下", ("light.turn_on", "light.lamp")),
        ("打开大门", ("lock.unlock", "lock.door")),
        ("关闭卷帘", ("cover.close_cover", "cover.garage")),
        ("打开回家", ("scene.turn_on", "scene.home")),
        ("Turn on the sun lamp", ("light.turn_on", "light.sun")),
        ("turn the sun lamp off please", ("light.turn_off", "light.sun")),
        ("关闭回家", None),
        ("打开客厅灯", None),
        ("阳光灯调亮", None),
        ("打开阳光灯和大门", None),
    ],
)
def test_direct_commands(text: str, command: tuple[str, str] | None) -> None:
    assert direct_command(text, MAPPING) == (None if command is None else DirectCommand(*command))


def test_the_agent_is_asked_in_its_own_words() -> None:
    names = {"阳光灯": "客厅灯", "灯": "吊灯"}
    assert in_home_assistants_words("阳光灯和灯都开着吗", names) == "客厅灯和吊灯都开着吗"


# -- the agent


@pytest.mark.parametrize(
    ("text", "domain", "service"),
    [
        ("打开客厅灯", "light", "turn_on"),
        ("把客厅灯关掉", "light", "turn_off"),
        ("开灯", "light", "turn_on"),
        ("打开大门锁", "lock", "unlock"),
        ("锁上大门", "lock", "lock"),
        ("关闭窗帘", "cover", "close_cover"),
        ("Turn the lamp off", "light", "turn_off"),
        ("客厅灯开着吗", "light", None),
        ("打开客厅灯关闭卧室灯", "light", None),
        ("亮度设为五十", "light", None),
        ("打开空调", "climate", None),
    ],
)
def test_what_a_plain_sentence_means(text: str, domain: str, service: str | None) -> None:
    assert intended_service(text, domain) == service


def test_the_agents_answer() -> None:
    good = agent_answer(
        {
            "response": {
                "speech": {"plain": {"speech": "客厅灯已打开", "extra_data": None}},
                "response_type": "action_done",
                "data": {
                    "success": [{"name": "客厅灯", "type": "entity", "id": "light.lamp"}, {"type": "area", "id": "a"}],
                    "failed": [],
                },
            },
            "conversation_id": "01M8",
            "continue_conversation": True,
        }
    )
    assert (good.speech, good.code, good.conversation_id, good.asks_back) == ("客厅灯已打开", None, "01M8", True)
    assert good.concerned == ("light.lamp",)
    for code, ours in (
        ("no_intent_match", "not_understood"),
        ("no_valid_targets", "no_target"),
        ("unknown", "refused"),
    ):
        bad = agent_answer({"response": {"response_type": "error", "data": {"code": code}, "speech": {}}})
        assert (bad.code, bad.speech) == (ours, "")
    assert agent_answer({}).code is None


def test_a_conversation_is_kept_until_it_is_forgotten() -> None:
    dialogues = Dialogues()
    dialogues.remember("a", Exchange("c1", "x", "y", 100.0))
    current = dialogues.current("a", 100.0 + FORGOTTEN_AFTER_S - 1)
    assert current is not None
    assert current.conversation_id == "c1"
    assert dialogues.current("a", 100.0 + FORGOTTEN_AFTER_S) is None
    assert dialogues.current("b", 100.0) is None
    dialogues.forget()
    assert dialogues.current("a", 101.0) is None


# -- what is said


def test_sentences() -> None:
    assert confirm_text("请打开大门锁吧。", ["大门锁"], "zh") == "确认要打开大门锁吗？"
    assert confirm_text("把它打开", ["大门锁"], "zh") == "这会动到大门锁，确认要把它打开吗？"
    assert confirm_text("unlock the Front Door", ["Front Door"], "en") == "Please confirm: unlock the Front Door?"
    assert confirm_call("lock.unlock", ["大门锁"], "zh") == "确认要解锁大门锁吗？"
    assert done("light.turn_on", ["客厅灯", "卧室灯"], "zh") == "好的，客厅灯、卧室灯已打开。"
    assert done("climate.set_temperature", ["AC"], "en") == "Done: set AC."
    assert listed(["a", "b", "c", "d"], "zh") == "a等4个设备"
    assert problem("unavailable", "zh", ["客厅灯"]) == "客厅灯现在连不上，没有执行。"
