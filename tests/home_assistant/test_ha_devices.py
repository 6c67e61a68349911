"""Speakers as devices of a real Home Assistant: what appears, under which ids and names, and how fast."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_ha_bridge.speakers.bridge_entities import bridge_entities
from migpt_ha_bridge.speakers.speaker_entities import speaker_entities
from tests.home_assistant.ha_client import HomeAssistant
from tests.home_assistant.household import Household, home, household, retained, speaker

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSONAS = '[llm.personas]\npoet = "说话像诗人"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    simulated = home(speaker("living_room", "客厅小爱"), speaker("bedroom", "Bedroom speaker"))
    async with household(ha, simulated=simulated, settings=PERSONAS) as running:
        yield running


def expected(device: str) -> set[str]:
    return {f"{device}_{entity.key}" for entity in speaker_entities(["any"], ["any"])}


async def test_every_entity_is_in_the_registry_under_its_id(ha: HomeAssistant, house: Household) -> None:
    entities = await ha.entities()
    for unit in ("living_room", "bedroom"):
        device = house.device(unit)
        mine = {unique: row for unique, row in entities.items() if unique.startswith(f"{device}_")}
        assert set(mine) == expected(device)
    bridge = {f"xiaoai_bridge_home_{entity.key}" for entity in bridge_entities(commands_home=False)}
    assert bridge == {unique for unique in entities if unique.startswith("xiaoai_bridge_home_")}
    for unique, row in entities.items():
        assert row["entity_id"].split(".")[1] == unique, "ids are the same in every installation"


async def test_devices_say_what_they_are(ha: HomeAssistant, house: Household) -> None:
    bridge = await ha.device("xiaoai_bridge_home")
    assert bridge is not None
    for unit, name in (("living_room", "客厅小爱"), ("bedroom", "Bedroom speaker")):
        device = await ha.device(house.device(unit))
        assert device is not None
        assert device["name"] == name
        assert device["via_device_id"] == bridge["id"]
        for key in ("manufacturer", "model", "model_id", "sw_version", "configuration_url"):
            assert device[key], key


async def test_names_stand_for_themselves(ha: HomeAssistant, house: Household) -> None:
    for unique, row in (await ha.entities()).items():
        name = row["original_name"]
        assert name, unique
        assert not name.lower().startswith("mqtt"), unique
        assert "客厅小爱" not in name, unique
    states = await ha.states()
    assert states[house.entity("notify.say")]["attributes"]["friendly_name"] == "客厅小爱 播报"


async def test_discovery_is_retained_and_safe_for_old_versions(ha: HomeAssistant, house: Household) -> None:
    kept = await retained(ha.surroundings.broker_url, "homeassistant/device/+/config")
    assert {house.device(), house.device("bedroom"), "xiaoai_bridge_home"} <= {topic.split("/")[2] for topic in kept}
    for payload in kept.values():
        assert {"name", "sw_version"} <= json.loads(payload)["origin"].keys()


async def test_switches_of_ours_are_not_exposed_to_assistants(ha: HomeAssistant, house: Household) -> None:
    """An assistant told to switch everything off would switch off who hears it."""
    [exposed] = await ha.ws({"type": "homeassistant/expose_entity/list"})
    for entity_id in (house.entity("switch.ai"), house.entity("select.mode")):
        assert not any((exposed["exposed_entities"].get(entity_id) or {}).values())


async def test_every_value_is_known_or_was_never_said(ha: HomeAssistant, house: Household) -> None:
    await ha.until_state(house.entity("switch.ai"), "on")
    states = await ha.states()
    for key, value in (("select.mode", "AI"), ("select.preset", "simulated"), ("text.ask", ""), ("sensor.queue", "0")):
        assert states[house.entity(key)]["state"] == value
    assert states["sensor.xiaoai_bridge_home_account"]["state"] == "ok"
    assert states["binary_sensor.xiaoai_bridge_home_service_brain"]["state"] == "off", "no problem"
