"""What the model may do in a home, what it is told, and how a sentence goes on after it has used its tools."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from migpt_brain.home.awaited import PlannedCall
from migpt_brain.home.briefing import MOST_ENTITIES, briefing, relevant
from migpt_brain.home.tool_talk import MOST_ROUNDS, AskModel, AskPerson, Outcome, Say, ToolTalk
from migpt_brain.home.toolbox import CONTROL, LOOK, Control, Look, Mistake, services, tools_for, wanted
from migpt_brain.llm import ToolCall
from migpt_shared.messages import HomeAnswer, HomeCode, HomeEntity, HomeEntityState, new_id

LAMP = HomeEntity(id="light.lamp", name="客厅灯", aliases=["大灯"], area="客厅", domain="light")
BED = HomeEntity(id="light.bed", name="卧室灯", area="卧室", domain="light")
DOOR = HomeEntity(id="lock.door", name="大门锁", domain="lock", confirm=True)
HOME = [LAMP, BED, DOOR]


def call(name: str = CONTROL, **arguments: object) -> ToolCall:
    return ToolCall("c1", name, json.dumps(arguments, ensure_ascii=False))


# -- the toolbox


def test_tools_offer_only_what_the_home_has() -> None:
    control, look = tools_for(HOME)
    offered = control.parameters["properties"]["service"]["enum"]
    assert {"light.turn_on", "light.turn_off", "lock.lock", "lock.unlock"} == set(offered)
    assert look.name == LOOK
    assert [tool.name for tool in tools_for([HomeEntity(id="sensor.t", name="温度", domain="sensor")])] == [LOOK]
    assert all("." in service for service in services())


def test_names_and_aliases_stand_for_ids() -> None:
    want = wanted(
        call(service="light.turn_on", entities=["大灯", "light.bed"], data={"brightness_pct": 50}, say="好"), HOME
    )
    assert want == Control(PlannedCall("light.turn_on", ("light.lamp", "light.bed"), {"brightness_pct": 50}), "好")
    assert wanted(call(LOOK, entities=["客厅灯"]), HOME) == Look(("light.lamp",))


@pytest.mark.parametrize(
    ("tool_call", "problem"),
    [
        (call("explode"), "no tool"),
        (call(service="light.explode", entities=["light.lamp"]), "no service"),
        (call(service="light.turn_on", entities=["light.nope"]), "not in the list: light.nope"),
        (call(service="light.turn_on", entities=[]), "entities"),
        (call(service="light.turn_on", entities=["lock.door"]), "does not fit lock.door"),
        (call(service="light.turn_on", entities=["light.lamp"], data={"flash": "long"}), "does not take flash"),
        (call(LOOK, entities=["nothing"]), "not in the list"),
        (ToolCall("c", CONTROL, "{not json"), "arguments"),
        (ToolCall("c", CONTROL, "[]"), "arguments"),
    ],
)
def test_mistakes_are_explained_to_the_model(tool_call: ToolCall, problem: str) -> None:
    want = wanted(tool_call, HOME)
    assert isinstance(want, Mistake)
    assert problem in want.problem


# -- the briefing


def test_the_briefing_tells_names_areas_and_states() -> None:
    states = [HomeEntityState(id="light.lamp", state="on", attributes={"brightness": 128, "hs_color": [0, 0]})]
    text = briefing(HOME, states, "客厅", "zh")
    assert "在客厅" in text
    assert "light.lamp | 客厅灯, 大灯 | 客厅 | on, brightness_pct=50" in text
    assert "lock.door | 大门锁 | -" in text
    assert "hs_color" not in text


def test_of_a_large_home_the_named_and_the_near_are_told() -> None:
    many = [HomeEntity(id=f"light.l{n:03}", name=f"灯{n}号", area=f"房间{n % 9}", domain="light") for n in range(300)]
    many += [LAMP, BED, DOOR]
    told = relevant("把客厅灯和大门锁打开", many, "卧室")
    assert len(told) == MOST_ENTITIES
    assert {"light.lamp", "lock.door", "light.bed"} <= {entity.id for entity in told}
    assert relevant("随便", HOME, None) == HOME


# -- the talk


def control(*entities: str, say: str = "好的，调好了。") -> Control:
    return Control(PlannedCall("light.turn_on", entities or ("light.lamp",)), say)


def done(want: Control, speech: str = "好的，客厅灯已打开。") -> Outcome:
    return Outcome(want, HomeAnswer(request=new_id(), ok=True, speech=speech))


def failed(want: Control, code: HomeCode, speech: str = "客厅灯现在连不上，没有执行。") -> Outcome:
    return Outcome(want, HomeAnswer(request=new_id(), ok=False, code=code, error=code, speech=speech))


def talk(wish: str = "打开客厅灯") -> ToolTalk:
    return ToolTalk(wish, "zh")


def test_what_is_confirmed_is_said_in_the_models_words() -> None:
    assert talk().used_tools([done(control(say="好的，灯亮了。"))]) == Say("好的，灯亮了。")
    assert talk().used_tools([done(control(say=""))]) == Say("好的，客厅灯已打开。")


def test_what_is_not_confirmed_is_never_claimed() -> None:
    end = talk().used_tools([done(control()), failed(control("light.bed"), "unavailable", "卧室灯现在连不上。")])
    assert end == Say("好的，客厅灯已打开。 卧室灯现在连不上。", "unavailable")


def test_words_without_tools_may_not_claim_anything() -> None:
    end = talk().said("好的，已为你打开客厅灯。")
    assert isinstance(end, Say)
    assert end.error is not None
    assert "没有执行" in end.text
    assert talk().said("抱歉，没有这个设备。") == Say("抱歉，没有这个设备。")
    assert talk("客厅灯开着吗").said("客厅灯已经打开了。") == Say("客厅灯已经打开了。")


def test_a_mistake_is_corrected_and_then_counts_no_more() -> None:
    going = talk()
    assert going.used_tools([failed(control(), "refused")]) == AskModel()
    assert going.used_tools([done(control(say="好的，亮了。"))]) == Say("好的，亮了。")


def test_words_after_a_failure_do_not_hide_it() -> None:
    going = talk()
    assert going.used_tools([failed(control(), "refused", "没有执行成功。")]) == AskModel()
    assert going.said("好的，已打开。") == Say("没有执行成功。", "refused")


def test_a_look_leads_to_another_round_and_rounds_are_bounded() -> None:
    going = talk()
    looked = [Outcome(Look(("light.lamp",)), HomeAnswer(request=new_id(), ok=True))]
    for _ in range(MOST_ROUNDS - 1):
        assert going.used_tools(looked) == AskModel()
    end = going.used_tools(looked)
    assert isinstance(end, Say)
    assert end.error is not None


def test_a_question_after_looking_is_answered_in_words() -> None:
    going = talk("客厅多少度")
    going.used_tools([Outcome(Look(("light.lamp",)), HomeAnswer(request=new_id(), ok=True))])
    assert going.said("二十三度。") == Say("二十三度。")


def test_what_needs_a_yes_waits_for_the_person() -> None:
    lock = Control(PlannedCall("lock.unlock", ("lock.door",)), "门开了。")
    outcomes: Sequence[Outcome] = [
        done(control()),
        failed(lock, "needs_confirmation", "确认要解锁大门锁吗？"),
    ]
    assert talk().used_tools(outcomes) == AskPerson("好的，客厅灯已打开。 确认要解锁大门锁吗？", (lock.call,))


def test_an_end_in_the_middle_says_how_things_stand() -> None:
    going = talk()
    assert going.interrupted("模型没有回应。") == Say("模型没有回应。", "not managed")
    going.used_tools([done(control()), Outcome(Mistake("x"))])
    assert going.interrupted("模型没有回应。") == Say("好的，客厅灯已打开。 模型没有回应。", "not managed")
