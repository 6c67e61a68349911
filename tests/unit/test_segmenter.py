"""The segmenter: the first piece early, whole sentences later, nothing torn."""

from __future__ import annotations

import pytest

from migpt_brain.segmenter import Segmenter
from migpt_brain.spoken_text import SpokenText, speakable


def cut(text: str) -> list[str]:
    """Cuts `text` fed whole, and asserts that single characters give the same."""
    results = []
    for size in (len(text) or 1, 1, 3):
        segmenter = Segmenter()
        pieces = [piece for at in range(0, len(text), size) for piece in segmenter.feed(text[at : at + size])]
        results.append(pieces + segmenter.finish())
    assert results[0] == results[1] == results[2]
    return results[0]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("。，！ ——（）", []),
        ("好", ["好"]),
        ("好。", ["好。"]),
        # the first piece: early at a comma, not too early, sentence end at once
        ("天空是蓝色的，因为大气散射蓝光。好看，对吧？", ["天空是蓝色的，", "因为大气散射蓝光。", "好看，对吧？"]),
        ("嗯，好的，天空是蓝的，因为散射。", ["嗯，好的，天空是蓝的，", "因为散射。"]),
        ("是的。天空是蓝的。", ["是的。", "天空是蓝的。"]),
        ("好。我来说。完。", ["好。我来说。", "完。"]),
        ("答案如下所示：一二三", ["答案如下所示：", "一二三"]),
        ("Well, I think so. Yes!", ["Well, I think so.", "Yes!"]),
        ("Actually, I think so.", ["Actually,", "I think so."]),
        # a tail without punctuation
        ("第一句话。后面没有标点", ["第一句话。", "后面没有标点"]),
        ("价格是3.", ["价格是3."]),
        # quotes and repeated marks after the end
        ("他说：“你好。”然后走了。", ["他说：“你好。", "然后走了。"]),
        ("真的吗？！太好了！！！走吧。", ["真的吗？", "太好了！", "走吧。"]),
        # numbers
        ("圆周率是3.14。共1,000元，12:30出发，涨3.5%。", ["圆周率是3.14。", "共1,000元，12:30出发，涨3.5%。"]),
        ("约好8：30在门口见，别迟到。", ["约好8：30在门口见，", "别迟到。"]),
        ("地址192.168.1.1可用。日期2024.5.1，2024-05-01。", ["地址192.168.1.1可用。", "日期2024.5.1，2024-05-01。"]),
        ("It costs 3.50. Then 1,000.25 more.", ["It costs 3.50.", "Then 1,000.25 more."]),
        (".5是一半。", [".5是一半。"]),
        # lists
        ("1. 苹果\n2. 香蕉\n", ["1. 苹果。", "2. 香蕉。"]),
        ("1.\n苹果\n2、\n香蕉", ["1. 苹果。", "2、 香蕉"]),
        ("包括1.苹果2.香蕉。", ["包括1.苹果2.香蕉。"]),
        ("（1）苹果。（2）香蕉。3、梨。", ["（1）苹果。", "（2）香蕉。", "3、梨。"]),
        # abbreviations
        ("Mr. Smith met Dr. Wu. They left.", ["Mr. Smith met Dr. Wu.", "They left."]),
        ("He lives in the U.S. now. OK.", ["He lives in the U.S. now.", "OK."]),
        ("Fruits, e.g. apples, help. J. R. Smith said so.", ["Fruits,", "e.g. apples, help.", "J. R. Smith said so."]),
        ("你好.我是小爱.", ["你好.", "我是小爱."]),
        # addresses
        (
            "请看https://a.com/b.html?c=1;d!e。发信到a.b@c.com.cn吧。",
            ["请看https://a.com/b.html?c=1;d!e。", "发信到a.b@c.com.cn吧。"],
        ),
        ("a != b, right? Yes.", ["a != b, right?", "Yes."]),
        # brackets
        ("他（你认识吧？）来了。走吧。", ["他（你认识吧？）来了。", "走吧。"]),
        ("我最近在读《老人，与海》，很好看。", ["我最近在读《老人，与海》，", "很好看。"]),
        # lines get a mark of their own
        ("做法\n准备材料：\nStep one\n42\n完", ["做法。", "准备材料：", "Step one.", "42。", "完"]),
        ("一  二\u3000三 ，四。", ["一 二 三，四。"]),
    ],
)
def test_cuts(text: str, pieces: list[str]) -> None:
    assert cut(text) == pieces


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("天空是蓝色的，", "天空是蓝色的，"),
        ("天空是蓝的。", "天空是蓝的。"),
        ("真的吗？", "真的吗？"),
        ("太好了！", "太好了！"),
        ("做法如下\n", "做法如下。"),
        ("Really?", "Really?"),
        ("Absolutely,", "Absolutely,"),
    ],
)
def test_a_mark_acts_without_waiting_for_the_next_character(text: str, piece: str) -> None:
    segmenter = Segmenter()
    assert segmenter.feed(text[:-1]) == []
    assert segmenter.feed(text[-1]) == [piece]
    assert segmenter.finish() == []


def test_a_dot_waits_for_what_follows() -> None:
    segmenter = Segmenter()
    assert segmenter.feed("It is 3.") == []
    assert segmenter.feed("14") == []
    assert segmenter.feed(". ") == ["It is 3.14."]


def test_without_marks_the_first_piece_is_bounded() -> None:
    text = "今天天气很好我们一起去公园里面散步吧然后再去吃一顿好吃的火锅最后回家睡觉"
    segmenter = Segmenter()
    assert segmenter.feed(text) == ["今天天气很好我们一起去公园里面散步吧然后再去吃一顿好吃的"]
    assert segmenter.finish() == ["火锅最后回家睡觉"]


@pytest.mark.parametrize(
    "whole", ["2024年12月31日23点59分", "13800138000", "3.1415926535", "https://example.com/a/b", "《一部，书》"]
)
@pytest.mark.parametrize("lead", range(0, 36, 3))
def test_a_forced_cut_tears_nothing(lead: int, whole: str) -> None:
    for text in ("天" * lead + whole + "地" * 40, "开始。" + "天" * (lead + 60) + whole + "地" * 100):
        pieces = cut(text)
        assert sum(whole in piece for piece in pieces) == 1, pieces
        assert "".join(pieces) == text


def test_long_sentences_are_cut_at_commas() -> None:
    clause = "这是一个很长很长的分句没有句号，"
    pieces = cut("开头。" + clause * 20)
    assert all(piece.endswith("，") and len(piece) <= 100 for piece in pieces[1:])
    assert len(pieces[1]) > 80


def test_an_english_forced_cut_keeps_words() -> None:
    text = "the sky appears blue because molecules in the air scatter blue light " * 5
    assert " ".join(cut(text)).split() == text.split()


def test_what_is_longer_than_the_limit_alone_is_cut_all_the_same() -> None:
    pieces = cut("a" * 250)
    assert "".join(pieces) == "a" * 250
    assert max(map(len, pieces)) <= 100


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="required"):
        Segmenter(first_max=200)


@pytest.mark.parametrize(
    ("raw", "pieces"),
    [
        ("", []),
        ("<think>只有想法", []),
        ("😀", []),
        ("推理过程</think>\n\n答案。", ["答案。"]),
        ("推理过程。更多</think>答案。", ["推理过程。", "答案。"]),
        ("</think>答案。", ["答案。"]),
        ("**好的。**\n\n1. **番茄**：2 个\n2. 盐 0.5 克\n", ["好的。", "1. 番茄：2 个。", "2. 盐 0.5 克。"]),
        ('他说："你好。"然后走了', ["他说：你好。", "然后走了"]),
        ("如下：\n```py\nx = 1\n```\n好了。", ["如下：", "代码略。", "好了。"]),
        ("详见 https://a.b/c?d=1.5。谢谢", ["详见 链接。", "谢谢"]),
        ("写一份申请书，请注意格式。", ["写一份申请书，", "请注意格式。"]),
    ],
)
def test_an_answer_as_spoken(raw: str, pieces: list[str]) -> None:
    assert speakable(raw) == pieces
    spoken = SpokenText()
    one_by_one = [piece for character in raw for piece in spoken.feed(character)]
    assert one_by_one + spoken.finish() == pieces
