"""What a visitor of the demo types."""

from __future__ import annotations

import pytest

from migpt_cli.demo.spoken_line import SpokenLine, spoken_line, wants_to_leave
from migpt_cli.problem import ProblemError


@pytest.mark.parametrize(
    ("typed", "speaker", "text"),
    [
        ("为什么天是蓝的", "living_room", "为什么天是蓝的"),
        ("卧室：讲个故事", "bedroom", "讲个故事"),
        ("卧室: 讲个故事\n", "bedroom", "讲个故事"),
        ("卧室小爱：你好", "bedroom", "你好"),
        ("@bedroom 你好", "bedroom", "你好"),
        ("@卧室：你好", "bedroom", "你好"),
        ("翻译：你好", "living_room", "翻译：你好"),
        ("几点了：30", "living_room", "几点了：30"),
    ],
)
def test_an_utterance_and_its_speaker(typed: str, speaker: str, text: str) -> None:
    assert spoken_line(typed, "living_room", "zh") == SpokenLine(speaker, text)


def test_english_names() -> None:
    assert spoken_line("Bedroom: tell me a story", "living_room", "en") == SpokenLine("bedroom", "tell me a story")


def test_nothing_typed_says_nothing() -> None:
    assert spoken_line("  \n", "living_room", "zh") is None


@pytest.mark.parametrize("typed", ["@kitchen 你好", "@bedroom", "@bedroom   "])
def test_a_wrong_address_is_an_error_and_is_not_said(typed: str) -> None:
    with pytest.raises(ProblemError):
        spoken_line(typed, "living_room", "zh")


def test_leaving() -> None:
    assert wants_to_leave(" 退出 ")
    assert wants_to_leave("QUIT")
    assert not wants_to_leave("退出高级对话")
