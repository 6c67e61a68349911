"""A shell between lines and the bus: obeys what is written, tells what happens, waits for what was asked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

from rich.console import RenderableType

from migpt_cli.connection import Connection
from migpt_cli.directory import DIRECTORY, KnownSpeaker
from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError
from migpt_cli.residents import PRESENCES, Residents
from migpt_cli.shell.call_log import calls
from migpt_cli.shell.errands import Errand, Errands, Remark, begin_errand
from migpt_cli.shell.lines import Command as Order
from migpt_cli.shell.lines import NoCommand, Question, Unfinished, Verb, read_line, usage_of
from migpt_cli.shell.news import message_line, news_of, trouble_of
from migpt_cli.shell.pages import calls_page, help_page
from migpt_cli.shell.selection import Selection, first_selection, select
from migpt_cli.status_view import speakers_table, status_view
from migpt_cli.validated import command_from
from migpt_cli.watching import Watcher
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.language import Phrase
from migpt_shared.messages import (
    Account,
    Ask,
    Command,
    Heard,
    Result,
    Say,
    Sentence,
    SetAi,
    Speech,
    Stop,
    Turn,
    Wake,
)
from migpt_shared.settings import LogLevel, Settings

SUBSCRIPTIONS = (
    *DIRECTORY,
    *PRESENCES,
    *(Subscription(kind) for kind in (Heard, Turn, Sentence, Speech, Result)),
)
_CALLS_SHOWN = 20

_NOT_CHOSEN = Phrase(
    zh="先选择音箱：选择 1，或 选择 all（现有：{names}）", en="choose speakers first: select 1, or select all ({names})"
)
_NOBODY = Phrase(
    zh="还没有发现任何音箱。账号登录了吗（./migpt login）？",
    en="no speaker is known yet. Is the account logged in (./migpt login)?",
)
_CHOSEN = Phrase(zh="已选择：{names}", en="chosen: {names}")
_EVERYBODY = Phrase(zh="全部音箱", en="all speakers")
_NONE_CHOSEN = Phrase(zh="未选择音箱", en="no speaker")
_NO_COMMAND = Phrase(zh="没有这个命令：/{word}（输入 帮助）", en="no such command: /{word} (type help)")
_UNFINISHED = Phrase(zh="这样写：{usage}", en="write: {usage}")
_LEVEL = Phrase(zh="显示级别：{level}", en="level: {level}")
_SPOKEN = Phrase(zh="{speaker}：说完了", en="{speaker}: spoken")
_AI_ON = Phrase(zh="{speaker}：AI 已打开", en="{speaker}: AI is on")
_AI_OFF = Phrase(zh="{speaker}：AI 已关闭", en="{speaker}: AI is off")
_LISTENING = Phrase(zh="{speaker}：在听", en="{speaker}: listening")
_STOPPED = Phrase(zh="{speaker}：停了", en="{speaker}: stopped")

_LEVELS: dict[Verb, LogLevel] = {Verb.QUIET: "quiet", Verb.NORMAL: "normal", Verb.DEBUG: "debug"}


class Session:
    """`tell` writes what was wanted or what happened, `warn` what goes wrong; both return quickly."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        level: LogLevel,
        tell: Callable[[RenderableType], None],
        warn: Callable[[str], None],
    ) -> None:
        self.selection = Selection()
        self.level = level
        self.language = settings.language
        self._connection = connection
        self._watcher = Watcher(settings)
        self._residents = Residents()
        self._errands = Errands()
        self._tell = tell
        self._warn = warn
        self._changed = asyncio.Event()

    @property
    def known(self) -> list[KnownSpeaker]:
        """The speakers there are."""
        return self._watcher.directory.sorted()

    @property
    def chosen_names(self) -> str:
        """The chosen speakers, for a prompt."""
        if self.selection.is_everybody:
            return _EVERYBODY.in_(self.language)
        names = [speaker.name for speaker in self.selection.of(self.known)]
        return ", ".join(names) if names else _NONE_CHOSEN.in_(self.language)

    async def begin(self, wanted: str | None) -> None:
        """Learn what there is and choose `wanted`. Raises CommandFailedError when that is not known."""
        await self._connection.synchronised()
        while not self._connection.inbox.empty():
            self._take(self._connection.inbox.get_nowait())
        self.selection = first_selection(self.known) if wanted is None else select(wanted, self.known)

    async def listen(self) -> None:
        """Tell what happens, until cancelled."""
        while True:
            for words in self._take(await self._connection.inbox.get()):
                self._tell(words)

    def obey(self, line: str) -> list[Errand] | None:
        """Do what a line says; gives what is to be waited for, None: leave. Raises CommandFailedError."""
        match read_line(line):
            case None:
                return []
            case Question(text):
                return self._send(lambda: command_from(Ask, text=text))
            case Order(verb, argument):
                return self._obey(verb, argument)
            case Unfinished(verb):
                usage = usage_of(verb).in_(self.language)
                raise CommandFailedError(_UNFINISHED, exit_code=EXIT_UNUSABLE, usage=usage)
            case NoCommand(word):
                raise CommandFailedError(_NO_COMMAND, exit_code=EXIT_UNUSABLE, word=word)

    async def until_over(self, errand: Errand) -> bool:
        """Return when an errand is over, or nothing came of it for too long; whether all of it was done."""
        while not errand.is_over:
            left_s = errand.gives_up_at - time.monotonic()
            if left_s <= 0:
                self._remark(errand.give_up())
                break
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._changed.wait()
        self._errands.under_way.remove(errand)
        return errand.is_good

    def _obey(self, verb: Verb, argument: str) -> list[Errand] | None:
        match verb:
            case Verb.EXIT:
                return None
            case Verb.HELP:
                self._tell(help_page(self.language))
            case Verb.STATUS:
                chosen = {speaker.address for speaker in self.selection.of(self.known)}
                self._tell(status_view(self._residents, self._watcher.directory, self.language, chosen))
            case Verb.SELECT:
                self._select(argument)
            case Verb.API_LOGS:
                count = int(argument) if argument else _CALLS_SHOWN
                self._tell(calls_page(calls(self._watcher.book.stories, count), self.language))
            case Verb.QUIET | Verb.NORMAL | Verb.DEBUG:
                self.level = _LEVELS[verb]
                self._tell(_LEVEL.in_(self.language, level=self.level))
            case Verb.SAY:
                return self._send(lambda: command_from(Say, text=argument), _SPOKEN)
            case Verb.ON:
                return self._send(lambda: command_from(SetAi, value=True), _AI_ON)
            case Verb.OFF:
                return self._send(lambda: command_from(SetAi, value=False), _AI_OFF)
            case Verb.START:
                return self._send(Wake, _LISTENING)
            case Verb.STOP:
                return self._send(Stop, _STOPPED)
        return []

    def _select(self, argument: str) -> None:
        if argument:
            self.selection = select(argument, self.known)
            self._tell(_CHOSEN.in_(self.language, names=self.chosen_names))
        elif self.known:
            chosen = {speaker.address for speaker in self.selection.of(self.known)}
            self._tell(speakers_table(self.known, self.language, chosen))
        else:
            raise CommandFailedError(_NOBODY)

    def _send(self, make: Callable[[], Command], done: Phrase | None = None) -> list[Errand]:
        """Send a command to the chosen speakers; one of its own to each place, as its id is that of one answer."""
        known, now = self.known, time.monotonic()
        if not known:
            raise CommandFailedError(_NOBODY)
        targets = self.selection.targets(known)
        if not targets:
            names = ", ".join(f"{number} {speaker.name}" for number, speaker in enumerate(known, 1))
            raise CommandFailedError(_NOT_CHOSEN, exit_code=EXIT_UNUSABLE, names=names)
        begun = []
        for target, reached in targets:
            command = make().model_copy(update={"src": self._connection.src})
            one, unserved = begin_errand(command, reached, now, done)
            self._remark(unserved)
            self._errands.under_way.append(one)
            begun.append(one)
            self._connection.publish(command, household=target.household, speaker=target.speaker)
        return begun

    # -- what arrives

    def _take(self, arrived: Delivery | Cleared) -> list[str]:
        """Learn from what arrived; the lines that it is worth."""
        self._changed.set()
        if isinstance(arrived, Cleared):
            self._residents.take(arrived)
            return []
        lines = []
        message, level = arrived.message, self.level
        if level == "debug" and not arrived.retained and (words := message_line(arrived)) is not None:
            lines.append(words)
        if self._residents.take(arrived):
            return lines
        if isinstance(message, Account):
            household = arrived.places["household"]
            before = self._watcher.directory.accounts.get(household)
            if (words := trouble_of(message, household, before)) is not None:
                lines.append(words)
        now = time.monotonic()
        if isinstance(message, Result):
            self._remark(self._errands.result(arrived.address, message, now))
            return lines
        for beat in self._watcher.take(arrived):
            is_own = beat.story.turn is not None and self._errands.is_own(beat.story.turn.turn)
            if (words := news_of(beat, level, self._watcher.look, is_own=is_own)) is not None:
                lines.append(words)
        if isinstance(message, Turn) and not arrived.retained:
            self._remark(self._errands.turn(message, now))
        return lines

    def _remark(self, remarks: Iterable[Remark]) -> None:
        for remark in remarks:
            words = remark.phrase.in_(self.language, **remark.values)
            if remark.is_problem:
                self._warn(words)
            else:
                self._tell(words)
