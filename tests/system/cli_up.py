"""A `migpt up` with a simulated cloud, as a person has it on a terminal that is a pipe."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from migpt_cli.broker import free_port
from migpt_cli.demo.scenery import config_file

CLI = (sys.executable, "-P", "-m", "migpt_cli")


def clean_environment(**more: str) -> dict[str, str]:
    """Without the MIGPT_ variables of whoever runs the tests."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("MIGPT_")}, **more}


class Process:
    """A process whose lines can be waited for."""

    def __init__(self, *command: str, cwd: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            command, cwd=cwd, env=clean_environment(**environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip
        self.lines: list[str] = []
        self._arriving: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def until(self, words: str, within_s: float = 40) -> str:
        """The next line with these words."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                line = self._arriving.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no {words!r} in:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if words in line:
                return line

    def ends(self, within_s: float = 15) -> int:
        """The exit code; all its lines are in `lines` then."""
        code = self.process.wait(within_s)
        self._reader.join(5)
        while not self._arriving.empty():
            line = self._arriving.get()
            if line is not None:
                self.lines.append(line)
        return code

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def family(self) -> list[psutil.Process]:
        """Its descendants."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


class UpHome:
    """A folder with a configuration, the simulated cloud that it leads to, and a `migpt up` in it."""

    def __init__(self, folder: Path, config: str | None = None) -> None:
        self.folder = folder
        self.simulator = Process(sys.executable, "-P", "-m", "migpt_simulator", cwd=folder)
        self.addresses: dict[str, str] = json.loads(self.simulator.until('"xiaomi"'))
        text = config_file(
            "zh",
            xiaomi_url=self.addresses["xiaomi"],
            llm_url=self.addresses["llm"],
            mqtt_url=None,
            console_port=free_port(),
        )
        (folder / "config.toml").write_text((config or text).replace('log_format = "json"\n', ""), encoding="utf-8")
        self.up = Process(*CLI, "up", cwd=folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.up.end()
        self.simulator.end()

    def migpt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command in the same folder."""
        return subprocess.run(
            [*CLI, *arguments], cwd=self.folder, env=clean_environment(COLUMNS="200"), stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip

    def heard_in(self, speaker: str) -> list[str]:
        """What was spoken to its end in that room."""
        url = f"{self.addresses['control']}/journal?speaker={speaker}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the simulator on loopback
            events: list[dict[str, Any]] = json.load(answer)["events"]
        return [event["text"] for event in events if event["event"] == "sound_ended"]

    def pid_of(self, service: str) -> int:
        """The process of a service."""
        for process in self.up.family():
            command = process.cmdline()
            if f"migpt_{service}" in command and "sh" not in Path(command[0]).name:
                return process.pid
        raise AssertionError(f"no process of {service}")


def gone(processes: list[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Those that are still there after so long."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
