"""The three ways to watch the demo: lines, a live picture, and a live picture above a prompt."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from migpt_cli.beat_lines import beat_line
from migpt_cli.demo.play import Play
from migpt_cli.demo.verdict import is_over
from migpt_cli.story_view import Look, story_view
from migpt_cli.waterfall_view import waterfall_view
from migpt_shared.language import Language
from migpt_shared.story import Beat, Story

_FRAMES_PER_S = 12
_STORIES_SHOWN = 2
#: Lines around the sentences of a story: headline, facts, prompt.
_LINES_BESIDE = 7


class Board:
    """Shows the stories of a play on one console."""

    def __init__(self, play: Play, language: Language, console: Console) -> None:
        self.console = console
        self._play = play
        self._language = language
        self._began = time.monotonic()
        self._finished: set[int] = set()

    def look(self) -> Look:
        room = None
        if self.console.is_terminal:
            pictures = max(1, min(_STORIES_SHOWN, len(self.open_stories())))
            room = max(2, self.console.height // pictures - _LINES_BESIDE)
        return Look(self._language, self._play.name_of, self._play.seconds_per_char, room)

    def open_stories(self) -> list[Story]:
        return [story for story in self._play.book.stories if id(story) not in self._finished and not is_over(story)]

    def newly_over(self) -> list[Story]:
        """Stories that have ended since the last call."""
        over = [story for story in self._play.book.stories if id(story) not in self._finished and is_over(story)]
        self._finished |= {id(story) for story in over}
        return over

    def picture(self) -> RenderableType:
        """The stories that go on, as they stand now."""
        now = time.monotonic()
        return Group(*(story_view(story, self.look(), now) for story in self.open_stories()[-_STORIES_SHOWN:]))

    def whole(self, story: Story) -> RenderableType:
        """A story that is over, with its waterfall."""
        look = Look(self._language, self._play.name_of, self._play.seconds_per_char)
        parts: list[RenderableType] = [story_view(story, look, time.monotonic())]
        figures = waterfall_view(story, self._language)
        if figures is not None:
            parts += [Text(), figures]
        return Group(*parts, Text())

    def line(self, beat: Beat) -> None:
        """Write a line about what changed."""
        words = beat_line(beat, self.look())
        if words is not None:
            self.console.print(
                f"{beat.at - self._began:7.2f} s  {words}", markup=False, highlight=False, soft_wrap=True
            )

    def figures(self, story: Story) -> None:
        """Write the waterfall alone."""
        figures = waterfall_view(story, self._language)
        if figures is not None:
            self.console.print()
            self.console.print(figures)
            self.console.print()

    @contextmanager
    def live(self) -> Iterator[None]:
        """Draw the stories until the block ends, then write them as they are."""

        def frame() -> RenderableType:
            return self.picture()

        with Live(console=self.console, get_renderable=frame, refresh_per_second=_FRAMES_PER_S, transient=True):
            yield
        for story in self._play.book.stories:
            if id(story) not in self._finished:
                self._finished.add(id(story))
                self.console.print(self.whole(story))


async def prompt_over_picture(board: Board, prompt: str, entered: Callable[[str], Awaitable[bool]]) -> None:
    """Ask for lines while the picture moves above the prompt; `entered` says whether to go on. Ends at Ctrl+D too."""
    from prompt_toolkit import PromptSession, print_formatted_text
    from prompt_toolkit.formatted_text import ANSI
    from prompt_toolkit.patch_stdout import patch_stdout

    def drawn(content: RenderableType) -> str:
        with board.console.capture() as capture:
            board.console.print(content)
        return capture.get()

    def message() -> ANSI:
        picture = drawn(board.picture()) if board.open_stories() else ""
        return ANSI(f"{picture}\x1b[1;36m{prompt}\x1b[0m ")

    session: PromptSession[str] = PromptSession(message, refresh_interval=1 / _FRAMES_PER_S, erase_when_done=True)

    async def write_finished() -> None:
        while True:
            for story in board.newly_over():
                print_formatted_text(ANSI(drawn(board.whole(story)).rstrip("\n") + "\n"))
            await asyncio.sleep(1 / _FRAMES_PER_S)

    with patch_stdout(raw=True):
        writing = asyncio.create_task(write_finished(), name="write finished")
        try:
            while True:
                try:
                    line = await session.prompt_async()
                except (EOFError, KeyboardInterrupt):
                    return
                if not await entered(line):
                    return
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


async def lines_of_stdin() -> asyncio.StreamReader:
    """Standard input, to be read without blocking."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader
