"""The demo as a visitor runs it, with mosquitto and without."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.cli_up import CLI, Process, clean_environment, gone

_WITHOUT_MOSQUITTO = """
import migpt_cli.mosquitto_program as program
program.find_mosquitto = lambda: None
from migpt_cli.main import main
main()
"""


def demo(
    *arguments: str, code: str | None = None, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [*CLI, "demo"] if code is None else [sys.executable, "-c", code, "demo"]
    return subprocess.run(
        [*command, *arguments], input=typed, env=clean_environment(COLUMNS="150", **environment),
        capture_output=True, encoding="utf-8", timeout=110, check=False,
    )  # fmt: skip


def test_one_question_is_answered_in_the_room(mosquitto: Path) -> None:
    done = demo("--say", "为什么天是蓝的", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "私有的 mosquitto", "poller、brain、speaker", "就绪", "poller 听到了", "大模型来答", "就被我们打断",
        "▶ 正在说：天空看起来是蓝色的", "就成了美丽的晚霞。", "结果：完成", "从听见到出声", "说出来的回答",
    ):  # fmt: skip
        assert words in done.stdout, words
    assert "Traceback" not in done.stderr


def test_without_mosquitto_it_runs_in_one_process_and_says_so() -> None:
    done = demo("--say", "卧室：你好", "--once", code=_WITHOUT_MOSQUITTO, MIGPT_NO_INSTALL="1")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("没有找到 mosquitto", "全部在一个进程里运行", "卧室小爱  ▶ 正在说：你好", "结果：完成"):
        assert words in done.stdout, words


def test_in_english_several_lines_from_a_pipe_one_after_another(mosquitto: Path) -> None:
    typed = "turn on the light\n\n@bedroom hello\nquit\nnever said\n"
    done = demo("--language", "en", typed=typed)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("left to XiaoAI", "answered itself: “Okay, done”", "Bedroom", "▶ speaking: Hello!", "first token"):
        assert words in done.stdout, words
    assert "never said" not in done.stdout


def test_what_the_user_has_set_for_the_real_thing_does_not_reach_the_demo(mosquitto: Path) -> None:
    settings = {"MIGPT_MQTT__URL": "mqtt://127.0.0.1:1", "MIGPT_LLM__PRESET": "nope", "MIGPT_DATA_DIR": "/proc/no"}
    done = demo("--say", "你好", "--once", **settings)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_address_is_told_and_nothing_is_said(mosquitto: Path) -> None:
    done = demo("--say", "@kitchen 你好", "--once")
    assert done.returncode == 2
    assert "living_room" in done.stderr
    assert "有人说" not in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_it(mosquitto: Path, tmp_path: Path, how: signal.Signals) -> None:
    running = Process(*CLI, "demo", "--say", "为什么天是蓝的", "--once", cwd=tmp_path, TMPDIR=str(tmp_path))
    try:
        running.until("▶ 正在说")
        family = running.family()
        running.send(how)
        code = running.ends()
        assert gone(family, 8) == []
        if how is signal.SIGINT:
            assert code != 0
            assert list(tmp_path.iterdir()) == []
    finally:
        running.end()


class Terminal:
    """A demo on a terminal, with somebody who types."""

    def __init__(self, *arguments: str) -> None:
        self.screen = b""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            environment = clean_environment(TERM="xterm-256color", COLUMNS="100", LINES="40")
            os.execve(sys.executable, [*CLI, "demo", *arguments], environment)  # noqa: S606
        os.set_blocking(self._master, False)

    def until(self, words: str, within_s: float = 45) -> None:
        deadline = time.monotonic() + within_s
        while words.encode() not in self.screen:
            assert time.monotonic() < deadline, f"no {words!r} in:\n{self.screen.decode(errors='replace')[-3000:]}"
            self._read()
            time.sleep(0.02)

    def types(self, text: str) -> None:
        self.screen = b""
        os.write(self._master, text.encode())

    def ends(self, within_s: float = 20) -> int:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._master)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("the demo did not end")

    def _read(self) -> None:
        try:
            self.screen += os.read(self._master, 65536)
        except (BlockingIOError, OSError):
            return
        if b"\x1b[6n" in self.screen:  # it asks where the cursor is
            self.screen = self.screen.replace(b"\x1b[6n", b"")
            os.write(self._master, b"\x1b[10;1R")


def test_on_a_terminal_one_types_interrupts_and_leaves(mosquitto: Path) -> None:
    terminal = Terminal()
    terminal.until("你说")
    terminal.types("为什么天是蓝的\r")
    terminal.until("▶")
    terminal.types("闭嘴\r")
    terminal.until("被打断")
    terminal.until("控制命令")
    terminal.types("@nobody 你好\r")
    terminal.until("没有叫")
    terminal.types("\x04")
    assert terminal.ends() == 0


def test_on_a_terminal_one_question_is_drawn_and_judged(mosquitto: Path) -> None:
    terminal = Terminal("--say", "你好", "--once")
    terminal.until("结果")
    terminal.until("说出来的回答")
    assert terminal.ends() == 0
