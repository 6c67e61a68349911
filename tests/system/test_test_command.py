"""`migpt test`: hands everything to pytest, exit code included, and says loudly what will not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "migpt_cli", "test", *arguments]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_arguments_and_exit_code_pass_through(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("pytest ")
    nothing = run("-q", "tests/unit/test_locks.py", "-k", "no_such_test", cwd=tmp_path)
    assert nothing.returncode == 5  # pytest: no tests were run
    assert "deselected" in nothing.stdout.splitlines()[-1]


def test_without_a_broker_it_goes_on_and_says_so(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path, MIGPT_MOSQUITTO="/no/such/mosquitto", MIGPT_LANGUAGE="en")
    assert done.returncode == 0
    assert "/no/such/mosquitto" in done.stderr
    assert "WARNING: all tests that need mosquitto will be skipped!" in done.stderr
