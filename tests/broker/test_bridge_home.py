"""The bridge towards Home Assistant: what it tells, asks and calls, and every way in which that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from migpt_cli.broker import PrivateBroker
from migpt_shared.messages import HomeAsk, HomeEntities, HomeLook
from tests.broker.home_bench import home_bench
from tests.home_stand_in import TOKEN, HomeStandIn, spoken

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def home() -> AsyncIterator[HomeStandIn]:
    async with HomeStandIn() as running:
        yield running


# -- what it tells


async def test_the_exposed_entities_are_told_and_follow_changes(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    mapping = {"阳光灯": "light.living", "鱼缸": "switch.pump"}
    async with home_bench(broker, topic_prefix, tmp_path, home, device_mapping=mapping) as bench:
        brain = bench.brain
        state = await brain.until_state(connected=True)
        assert (state.agent, state.error) == ("conversation.home_assistant", None)
        await brain.until(brain.entities)
        lamp, pump = brain.entities()["light.living"], brain.entities()["switch.pump"]
        assert (lamp.name, lamp.aliases, lamp.area, lamp.domain) == ("阳光灯", ["客厅灯", "大灯"], "客厅", "light")
        assert pump.name == "鱼缸", "what the settings name need not be exposed"
        careful = {name for name, entity in brain.entities().items() if entity.confirm}
        assert careful == {"lock.door", "cover.garage"}
        await home.renamed("light.bed", "床头灯")
        await brain.until(lambda: brain.entities()["light.bed"].name == "床头灯")
        await home.exposes("light.bed", is_exposed=False)
        await brain.until(lambda: "light.bed" not in brain.entities())
        home.things["light.living"].aliases = ("主灯",)
        home.things["light.living"].area = "书房"
        await home.registry_changed()
        await brain.until(lambda: brain.entities()["light.living"].area == "书房")
        assert "主灯" in brain.entities()["light.living"].aliases


async def test_states_are_told_when_asked_for(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        answer = await bench.brain.answer(HomeLook(entities=["sensor.temperature", "switch.pump", "light.none"]))
        assert [(state.id, state.state) for state in answer.states] == [("sensor.temperature", "27")]
        assert answer.states[0].attributes == {"unit_of_measurement": "°C"}
        assert len((await bench.brain.answer(HomeLook(entities=[]))).states) == 6


# -- what it asks


async def test_the_agent_is_asked_with_language_speaker_and_conversation(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    home.devices = [{"id": "dev7", "area_id": "x", "identifiers": [["mqtt", "xiaoai_0123456789ab"]]}]
    home.replies["在吗"] = spoken("在", asks_back=True)
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        first = await bench.brain.ask("在吗")
        assert (first.ok, first.speech, first.asks_back) == (True, "在", True)
        second = await bench.brain.ask("打开客厅灯")
        assert (second.ok, second.speech) == (True, "客厅灯已打开")
        assert home.things["light.living"].state == "on"
        await bench.brain.ask("打开客厅灯", speaker="bedroom")
        asked = [{k: a.get(k) for k in ("language", "agent_id", "conversation_id", "device_id")} for a in home.asked]
        assert asked == [
            {"language": "zh-cn", "agent_id": None, "conversation_id": None, "device_id": "dev7"},
            {"language": "zh-cn", "agent_id": None, "conversation_id": "01STANDIN", "device_id": "dev7"},
            {"language": "zh-cn", "agent_id": None, "conversation_id": None, "device_id": None},
        ]


async def test_an_older_home_assistant_is_asked_without_the_device(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    home.devices = [{"id": "dev7", "area_id": "x", "identifiers": [["mqtt", "xiaoai_0123456789ab"]]}]
    home.takes_device_id = False
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        assert (await bench.brain.ask("打开客厅灯")).ok
        assert "device_id" not in home.asked[0]


async def test_a_question_delivered_twice_is_obeyed_once(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        question = HomeAsk(text="打开客厅灯", speaker="living_room")
        bench.brain.bus.publish(question, household="home")
        await bench.brain.answer(question)
        await bench.brain.ask("关闭客厅灯")
        assert [asked["text"] for asked in home.asked] == ["打开客厅灯", "关闭客厅灯"]


# -- what needs a yes


async def test_doors_wait_for_a_yes(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        brain = bench.brain
        await brain.until_state(connected=True)
        answer = await brain.ask("打开大门锁")
        assert (answer.ok, answer.code, answer.speech) == (False, "needs_confirmation", "确认要打开大门锁吗？")
        answer = await brain.call("cover.open_cover", "cover.garage")
        assert (answer.code, answer.speech) == ("needs_confirmation", "确认要打开车库门吗？")
        assert home.asked == home.called == []
        assert (await brain.ask("打开大门锁", confirmed=True)).ok
        assert home.things["lock.door"].state == "unlocked"
        answer = await brain.call("cover.open_cover", "cover.garage", confirmed=True)
        assert (answer.ok, answer.speech) == (True, "好的，车库门已打开。")
        home.replies["大门锁锁着吗"] = spoken("没有锁")
        assert (await brain.ask("大门锁锁着吗")).ok, "asking how it is needs no yes"
        answer = await brain.ask("把它锁上")
        assert answer.code == "needs_confirmation", "it points to what was spoken of"


async def test_what_needs_a_yes_can_be_chosen(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    section = {"confirm_domains": ["light.living"]}
    async with home_bench(broker, topic_prefix, tmp_path, home, **section) as bench:
        await bench.brain.until_state(connected=True)
        assert (await bench.brain.ask("打开大门锁")).ok
        assert (await bench.brain.ask("打开客厅灯")).code == "needs_confirmation"


# -- what it calls


async def test_a_call_is_confirmed_by_the_state(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        brain = bench.brain
        await brain.until_state(connected=True)
        answer = await brain.call("light.turn_on", "light.living", brightness_pct=50, rgb_color=[255, 0, 0])
        assert (answer.ok, answer.speech) == (True, "好的，客厅灯已打开。")
        assert home.things["light.living"].attributes["brightness"] == 128
        home.things["light.bed"].is_deaf = True
        answer = await brain.call("light.turn_on", "light.living", "light.bed")
        assert (answer.ok, answer.code) == (False, "unconfirmed")
        assert answer.speech == "指令已发出，但卧室灯还没有反应。"
        answer = await brain.ask("打开卧室灯")
        assert (answer.ok, answer.code) == (False, "unconfirmed"), "the agent's own word is not enough"
        await home.becomes("light.bed", "unavailable")
        answer = await brain.call("light.turn_on", "light.bed")
        assert (answer.code, answer.speech) == ("unavailable", "卧室灯现在连不上，没有执行。")
        answer = await brain.ask("打开卧室灯")
        assert (answer.code, answer.ok) == ("unavailable", False)


async def test_only_what_is_exposed_can_be_called(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        brain = bench.brain
        await brain.until_state(connected=True)
        assert (await brain.call("switch.turn_on", "switch.pump")).code == "no_target"
        assert (await brain.call("light.turn_on", "light.none")).code == "no_target"
        assert (await brain.call("homeassistant.stop", "light.living")).code == "no_target"
        assert (await brain.call("light.turn_on", "lock.door")).code == "no_target"
        answer = await brain.call("light.explode", "light.living")
        assert (answer.code, "this cannot be" in (answer.error or "")) == ("refused", True)
        assert [call["service"] for call in home.called] == ["explode"]


async def test_the_settings_names_go_first_and_need_no_agent(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    mapping = {"阳光灯": "light.living", "鱼缸": "switch.pump", "前门": "lock.door"}
    async with home_bench(broker, topic_prefix, tmp_path, home, device_mapping=mapping) as bench:
        brain = bench.brain
        await brain.until_state(connected=True)
        answer = await brain.ask("打开鱼缸")
        assert (answer.ok, answer.speech) == (True, "好的，鱼缸已打开。")
        assert home.things["switch.pump"].state == "on"
        assert (await brain.ask("打开前门")).code == "needs_confirmation"
        assert (await brain.ask("打开前门", confirmed=True)).ok
        assert home.asked == []
        await brain.ask("阳光灯怎么了")
        assert home.asked[0]["text"] == "客厅灯怎么了"


# -- how it fails


async def test_a_wrong_token_is_told_once_and_not_tried_again(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    home.token = "another"
    with capture_logs() as logs:
        async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
            state = await bench.brain.until_state(connected=False, code="not_authorised")
            assert "令牌" in (state.error or "")
            answer = await bench.brain.ask("打开客厅灯")
            assert (answer.code, "令牌" in answer.speech) == ("not_authorised", True)
            bench.brain.bus.publish(HomeAsk(text="x", speaker="s"), household="home")
            assert home.logins == [False]
            bench.reconfigure(token="another")
            await bench.brain.until_state(connected=True)
            assert home.logins == [False, True]
            assert (await bench.brain.ask("打开客厅灯")).ok
    refusals = [line for line in logs if line["event"] == "home_assistant_refuses_us"]
    assert len(refusals) == 1
    assert not any(secret in repr(logs) for secret in (TOKEN, "another"))


async def test_a_token_that_is_revoked_is_not_tried_again(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        home.token = "another"
        await home.drop_connections()
        await bench.brain.until_state(connected=False, code="not_authorised")
        assert home.logins == [True, False]


async def test_down_and_back(broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn) -> None:
    await home.stop()
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        brain = bench.brain
        state = await brain.until_state(connected=False, code="unreachable")
        assert home.url in (state.error or "")
        answer = await brain.ask("打开客厅灯")
        assert (answer.code, answer.speech) == ("unreachable", "连不上 Home Assistant，请稍后再试。")
        await home.start()
        await brain.until_state(connected=True)
        assert (await brain.ask("打开客厅灯")).ok
        await home.stop()
        await brain.until_state(connected=False)
        home.things["light.bed"].name = "新灯"
        await home.start()
        await brain.until_state(connected=True)
        await brain.until(lambda: brain.entities()["light.bed"].name == "新灯")
        assert (await brain.ask("关闭客厅灯")).ok


async def test_a_short_loss_is_not_heard(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        await home.drop_connections()
        answer = await bench.brain.ask("打开客厅灯")
        assert answer.ok or answer.code == "unreachable", "lost in the middle of it, or made anew in time"
        await bench.brain.until_state(connected=True)
        assert (await bench.brain.ask("关闭客厅灯")).ok


async def test_slow(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migpt_ha_bridge.home.answerer.AGENT_WITHIN_S", 0.3)
    monkeypatch.setattr("migpt_ha_bridge.home.answerer._CALL_WITHIN_S", 0.3)
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        await bench.brain.until_state(connected=True)
        home.delay_s = 30
        slow, quick = await asyncio.gather(
            bench.brain.ask("打开客厅灯"), bench.brain.answer(HomeLook(entities=["light.living"]))
        )
        assert (slow.code, slow.speech) == ("slow", "Home Assistant 太久没有回应。")
        assert quick.ok, "everything else goes on"
        assert (await bench.brain.call("light.turn_on", "light.living")).code == "slow"


async def test_an_unknown_agent(broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home, agent_id="conversation.nope") as bench:
        state = await bench.brain.until_state(connected=True)
        assert "conversation.nope" in (state.error or "")
        assert "conversation.home_assistant" in (state.error or "")
        answer = await bench.brain.ask("打开客厅灯")
        assert (answer.code, "对话助手" in answer.speech) == ("unknown_agent", True)
        assert (await bench.brain.call("light.turn_on", "light.living")).ok


async def test_without_url_or_token(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home, url=None) as bench:
        await bench.brain.until_state(connected=False, code="not_configured")
        assert (await bench.brain.ask("打开客厅灯")).code == "not_configured"
        bench.reconfigure(url=home.url, token=None)
        await bench.brain.until_state(connected=False, code="not_authorised")
    assert home.logins == []


async def test_what_is_not_home_assistant(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home, url=f"{home.url}/elsewhere") as bench:
        state = await bench.brain.until_state(connected=False, code="unreachable")
        assert "404" in (state.error or "")


async def test_a_household_without_home_assistant_any_more(
    broker: PrivateBroker, topic_prefix: str, tmp_path: Path, home: HomeStandIn
) -> None:
    async with home_bench(broker, topic_prefix, tmp_path, home) as bench:
        brain = bench.brain
        await brain.until_state(connected=True)
        await brain.until(brain.entities)
        bench.without_home_assistant()
        await brain.until(lambda: HomeEntities in brain.emptied, "end of the entities")
        state = await brain.until_state(connected=False)
        assert state.owner is None
