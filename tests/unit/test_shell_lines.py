"""What a line of the shell means, and what it may go on with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migpt_cli.directory import KnownSpeaker
from migpt_cli.shell.completion import completions
from migpt_cli.shell.lines import COMMANDS, Command, NoCommand, Question, Unfinished, Verb, read_line, usage_of
from migpt_shared.messages import Address, SpeakerInfo

ENGLISH = ["help", "status", "select", "on", "off", "start", "stop", "quiet", "normal", "debug", "api_logs", "exit"]
CHINESE = ["帮助", "状态", "选择", "开", "关", "开始", "停止", "静默", "普通", "调试", "接口日志", "退出"]


def speaker(slug: str, name: str, household: str = "home") -> KnownSpeaker:
    info = SpeakerInfo(uid="0" * 12, name=name, hardware="LX06", area=None, device_tail="abcd")
    return KnownSpeaker(Address(household, slug), info)


KNOWN = [speaker("bedroom", "卧室小爱"), speaker("living_room", "客厅小爱")]


@pytest.mark.parametrize(("english", "chinese"), list(zip(ENGLISH, CHINESE, strict=True)))
def test_the_twelve_commands_in_both_languages(english: str, chinese: str) -> None:
    meant = Command(Verb(english))
    for word in (english, chinese, english.upper(), f"  {chinese} ", f"/{english}", f"/ {chinese}"):
        assert read_line(word) == meant


@pytest.mark.parametrize(
    "line",
    [
        "为什么天是蓝的", "stop smoking, how?", "on the road", "exit the building", "help me", "开灯", "关上窗户",
        "停止播放音乐", "说说你自己", "选择困难症怎么办", "status of the moon", "quiet please", "debug this",
        "sayonara", "退出江湖是什么意思",
    ],
)  # fmt: skip
def test_what_is_no_command_is_asked(line: str) -> None:
    assert read_line(line) == Question(line)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("say 晚饭好了", "晚饭好了"), ("说 晚饭好了", "晚饭好了"), ("说：晚饭好了", "晚饭好了"),
        ("SAY: dinner", "dinner"),
        ("/say stop", "stop"), ("说　全角空格", "全角空格"), ("say say it", "say it"), ("说: 你好：再见", "你好：再见"),
    ],
)  # fmt: skip
def test_say_speaks(line: str, text: str) -> None:
    assert read_line(line) == Command(Verb.SAY, text)


@pytest.mark.parametrize("line", ["say", "说", "说：", "/say", "say   "])
def test_say_without_a_text_is_unfinished_and_never_asked(line: str) -> None:
    assert read_line(line) == Unfinished(Verb.SAY)


def test_commands_with_an_argument() -> None:
    assert read_line("select 客厅 卧室") == Command(Verb.SELECT, "客厅 卧室")
    assert read_line("选择 all") == Command(Verb.SELECT, "all")
    assert read_line("api_logs 5") == Command(Verb.API_LOGS, "5")
    assert read_line("api_logs many") == Unfinished(Verb.API_LOGS)


@pytest.mark.parametrize("line", ["/selct 1", "/sotp", "/", "/开灯", "/stop now"])
def test_a_slash_is_never_asked(line: str) -> None:
    assert isinstance(read_line(line), NoCommand)


@pytest.mark.parametrize("line", ["", "  ", "\t", "　"])
def test_an_empty_line_is_nothing(line: str) -> None:
    assert read_line(line) is None


@given(st.text())
def test_every_line_means_something_and_loses_no_text(line: str) -> None:
    meaning = read_line(line)
    if isinstance(meaning, Question):
        assert meaning.text == line.strip()
    elif isinstance(meaning, Command) and meaning.argument:
        assert meaning.argument in line
    assert (meaning is None) == (not line.strip())


def test_every_command_is_described_in_both_languages() -> None:
    assert set(COMMANDS) == set(Verb)
    words = [word for described in COMMANDS.values() for word in described.words]
    assert len(words) == len(set(words))
    for verb, described in COMMANDS.items():
        assert described.words[0] == verb
        assert usage_of(verb).in_("zh").startswith(described.words[1])
        assert usage_of(verb).in_("en").startswith(described.words[0])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("st", ["status", "start", "stop"]),
        ("/st", ["/status", "/start", "/stop"]),
        ("状", ["状态"]),
        ("", []),
        ("select ", ["卧室小爱", "bedroom", "客厅小爱", "living_room", "all"]),
        ("select l", ["living_room"]),
        ("选择 客厅小爱 ", ["卧室小爱", "bedroom", "living_room", "all"]),
        ("say l", []),
        ("为什么 ", []),
    ],
)
def test_completion(line: str, expected: list[str]) -> None:
    assert [word for word, _ in completions(line, KNOWN, "zh")] == expected
