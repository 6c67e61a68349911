"""The life of `migpt demo`: stage, welcome, play, and the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from rich.console import Console
from rich.text import Text

from migpt_cli.demo.play import Play, playing
from migpt_cli.demo.scenery import SPEAKERS, SUGGESTIONS
from migpt_cli.demo.spoken_line import SpokenLine, find_speaker, spoken_line, wants_to_leave
from migpt_cli.demo.stage import Stage, stage_of_processes
from migpt_cli.demo.verdict import shortfall
from migpt_cli.demo.views import Board, lines_of_stdin, prompt_over_picture
from migpt_cli.mosquitto_program import Command, ensure_mosquitto
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, CommandFailedError, say_err
from migpt_cli.problem import ProblemError
from migpt_cli.stopping import stop_wanted
from migpt_cli.up.service_lines import rendered
from migpt_shared.language import Language, Phrase

_OVER_WITHIN_S = 90.0

_TITLE = Phrase(zh="migpt 演示", en="migpt demo")
_ABOUT = Phrase(
    zh="一个模拟的家：{speakers}。真实的服务，模拟的小米云和大模型；不需要账号、密钥。",
    en="A simulated home: {speakers}. Real services, a simulated Xiaomi cloud and model; no account, no key.",
)
_STARTING = Phrase(zh="服务正在登录、寻找音箱…", en="the services log in and look for the speakers…")
_READY = Phrase(zh="就绪：{speakers}", en="ready: {speakers}")
_TRY = Phrase(zh="试试", en="try")
_HOW = Phrase(
    zh="直接输入要对{speaker}说的话；说话途中也可以打断。“卧室：…”对另一台说，Ctrl+D 退出。",
    en="Type what to say to {speaker}, even while it speaks. “bedroom: …” talks to the other one, Ctrl+D leaves.",
)
_PROMPT = Phrase(zh="你说 ›", en="you ›")
_NOT_ANSWERED = Phrase(zh="没有成功：{reason}", en="not answered: {reason}")
_BROKEN = Phrase(zh="演示中断：{reason}", en="the demo broke off: {reason}")
_TROUBLES = Phrase(zh="服务最后说的：", en="the last words of the services:")


async def run_demo(
    language: Language,
    *,
    speaker: str,
    first: str | None,
    only_once: bool,
    given: AbstractAsyncContextManager[Stage] | None = None,
) -> int:
    """Run the demo, on a stage of its own unless one is given; the exit code. Raises ProblemError when it cannot be."""
    console = Console(highlight=False)
    main_speaker = find_speaker(speaker, language)
    stop = stop_wanted(lambda: None)
    console.print(_welcome(language))
    async with given or _stage(language, console) as stage, playing(stage, language) as play:
        performance = asyncio.create_task(
            _perform(play, language, console, main_speaker, first, only_once=only_once), name="performance"
        )
        ends = [
            asyncio.create_task(stage.broken.wait(), name="broken"),
            asyncio.create_task(stop.wait(), name="stop wanted"),
        ]
        try:
            await asyncio.wait([performance, *ends], return_when=asyncio.FIRST_COMPLETED)
            if performance.done():
                return _told(performance, stage, language, console)
            if stage.broken_by is not None:
                reason = stage.broken_by.in_(language, **stage.broken_values)
                _tell_troubles(stage, language, console)
                raise CommandFailedError(_BROKEN, reason=reason)
            return EXIT_FAILED if only_once else EXIT_OK
        finally:
            for task in (performance, *ends):
                task.cancel()
            await asyncio.gather(performance, *ends, return_exceptions=True)


@asynccontextmanager
async def _stage(language: Language, console: Console) -> AsyncIterator[Stage]:
    """Processes over mosquitto; without it, all in this process."""

    def announce(phrase: Phrase, command: Command) -> None:
        say_err(phrase.in_(language, command=" ".join(command)))

    def tell(line: str) -> None:
        console.print(Text.assemble(("✓ ", "green"), line))

    try:
        mosquitto = await asyncio.to_thread(ensure_mosquitto, announce)
    except ProblemError as problem:
        console.print(Text(problem.in_(language), style="yellow"))
        from migpt_cli.demo.one_process import stage_in_one_process

        async with stage_in_one_process(language, tell) as stage:
            yield stage
    else:
        async with stage_of_processes(mosquitto, language, tell) as stage:
            yield stage


async def _perform(
    play: Play, language: Language, console: Console, speaker: str, first: str | None, *, only_once: bool
) -> int:
    await _until_ready(play, language, console)
    board = Board(play, language, console)
    if not console.is_terminal:
        play.on_beat = board.line
    if first is not None:
        line = spoken_line(first, speaker, language)
        exit_code = EXIT_OK if line is None else await _say_and_watch(play, board, line, language)
        if only_once:
            return exit_code
    console.print(_hints(language, speaker))
    if console.is_terminal and sys.stdin.isatty():
        return await _prompted(play, board, speaker, language, only_once=only_once)
    return await _piped(play, board, speaker, language, only_once=only_once)


async def _until_ready(play: Play, language: Language, console: Console) -> None:
    if console.is_terminal:
        with console.status(Text(_STARTING.in_(language), style="cyan")):
            await play.ready()
    else:
        await play.ready()
    names = ", ".join(
        f"{known.name} ({known.info.hardware})" for known in play.directory.sorted() if known.info is not None
    )
    console.print(Text.assemble(("● ", "bold green"), (_READY.in_(language, speakers=names), "bold")))
    console.print()


async def _say_and_watch(play: Play, board: Board, line: SpokenLine, language: Language) -> int:
    """Say it, show it, and judge it by what the room heard."""
    since = await play.say(line)
    if board.console.is_terminal:
        with board.live():
            story = await play.until_over(line, since, _OVER_WITHIN_S)
    else:
        story = await play.until_over(line, since, _OVER_WITHIN_S)
        if story is not None:
            board.figures(story)
    missing = shortfall(story) if story is not None else None
    if story is None or missing is not None:
        reason = missing.phrase.in_(language, **missing.values) if missing is not None else "?"
        say_err(_NOT_ANSWERED.in_(language, reason=reason))
        return EXIT_FAILED
    return EXIT_OK


async def _prompted(play: Play, board: Board, speaker: str, language: Language, *, only_once: bool) -> int:
    said: list[tuple[SpokenLine, float]] = []

    async def entered(text: str) -> bool:
        if wants_to_leave(text):
            return False
        try:
            line = spoken_line(text, speaker, language)
        except ProblemError as problem:
            board.console.print(Text(problem.in_(language), style="yellow"))
            return True
        if line is None:
            return True
        said.append((line, await play.say(line)))
        return not only_once

    await prompt_over_picture(board, _PROMPT.in_(language), entered)
    if not (only_once and said):
        return EXIT_OK
    line, since = said[0]
    with board.live():
        story = await play.until_over(line, since, _OVER_WITHIN_S)
    return EXIT_OK if story is not None and shortfall(story) is None else EXIT_FAILED


async def _piped(play: Play, board: Board, speaker: str, language: Language, *, only_once: bool) -> int:
    """Lines from a pipe or file, one after another."""
    reader = await lines_of_stdin()
    exit_code = EXIT_OK
    while raw := await reader.readline():
        text = raw.decode("utf-8", errors="replace")
        if wants_to_leave(text):
            break
        line = spoken_line(text, speaker, language)
        if line is None:
            continue
        exit_code = max(exit_code, await _say_and_watch(play, board, line, language))
        if only_once:
            break
    return exit_code


def _told(performance: asyncio.Task[int], stage: Stage, language: Language, console: Console) -> int:
    """The performance's exit code, with what the services said if it failed."""
    try:
        exit_code = performance.result()
    except CommandFailedError:
        _tell_troubles(stage, language, console)
        raise
    if exit_code != EXIT_OK:
        _tell_troubles(stage, language, console)
    return exit_code


def _tell_troubles(stage: Stage, language: Language, console: Console) -> None:
    if stage.troubles:
        console.print(Text(_TROUBLES.in_(language), style="yellow"))
        for entry in stage.troubles:
            console.print(rendered(entry))


def _welcome(language: Language) -> Text:
    names = "、" if language == "zh" else ", "
    speakers = names.join(f"{one.name.in_(language)} ({one.hardware})" for one in SPEAKERS)
    return Text.assemble(
        "\n",
        (_TITLE.in_(language), "bold bright_cyan"),
        "\n",
        (_ABOUT.in_(language, speakers=speakers), "grey70"),
        "\n",
    )


def _hints(language: Language, speaker: str) -> Text:
    name = next(one.name.in_(language) for one in SPEAKERS if one.slug == speaker)
    text = Text(_HOW.in_(language, speaker=name), style="grey70")
    text.append(f"\n{_TRY.in_(language)}: ", style="grey70")
    text.append("  ·  ".join(suggestion.in_(language) for suggestion in SUGGESTIONS), style="bright_yellow")
    text.append("\n")
    return text
