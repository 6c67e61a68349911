"""The blueprints and the sample dashboard of the documentation, in a real Home Assistant."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import yaml

from migpt_cli.checkout import ROOT
from migpt_simulator import NativeAnswer
from migpt_simulator.journal import SoundEnded
from tests.home_assistant.ha_automations import automation
from tests.home_assistant.ha_client import HomeAssistant
from tests.home_assistant.household import Household, household

pytestmark = pytest.mark.asyncio(loop_scope="module")

BLUEPRINTS = ROOT / "docs" / "blueprints"
DASHBOARD = ROOT / "docs" / "home-assistant-dashboard.yaml"
#: The speaker that the dashboard names.
SAMPLE_SPEAKER = "xiaoai_3f9a1c07be42"
SAID = {"trigger": "event", "event_type": "migpt_test_happened"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    async with household(ha) as running:
        await ha.until_state(running.entity("switch.ai"), "on")
        yield running


async def imported(ha: HomeAssistant, name: str) -> str:
    """The path of a blueprint of ours, as Home Assistant knows it from now on."""
    path = f"migpt/{name}_{secrets.token_hex(4)}.yaml"
    text = (BLUEPRINTS / f"{name}.yaml").read_text(encoding="utf-8")
    await ha.ws({"type": "blueprint/save", "domain": "automation", "path": path, "yaml": text})
    return path


async def happens(ha: HomeAssistant, **data: object) -> None:
    await ha.request("POST", "/api/events/migpt_test_happened", data)


async def test_announce_when(ha: HomeAssistant, house: Household) -> None:
    path = await imported(ha, "announce_when")
    rooms = [house.simulator.home.speaker(unit) for unit in ("living_room", "bedroom")]
    inputs = {
        "triggers": [SAID],
        "speakers": [house.entity("notify.say"), house.entity("notify.say", "bedroom")],
        "message": "{{ trigger.event.data.what }}好了",
    }
    async with automation(ha, "migpt_test_announce", use_blueprint={"path": path, "input": inputs}):
        since = time.monotonic()
        await happens(ha, what="衣服洗")
        for room in rooms:
            await room.until(lambda journal, then=since: journal.spoken(since=then) == ["衣服洗好了"])  # type: ignore[misc]
    await ha.ws({"type": "blueprint/delete", "domain": "automation", "path": path})


async def test_announcements_keep_quiet_hours(ha: HomeAssistant, house: Household) -> None:
    path = await imported(ha, "announce_when")
    room, since = house.simulator.home.speaker("living_room"), time.monotonic()
    inputs = {"triggers": [SAID], "speakers": [house.entity("notify.say")], "message": "{{ trigger.event.data.what }}"}
    always = {"quiet_from": "00:00:01", "quiet_until": "00:00:00"}
    async with automation(ha, "migpt_test_quiet", use_blueprint={"path": path, "input": {**inputs, **always}}):
        await happens(ha, what="安静")
    async with automation(ha, "migpt_test_loud", use_blueprint={"path": path, "input": inputs}):
        await happens(ha, what="不安静")
        await room.until(lambda journal: journal.spoken(since=since))
    assert room.journal.spoken(since=since) == ["不安静"]
    await ha.ws({"type": "blueprint/delete", "domain": "automation", "path": path})


@pytest.mark.parametrize(
    ("said", "announced"),
    [("要", "好的关了"), ("不要", "不关，听到的是不要"), ("香蕉", "不关，听到的是香蕉"), (None, "不关，听到的是")],
)
async def test_ask_and_act(ha: HomeAssistant, house: Household, said: str | None, announced: str) -> None:
    path = await imported(ha, "ask_and_act")
    device = await ha.device(house.device())
    assert device is not None

    def announce(message: str) -> list[dict[str, object]]:
        target = {"entity_id": house.entity("notify.say", "bedroom")}
        return [{"action": "notify.send_message", "target": target, "data": {"message": message}}]

    inputs = {
        "triggers": [SAID],
        "speaker": device["id"],
        "question": "要关灯吗？",
        "timeout_s": 5,
        "yes_actions": announce("好的关了"),
        "other_actions": announce("不关，听到的是{{ said }}"),
    }
    room, bedroom = (house.simulator.home.speaker(unit) for unit in ("living_room", "bedroom"))
    since = time.monotonic()
    async with automation(ha, f"migpt_test_ask_{secrets.token_hex(2)}", use_blueprint={"path": path, "input": inputs}):
        await happens(ha)
        await room.until(lambda journal: "要关灯吗？" in [one.text for one in journal.of(SoundEnded, since=since)])
        if said is not None:
            room.say(said, NativeAnswer(text="这个我还不会", duration_s=1.0))
        await bedroom.until(lambda journal: journal.spoken(since=since), 30)
    assert bedroom.journal.spoken(since=since) == [announced]
    await ha.ws({"type": "blueprint/delete", "domain": "automation", "path": path})


async def test_the_sample_dashboard_names_what_there_is(ha: HomeAssistant, house: Household) -> None:
    text = DASHBOARD.read_text(encoding="utf-8").replace(SAMPLE_SPEAKER, house.device())
    named = set(re.findall(r"\b[a-z_]+\.xiaoai_[a-z0-9_]+", text))
    assert len(named) > 15
    assert named <= (await ha.states()).keys()
    path = "migpt-test"
    [dashboards] = await ha.ws({"type": "lovelace/dashboards/list"})
    if path not in {one["url_path"] for one in dashboards}:
        dashboard = {"url_path": path, "title": "MiGPT", "mode": "storage"}
        await ha.ws({"type": "lovelace/dashboards/create", **dashboard})
    await ha.ws({"type": "lovelace/config/save", "url_path": path, "config": yaml.safe_load(text)})
    [kept] = await ha.ws({"type": "lovelace/config", "url_path": path})
    assert kept == yaml.safe_load(text)
