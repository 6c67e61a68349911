"""What a line means: one of the commands, or a question; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from migpt_shared.language import Phrase


class Verb(StrEnum):
    """The commands, by their English names."""

    HELP = "help"
    STATUS = "status"
    SELECT = "select"
    ON = "on"
    OFF = "off"
    START = "start"
    STOP = "stop"
    SAY = "say"
    QUIET = "quiet"
    NORMAL = "normal"
    DEBUG = "debug"
    API_LOGS = "api_logs"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Described:
    """How a command is written and what it does. `words`: the English one, the Chinese one, then others."""

    words: tuple[str, ...]
    about: Phrase
    usage: Phrase | None = None
    """what follows the word; None: nothing may"""
    needs_argument: bool = False


COMMANDS: dict[Verb, Described] = {
    Verb.HELP: Described(("help", "帮助", "?"), Phrase(zh="显示这些命令", en="show these commands")),
    Verb.STATUS: Described(
        ("status", "状态"), Phrase(zh="服务、账号和音箱的状态", en="services, accounts and speakers as they are")
    ),
    Verb.SELECT: Described(
        ("select", "选择"),
        Phrase(zh="选择音箱，可多选", en="choose speakers, several too"),
        Phrase(zh="1 3｜客厅 卧室｜all（全部）", en="1 3 | kitchen bedroom | all"),
    ),
    Verb.ON: Described(("on", "开"), Phrase(zh="打开 AI", en="switch the AI on")),
    Verb.OFF: Described(("off", "关"), Phrase(zh="关闭 AI，全部留给小爱", en="switch the AI off; XiaoAI answers")),
    Verb.START: Described(
        ("start", "开始"), Phrase(zh="唤醒音箱，让它开始听", en="wake the speaker, so that it listens")
    ),
    Verb.STOP: Described(
        ("stop", "停止", "停", "闭嘴"), Phrase(zh="马上停下正在说的", en="end what is being spoken, at once")
    ),
    Verb.SAY: Described(
        ("say", "说"),
        Phrase(zh="照原样说一句话", en="speak a text as it is"),
        Phrase(zh="晚饭好了", en="dinner is ready"),
        needs_argument=True,
    ),
    Verb.QUIET: Described(
        ("quiet", "静默"), Phrase(zh="只显示自己的回答和出错", en="show only your own answers, and what fails")
    ),
    Verb.NORMAL: Described(("normal", "普通"), Phrase(zh="显示每一轮对话", en="show every turn")),
    Verb.DEBUG: Described(("debug", "调试"), Phrase(zh="显示所有步骤和消息", en="show every step and message")),
    Verb.API_LOGS: Described(
        ("api_logs", "接口日志"),
        Phrase(
            zh="最近的大模型请求：谁问的、多久、结果", en="the last requests to models: who asked, how long, result"
        ),
        Phrase(zh="[条数]", en="[how many]"),
    ),
    Verb.EXIT: Described(("exit", "退出", "quit"), Phrase(zh="离开（Ctrl+D 也行）", en="leave (Ctrl+D does too)")),
}

_BY_WORD = {word: verb for verb, described in COMMANDS.items() for word in described.words}
#: After a word that takes a text, a colon does as well as a space: 说：晚饭好了.
_WITH_TEXT = re.compile(r"^(\S+?)(?:\s*[:：]\s*|\s+)(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command to obey; `argument` is empty where nothing was given."""

    verb: Verb
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A line to be asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A command that lacks what it needs."""

    verb: Verb


@dataclass(frozen=True, slots=True)
class NoCommand:
    """A line that was meant as a command, by its slash, and is none."""

    word: str


Line = Command | Question | Unfinished | NoCommand


def read_line(line: str) -> Line | None:
    """The meaning of a line; None: nothing was written.

    A command must be the whole line, so that "stop smoking, how?" is a question; those with an argument begin with
    their word. With a slash before it, a line can be nothing but a command.
    """
    text = line.strip()
    if not text:
        return None
    is_meant = text.startswith("/")
    written = text[1:].strip() if is_meant else text
    verb = _BY_WORD.get(written.lower())
    if verb is not None:
        return Unfinished(verb) if COMMANDS[verb].needs_argument else Command(verb)
    if (found := _WITH_TEXT.match(written)) is not None:
        verb, argument = _BY_WORD.get(found[1].lower()), found[2].strip()
        if verb is not None and COMMANDS[verb].usage is not None:
            if verb is Verb.API_LOGS and not argument.isdecimal():
                return Unfinished(verb)
            return Command(verb, argument) if argument else Unfinished(verb)
    if is_meant:
        return NoCommand(written.split()[0] if written else "")
    return Question(text)


def usage_of(verb: Verb) -> Phrase:
    """How the command is written, in both languages."""
    described = COMMANDS[verb]
    english, chinese = described.words[:2]
    if described.usage is None:
        return Phrase(zh=chinese, en=english)
    return Phrase(zh=f"{chinese} {described.usage.in_('zh')}", en=f"{english} {described.usage.in_('en')}")
