"""Properties of cleaner and segmenter that hold for any text in any pieces."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from migpt_brain.cleaner import Cleaner
from migpt_brain.segmenter import Segmenter
from migpt_brain.spoken_text import SpokenText

_ALNUM = re.compile(r"[^\W_]")

_FRAGMENTS = [
    *"天空是蓝的，。！？；：、…—～（）《》“”‘’\"'*_`#~<>[](){}|\\/$^&=+-.,:;!?@% \n\t\r\u3000😀️\x18\x1f\x85",
    *"0123456789abhtpwsxyzABC", "\n- ", "\n1. ", "\n# ", "\n> ", "\n| a | b |\n", "|---|", "\n---\n", "\n- [x] ",
    "```", "\n```py\n", "\n```\n", "**", "~~", "~~~", "https://", "http://a.b/c?d=1.", "www.", "www.a.com",
    "foo@bar.com", "[", "](", "[文](http://x.y)", "![图](a.png)", "[1]", "[^1]", "<think>", "</think>", "<br>", "<b>",
    "</b>", "<a href='", "<!--", "-->", "<|", "|>", "<｜tool▁call▁begin｜>", "<tool_call>", "</tool_call>", "<https://",
    "&amp;", "&#", '{"name": ', "}}", "\\frac{1}{2}", "\\(", "^{2}", "3.14", "1,000", "12:30", "3.5%", "192.168.1.1",
    "2024-05-01", "Mr. ", "U.S. ", "e.g. ", "……", "——", "。”", "！”", "2、", "（3）", "don't", "1️⃣", "申请书",
    "这是一段没有标点的比较长的文字用来触发强制切分的规则",
]  # fmt: skip
_texts = st.lists(st.one_of(st.sampled_from(_FRAGMENTS), st.text(max_size=4)), max_size=40).map("".join)
#: Text without any construct that is taken out.
_PLAIN_FRAGMENTS = [
    *"天空是蓝的我们今天，。！？；：、…（）《》,;: 0123456789abcXYZ\n",
    *("3.14", "1,000", "12:30", "3.5%", "\n1. ", "。\n", "苹果"),
]
_plain = st.lists(st.sampled_from(_PLAIN_FRAGMENTS), max_size=150).map("".join)


def _cut_up(text: str, sizes: list[int]) -> list[str]:
    pieces, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        pieces.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


_sizes = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def _spoken(pieces: list[str]) -> list[str]:
    spoken = SpokenText()
    return [sentence for piece in pieces for sentence in spoken.feed(piece)] + spoken.finish()


def _cut(pieces: list[str]) -> list[str]:
    segmenter = Segmenter()
    return [sentence for piece in pieces for sentence in segmenter.feed(piece)] + segmenter.finish()


def _cleaned(pieces: list[str]) -> str:
    cleaner = Cleaner()
    return ("".join(map(cleaner.feed, pieces)) + cleaner.finish()).rstrip("\n")


@given(_texts, _sizes)
@settings(max_examples=1500, deadline=None)
@example("h" * 3, [1])
@example("~~~a\n", [1])
def test_the_cleaner_does_not_depend_on_the_pieces(text: str, sizes: list[int]) -> None:
    assert _cleaned(_cut_up(text, sizes)) == _cleaned([text])


@given(_texts, _sizes)
@settings(max_examples=1500, deadline=None)
def test_the_segmenter_does_not_depend_on_the_pieces(text: str, sizes: list[int]) -> None:
    assert _cut(_cut_up(text, sizes)) == _cut([text])


@given(_texts, _sizes)
@settings(max_examples=1000, deadline=None)
def test_what_is_spoken_does_not_depend_on_the_pieces(text: str, sizes: list[int]) -> None:
    assert _spoken(_cut_up(text, sizes)) == _spoken([text])


@given(_texts)
@settings(max_examples=800, deadline=None)
def test_every_piece_can_be_spoken_and_none_is_too_long(text: str) -> None:
    for sentence in (*_spoken([text]), *_cut([text])):
        assert _ALNUM.search(sentence)
        assert len(sentence) <= 100
        assert sentence == sentence.strip()
        assert "\n" not in sentence


@given(_texts.map(lambda text: text.replace("\x18", "")))
@settings(max_examples=800, deadline=None)
def test_the_segmenter_loses_no_letter_and_no_digit(text: str) -> None:
    assert _ALNUM.findall("".join(_cut([text]))) == _ALNUM.findall(text)


@given(_plain)
@settings(max_examples=800, deadline=None)
def test_of_plain_text_nothing_is_lost(text: str) -> None:
    assert _ALNUM.findall("".join(_spoken([text]))) == _ALNUM.findall(text)


@given(_plain)
@settings(max_examples=800, deadline=None)
def test_only_the_last_piece_may_have_a_single_character(text: str) -> None:
    assert all(len(_ALNUM.findall(sentence)) >= 2 for sentence in _spoken([text])[:-1])


_WHOLE = re.compile(r"[0-9]+(?:[.,:/-][0-9]+)+%?|https?://[a-z./?=0-9]+[a-z0-9]|[a-z.]+@[a-z.]+[a-z]")
_with_wholes = st.lists(
    st.sampled_from(
        ["天空是蓝的", "所以", "，", "。", "的", " ", "今天", "3.14", "1,000", "12:30", "3.5%", "192.168.1.1",
         "2024-05-01", "https://a.com/b.html?c=1", "foo.bar@x.com.cn"]
    ),
    max_size=60,
).map("和".join)  # fmt: skip


@given(_with_wholes)
@settings(max_examples=800, deadline=None)
def test_numbers_and_addresses_stay_whole(text: str) -> None:
    wholes = [whole for piece in _cut([text]) for whole in _WHOLE.findall(piece)]
    assert wholes == _WHOLE.findall(text)
