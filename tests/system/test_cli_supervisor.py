"""The supervisor with programs that die, refuse to start, and do not stop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from migpt_cli.up.supervisor import Program, Supervisor
from tests.system.cli_up import gone


class Notebook:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.deaths: list[tuple[str, int]] = []
        self.unusables: list[str] = []
        self.happened = asyncio.Event()

    def line(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        self.happened.set()

    def died(self, name: str, code: int, again_in_s: float) -> None:
        self.deaths.append((name, code))
        self.happened.set()

    def unusable(self, name: str) -> None:
        self.unusables.append(name)


def python(name: str, code: str) -> Program:
    return Program(name, (sys.executable, "-u", "-c", code))


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


async def until_lines(notebook: Notebook, number: int) -> None:
    async with asyncio.timeout(20):
        while len(notebook.lines) < number:
            notebook.happened.clear()
            await notebook.happened.wait()


async def test_a_program_that_dies_is_started_again() -> None:
    notebook, stop = Notebook(), asyncio.Event()
    supervisor = Supervisor([python("a", "print('hello'); raise SystemExit(3)")], os.environ, notebook)
    running = asyncio.create_task(supervisor.run(stop))
    await until_lines(notebook, 3)
    stop.set()
    assert await running is True
    assert notebook.lines[:3] == [("a", "hello")] * 3
    assert notebook.deaths[:2] == [("a", 3)] * 2
    assert supervisor.pids == {}


async def test_a_program_that_cannot_start_with_these_settings_ends_everything() -> None:
    notebook = Notebook()
    programs = [python("a", "import time; time.sleep(60)"), python("b", "raise SystemExit(2)")]
    supervisor = Supervisor(programs, os.environ, notebook)
    async with asyncio.timeout(20):
        assert await supervisor.run(asyncio.Event()) is False
    assert notebook.unusables == ["b"]
    assert notebook.deaths == []
    assert supervisor.pids == {}


async def test_one_that_does_not_stop_is_killed_after_five_seconds() -> None:
    notebook, stop = Notebook(), asyncio.Event()
    supervisor = Supervisor([python("a", STUBBORN)], os.environ, notebook)
    running = asyncio.create_task(supervisor.run(stop))
    await until_lines(notebook, 1)
    process = psutil.Process(supervisor.pids["a"])
    began = time.monotonic()
    stop.set()
    await running
    assert 4.5 < time.monotonic() - began < 8
    assert gone([process], 1) == []


async def test_a_flood_of_lines_and_a_very_long_one_do_not_block_it() -> None:
    notebook, stop = Notebook(), asyncio.Event()
    code = "print('x' * 3_000_000); [print(n) for n in range(20_000)]; print('end'); import time; time.sleep(60)"
    running = asyncio.create_task(Supervisor([python("a", code)], os.environ, notebook).run(stop))
    await until_lines(notebook, 20_000)
    async with asyncio.timeout(20):
        while notebook.lines[-1] != ("a", "end"):
            notebook.happened.clear()
            await notebook.happened.wait()
    stop.set()
    await running
    assert ("a", "19999") in notebook.lines


_OWNER = """
import asyncio, os, sys
from migpt_cli.up.child import Child

async def main():
    children = [await Child.start("a", [sys.executable, "-u", "-c", code], os.environ) for code in sys.argv[1:]]
    for child in children:
        async for line in child.lines():
            break
    print(*(child.pid for child in children), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_even_a_stubborn_child_does_not_outlive_its_owner(how: signal.Signals, tmp_path: Path) -> None:
    meek = "import time; print('up', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, meek, STUBBORN], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        family = [process for pid in pids for process in (psutil.Process(pid), *psutil.Process(pid).children())]
        owner.send_signal(how)
        owner.wait(10)
    assert len(family) >= 4
    assert gone(family[:1], 1.5) == []
    assert gone(family, 8) == []
