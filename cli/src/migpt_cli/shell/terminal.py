"""Where a shell's lines come from and go to: a terminal with a prompt, or pipes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from migpt_cli.connection import connect_to
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, CommandFailedError, say_err
from migpt_cli.shell.completion import completions
from migpt_cli.shell.session import SUBSCRIPTIONS, Session
from migpt_cli.shell.stdin_lines import lines_of_stdin
from migpt_shared.language import Phrase
from migpt_shared.settings import Settings

_HISTORY = "shell_history"
_WELCOME = Phrase(
    zh="输入 帮助 查看命令；不是命令的一行会被当作问题。Ctrl+D 离开。",
    en="Type help for the commands; a line that is none is asked. Ctrl+D leaves.",
)


async def run_shell(settings: Settings, wanted: str | None) -> int:
    """Obey lines until there are no more. On a terminal always 0, else 1 if anything that was asked for was not done.

    Raises CommandFailedError when the broker cannot be reached or `wanted` is no known speaker.
    """
    console = Console(highlight=False)
    is_on_terminal = sys.stdin.isatty() and sys.stdout.isatty()

    def tell(words: RenderableType) -> None:
        console.print(words, markup=False, soft_wrap=isinstance(words, str))

    def warn(words: str) -> None:
        if is_on_terminal:
            console.print(Text(words, style="yellow"), soft_wrap=True)
        else:
            say_err(words)

    async with connect_to(settings, SUBSCRIPTIONS) as connection:
        session = Session(connection, settings, "normal" if is_on_terminal else "quiet", tell, warn)
        await session.begin(wanted)
        if is_on_terminal:
            tell(Text(_WELCOME.in_(session.language), style="grey62"))
            return await _while_listening(session, _prompted(session, settings.data_dir, warn))
        return await _while_listening(session, _piped(session))


async def _while_listening(session: Session, work: Coroutine[None, None, int]) -> int:
    listening = asyncio.create_task(session.listen(), name="listen")
    working = asyncio.create_task(work, name="lines")
    try:
        await asyncio.wait({listening, working}, return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()  # such as a reader of our output that went away
        return await working
    finally:
        for task in (listening, working):
            task.cancel()
        await asyncio.gather(listening, working, return_exceptions=True)


async def _piped(session: Session) -> int:
    """One line after the other, each to its end."""
    is_good = True
    async for line in lines_of_stdin():
        try:
            begun = session.obey(line)
        except CommandFailedError as error:
            say_err(error.in_(session.language))
            is_good = False
            continue
        if begun is None:
            break
        is_good &= all(await asyncio.gather(*map(session.until_over, begun)))
    return EXIT_OK if is_good else EXIT_FAILED


async def _prompted(session: Session, data_dir: Path, warn: Callable[[str], None]) -> int:
    """A prompt that stays, while what happens is written above it."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.patch_stdout import patch_stdout

    class Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            line = document.text_before_cursor
            begin = 0 if not line or line[-1].isspace() else -len(line.split()[-1])
            for word, hint in completions(line, session.known, session.language):
                yield Completion(word, start_position=begin, display_meta=hint)

    history = data_dir / _HISTORY
    history.touch(mode=0o600)
    prompt: PromptSession[str] = PromptSession(
        lambda: f"{session.chosen_names} ▸ ",
        history=FileHistory(history),
        completer=Words(),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
    )
    waiting: set[asyncio.Task[bool]] = set()
    with patch_stdout(raw=True):
        try:
            while True:
                try:
                    line = await prompt.prompt_async()
                except EOFError:
                    return EXIT_OK
                except KeyboardInterrupt:
                    continue  # this line is given up
                try:
                    begun = session.obey(line)
                except CommandFailedError as error:
                    warn(error.in_(session.language))
                    continue
                if begun is None:
                    return EXIT_OK
                for errand in begun:
                    task = asyncio.create_task(session.until_over(errand), name="errand")
                    waiting.add(task)
                    task.add_done_callback(waiting.discard)
        finally:
            for task in list(waiting):
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
