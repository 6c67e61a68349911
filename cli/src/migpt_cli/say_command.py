"""`migpt say`: speak a text through a speaker, or through all."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, SpeakerOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, say_err, say_out
from migpt_cli.wording import words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_cli.directory import KnownSpeaker
    from migpt_shared.messages import Result, Say
    from migpt_shared.settings import Settings

#: Slow speech, and the longest that a busy speaker is waited for.
_SECONDS_PER_CHARACTER = 0.4
_PATIENCE_S = 45.0

_DONE = Phrase(zh="{speaker}：好了", en="{speaker}: done")
_REFUSED = Phrase(zh="{speaker}：没有做到：{error}", en="{speaker}: not done: {error}")
_UNSERVED = Phrase(
    zh="{speaker}：没有服务负责它说话（speaker 服务没有运行？）",
    en="{speaker}: no service speaks through it (does the speaker service run?)",
)
_SILENT = Phrase(
    zh="{speaker}：没有应答，speaker 服务在运行吗？", en="{speaker}: no answer; does the speaker service run?"
)


class Priority(StrEnum):
    ALARM = "alarm"
    REPLY = "reply"
    NOTICE = "notice"


@ends_properly
def say(
    text: Annotated[str, typer.Argument(help=words("要说的话", "what to speak"))],
    speaker: SpeakerOption = None,
    volume: Annotated[
        int | None,
        typer.Option(
            min=0, max=100, help=words("只对这句话生效的音量", "volume for this message; restored afterwards")
        ),
    ] = None,
    priority: Annotated[
        Priority, typer.Option(help=words("优先级：alarm > reply > notice", "priority: alarm > reply > notice"))
    ] = Priority.NOTICE,
    config: ConfigOption = None,
) -> int:
    from migpt_cli.validated import command_from
    from migpt_shared.messages import Say

    message = command_from(Say, text=text, volume=volume, priority=priority.value)
    return asyncio.run(_say(settings_with_broker(config), message, speaker))


async def _say(settings: Settings, message: Say, wanted: str | None) -> int:
    from migpt_cli.connection import connect_to
    from migpt_cli.directory import DIRECTORY, choose_speakers, read_directory
    from migpt_shared.bus import Subscription
    from migpt_shared.messages import Result

    async with connect_to(settings, [*DIRECTORY, Subscription(Result)]) as connection:
        target, reached = choose_speakers(wanted, (await read_directory(connection)).sorted())
        waited_for = {speaker.address: speaker for speaker in reached if speaker.speech and speaker.speech.owner}
        for speaker in reached:
            if speaker.address not in waited_for:
                say_err(_UNSERVED.in_(settings.language, speaker=speaker.described))
        connection.publish(message, household=target.household, speaker=target.speaker)
        is_done = len(waited_for) == len(reached)
        try:
            async with asyncio.timeout(_PATIENCE_S + len(message.text) * _SECONDS_PER_CHARACTER):
                while waited_for:
                    delivery = await connection.next_delivery()
                    result = delivery.message
                    if not isinstance(result, Result) or result.request != message.id:
                        continue
                    if (answered := waited_for.pop(delivery.address, None)) is not None:
                        is_done &= _tell(answered, result, settings)
        except TimeoutError:
            for speaker in waited_for.values():
                say_err(_SILENT.in_(settings.language, speaker=speaker.described))
            is_done = False
    return EXIT_OK if is_done else EXIT_FAILED


def _tell(speaker: KnownSpeaker, result: Result, settings: Settings) -> bool:
    if result.ok:
        say_out(_DONE.in_(settings.language, speaker=speaker.described))
    else:
        say_err(_REFUSED.in_(settings.language, speaker=speaker.described, error=result.error))
    return result.ok
