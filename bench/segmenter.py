"""How fast an answer becomes sentences: cleaner and segmenter together, in megabytes of UTF-8 a second.

Run: python bench/segmenter.py. Exits 1 when a figure is below the bar of 1 MB/s.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator

from migpt_brain.spoken_text import SpokenText

BAR_MB_S = 1.0
ROUNDS = 5

CHINESE = (
    "天空看起来是蓝色的，是因为大气中的分子会散射阳光。阳光由各种颜色的光组成，其中蓝光的波长较短，"
    "更容易被散射到四面八方，所以我们抬头时，看到的就是一片蓝色。到了傍晚，阳光要穿过更厚的大气层，"
    "蓝光大多已经散失，剩下的红光和橙光就把天边染成了晚霞。据测算，蓝光的散射强度大约是红光的5.5倍！"
    "这种现象叫做瑞利散射，由英国物理学家在1871年提出。你还想了解彩虹是怎么形成的吗？\n"
)
MARKDOWN = (
    "## 做法\n\n**准备**：番茄 2 个、鸡蛋 3 个、盐 `1/2` 小匙。\n\n"
    "1. **打蛋**：把鸡蛋*打散*，加一点盐；\n2. 热锅凉油，油温约 160~180℃；\n"
    "3. 详见 [菜谱](https://example.com/recipes?id=42&lang=zh)，或 https://example.com/video.html。\n\n"
    "| 材料 | 用量 |\n|---|---|\n| 番茄 | 2 个 |\n\n"
    '- 😀 小贴士："出锅前"加葱花——更香！\n- 火候很重要，大约 3.5 分钟 → 起锅。\n\n---\n\n'
    "其中 $x^2 + y^2 \\leq 1$。<br>\n"
)
ENGLISH = (
    "The sky looks blue because molecules in the air scatter sunlight. Blue light has a shorter wavelength, so it's "
    "scattered more strongly, about 5.5 times as much as red light. At sunset, e.g. around 7:30 p.m., light travels "
    "through much more air, and most of the blue is gone; what's left is orange and red. Would you like to know how "
    "a rainbow forms?\n"
)


def _pieces(text: str, sizes: range | None) -> Iterator[str]:
    if sizes is None:
        yield from (text[at : at + 65536] for at in range(0, len(text), 65536))
        return
    random_sizes = random.Random(7)
    at = 0
    while at < len(text):
        size = random_sizes.choice(sizes)
        yield text[at : at + size]
        at += size


def _megabytes_a_second(sample: str, sizes: range | None) -> float:
    """The median of some rounds over about 1 MB in answers of 4 KB, the size of a long spoken answer."""
    answer = sample * (4096 // len(sample.encode()) + 1)
    fed = list(_pieces(answer, sizes))
    answers = 1_000_000 // len(answer.encode())
    speeds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(answers):
            spoken = SpokenText()
            for piece in fed:
                spoken.feed(piece)
            spoken.finish()
        speeds.append(answers * len(answer.encode()) / 1e6 / (time.perf_counter() - began))
    return sorted(speeds)[ROUNDS // 2]


def main() -> int:
    slowest = float("inf")
    print(f"{'MB/s':<16}{'3-6 characters':>16}{'whole':>10}")
    for name, sample in (("Chinese prose", CHINESE), ("markdown", MARKDOWN), ("English prose", ENGLISH)):
        in_tokens, whole = _megabytes_a_second(sample, range(3, 7)), _megabytes_a_second(sample, None)
        slowest = min(slowest, in_tokens, whole)
        print(f"{name:<16}{in_tokens:>16.2f}{whole:>10.2f}")
    return 0 if slowest >= BAR_MB_S else 1


if __name__ == "__main__":
    sys.exit(main())
