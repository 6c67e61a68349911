"""Turns whatever a command ends with into an exit code and, if something is wrong, a plain word about it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

from migpt_cli.outcome import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNUSABLE,
    CommandFailedError,
    ConfigUnusableError,
    say_err,
    say_problem,
)
from migpt_cli.problem import ProblemError
from migpt_cli.wording import help_language
from migpt_shared.language import Phrase

Parameters = ParamSpec("Parameters")

_CONFIG_UNUSABLE = Phrase(zh="配置有 {number} 个问题：", en="the configuration has {number} problem(s):")


def ends_properly(command: Callable[Parameters, int]) -> Callable[Parameters, None]:
    """Wrap a command that returns its exit code; the wrapper keeps its signature, which typer reads."""

    @functools.wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        sys.exit(_exit_code(functools.partial(command, *arguments, **options)))

    return run


def _exit_code(command: Callable[[], int]) -> int:
    try:
        return command()
    except ConfigUnusableError as error:
        tell_config_problems(error)
        return EXIT_UNUSABLE
    except CommandFailedError as error:
        say_problem(error, help_language())
        return error.exit_code
    except ProblemError as error:
        say_problem(error, help_language())
        return EXIT_UNUSABLE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`. Nothing may be written to it any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def tell_config_problems(error: ConfigUnusableError) -> None:
    say_err(f"migpt: {_CONFIG_UNUSABLE.in_(help_language(), number=len(error.problems))}")
    for problem in error.problems:
        say_err(f"  ✗ {problem}")


__all__ = ["EXIT_OK", "ends_properly", "tell_config_problems"]
