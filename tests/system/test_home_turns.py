"""From a spoken wish to a device that has changed: all services and the bridge as processes, a stand-in of Home
Assistant, a simulated cloud and model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from migpt_shared.messages import Ask, HomeEntities, HomeState, Presence, Reply, SetAi, SetMode, Source, Turn
from migpt_simulator import NativeAnswer, SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import NativeEnded
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl, ScriptedToolCall
from tests.home_stand_in import TOKEN, HomeStandIn, spoken, usual_things
from tests.whole_system import SERVICES, WholeSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"seconds_per_char": 0.03, "publish_delay_s": 0.3, "native_delay_s": 0.3}
NATIVE = NativeAnswer(text="这个我还不会", duration_s=4.0)
BEHAVIOUR = Behaviour(first_token_s=0.1, tokens_per_s=200)


class HomeSystem(WholeSystem):
    """A whole system with a home."""

    def __init__(self, standing_in: HomeStandIn) -> None:
        speaker = SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings=QUICK)
        self.home = standing_in
        super().__init__(
            SimulatedHome(latency_s=0.01, speakers=(speaker,)),
            mode="native",
            replicas=(*SERVICES, "ha_bridge"),
            settings=f'[home_assistant]\nurl = "{standing_in.url}"\ntoken = "{TOKEN}"\n',
        )

    def config_text(self) -> str:
        return super().config_text().replace("\ndevice_id =", '\narea = "客厅"\ndevice_id =')

    def is_ready(self) -> bool:
        return super().is_ready() and self.is_connected() and (HomeEntities, ("home",)) in self.watcher.latest

    def is_connected(self) -> bool:
        state = self.watcher.latest.get((HomeState, ("home",)))
        return isinstance(state, HomeState) and state.connected

    async def said(self, text: str, source: Source = "speaker") -> tuple[Turn, str]:
        """A person says it; the turn at its end, and what was heard."""
        speaker = self.simulator.home.speaker("living_room")
        since = time.monotonic()
        before = len(self.watcher.turns(text))
        if source == "speaker":
            speaker.say(text, NATIVE)
        else:
            assert (await self.send(Ask(text=text, source=source))).ok
        await self.watcher.until(
            lambda: any(not turn.is_open for turn in self.watcher.turns(text)[before:]), 40, f"the end of {text!r}"
        )
        turn = next(turn for turn in self.watcher.turns(text)[before:] if not turn.is_open)
        return turn, "".join(speaker.journal.spoken(since=since))

    def model_uses(self, question: str, *rounds: list[ScriptedToolCall], answer: str = "好的。") -> None:
        """Which tools the model uses for a question."""
        behaviour = BEHAVIOUR.model_copy(update={"tool_rounds": tuple(map(tuple, rounds))})
        rule = AnswerRule(
            match=question, answer=answer, behaviour=Behaviour(**behaviour.model_dump(exclude_unset=True))
        )
        self.simulator.llm.control(LlmControl(answers=(rule,)))

    def prompt(self) -> str:
        """What the model was told of the home."""
        return str(self.simulator.llm.journal.entries[-1].messages[0]["content"])


def control(service: str, *entities: str, say: str = "好的，弄好了。", **data: object) -> ScriptedToolCall:
    arguments = {"service": service, "entities": list(entities), "data": data, "say": say}
    return ScriptedToolCall(name="control_devices", arguments=arguments)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[HomeSystem]:
    async with HomeStandIn() as home, HomeSystem(home) as running:
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _usual(system: HomeSystem) -> AsyncIterator[None]:
    system.simulator.llm.control(LlmControl(reset=True, default=BEHAVIOUR))
    yield
    for name, thing in usual_things().items():
        system.home.things[name].is_deaf = False
        await system.home.becomes(name, thing.state)
    system.home.replies.clear()
    system.home.delay_s = 0


async def test_a_lamp_is_switched_on_by_voice(system: HomeSystem) -> None:
    since = time.monotonic()
    turn, heard = await system.said("小周打开客厅灯")
    assert (turn.phase, turn.route, turn.reason) == ("done", "home", "home_keyword")
    assert heard == "客厅灯已打开"
    assert system.home.things["light.living"].state == "on"
    assert not system.simulator.llm.journal.entries, "no model is needed for that"
    [native] = system.simulator.home.speaker("living_room").journal.of(NativeEnded, since=since)
    assert native.heard_s < 4.0, "XiaoAI was silenced"


async def test_colour_and_brightness_by_the_model(system: HomeSystem) -> None:
    call = control("light.turn_on", "客厅灯", say="好的，客厅灯调成红色了。", rgb_color=[255, 0, 0], brightness_pct=50)
    system.model_uses("调成红色", [call])
    turn, heard = await system.said("小周把客厅的灯调成红色，亮度50%")
    assert (turn.phase, turn.preset) == ("done", "simulated")
    assert heard == "好的，客厅灯调成红色了。"
    lamp = system.home.things["light.living"]
    assert (lamp.state, lamp.attributes["rgb_color"], lamp.attributes["brightness"]) == ("on", [255, 0, 0], 128)
    assert system.home.asked == [] or system.home.asked[-1]["text"] != "把客厅的灯调成红色，亮度50%"
    assert "现在说话的人在客厅" in system.prompt()
    assert "light.living | 客厅灯, 大灯 | 客厅" in system.prompt()
    assert len(system.simulator.llm.journal.entries) == 1, "one round is enough"


async def test_what_the_agent_does_not_understand_goes_to_the_model(system: HomeSystem) -> None:
    system.model_uses(
        "屋里闷", [control("climate.set_temperature", "climate.ac", say="空调开了。", temperature=24, hvac_mode="cool")]
    )
    turn, heard = await system.said("小周屋里闷得慌")
    assert (turn.phase, heard) == ("done", "空调开了。")
    assert system.home.asked[-1]["text"] == "屋里闷得慌"
    assert (system.home.things["climate.ac"].state, system.home.things["climate.ac"].attributes["temperature"]) == (
        "cool",
        24,
    )


async def test_several_devices_and_a_look_before(system: HomeSystem) -> None:
    look = ScriptedToolCall(name="look_at_devices", arguments={"entities": ["sensor.temperature"]})
    both = [
        control("light.turn_on", "light.living", say=""),
        control("light.turn_on", "light.bed", say="两个灯都开了。"),
    ]
    system.model_uses("要是超过", [look], both)
    turn, heard = await system.said("小周要是超过26度就打开客厅灯和卧室灯")
    assert (turn.phase, heard) == ("done", "两个灯都开了。")
    assert {system.home.things[name].state for name in ("light.living", "light.bed")} == {"on"}
    told = system.simulator.llm.journal.entries[-1].messages[-1]
    assert "27" in str(told["content"])
    assert told["role"] == "tool"


async def test_a_success_that_home_assistant_did_not_confirm_is_never_claimed(system: HomeSystem) -> None:
    system.home.things["light.bed"].is_deaf = True
    system.model_uses("调暗", [control("light.turn_on", "light.bed", say="卧室灯调暗了。", brightness_pct=10)])
    turn, heard = await system.said("小周把卧室灯调暗")
    assert (turn.phase, heard) == ("failed", "指令已发出，但卧室灯还没有反应。")
    system.model_uses("调亮", answer="好的，已经为你调亮了卧室灯。")
    turn, heard = await system.said("小周把卧室灯调亮")
    assert (turn.phase, heard) == ("failed", "没有执行任何操作，请换个说法再试。")


async def test_an_unavailable_device_is_said_plainly(system: HomeSystem) -> None:
    await system.home.becomes("light.bed", "unavailable")
    turn, heard = await system.said("小周打开卧室灯")
    assert (turn.phase, heard) == ("failed", "卧室灯现在连不上，没有执行。")


async def test_a_door_opens_after_a_spoken_yes_only(system: HomeSystem) -> None:
    turn, heard = await system.said("小周打开大门锁")
    assert (turn.phase, heard) == ("done", "确认要打开大门锁吗？")
    assert system.home.things["lock.door"].state == "locked"
    turn, heard = await system.said("嗯，确认")
    assert (turn.route, turn.reason, heard) == ("home", "confirmed", "大门锁已打开")
    assert system.home.things["lock.door"].state == "unlocked"
    await system.home.becomes("lock.door", "locked")
    await system.said("小周打开大门锁")
    turn, heard = await system.said("不用了")
    assert (turn.reason, heard) == ("declined", "好的，不执行了。")
    await system.said("小周打开大门锁")
    turn, _ = await system.said("今天星期几")
    assert turn.route == "native"
    turn, _ = await system.said("确认")
    assert turn.route == "native", "the question is over"
    assert system.home.things["lock.door"].state == "locked"


async def test_the_models_call_on_a_door_waits_for_a_yes_too(system: HomeSystem) -> None:
    system.model_uses("有人来了", [control("lock.unlock", "lock.door", say="门开了。")])
    turn, heard = await system.said("小周有人来了开一下那边")
    assert (turn.phase, heard) == ("done", "确认要解锁大门锁吗？")
    assert system.home.things["lock.door"].state == "locked"
    _, heard = await system.said("是的")
    assert heard == "好的，大门锁已解锁。"
    assert system.home.things["lock.door"].state == "unlocked"


async def test_the_agent_can_ask_back(system: HomeSystem) -> None:
    system.home.replies["打开灯"] = spoken("要打开哪个灯？", asks_back=True)
    system.home.replies["客厅那个"] = spoken("客厅灯已打开")
    _, heard = await system.said("小周打开灯")
    assert heard == "要打开哪个灯？"
    turn, heard = await system.said("客厅那个")
    assert (turn.reason, heard) == ("home_asked", "客厅灯已打开")
    assert system.home.asked[-1]["conversation_id"] == "01STANDIN"


async def test_without_a_keyword_the_intent_model_may_choose_the_home(system: HomeSystem) -> None:
    for mode in ("auto", "ai"):
        assert (await system.send(SetMode(value=mode))).ok
        turn, heard = await system.said("打开客厅灯")
        assert (turn.route, turn.reason, heard) == ("home", "classified_home", "客厅灯已打开"), mode
        await system.home.becomes("light.living", "off")
    assert (await system.send(SetAi(value=False))).ok
    turn, _ = await system.said("打开客厅灯")
    assert turn.route == "native"
    assert (await system.send(SetAi(value=True))).ok
    assert (await system.send(SetMode(value="native"))).ok


async def test_a_command_of_an_automation_is_carried_out(system: HomeSystem) -> None:
    turn, heard = await system.said("小周打开卧室灯", source="ha")
    assert (turn.phase, turn.route, turn.source, heard) == ("done", "home", "ha", "卧室灯已打开")
    assert system.home.things["light.bed"].state == "on"


async def test_a_command_that_is_not_spoken_is_answered_to_the_asker(system: HomeSystem) -> None:
    before = len(system.watcher.turns("小周打开客厅灯"))
    system.publish(Ask(text="小周打开客厅灯", speak=False, src="test/watcher"))
    await system.watcher.until(lambda: [reply for reply in system.watcher.of(Reply) if reply.end], what="the reply")
    assert "".join(reply.text for reply in system.watcher.of(Reply)) == "客厅灯已打开"
    assert system.home.things["light.living"].state == "on"
    assert len(system.watcher.turns("小周打开客厅灯")) == before, "it is no turn of the speaker"


async def test_without_a_model_the_agent_alone_answers(system: HomeSystem) -> None:
    system.simulator.llm.control(LlmControl(default=Behaviour(status=500)))
    turn, heard = await system.said("小周来点气氛")
    assert (turn.phase, heard) == ("failed", "抱歉，我无法理解您的意思")
    turn, heard = await system.said("小周打开卧室灯")
    assert (turn.phase, heard) == ("done", "卧室灯已打开")


async def test_home_assistant_down_is_said_and_everything_else_goes_on(system: HomeSystem) -> None:
    await system.home.stop()
    await system.watcher.until(lambda: not system.is_connected(), what="the loss of Home Assistant")
    turn, heard = await system.said("小周打开客厅灯")
    assert (turn.phase, turn.reason, heard) == ("failed", "home_is_down", "连不上 Home Assistant，请稍后再试。")
    turn, heard = await system.said("请讲个笑话")
    assert (turn.route, turn.phase) == ("llm", "done")
    assert heard
    await system.home.start()
    await system.watcher.until(system.is_connected, 40, "Home Assistant to be back")
    turn, heard = await system.said("小周打开客厅灯")
    assert (turn.phase, heard) == ("done", "客厅灯已打开")


async def test_a_dead_bridge_is_noticed(system: HomeSystem) -> None:
    bridge = system.service("ha_bridge")
    await bridge.kill()
    await system.watcher.until(
        lambda: any(
            one.status == "offline" and one.src.startswith("ha_bridge/") for one in system.watcher.of(Presence)
        ),
        what="the bridge's last will",
    )
    turn, heard = await system.said("小周打开客厅灯")
    assert (turn.phase, heard) == ("failed", "连不上 Home Assistant，请稍后再试。")
    await bridge.start()
    gone = len(system.watcher.of(HomeState))
    await system.watcher.until(
        lambda: any(state.connected for state in system.watcher.of(HomeState)[gone:]), 40, "the bridge to be back"
    )
    turn, heard = await system.said("小周打开客厅灯")
    assert (turn.phase, heard) == ("done", "客厅灯已打开")
