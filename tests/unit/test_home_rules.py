"""The brain's rules about the home: yes and no, what needs the model, claims, what is awaited."""

from __future__ import annotations

import pytest

from migpt_brain.home.awaited import Awaited
from migpt_brain.home.claims import claims_success
from migpt_brain.home.kinds import is_lacking
from migpt_brain.home.needs_model import needs_model
from migpt_brain.home.recent import RecentHomeTalk
from migpt_brain.home.yes_no import yes_or_no
from migpt_shared.messages import Address, HomeEntity

LAMP = HomeEntity(id="light.lamp", name="客厅灯", aliases=["大灯"], area="客厅", domain="light")
FAN = HomeEntity(id="fan.study", name="书房风扇", area="书房", domain="fan")
ENTITIES = [LAMP, FAN]


@pytest.mark.parametrize(
    "said",
    [
        "是",
        "是的。",
        "对",
        "好的",
        "好呀",
        "行吧",
        "可以的",
        "确认",
        "确定！",
        "嗯，确认",
        "打开吧",
        "小爱同学，确认",
        "确认打开大门",
        "Yes",
        "yes, please",
        "OK",
        "do it",
        "go ahead please",
        "打开大门",
    ],
)
def test_yes(said: str) -> None:
    assert yes_or_no(said, "打开大门") == "yes"


@pytest.mark.parametrize(
    "said",
    [
        "不",
        "不是",
        "不要",
        "不用了",
        "别",
        "别开",
        "算了",
        "算了吧",
        "取消",
        "嗯，不要",
        "不确定",
        "不打开",
        "不要打开大门",
        "先不要",
        "No",
        "no thanks",
        "cancel",
        "don't",
        "well, never mind",
        "等一下",
    ],
)
def test_no(said: str) -> None:
    assert yes_or_no(said, "打开大门") == "no"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "今天天气怎么样",
        "打开客厅灯",
        "好的音乐",
        "可以讲个故事吗",
        "确认一下明天的日程",
        "不客气",
        "是谁在敲门",
        "对了，几点了",
        "别的歌",
        "yesterday",
        "okra soup",
        "开大门灯",
        "要下雨了吗",
        "行不行",
    ],
)
def test_something_else(said: str) -> None:
    assert yes_or_no(said, "打开大门") is None


def test_only_a_plain_yes_in_time_counts() -> None:
    asked = Awaited("confirmation", "t1", "打开大门")
    assert asked.verdict("确认", 1e9) == "yes", "while it is being asked there is no limit"
    heard = asked.asked_aloud(100.0, 20.0)
    assert heard.verdict("确认", 119.9) == "yes"
    assert heard.verdict("确认", 120.1) is None
    assert heard.verdict("不用了", 110) == "no"
    assert heard.verdict("几点了", 110) is None


def test_whatever_is_said_next_answers_the_agent() -> None:
    asked = Awaited("question", "t1", "打开灯").asked_aloud(100.0, 20.0)
    assert asked.verdict("客厅的", 110) == "reply"
    assert asked.verdict("客厅的", 130) is None


@pytest.mark.parametrize(
    "text",
    [
        "把客厅灯调成红色",
        "亮度50%",
        "客厅灯调到百分之三十",
        "有点暗",
        "太热了",
        "空调设为26度",
        "打开客厅灯和书房风扇",
        "如果温度超过26度就开空调",
        "关掉除了客厅以外的灯",
        "Dim the lamp",
        "it is too dark",
        "set the heating to 21 degrees",
        "turn the lamp blue",
    ],
)
def test_beyond_the_template_agent(text: str) -> None:
    assert needs_model(text, "conversation.home_assistant", ENTITIES)
    assert not needs_model(text, "conversation.chatgpt", ENTITIES), "an agent that is a model understands it"


@pytest.mark.parametrize(
    "text", ["打开客厅灯", "关闭书房风扇", "客厅灯开着吗", "和平路的灯", "turn on the lamp", "打开大灯"]
)
def test_for_the_template_agent(text: str) -> None:
    assert not needs_model(text, "conversation.home_assistant", ENTITIES)


@pytest.mark.parametrize(
    "sentence",
    [
        "好的，已为你打开客厅灯。",
        "客厅灯已打开",
        "灯关掉了",
        "我把灯调成红色了。",
        "好的",
        "搞定！",
        "没问题",
        "正在打开客厅灯。",
        "Done.",
        "I have turned on the lamp.",
        "The lamp is now red.",
        "OK, turning it on.",
    ],
)
def test_claims(sentence: str) -> None:
    assert claims_success(sentence, "打开客厅灯")


@pytest.mark.parametrize(
    "sentence",
    [
        "抱歉，家里没有这个设备。",
        "你要打开哪个灯？是客厅灯吗",
        "我无法设置定时。",
        "客厅灯不支持调颜色。",
        "Sorry, I cannot do that.",
        "客厅现在二十三度。",
    ],
)
def test_no_claims(sentence: str) -> None:
    assert not claims_success(sentence, "打开客厅灯")


def test_the_answer_to_a_question_claims_nothing() -> None:
    assert not claims_success("客厅灯已经打开了。", "客厅灯开着吗")
    assert not claims_success("It is turned on.", "is the lamp on")


def test_what_was_said_is_told_again_for_some_minutes() -> None:
    talk, here, there = RecentHomeTalk(), Address("home", "a"), Address("home", "b")
    talk.remember(here, "打开客厅灯", "好的", 0)
    talk.remember(here, "再亮一点", "调亮了", 200)
    assert [message.content for message in talk.messages(here, 250)] == ["打开客厅灯", "好的", "再亮一点", "调亮了"]
    assert [message.content for message in talk.messages(here, 400)] == ["再亮一点", "调亮了"]
    assert talk.messages(there, 250) == []
    talk.forget(here)
    assert talk.messages(here, 250) == []


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("打开客厅灯", False),
        ("把空调调到26度", True),
        ("打开扫地机", True),
        ("打开电视和客厅灯", False),
        ("打开书房风扇", False),
        ("有点暗", False),
        ("turn on the air conditioner", True),
        ("turn the lights on", False),
        ("打开净化器", True),
    ],
)
def test_what_the_home_does_not_have_is_left_to_xiaoai(text: str, lacks: bool) -> None:
    assert is_lacking(text, ENTITIES) is lacks
    assert not is_lacking(text, []), "nothing is known of the home yet"


def test_a_kind_that_is_part_of_a_name_is_there() -> None:
    switch = HomeEntity(id="switch.purifier", name="卧室净化器", domain="switch")
    assert not is_lacking("打开净化器", [switch])
    assert is_lacking("打开卧室灯", [switch])
