"""Commands without a broker: one clear line, soon, and a non-zero exit code."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.cli_up import CLI, clean_environment

_COMMANDS = [["say", "x", "-s", "a"], ["ask", "x", "-s", "a"], ["watch"], ["speakers"]]

_WITHOUT_MOSQUITTO = """
import migpt_cli.mosquitto_program as program
program.find_mosquitto = lambda: None
from migpt_cli.main import main
main()
"""


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=clean_environment(**environment), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", _COMMANDS, ids=lambda command: command[0])
def test_nobody_listens(command: list[str], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = run(tmp_path, *CLI, *command, MIGPT_MQTT__URL=f"mqtt://me:hunter2@127.0.0.1:{port}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(port) in done.stderr
    assert "hunter2" not in done.stderr


def test_somebody_listens_and_says_nothing(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        done = run(tmp_path, *CLI, "speakers", MIGPT_MQTT__URL=f"mqtt://127.0.0.1:{silent.getsockname()[1]}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    # Three seconds on an idle machine; the start of Python is part of it.
    assert time.monotonic() - began < 6


def test_no_broker_is_configured_and_none_runs(tmp_path: Path) -> None:
    done = run(tmp_path, *CLI, "speakers")
    assert done.returncode == 2
    assert "mqtt.url" in done.stderr


def test_up_without_mosquitto_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[households.home]\naccount = "1"\npassword = "some-password"\n')
    done = run(tmp_path, sys.executable, "-c", _WITHOUT_MOSQUITTO, "up", MIGPT_NO_INSTALL="1")
    assert done.returncode == 2
    assert "mosquitto" in done.stderr
    assert "Traceback" not in done.stderr


def test_up_with_a_broker_that_is_away_says_so_and_tries_on(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[households.home]\naccount = "1"\npassword = "some-password"\n')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from tests.system.cli_up import Process

    up = Process(*CLI, "up", cwd=tmp_path, MIGPT_MQTT__URL=f"mqtt://127.0.0.1:{port}")
    try:
        assert str(port) in up.until("会一直重试", 15)
        assert up.process.poll() is None
    finally:
        up.end()
