"""Commands and settings that anyone may send, and the results that answer them.

Plain text or JSON: JSON if, after white space, the payload begins with `{"` or is `{}`; else text, one trailing
newline removed.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from migpt_shared.messages.answering import Mode, Target
from migpt_shared.messages.envelope import Command, Message, UlidText
from migpt_shared.messages.hearing import Source
from migpt_shared.messages.topics import Channel

_COMMAND_EXPIRES_S = 30


def _do(verb: str) -> Channel:
    return Channel(f"{{household}}/{{speaker}}/do/{verb}", expires_s=_COMMAND_EXPIRES_S)


def _set(name: str) -> Channel:
    return Channel(f"{{household}}/{{speaker}}/set/{name}")


class Say(Command):
    """Speak this text verbatim."""

    channel: ClassVar = _do("say")
    example: ClassVar[dict[str, Any]] = {"text": "晚饭好了", "priority": "notice", "volume": 40}
    plain: ClassVar[str | None] = "text"
    owners: ClassVar[tuple[str, ...]] = ("speaker",)

    text: str = Field(min_length=1, max_length=8000, description="what to speak")
    priority: Literal["alarm", "reply", "notice"] = Field(default="notice", description="alarm > reply > notice")
    volume: int | None = Field(default=None, ge=0, le=100, description="volume for this message; restored afterwards")
    expires_s: float | None = Field(default=None, gt=0, le=86400, description="not spoken when older than this")
    repeat: int = Field(default=1, ge=1, le=20, description="how many times it is spoken")


class Ask(Command):
    """Treat this as if it had been heard."""

    channel: ClassVar = _do("ask")
    example: ClassVar[dict[str, Any]] = {"text": "讲个冷笑话", "speak": True}
    plain: ClassVar[str | None] = "text"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    text: str = Field(min_length=1, max_length=8000, description="the question")
    speak: bool = Field(default=True, description="false: the answer goes to reply/{src}/{id} instead of the speaker")
    preset: str | None = Field(default=None, description="language model configuration for this question alone")
    messages: list[dict[str, str]] = Field(
        default_factory=list, description='earlier conversation to use instead of the memory: {"role", "content"}'
    )
    user: str | None = Field(default=None, max_length=200, description="who asks")
    source: Source = Field(default="mqtt", description="where the question came from")


class AskUser(Command):
    """Ask the person at the speaker this.

    The result comes once the person has answered or will not any more. Its `value` holds `outcome` (choice, free: any
    answer to a question without choices, none: none of the choices, timeout, not_asked, replaced: by another question,
    given_up: the brain ends), `choice`, `text` (what was said) and `question`; `ok` is true for the first two.
    """

    channel: ClassVar = _do("ask_user")
    example: ClassVar[dict[str, Any]] = {"question": "要关灯吗", "choices": ["要", "不要"], "timeout_s": 20}
    plain: ClassVar[str | None] = "question"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    question: str = Field(min_length=1, max_length=500, description="what to ask")
    choices: list[str] = Field(
        default_factory=list,
        description="the answers to choose from, also by number or in other words; empty: any answer",
    )
    timeout_s: float = Field(
        default=20, gt=0, le=300, description="how long to wait for the answer once the question was heard, seconds"
    )


class Stop(Command):
    """End the current answer: the model's stream, its queue and the playback."""

    channel: ClassVar = _do("stop")
    example: ClassVar[dict[str, Any]] = {}
    owners: ClassVar[tuple[str, ...]] = ("brain", "speaker")


class Native(Command):
    """Let XiaoAI execute this text as if it had been spoken."""

    channel: ClassVar = _do("native")
    example: ClassVar[dict[str, Any]] = {"text": "播放周杰伦的歌"}
    plain: ClassVar[str | None] = "text"
    owners: ClassVar[tuple[str, ...]] = ("speaker",)

    text: str = Field(min_length=1, max_length=8000, description="what to execute")
    silent: bool = Field(default=False, description="without XiaoAI's spoken confirmation")


class Wake(Command):
    """Wake XiaoAI up, as if its name had been said."""

    channel: ClassVar = _do("wake")
    example: ClassVar[dict[str, Any]] = {}
    owners: ClassVar[tuple[str, ...]] = ("speaker",)


class Play(Command):
    """Go on playing the media that was paused."""

    channel: ClassVar = _do("play")
    example: ClassVar[dict[str, Any]] = {}
    owners: ClassVar[tuple[str, ...]] = ("speaker",)


class Pause(Command):
    """Pause the media that plays."""

    channel: ClassVar = _do("pause")
    example: ClassVar[dict[str, Any]] = {}
    owners: ClassVar[tuple[str, ...]] = ("speaker",)


class Correct(Command):
    """The last utterance should have gone there."""

    channel: ClassVar = _do("correct")
    example: ClassVar[dict[str, Any]] = {"target": "llm"}
    plain: ClassVar[str | None] = "target"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    target: Target = Field(description="who should have answered")


class Forget(Command):
    """Forget the last exchange, the conversation, or all of it (the broker's retained turn included)."""

    channel: ClassVar = _do("forget")
    example: ClassVar[dict[str, Any]] = {"what": "conversation"}
    plain: ClassVar[str | None] = "what"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    what: Literal["last", "conversation", "all"] = Field(description="how much to forget")


class Login(Command):
    """Leave the cool-down, read the token store again and try to log in once."""

    channel: ClassVar = Channel("{household}/do/login", expires_s=_COMMAND_EXPIRES_S)
    example: ClassVar[dict[str, Any]] = {}
    owners: ClassVar[tuple[str, ...]] = ("poller", "speaker")


def _switch(value: object) -> object:
    """`on`/`off` in any case; JSON true/false pass through. Nothing else is taken for a switch."""
    if isinstance(value, str):
        states = {"on": True, "off": False}
        if value.strip().lower() not in states:
            raise ValueError("must be on or off")
        return states[value.strip().lower()]
    if not isinstance(value, bool):
        raise ValueError("must be on or off")  # noqa: TRY004 - a validation error, not a programming error
    return value


def _lowered(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _value(alias: str) -> AliasChoices:
    return AliasChoices("value", alias)


class SetAi(Command):
    """The AI switch."""

    channel: ClassVar = _set("ai")
    example: ClassVar[dict[str, Any]] = {"value": "on"}
    plain: ClassVar[str | None] = "value"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    value: Annotated[bool, BeforeValidator(_switch, json_schema_input_type=bool | Literal["on", "off"])] = Field(
        validation_alias=_value("ai"), description="on or off"
    )


class SetMode(Command):
    """Who answers what no keyword decides."""

    channel: ClassVar = _set("mode")
    example: ClassVar[dict[str, Any]] = {"value": "auto"}
    plain: ClassVar[str | None] = "value"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    value: Annotated[Mode, BeforeValidator(_lowered)] = Field(
        validation_alias=_value("mode"), description="auto, ai or native"
    )


class SetPreset(Command):
    """Choose the language model configuration."""

    channel: ClassVar = _set("preset")
    example: ClassVar[dict[str, Any]] = {"value": "deepseek"}
    plain: ClassVar[str | None] = "value"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    value: str = Field(min_length=1, max_length=64, validation_alias=_value("preset"), description="name of a preset")


class SetPersona(Command):
    """Choose the persona."""

    channel: ClassVar = _set("persona")
    example: ClassVar[dict[str, Any]] = {"value": "storyteller"}
    plain: ClassVar[str | None] = "value"
    owners: ClassVar[tuple[str, ...]] = ("brain",)

    value: str = Field(min_length=1, max_length=64, validation_alias=_value("persona"), description="name of a persona")


class SetVolume(Command):
    """Volume of the speaker in percent."""

    channel: ClassVar = _set("volume")
    example: ClassVar[dict[str, Any]] = {"value": 35}
    plain: ClassVar[str | None] = "value"
    owners: ClassVar[tuple[str, ...]] = ("speaker",)

    value: int = Field(ge=0, le=100, validation_alias=_value("volume"), description="0 to 100")


class Result(Message):
    """What became of a command."""

    channel: ClassVar = Channel("{household}/{speaker}/result")
    example: ClassVar[dict[str, Any]] = {"request": "01K9ZJ5VX0Q3M7C2T5P8R1D4FA", "ok": True, "value": None}

    request: UlidText | None = Field(description="id of the command; null when the command had none that could be read")
    ok: bool = Field(description="it was done")
    error: str | None = Field(default=None, description="why it was not, and what to do")
    value: Any = Field(default=None, description="what the command returned, if it returns something")


COMMANDS: tuple[type[Command], ...] = (
    Say, Ask, AskUser, Stop, Native, Wake, Play, Pause, Correct, Forget, Login,
    SetAi, SetMode, SetPreset, SetPersona, SetVolume,
)  # fmt: skip
