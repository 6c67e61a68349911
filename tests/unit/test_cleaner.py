"""The cleaner: what is written becomes what can be said, whatever the pieces it comes in."""

from __future__ import annotations

import re
import sys

import pytest

from migpt_brain import written_forms
from migpt_brain.cleaner import Cleaner
from migpt_shared.language import Language


def clean(text: str, language: Language = "zh") -> str:
    """Cleans `text` fed whole, and asserts that single characters and odd pieces give the same."""
    results = []
    for size in (len(text) or 1, 1, 2, 5):
        cleaner = Cleaner(language)
        given = [cleaner.feed(text[at : at + size]) for at in range(0, len(text), size)]
        results.append("".join(given) + cleaner.finish())
    # Fed whole, a newline at the end was given out before the end was known.
    assert len({result.rstrip("\n") for result in results}) == 1, results
    return re.sub(" +", " ", results[0]).strip()


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("天是蓝的。", "天是蓝的。"),
        # headings, emphasis, code, rules
        ("# 标题\n## 小标题 ##\n正文", "标题\n小标题 \n正文"),
        ("#标题\n正文", "标题\n正文"),
        ("**粗**和*斜*、__粗__和_斜_、~~删~~、***都***", "粗和斜、粗和斜、删、都"),
        ("用`print`打印", "用print打印"),
        ("```print('好')``` 会打印", "print(好) 会打印"),
        ("上\n\n---\n\n***\n\n* * *\n===\n下", "上\n下"),
        ("标题\n====\n正文", "标题\n正文"),
        # lists and quotes
        ("- 苹果\n* 香蕉\n+ 梨\n• 桃\n  - 李", "苹果\n香蕉\n梨\n桃\n李"),
        ("1. 一\n2. 二\n3) 三\n4、四\n（5）五", "1. 一\n2. 二\n3) 三\n4、四\n（5）五"),
        ("1\\. 一", "1. 一"),
        ("- [x] 做完\n- [ ] 没做", "做完\n没做"),
        ("> 引用\n> > 深处\n> - **点**", "引用\n深处\n点"),
        ("-5度到+3度", "-5度到+3度"),
        ("气温\n-5度", "气温\n-5度"),
        # tables
        ("| 名 | 量 |\n|:--|--:|\n| 番茄 | 2 个 |\n", "名 ，量 \n番茄 ，2 个"),
        ("名|量\n---|---\n盐|1", "名，量\n盐，1"),
        # links, images, URLs, citations
        ("看[百科](https://zh.wikipedia.org/wiki/天空)吧", "看百科吧"),
        ('看[百科](https://a.b/c_(d) "题")吧', "看百科吧"),
        ("看[这里](/docs/a.html)和[那里](#top)和[a](b.html)", "看这里和那里和a"),
        ("数组[1](见下文)，约[一半](1.5米)", "数组1(见下文)，约一半(1.5米)"),
        ("如图![彩虹](https://a.b/c.png)所示", "如图所示"),
        ("太好了![笑]", "太好了!笑"),
        ("详见https://a.com/b?c=1&d=2。还有 www.baidu.com，以及http://x.y/z).", "详见链接。还有 链接，以及链接)."),
        ("用http和https，awww.", "用http和https，awww."),
        ("https和http", "https和http"),
        ("写信给foo.bar@x.com.cn", "写信给foo.bar@x.com.cn"),
        ("<https://a.b/c>和<foo@x.com>", "链接和foo@x.com"),
        ("天是蓝的[1][23]。[^2]好[citation:3]", "天是蓝的。好"),
        ("[1] 第一条，a[0]", "1 第一条，a0"),
        # HTML
        ('一<br>二<br/>三<p>四</p><b>粗</b><span style="color: red">红</span>', "一\n二\n三\n四\n粗红"),
        ("<!-- 注释 -->好<!DOCTYPE html>的", "好的"),
        ("A&amp;B&nbsp;&lt;3 &quot;好&quot; AT&T", "A&B 小于3 好 AT&T"),
        ("List<String>和<名>", "List String 和小于名"),
        ("<img src='a.png' alt='图'>好", "好"),
        # emoji and pictures
        ("你好😀世界👨‍👩‍👧‍👦！❤️👍🏽🇨🇳✅★", "你好世界！"),
        ("1️⃣打开2️⃣关上", "1打开2关上"),
        ("25℃，№3，①②，½，中文𠮷，Ω，é", "25℃，№3，①②，½，中文𠮷，Ω，é"),
        # quotes, spaces, control characters
        ('他说"你好"，“再见”，「好」', "他说你好，再见，好"),
        ("don't，it’s，'引用'，‘引用’，James' book", "don't，it's，引用，引用，James book"),
        ("一\u3000二\xa0三\t四", "一 二 三 四"),
        ("一\u200b二\ufeff三\x07四\x00五\r\n六\ud800七", "一二三四五\n六七"),
        ("一\u2028二\n\n\n三", "一\n二\n三"),
        # repeated punctuation, dashes, arrows
        ("好！！！真的吗？？嗯……等等。。。那个，，，", "好！真的吗？嗯…等等。那个，"),
        ("wait... ok", "wait. ok"),
        ("他来了——真的--是", "他来了，真的，是"),
        ("A→B，a->b，c=>d，设置 > 通用 > 关于", "A，B，a，b，c，d，设置 ，通用 ，关于"),
        # numbers and formulas
        ("2*3=6，2 * 3，(1)*(2)", "2×3=6，2 × 3，(1)×(2)"),
        ("3~5个，10%~20%，1999—2001，好的~", "3到5个，10%到20%，1999到2001，好的"),
        ("3 < 5，x<=3，y>=4，a>b，5 > 3", "3 小于 5，x小于等于3，y大于等于4，a大于b，5 大于3"),
        ("$5和$x^2$，$$y^{3}$$，x^n，2^{10}", "$5和x的平方，y的立方，x的n次方，2的10次方"),
        ("\\(\\frac{1}{2}\\)，\\[a \\leq b\\]，30^\\circ，\\alpha，\\text{米}", "1/2，a 小于等于 b，30度，alpha，米"),
        ("C#，snake_case，__init__，____", "C#，snake case，init，"),
        ("3.14、1,000、12:30、3.5%、192.168.1.1", "3.14、1,000、12:30、3.5%、192.168.1.1"),
    ],
)
def test_cleans(written: str, spoken: str) -> None:
    assert clean(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("<think>想一想\n1. 先…</think>\n\n答案是42。", "答案是42。"),
        ("<thinking>a < b > c</thinking>好", "好"),
        ("<THINK>嗯</Think>好", "好"),
        ("<think></think>好", "好"),
        ("答案。<think>没有写完的想法", "答案。"),
        ("<think>没有写完的想法", ""),
        ("</think>好", "\x18好"),
        ("想想看</think>好", "想想看\x18好"),
        ("用`<think>`标签", "用"),
        ('<tool_call>{"name": "f"}</tool_call>好', "好"),
        ("<function=get>{}</function>好<|im_end|>", "好"),
        ("<｜tool▁calls▁begin｜>f<｜tool▁calls▁end｜>好", "好"),
        ('{"name": "get_weather", "arguments": {"city": "北京}"}}\n今天晴。', "今天晴。"),
        ('{"name": "没有写完', ""),
        ("{好}", "好"),
    ],
)
def test_reasoning_and_tool_calls_are_not_spoken(written: str, spoken: str) -> None:
    assert clean(written) == spoken


def test_code_is_named_once() -> None:
    text = "如下：\n```python\nprint('😀')\n# 注释\n```\n或者\n  ```\n  x\n  ```\n~~~sh\nls\n~~~\n完。"
    assert clean(text) == "如下：\n代码略。\n或者\n完。"
    assert clean(text, "en") == "如下：\nThe code is left out.\n或者\n完。"


def test_code_that_never_ends_is_not_spoken() -> None:
    assert clean("如下：\n```\nprint(1)\n") == "如下：\n代码略。"


def test_english_words_for_marks() -> None:
    assert (
        clean("3~5, x^2, a <= b, see https://a.b.", "en") == "3 to 5, x squared, a less than or equal to b, see link."
    )


@pytest.mark.parametrize(
    "ordinary", ["天", "为什么", "第一，", "好。", "你好！", "Sure!", "1", "（", "《红楼梦》", "3.", "…"]
)
def test_ordinary_text_is_given_out_at_once(ordinary: str) -> None:
    cleaner = Cleaner()
    assert cleaner.feed(ordinary) == ordinary


def test_a_link_that_never_ends_does_not_grow() -> None:
    cleaner = Cleaner()
    text = "好[图](data:image/png;base64," + "A" * 100_000
    spoken = "".join(cleaner.feed(text[at : at + 5]) for at in range(0, len(text), 5))
    assert spoken == "好图"
    assert cleaner.feed(")吧") == "吧"


def test_a_url_that_never_ends_does_not_grow() -> None:
    assert clean("看https://a.b/" + "x" * 5000 + "吧") == "看链接吧"


def test_no_letter_or_digit_is_taken_for_a_picture() -> None:
    pictures = re.compile(f"[{written_forms.PICTURES}{written_forms.INVISIBLE}{written_forms.ARROWS}]")
    lost = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isalnum() and pictures.match(chr(code))]
    assert lost == ["ℹ"]  # in use only as a picture
