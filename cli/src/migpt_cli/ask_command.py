"""`migpt ask`: ask as if it had been said to a speaker, and read the answer as it comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import settings_with_broker
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption, SpeakerOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, CommandFailedError, say_err, say_out
from migpt_cli.wording import words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_cli.connection import Connection
    from migpt_cli.directory import KnownSpeaker
    from migpt_shared.bus import Delivery
    from migpt_shared.messages import Ask, Result, Turn
    from migpt_shared.settings import Settings

#: A brain confirms an ask at once.
_ACCEPTED_WITHIN_S = 5.0
#: Longer than any pause that the services themselves put up with.
_NEWS_WITHIN_S = 60.0

_UNSERVED = Phrase(
    zh="{speaker}：没有服务替它回答（brain 服务没有运行？）",
    en="{speaker}: no service answers for it (does the brain service run?)",
)
_NOBODY = Phrase(
    zh="没有人接受这个问题，brain 服务在运行吗？", en="nobody took the question; does the brain service run?"
)
_REFUSED = Phrase(zh="问题没有被接受：{error}", en="the question was refused: {error}")
_NO_NEWS = Phrase(zh="{limit:g} 秒没有新消息，放弃了。", en="no news for {limit:g} s; giving up.")
_INCOMPLETE = Phrase(zh="回答没有完成：{error}", en="the answer is not complete: {error}")
_NATIVE = Phrase(zh="（由小爱自己回答：{reason}）", en="(XiaoAI answers this itself: {reason})")


@ends_properly
def ask(
    text: Annotated[str, typer.Argument(help=words("问题", "the question"))],
    speaker: SpeakerOption = None,
    is_spoken: Annotated[
        bool,
        typer.Option("--speak/--no-speak", help=words("是否从音箱说出来", "whether the speaker speaks the answer")),
    ] = True,
    preset: Annotated[
        str | None, typer.Option(help=words("只对这个问题使用的大模型", "language model preset for this question"))
    ] = None,
    config: ConfigOption = None,
) -> int:
    from migpt_cli.validated import command_from
    from migpt_shared.messages import Ask

    message = command_from(Ask, text=text, speak=is_spoken, preset=preset)
    return asyncio.run(_ask(settings_with_broker(config), message, speaker))


async def _ask(settings: Settings, message: Ask, wanted: str | None) -> int:
    from migpt_cli.connection import connect_to
    from migpt_cli.directory import DIRECTORY, choose_speakers, read_directory
    from migpt_shared.bus import Subscription
    from migpt_shared.messages import Reply, Result, Sentence, Turn

    answers = [Subscription(kind) for kind in (Result, Turn, Sentence, Reply)]
    async with connect_to(settings, [*DIRECTORY, *answers]) as connection:
        target, reached = choose_speakers(wanted, (await read_directory(connection)).sorted())
        _check_served(reached)
        message = message.model_copy(update={"src": connection.src})
        if not message.speak:
            # Answered to us alone, so one speaker's brain is enough, whoever was addressed.
            target = reached[0].address
        connection.publish(message, household=target.household, speaker=target.speaker)
        answer = _Answer(connection, message, settings)
        if message.speak:
            return await answer.follow(len({speaker.address.household for speaker in reached}))
        return await answer.read()


def _check_served(reached: list[KnownSpeaker]) -> None:
    for speaker in reached:
        if speaker.brain is None or speaker.brain.owner is None:
            raise CommandFailedError(_UNSERVED, speaker=speaker.described)


class _Answer:
    """What comes of one ask."""

    def __init__(self, connection: Connection, message: Ask, settings: Settings) -> None:
        self._connection = connection
        self._message = message
        self._language = settings.language
        self._patience = asyncio.timeout(_ACCEPTED_WITHIN_S)
        self._is_accepted = False
        self._turns: set[str] = set()
        self._early: list[Delivery] = []
        """what came before the result that names our turn"""

    async def read(self) -> int:
        """Print the sentences that are sent to us alone."""
        from migpt_shared.messages import Reply

        try:
            async with self._patience:
                while True:
                    delivery = await self._next()
                    match delivery.message:
                        case Reply() as reply if delivery.places["request"] == self._message.id:
                            self._progress()
                            if reply.text:
                                say_out(reply.text)
                            if reply.end:
                                return self._ended(reply.error)
        except TimeoutError:
            raise self._gave_up() from None

    async def follow(self, turns_expected: int) -> int:
        """Print the sentences of the turns that the ask opened, until all of them are closed."""
        from migpt_shared.messages import Sentence, Turn

        printed: set[tuple[str, int, int]] = set()
        exit_codes: dict[str, int] = {}
        try:
            async with self._patience:
                while len(exit_codes) < turns_expected:
                    delivery = await self._next()
                    match delivery.message:
                        case Sentence(turn=turn_id, take=take, seq=seq, text=text) if self._is_ours(turn_id):
                            # On several speakers the same sentence is published to each.
                            if text and (turn_id, take, seq) not in printed:
                                printed.add((turn_id, take, seq))
                                self._progress()
                                say_out(text)
                        case Turn() as turn if self._is_ours(turn.turn):
                            self._progress()
                            if not turn.is_open:
                                exit_codes[turn.turn] = self._closed(turn)
        except TimeoutError:
            raise self._gave_up() from None
        return max(exit_codes.values())

    def _is_ours(self, turn_id: str) -> bool:
        return turn_id in self._turns

    async def _next(self) -> Delivery:
        """The next message that may be ours. Those of turns that nobody has claimed yet come once we know."""
        from migpt_shared.messages import Result, Sentence, Turn

        while True:
            if self._turns and self._early:
                return self._early.pop(0)
            delivery = await self._connection.next_delivery()
            match delivery.message:
                case Result() as result if result.request == self._message.id:
                    self._accepted(result)
                case Turn() | Sentence() if not delivery.retained and not self._turns:
                    self._early.append(delivery)
                case _ if not delivery.retained:
                    return delivery

    def _accepted(self, result: Result) -> None:
        if not result.ok:
            raise CommandFailedError(_REFUSED, error=result.error)
        self._progress()
        if isinstance(result.value, dict) and isinstance(turn_id := result.value.get("turn"), str):
            self._turns.add(turn_id)

    def _progress(self) -> None:
        self._is_accepted = True
        self._patience.reschedule(asyncio.get_running_loop().time() + _NEWS_WITHIN_S)

    def _gave_up(self) -> CommandFailedError:
        return CommandFailedError(_NO_NEWS, limit=_NEWS_WITHIN_S) if self._is_accepted else CommandFailedError(_NOBODY)

    def _closed(self, turn: Turn) -> int:
        if turn.phase == "done" and turn.route == "native":
            say_err(_NATIVE.in_(self._language, reason=turn.reason_text or turn.reason))
            return EXIT_OK
        return self._ended(None if turn.phase == "done" else turn.error or turn.phase)

    def _ended(self, error: str | None) -> int:
        if error is None:
            return EXIT_OK
        say_err(f"migpt: {_INCOMPLETE.in_(self._language, error=error)}")
        return EXIT_FAILED
