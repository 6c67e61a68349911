"""The person at the terminal, or the lines of a pipe that stand for one."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Protocol

from migpt_cli.outcome import EXIT_UNUSABLE, CommandFailedError, say_out
from migpt_cli.shell.stdin_lines import lines_of_stdin
from migpt_shared.language import Phrase

_NO_ANSWER = Phrase(
    zh="标准输入到头了，没有回答：{question}", en="standard input has ended without an answer to: {question}"
)


class Person(Protocol):
    """Somebody who is told things and asked for others."""

    def tell(self, text: str) -> None: ...

    def show_code(self, lines: list[str]) -> None:
        """Show a QR code made of half blocks."""

    async def ask(self, question: str, *, is_secret: bool = False) -> str:
        """The answer without white space around it. Raises CommandFailedError when nobody will answer any more."""


class AtTerminal:
    """A person who sees and types."""

    def tell(self, text: str) -> None:
        say_out(text)

    def show_code(self, lines: list[str]) -> None:
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False)
        for line in lines:
            console.print(Text(line, style="black on white"), no_wrap=True, crop=False, overflow="ignore")

    async def ask(self, question: str, *, is_secret: bool = False) -> str:
        from prompt_toolkit import PromptSession

        session: PromptSession[str] = PromptSession()  # kept nowhere, not even in memory
        try:
            answer = await session.prompt_async(f"{question} ", is_password=is_secret)
        except EOFError:
            raise CommandFailedError(_NO_ANSWER, exit_code=EXIT_UNUSABLE, question=question) from None
        return answer.strip()


class OnPipe:
    """Answers that stand in standard input, one a line."""

    def __init__(self) -> None:
        self._lines: AsyncIterator[str] = lines_of_stdin()

    def tell(self, text: str) -> None:
        say_out(text)

    def show_code(self, lines: list[str]) -> None:
        for line in lines:
            say_out(line)

    async def ask(self, question: str, *, is_secret: bool = False) -> str:
        say_out(question)
        try:
            return (await anext(self._lines)).strip()
        except StopAsyncIteration:
            raise CommandFailedError(_NO_ANSWER, exit_code=EXIT_UNUSABLE, question=question) from None


def person_here() -> Person:
    """Whoever is at the other end of standard input."""
    return AtTerminal() if sys.stdin.isatty() and sys.stdout.isatty() else OnPipe()
