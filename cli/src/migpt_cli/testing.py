"""What `migpt test` does: gets what the tests need, then becomes pytest."""

from __future__ import annotations

import os
import subprocess
import sys

from migpt_cli.checkout import ROOT
from migpt_cli.mosquitto_program import ensure_mosquitto
from migpt_cli.problem import ProblemError, environment_language
from migpt_shared.language import Phrase

_WITHOUT_BROKER = Phrase(
    zh="{problem}\n警告：所有需要 mosquitto 的测试都会被跳过！",
    en="{problem}\nWARNING: all tests that need mosquitto will be skipped!",
)


def run_tests(arguments: list[str]) -> int:
    """Runs pytest on the whole project, or as its arguments say; paths among them are relative to the checkout.

    The whole runs on several processes, as its tests mostly wait: one more than there are cores, four at most. The fast
    layers come first. Becomes pytest, so that signals and the exit code pass through; returns only on Windows.
    """
    language = environment_language()

    def announce(phrase: Phrase, command: tuple[str, ...]) -> None:
        sys.stderr.write(f"migpt: {phrase.in_(language, command=' '.join(command))}\n")

    try:
        ensure_mosquitto(announce)
    except ProblemError as problem:
        sys.stderr.write(f"migpt: {_WITHOUT_BROKER.in_(language, problem=problem.in_(language))}\n")
    os.chdir(ROOT)
    spread = [] if arguments else ["-n", str(min(4, (os.cpu_count() or 1) + 1)), "--dist", "loadscope"]
    command = [sys.executable, "-m", "pytest", *spread, *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform != "win32":
        os.execv(sys.executable, command)  # noqa: S606 - pytest of this environment, no shell wanted
    return subprocess.call(command)  # noqa: S603 - as above
