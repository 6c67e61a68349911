"""What comes and goes beside a real Home Assistant: speakers, bridges, the broker, and Home Assistant itself."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_ha_bridge.speakers.bulletin import REMOVAL_S
from migpt_shared.bus.line import KEEPALIVE_S
from migpt_shared.messages import Say
from tests.home_assistant.ha_client import HomeAssistant
from tests.home_assistant.household import Household, household, publish, retained
from tests.whole_system import ServiceProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

HIDDEN = "unavailable"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    async with household(ha) as running:
        await ha.until_state(running.entity("switch.ai"), "on")
        yield running


async def until_nothing_stands(house: Household, device: str, *filters: str) -> None:
    """Wait until Home Assistant has no such device, and the broker keeps nothing of it."""
    async with asyncio.timeout(60):
        while await retained(house.broker.url, f"homeassistant/device/{device}/config", *filters):
            await asyncio.sleep(0.5)


async def rewritten(house: Household, old: str, new: str) -> None:
    """Change the configuration of the running services."""
    text = house.config.read_text(encoding="utf-8")
    assert old in text
    house.config.write_text(text.replace(old, new), encoding="utf-8")


async def ids_of(ha: HomeAssistant, device: str) -> dict[str, str]:
    """Entity ids by unique id."""
    return {
        unique: row["entity_id"] for unique, row in (await ha.entities()).items() if unique.startswith(f"{device}_")
    }


async def test_a_speaker_that_is_offline_takes_only_itself_along(ha: HomeAssistant, house: Household) -> None:
    room = house.simulator.home.speaker("bedroom")
    room.set_online(is_online=False)
    try:
        await ha.until_state(house.entity("binary_sensor.online", "bedroom"), "off", 60)
        states = await ha.states()
        assert states[house.entity("number.volume", "bedroom")]["state"] == HIDDEN
        assert states[house.entity("notify.say", "bedroom")]["state"] == HIDDEN
        assert states[house.entity("number.volume")]["state"] != HIDDEN
    finally:
        room.set_online(is_online=True)
    await ha.until_state(house.entity("binary_sensor.online", "bedroom"), "on", 90)
    assert await ha.value(house.entity("number.volume", "bedroom")) != HIDDEN


async def test_a_bridge_that_is_stopped_says_so_at_once(ha: HomeAssistant, house: Household) -> None:
    bridge = house.service("ha_bridge")
    assert await bridge.stop() == 0
    for key in ("number.volume", "binary_sensor.online"):
        await ha.until_state(house.entity(key), HIDDEN, 2)
    await bridge.start()
    await ha.until_state(house.entity("switch.ai"), "on", 10)


async def test_a_bridge_that_is_killed_is_missed(ha: HomeAssistant, house: Household) -> None:
    bridge = house.service("ha_bridge")
    await bridge.kill()
    await ha.until_state(house.entity("number.volume"), HIDDEN, KEEPALIVE_S * 1.5)
    await bridge.start()
    await ha.until_state(house.entity("number.volume"), "40", 10)


async def test_of_two_bridges_one_publishes_and_the_other_takes_over(ha: HomeAssistant, house: Household) -> None:
    second = ServiceProcess("ha_bridge", house.config, house.folder / "ha_bridge-second.log")
    await second.start()
    first = house.service("ha_bridge")
    try:
        await house.watcher.until(lambda: house.bridges() == 2, 30, "two bridges")
        before = len(house.watcher.of(Say))
        await first.kill()
        await asyncio.sleep(0.5)
        await ha.until_state(house.entity("switch.ai"), "on", 20)
        await ha.call("notify.send_message", entity_id=house.entity("notify.say"), message="还在")
        await house.watcher.until(lambda: len(house.watcher.of(Say)) > before)
    finally:
        await second.stop()
        await first.start()
    await ha.until_state(house.entity("switch.ai"), "on", 10)


async def test_home_assistant_connects_anew(ha: HomeAssistant, house: Household) -> None:
    """What was published while it was away is right afterwards, and nothing happens twice."""
    says = len(house.watcher.of(Say))
    await ha.reload_mqtt()
    await ha.until_state(house.entity("switch.ai"), "on", 30)
    assert await ha.value(house.entity("number.volume")) == "40"
    assert len(house.watcher.of(Say)) == says
    assert await retained(ha.surroundings.broker_url, "migpt/+/+/set/+", "migpt/+/+/do/+") == {}


async def test_discovery_that_somebody_cleared_comes_back_with_home_assistants_start(
    ha: HomeAssistant, house: Household
) -> None:
    url, device = ha.surroundings.broker_url, house.device()
    await publish(url, f"homeassistant/device/{device}/config", b"", retain=True)
    await ha.until(lambda states: house.entity("number.volume") not in states, "the device to go")
    await asyncio.sleep(2)
    assert house.entity("number.volume") not in await ha.states(), "no quarrel with who deletes a device"
    await publish(url, "homeassistant/status", "online")
    await ha.until_state(house.entity("number.volume"), "40", 15)


async def test_an_entity_that_is_left_out_goes_and_comes_back_under_its_id(ha: HomeAssistant, house: Household) -> None:
    before = await ids_of(ha, house.device())
    gone = house.entity("button.pause")
    began = time.time()
    await rewritten(house, "[home_assistant]\n", '[home_assistant]\nleave_out = ["pause", "queue"]\n')
    await ha.until(lambda states: gone not in states, "the entity to go", 20)
    await asyncio.sleep(REMOVAL_S + 0.5)
    assert before.items() - (await ids_of(ha, house.device())).items() == {
        (f"{house.device()}_pause", gone), (f"{house.device()}_queue", house.entity("sensor.queue")),
    }  # fmt: skip
    left = await retained(ha.surroundings.broker_url, "migpt/home/living_room/ha/queue")
    assert left == {}
    await rewritten(house, '[home_assistant]\nleave_out = ["pause", "queue"]\n', "[home_assistant]\n")
    await ha.until(lambda states: states.get(house.entity("sensor.queue"), {}).get("state") == "0", "it to come back")
    assert await ids_of(ha, house.device()) == before
    assert await ha.troubles(began) == []


async def test_another_language_changes_names_and_no_ids(ha: HomeAssistant, house: Household) -> None:
    before, began = await ids_of(ha, house.device()), time.time()
    entity = house.entity("notify.say")
    for old, new, name in (("", 'language = "en"\n', "Announce"), ('language = "en"\n', "", "播报")):
        text = house.config.read_text(encoding="utf-8")
        house.config.write_text(new + text.removeprefix(old), encoding="utf-8")
        await ha.until(
            lambda states, wanted=name: states[entity]["attributes"]["friendly_name"].endswith(wanted),  # type: ignore[misc]
            f"the name {name}",
            20,
        )
    assert await ids_of(ha, house.device()) == before
    assert await ha.troubles(began) == []


async def test_a_bridge_that_returns_to_other_wishes_cleans_up(ha: HomeAssistant, house: Household) -> None:
    """What an earlier run has left on the broker is put right, though nobody was there to see the change."""
    bridge = house.service("ha_bridge")
    await bridge.stop()
    await rewritten(house, "[home_assistant]\n", '[home_assistant]\nleave_out = ["wake"]\n')
    await bridge.start()
    await ha.until(
        lambda states: house.entity("button.wake") not in states and states[house.entity("switch.ai")]["state"] == "on",
        "the entity to go",
        20,
    )
    await rewritten(house, '[home_assistant]\nleave_out = ["wake"]\n', "[home_assistant]\n")
    await ha.until(lambda states: house.entity("button.wake") in states, "it to come back")


async def test_what_an_older_release_published_becomes_the_newer(ha: HomeAssistant, house: Household) -> None:
    """No id changes, what is no longer there goes, and Home Assistant has no objection."""
    url, bridge = ha.surroundings.broker_url, house.service("ha_bridge")
    topic = f"homeassistant/device/{house.device()}/config"
    before = await ids_of(ha, house.device())
    await bridge.stop()
    older = json.loads((await retained(url, topic))[topic])
    older["origin"]["sw_version"] = "0.0.1"
    older["components"]["stop"] |= {"name": "停一下", "icon": "mdi:hand-back-left"}
    older["components"]["mood"] = {
        "platform": "sensor", "unique_id": f"{house.device()}_mood", "name": "心情",
        "default_entity_id": f"sensor.{house.device()}_mood", "state_topic": "migpt/home/living_room/ha/mood",
    }  # fmt: skip
    await publish(url, topic, json.dumps(older), retain=True)
    await ha.until(lambda states: f"sensor.{house.device()}_mood" in states, "the older release's entity")
    began = time.time()
    await bridge.start()
    await ha.until(lambda states: f"sensor.{house.device()}_mood" not in states, "the older release's entity to go")
    await ha.until_state(house.entity("switch.ai"), "on")
    assert await ids_of(ha, house.device()) == before
    assert await ha.troubles(began) == []


async def test_home_assistant_restarts(ha: HomeAssistant, house: Household, can_restart: None) -> None:
    turns = len(house.watcher.deliveries)
    await ha.control("restart-ha")
    await ha.until_state(house.entity("switch.ai"), "on", 60)
    await house.watcher.until(lambda: house.births() > 0, 60, "the bridge to hear of the start")
    assert await ha.value(house.entity("number.volume")) == "40"
    commands = [one.message for one in house.watcher.deliveries[turns:] if isinstance(one.message, Say)]
    assert commands == []


async def test_the_broker_restarts(ha: HomeAssistant, house: Household, can_restart: None) -> None:
    await ha.control("stop-broker")
    await asyncio.sleep(20)  # longer than anything is kept for sending it again
    await ha.control("start-broker")
    await ha.until_state(house.entity("switch.ai"), "on", 90)
    await ha.until_state(house.entity("binary_sensor.online"), "on", 90)
    await ha.call("select.select_option", entity_id=house.entity("select.mode"), option="auto")
    await ha.until_state(house.entity("select.mode"), "auto", 20)


async def test_a_speaker_that_is_removed_leaves_nothing(ha: HomeAssistant, house: Household) -> None:
    """Last but one: the household is smaller afterwards."""
    device = house.device("bedroom")
    slug = '[households.home.speakers.bedroom]\ndevice_id = "'
    text = house.config.read_text(encoding="utf-8")
    start = text.index(slug)
    end = text.index("\n", start + len(slug)) + 1
    house.config.write_text(text[:start] + text[end:], encoding="utf-8")
    await until_nothing_stands(house, device, "migpt/home/bedroom/#")
    await ha.until(lambda states: not any(device in entity for entity in states), "the device to go")
    assert not await ids_of(ha, device)
    assert await ha.value(house.entity("switch.ai")) == "on"


async def test_without_the_wish_nothing_is_left(ha: HomeAssistant, house: Household) -> None:
    """Last: nothing is shown afterwards."""
    await rewritten(house, "[home_assistant]\n", "[home_assistant]\ndiscovery = false\n")
    await until_nothing_stands(house, "+", "migpt/home/+/ha/+")
    await ha.until(lambda states: not any("xiaoai" in entity for entity in states), "all devices to go")
