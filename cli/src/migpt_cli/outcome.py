"""How commands end and speak: exit codes, and lines to stdout and stderr that a pipe may close."""

from __future__ import annotations

import sys

from migpt_cli.problem import ProblemError
from migpt_shared.language import Language, Phrase

EXIT_OK = 0
#: What was asked for did not happen.
EXIT_FAILED = 1
#: The command line, the configuration or the surroundings do not allow to begin.
EXIT_UNUSABLE = 2
#: Ended by Ctrl+C.
EXIT_INTERRUPTED = 130

EXIT_CODES = Phrase(
    zh="退出码：0 成功；1 没有做到（例如连不上服务器、没有人回答）；2 命令、配置或环境有问题；130 被 Ctrl+C 中断。",
    en="Exit codes: 0 done; 1 it did not happen (no connection, no answer, ...); 2 wrong usage, configuration or "
    "surroundings; 130 interrupted by Ctrl+C.",
)


class CommandFailedError(ProblemError):
    """A command cannot do what it was asked to; `exit_code` is what the process ends with."""

    def __init__(self, phrase: Phrase, *, exit_code: int = EXIT_FAILED, **values: object) -> None:
        super().__init__(phrase, **values)
        self.exit_code = exit_code


class ConfigUnusableError(Exception):
    """The configuration has problems, one line each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def say_out(text: str) -> None:
    """A line of the command's result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_err(text: str) -> None:
    """A line about what goes wrong or goes on."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say_problem(error: ProblemError, language: Language) -> None:
    say_err(f"migpt: {error.in_(language)}")
