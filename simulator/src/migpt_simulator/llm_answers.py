"""What the simulated model says: texts chosen by a part of the question, as a household asks them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CannedAnswer:
    """The text for every question that contains `match`."""

    match: str
    text: str


SKY = (
    "天空看起来是蓝色的，是因为阳光穿过大气层的时候发生了散射。我们看到的白色阳光，其实是由各种颜色的光组成的，其中蓝光的波长比较短。"
    "波长短的光更容易被空气里的小分子弹向四面八方。所以无论你往哪个方向看，都会有蓝光进入你的眼睛。"
    "到了傍晚，阳光要穿过更厚的空气，蓝光大多在路上散掉了。剩下的红光和橙光照到我们这里，就成了美丽的晚霞。"
)

DEFAULT_ANSWERS: tuple[CannedAnswer, ...] = (
    CannedAnswer("天是蓝", SKY),
    CannedAnswer("天空是蓝", SKY),
    CannedAnswer(
        "笑话",
        "有一天，小明问爸爸：“爸爸，我是不是很笨？”爸爸说：“不会啊，你为什么这么问？”"
        "小明说：“因为老师让我把脑袋带来，我却只带了书包。”",
    ),
    CannedAnswer(
        "故事",
        "很久以前，森林里住着一只爱睡觉的小熊。每到秋天，大家都忙着存粮食，只有他还在做梦。"
        "有一天，小松鼠送给他一颗会发光的种子。小熊把种子种在洞口，每天给它浇水，再也舍不得睡懒觉了。"
        "春天来的时候，洞口开满了金色的花。从那以后，森林里的动物都来找他看花，他有了好多朋友。",
    ),
    CannedAnswer(
        "番茄炒蛋",
        "先准备两个番茄和三个鸡蛋。鸡蛋加一点盐打散，番茄切成小块。锅里放油，油热了倒入蛋液，凝固后盛出来。"
        "再放一点油炒番茄，加半勺糖，炒出汁水。最后把鸡蛋倒回去，翻几下就可以出锅了。",
    ),
    CannedAnswer("圆周率", "圆周率大约是3.14159。它是圆的周长和直径的比，小数部分无穷无尽，也不循环。"),
    CannedAnswer("你是谁", "我是这个家里的智能助手，由大语言模型来回答你的问题。你可以问我知识，也可以让我讲故事。"),
    CannedAnswer("你好", "你好呀！很高兴和你聊天。今天想聊点什么呢？"),
    CannedAnswer(
        "markdown",
        "## 三个建议\n\n1. **早睡**：每天睡够*八小时*。😴\n2. 多喝水，大约 1.5 升；\n3. 看看[这篇文章](https://example.com/a?b=1)。\n\n"
        "```python\nprint('hi')\n```\n\n做到这些就很好了！🎉",
    ),
)

FALLBACK = (
    "这是一个很好的问题。我先说结论：大多数情况下，慢慢来就会有答案。如果你愿意多说一点细节，我可以给出更具体的建议。"
)
