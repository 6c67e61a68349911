"""Which of the offered answers is meant by what a person says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_brain.asked.choices import choice_for
from migpt_brain.asked.numerals import in_digits

YES_NO = ("要", "不要")
COLOURS = ("红色", "蓝色", "暖白")
FILMS = ("科幻片", "喜剧片", "动画片")
TIMES = ("七点", "八点半", "十二点")


@pytest.mark.parametrize(
    ("said", "choices", "meant"),
    [
        # as offered
        ("要", YES_NO, "要"),
        ("不要", YES_NO, "不要"),
        ("我要", YES_NO, "要"),
        ("不要了", YES_NO, "不要"),
        ("嗯，要吧", YES_NO, "要"),
        ("红色！", COLOURS, "红色"),
        ("那就蓝色的吧", COLOURS, "蓝色"),
        ("我想要那个暖白的灯光", COLOURS, "暖白"),
        ("Blue", ("red", "blue"), "blue"),
        ("the blue one please", ("red", "blue"), "blue"),
        # yes and no in other words
        ("好的", YES_NO, "要"),
        ("可以", YES_NO, "要"),
        ("不用", YES_NO, "不要"),
        ("算了", YES_NO, "不要"),
        ("是的", ("是", "否"), "是"),
        ("不是", ("是", "否"), "否"),
        ("好", ("打开", "不打开"), "打开"),
        ("别", ("打开", "先不打开"), "先不打开"),
        ("要", ("打开", "不要打开"), "打开"),
        ("没问题", ("确认", "取消"), "确认"),
        ("不", ("开灯", "取消"), "取消"),
        ("yes", ("是", "否"), "是"),
        ("nope", ("yes", "no"), "no"),
        ("好的关吧", YES_NO, "要"),
        ("不用了谢谢", YES_NO, "不要"),
        ("可以帮我关掉", YES_NO, "要"),
        ("先别关吧", YES_NO, "不要"),
        ("好的不过先告诉我明天天气怎么样", YES_NO, None),
        ("好冷啊", YES_NO, None),
        # a part of it
        ("蓝", ("红色的灯", "蓝色的灯"), "蓝色的灯"),
        ("科幻", FILMS, "科幻片"),
        ("七点", ("早上七点", "早上八点"), "早上七点"),
        # by number
        ("第一个", COLOURS, "红色"),
        ("第二个吧", COLOURS, "蓝色"),
        ("选三", COLOURS, "暖白"),
        ("1", COLOURS, "红色"),
        ("二", COLOURS, "蓝色"),
        ("选项2", COLOURS, "蓝色"),
        ("3号", COLOURS, "暖白"),
        ("B", COLOURS, "蓝色"),
        ("最后一个", COLOURS, "暖白"),
        ("后者", YES_NO, "不要"),
        ("前者", COLOURS, "红色"),
        ("the second one", COLOURS, "蓝色"),
        ("弟二个", COLOURS, "蓝色"),
        ("第二个", ("第一", "第二个方案", "第三"), "第二个方案"),
        # numbers that are the answers
        ("7点", TIMES, "七点"),
        ("12点吧", TIMES, "十二点"),
        ("八点半", TIMES, "八点半"),
        ("二楼", ("一楼", "二楼"), "二楼"),
        ("两个", ("1个", "2个"), "2个"),
        ("2", ("2天", "1天"), "2天"),
        # misheard
        ("药", YES_NO, "要"),
        ("布要", YES_NO, "不要"),
        ("豪的", ("好", "不好"), "好"),
        ("兰色", COLOURS, "蓝色"),
        ("洪色吧", COLOURS, "红色"),
        ("科换片", FILMS, "科幻片"),
        ("我想看动化片", FILMS, "动画片"),
        ("周杰轮的歌", ("周杰伦的歌", "林俊杰的歌"), "周杰伦的歌"),
        # none, or not clear
        ("今天天气怎么样", YES_NO, None),
        ("绿色", COLOURS, None),
        ("红色还是蓝色呢", COLOURS, None),
        ("随便", COLOURS, None),
        ("都不要", YES_NO, None),
        ("不要红色", COLOURS, None),
        ("第五个", COLOURS, None),
        ("第零个", COLOURS, None),
        ("色", COLOURS, None),
        ("", COLOURS, None),
        ("？！", COLOURS, None),
        ("不是科换片", FILMS, None),
        ("要", (), None),
    ],
)
def test_what_is_meant(said: str, choices: tuple[str, ...], meant: str | None) -> None:
    assert choice_for(said, choices) == meant


CHOICES = st.lists(
    st.text("要不好是红蓝色片一二三个点灯开关ab", min_size=1, max_size=5), min_size=1, max_size=5, unique=True
)


@given(CHOICES, st.data())
def test_an_answer_that_is_said_as_offered_is_understood(choices: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(choices))
    if wanted not in ("都行", "随便"):
        assert choice_for(wanted, choices) == wanted


@given(st.text(max_size=30), CHOICES)
def test_nothing_else_than_a_choice_comes_of_it(said: str, choices: list[str]) -> None:
    assert choice_for(said, choices) in (*choices, None)


@pytest.mark.timeout(10)
def test_endless_talk_is_no_trouble() -> None:
    assert choice_for("嗯" * 5000, YES_NO) is None
    assert choice_for("蓝色" + "啊" * 5000, COLOURS) == "蓝色"
    assert choice_for("片" * 5000, FILMS) is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("第十二个", "第12个"),
        ("一百二十五", "125"),
        ("二十", "20"),
        ("两千零三", "2003"),
        ("二零二六年", "2026年"),
        ("三点四十", "3点40"),
        ("没有数字", "没有数字"),
    ],
)
def test_numbers_in_digits(text: str, digits: str) -> None:
    assert in_digits(text) == digits
