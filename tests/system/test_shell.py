"""The shell against the whole system: lines from a pipe, and a prompt on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import stat
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from migpt_shared.messages import Ask, BrainState, Say, Stop, Turn
from migpt_simulator import SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import Woken
from migpt_simulator.llm_behaviour import AnswerRule, Behaviour, LlmControl
from tests.system.cli_up import CLI, clean_environment
from tests.whole_system import WholeSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"seconds_per_char": 0.03, "publish_delay_s": 0.3, "native_delay_s": 0.3}
ENDS_WITHIN_S = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[WholeSystem]:
    home = SimulatedHome(
        latency_s=0.01,
        speakers=(
            SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings=QUICK),
            SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="LX06", settings=QUICK),
        ),
    )
    async with WholeSystem(home) as running:
        running.simulator.llm.control(LlmControl(default=Behaviour(first_token_s=0.05, tokens_per_s=200)))
        yield running


def answers(system: WholeSystem, question: str, answer: str) -> None:
    system.simulator.llm.control(LlmControl(answers=(AnswerRule(match=question, answer=answer),)))


async def shell(system: WholeSystem, *lines: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a shell that is given these lines."""
    process = await asyncio.create_subprocess_exec(
        *CLI, "shell", "--config", str(system.config), env=clean_environment(COLUMNS="200", **environment),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(ENDS_WITHIN_S):
        out, err = await process.communicate("\n".join(lines).encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_line_is_asked_and_its_answer_spoken_and_printed(system: WholeSystem) -> None:
    answers(system, "为什么海是咸的", "河水把盐带进了大海。水会蒸发，盐留了下来。")
    since = time.monotonic()
    code, out, err = await shell(system, "选择 客厅", "为什么海是咸的")
    assert (code, err) == (0, "")
    assert "河水把盐带进了大海。水会蒸发，盐留了下来。" in out
    journals = {slug: system.simulator.home.speaker(slug).journal for slug in ("living_room", "bedroom")}
    assert "".join(journals["living_room"].spoken(since=since)) == "河水把盐带进了大海。水会蒸发，盐留了下来。"
    assert not journals["bedroom"].spoken(since=since)
    assert [ask.text for ask in system.watcher.of(Ask)][-1:] == ["为什么海是咸的"]


async def test_say_speaks_on_all_that_are_chosen(system: WholeSystem) -> None:
    since = time.monotonic()
    code, out, err = await shell(system, "select all", "say 晚饭好了", "说：洗手")
    assert (code, err) == (0, "")
    for slug in ("living_room", "bedroom"):
        assert list(system.simulator.home.speaker(slug).journal.spoken(since=since)) == ["晚饭好了", "洗手"]
    assert out.count("说完了") == 4


async def test_nothing_is_asked_or_spoken_by_accident(system: WholeSystem) -> None:
    sent = len(system.watcher.of(Ask)) + len(system.watcher.of(Say))
    code, out, err = await shell(system, "讲个笑话", "/sopt", "say", "select garage", "")
    assert code == 1
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 4
    assert "先选择音箱" in lines[0]
    assert "/sopt" in lines[1]
    assert "garage" in lines[3]
    assert len(system.watcher.of(Ask)) + len(system.watcher.of(Say)) == sent


async def test_the_ai_switch(system: WholeSystem) -> None:
    def ai(slug: str) -> bool:
        state = system.watcher.latest[BrainState, ("home", slug)]
        assert isinstance(state, BrainState)
        return state.ai

    code, out, _ = await shell(system, "select bedroom", "off")
    assert code == 0
    assert "AI 已关闭" in out
    await system.watcher.until(lambda: not ai("bedroom"))
    assert ai("living_room")
    code, out, _ = await shell(system, "select 1", "on", MIGPT_LANGUAGE="en")
    assert code == 0
    assert "AI is on" in out
    await system.watcher.until(lambda: ai("bedroom"))


async def test_start_wakes_and_stop_stops(system: WholeSystem) -> None:
    story = "从前有座山。" * 150
    answers(system, "讲个长故事", story)
    since = time.monotonic()
    speaker = system.simulator.home.speaker("living_room")
    asked = Ask(text="讲个长故事")
    system.publish(asked)
    await system.watcher.until(lambda: speaker.is_speaking, what="the story to be told")
    code, out, err = await shell(system, "选择 客厅", "停止", "开始")
    assert (code, err) == (0, "")
    assert "停了" in out
    assert "在听" in out
    assert system.watcher.of(Stop)
    turn = await system.watcher.closed("讲个长故事")
    assert turn.phase == "cancelled"
    assert len("".join(speaker.journal.spoken(since=since))) < len(story)
    assert speaker.journal.of(Woken, since=since)


async def test_pages(system: WholeSystem) -> None:
    answers(system, "一加一", "等于二。")
    lines = (
        "help",
        "status",
        "select",
        "select 客厅 卧室",
        "select",
        "select 客厅",
        "normal",
        "一加一",
        "api_logs",
        "exit",
        "say no",
    )
    code, out, err = await shell(system, *lines)
    assert (code, err) == (0, "")
    for word in ("接口日志", "○ 1", "已选择：卧室小爱, 客厅小爱", "● ", "写好一句：等于二。", "simulated"):
        assert word in out, word
    for service in ("poller", "brain", "speaker"):
        assert f"✓ {service}/" in out
    assert "no" not in [say.text for say in system.watcher.of(Say)]


async def test_debug_shows_every_message(system: WholeSystem) -> None:
    code, out, _ = await shell(system, "select 客厅", "debug", "说 你好")
    assert code == 0
    assert "Result home/living_room" in out
    assert "SpeechState home/living_room" in out


async def test_a_model_that_fails_ends_with_1(system: WholeSystem) -> None:
    system.simulator.llm.control(LlmControl(default=Behaviour(status=401)))
    try:
        code, _, err = await shell(system, "select 客厅", "今天怎么样")
    finally:
        system.simulator.llm.control(LlmControl(reset=True, default=Behaviour(first_token_s=0.05, tokens_per_s=200)))
    turn = await system.watcher.closed("今天怎么样")
    assert turn.error
    assert code == (0 if turn.phase == "done" else 1)
    assert turn.error in err


async def test_lines_come_from_a_file_too(system: WholeSystem) -> None:
    script = system.folder / "lines.txt"
    script.write_text("状态\n", encoding="utf-8")
    with script.open() as lines:
        process = await asyncio.create_subprocess_exec(
            *CLI, "shell", "-c", str(system.config), "-s", "all", env=clean_environment(),
            stdin=lines, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(ENDS_WITHIN_S):
            out, _ = await process.communicate()
    assert process.returncode == 0
    assert "客厅小爱" in out.decode()


async def test_status_for_scripts(system: WholeSystem) -> None:
    process = await asyncio.create_subprocess_exec(
        *CLI, "status", "--json", "-c", str(system.config), env=clean_environment(), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(ENDS_WITHIN_S):
        out, _ = await process.communicate()
    assert process.returncode == 0
    told = json.loads(out)
    assert {one["service"] for one in told["services"]} == {"poller", "brain", "speaker"}
    assert told["missing"] == []
    assert told["accounts"]["home"]["ok"]
    assert [one["name"] for one in told["speakers"]] == ["卧室小爱", "客厅小爱"]


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def until(self, condition: Callable[[str], bool], within_s: float = ENDS_WITHIN_S) -> None:
        """Wait until what was shown so far fulfils the condition. Raises AssertionError with all of it."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._descriptor, readable.set)
        try:
            async with asyncio.timeout(within_s):
                while not condition(self.seen):
                    await readable.wait()
                    readable.clear()
                    with contextlib.suppress(BlockingIOError):
                        self.seen += os.read(self._descriptor, 65536).decode(errors="replace")
        except TimeoutError:
            raise AssertionError(f"not shown; but this was:\n{self.seen}") from None
        finally:
            loop.remove_reader(self._descriptor)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
async def test_on_a_terminal_events_appear_above_the_prompt_while_one_types_on(system: WholeSystem) -> None:
    answers(system, "月亮是什么", "月亮绕着地球转。")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (40, 120))
    process = await asyncio.create_subprocess_exec(
        *CLI, "shell", "-c", str(system.config), "-s", "客厅", stdin=theirs, stdout=theirs, stderr=theirs,
        env=clean_environment(TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1"), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    terminal = Terminal(ours)
    try:
        await terminal.until(lambda seen: "客厅小爱 ▸" in seen)
        terminal.type("月亮是什么\r")
        await terminal.until(lambda seen: "写好一句：月亮绕着地球转。" in seen)
        terminal.type("sel\t")
        await terminal.until(lambda seen: "select" in seen)
        terminal.type(" al\t")
        await terminal.until(lambda seen: "select all" in seen)
        terminal.type("\r")
        await terminal.until(lambda seen: "已选择：全部音箱" in seen)
        await terminal.until(lambda seen: "全部音箱 ▸" in seen)
        await system.watcher.until(lambda: [one for one in system.watcher.of(Turn) if one.text == "月亮是什么"])
        async with asyncio.timeout(ENDS_WITHIN_S):
            while process.returncode is None:  # a key that is pressed while a line is written above is lost at times
                terminal.type("\x04")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 2)
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)
    history = system.folder / "data" / "shell_history"
    assert "月亮是什么" in history.read_text(encoding="utf-8")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
