"""What a person does in a real Home Assistant reaches the speaker once and to the letter, and what is refused shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiomqtt
import pytest
import pytest_asyncio

from migpt_shared.bus import BrokerAddress
from migpt_shared.messages import Ask, AskUser, Command, Correct, Forget, Pause, Say, Stop, Turn, Wake
from migpt_simulator.journal import Executed, VolumeSet
from tests.home_assistant.ha_client import HomeAssistant, HomeAssistantError
from tests.home_assistant.household import Household, household, publish

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECOND = '[llm.presets.second]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\napi_key = "k"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(ha: HomeAssistant) -> AsyncIterator[Household]:
    async with household(ha, settings=SECOND) as running:
        await ha.until_state(running.entity("switch.ai"), "on")
        yield running


async def one_of(house: Household, kind: type[Command], before: int) -> Command:
    """The one command of its kind that came since there were `before`."""
    await house.watcher.until(lambda: len(house.watcher.of(kind)) > before, what=kind.__name__)
    await asyncio.sleep(0.3)  # a second one would be a fault
    [command] = house.watcher.of(kind)[before:]
    return command


LONG = ("第一行\n\"引号\" 'single' {{ 1 + 1 }} {% if %} 😀 \\ 反斜杠\n" * 80)[:2999] + "\n"


@pytest.mark.parametrize("text", [LONG, '{"text": "像 JSON"}', "晚饭好了", " 前后有空格 "])
async def test_announcements_arrive_to_the_letter(ha: HomeAssistant, house: Household, text: str) -> None:
    before = len(house.watcher.of(Say))
    await ha.call("notify.send_message", entity_id=house.entity("notify.say"), message=text)
    command = await one_of(house, Say, before)
    assert isinstance(command, Say)
    assert command.text == text
    await ha.call("button.press", entity_id=house.entity("button.stop"))


async def test_a_question_is_answered_aloud(ha: HomeAssistant, house: Household) -> None:
    question = "海里有多少种鱼？😀"
    await ha.call("text.set_value", entity_id=house.entity("text.ask"), value=question)
    assert await ha.until_state(house.entity("text.ask"), question) < 10
    turn = await house.watcher.closed(question)
    assert (turn.source, turn.phase) == ("ha", "done")
    assert len([ask for ask in house.watcher.of(Ask) if ask.text == question]) == 1


async def test_a_directive_is_executed(ha: HomeAssistant, house: Household) -> None:
    speaker, since = house.simulator.home.speaker("living_room"), time.monotonic()
    await ha.call("text.set_value", entity_id=house.entity("text.native"), value="播放周杰伦的歌")
    await speaker.until(lambda journal: journal.of(Executed, since=since))
    [executed] = speaker.journal.of(Executed, since=since)
    assert executed.text == "播放周杰伦的歌"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("stop", Stop),
        ("wake", Wake),
        ("pause", Pause),
        ("correct_llm", Correct),
        ("correct_native", Correct),
        ("forget", Forget),
    ],
)
async def test_buttons(ha: HomeAssistant, house: Household, key: str, kind: type[Command]) -> None:
    before = len(house.watcher.of(kind))
    await ha.call("button.press", entity_id=house.entity(f"button.{key}"))
    command = await one_of(house, kind, before)
    if isinstance(command, Correct):
        assert f"correct_{command.target}" == key
    if isinstance(command, Forget):
        assert command.what == "conversation"


async def test_the_switch_follows(ha: HomeAssistant, house: Household) -> None:
    for service, state in (("switch.turn_off", "off"), ("switch.turn_on", "on")):
        await ha.call(service, entity_id=house.entity("switch.ai"))
        await ha.until_state(house.entity("switch.ai"), state)


async def test_every_option_can_be_chosen(ha: HomeAssistant, house: Household) -> None:
    for key in ("select.mode", "select.preset"):
        state = await ha.state(house.entity(key))
        assert state is not None
        was, options = state["state"], state["attributes"]["options"]
        for option in (*(option for option in options if option != was), was):
            await ha.call("select.select_option", entity_id=house.entity(key), option=option)
            await ha.until_state(house.entity(key), option)


@pytest.mark.parametrize(("value", "heard"), [(0, 0), (100, 100), (42.5, 42)])
async def test_volume(ha: HomeAssistant, house: Household, value: float, heard: int) -> None:
    speaker, since = house.simulator.home.speaker("living_room"), time.monotonic()
    await ha.call("number.set_value", entity_id=house.entity("number.volume"), value=value)
    await speaker.until(lambda journal: journal.of(VolumeSet, since=since))
    assert [event.volume for event in speaker.journal.of(VolumeSet, since=since)] == [heard]
    await ha.until_state(house.entity("number.volume"), str(heard))


async def test_the_whole_home_at_once(ha: HomeAssistant, house: Household) -> None:
    rooms = [house.simulator.home.speaker(unit) for unit in ("living_room", "bedroom")]
    since = time.monotonic()
    await ha.call("notify.send_message", entity_id="notify.xiaoai_bridge_home_say", message="开饭啦")
    for room in rooms:
        await room.until(lambda journal: journal.spoken(since=since) == ["开饭啦"])


async def test_asking_who_is_there(ha: HomeAssistant, house: Household) -> None:
    before = len(house.watcher.of(AskUser))
    message = '{"question": "要关灯吗", "choices": ["要", "不要"], "timeout_s": 2}'
    await ha.call("notify.send_message", entity_id=house.entity("notify.ask_user"), message=message)
    command = await one_of(house, AskUser, before)
    assert isinstance(command, AskUser)
    assert (command.question, command.choices) == ("要关灯吗", ["要", "不要"])


async def test_what_is_refused_shows_and_changes_nothing(ha: HomeAssistant, house: Household) -> None:
    with pytest.raises(HomeAssistantError):
        await ha.call("select.select_option", entity_id=house.entity("select.mode"), option="wrong")
    await publish(ha.surroundings.broker_url, "migpt/home/living_room/set/preset", "no-such-preset")
    await ha.until(
        lambda states: "no-such-preset" in states[house.entity("sensor.problem")]["attributes"].get("text", ""),
        "the problem to be shown",
    )
    assert await ha.value(house.entity("select.preset")) == "simulated"


@pytest.mark.parametrize("topic", ["set/ai", "set/mode", "set/volume", "set/preset", "do/say", "do/ask", "do/correct"])
async def test_nonsense_breaks_nothing(ha: HomeAssistant, house: Household, topic: str) -> None:
    address = BrokerAddress.from_url(ha.surroundings.broker_url)
    bridge = house.service("ha_bridge").pid
    nonsense = (b"", b"x" * 1_000_000, b"\xff\xfe", b"NaN", b"[]", b'{"value": [1]}')
    async with aiomqtt.Client(address.host, address.port) as client:
        for payload in nonsense:
            if topic in ("do/say", "do/ask", "set/preset") and payload in (b"NaN", b"[]"):
                continue  # a text like any other
            await client.publish(f"migpt/home/bedroom/{topic}", payload, qos=1)
    # Whoever is asked afterwards still answers.
    state = "off" if await ha.value(house.entity("switch.ai")) == "on" else "on"
    await publish(ha.surroundings.broker_url, "migpt/home/living_room/set/ai", state)
    await ha.until_state(house.entity("switch.ai"), state)
    await publish(ha.surroundings.broker_url, "migpt/home/living_room/set/ai", "on")
    await ha.until_state(house.entity("switch.ai"), "on")
    assert house.service("ha_bridge").pid == bridge
    assert await ha.value(house.entity("number.volume")) != "unknown"


async def test_forgetting_everything_takes_it_out_of_home_assistant(ha: HomeAssistant, house: Household) -> None:
    await ha.call("text.set_value", entity_id=house.entity("text.ask"), value="我的秘密是什么")
    await house.watcher.closed("我的秘密是什么")
    await ha.until_state(house.entity("sensor.heard"), "我的秘密是什么")
    await publish(ha.surroundings.broker_url, "migpt/home/living_room/do/forget", "all")
    await ha.until_state(house.entity("sensor.heard"), "unknown")
    state = await ha.state(house.entity("sensor.heard"))
    assert state is not None
    assert "秘密" not in str(state)
    assert await ha.value(house.entity("text.ask")) == ""
    assert (Turn, ("home", "living_room")) not in house.watcher.latest


async def test_home_assistant_has_not_complained(ha: HomeAssistant, house: Household) -> None:
    assert await ha.troubles(house.began_at) == []
