"""Where the demo plays: broker, simulator and services, as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from migpt_cli.broker import PrivateBroker, free_port
from migpt_cli.demo.scenery import config_file, home_file
from migpt_cli.outcome import CommandFailedError
from migpt_cli.up.child import Child
from migpt_cli.up.recorded import Recorded
from migpt_cli.up.service_lines import LogEntry, read_line
from migpt_cli.up.supervisor import Program, Supervisor, services_for
from migpt_shared.language import Language, Phrase
from migpt_shared.log_file import LogFile
from migpt_shared.runner import MakeBus, mqtt_bus
from migpt_shared.settings import Settings, load_settings

_SIMULATOR_WITHIN_S = 30.0
_TROUBLES_KEPT = 20

_BROKER_UP = Phrase(zh="消息服务器：私有的 mosquitto，{url}", en="broker: a private mosquitto, {url}")
_SIMULATOR_UP = Phrase(
    zh="模拟的小米云和大模型：{url}（真实的网络协议）",
    en="simulated Xiaomi cloud and model: {url} (the real wire protocols)",
)
CONSOLE_UP = Phrase(
    zh="控制台：http://127.0.0.1:{port}（第一次打开时设一个密码）",
    en="console: http://127.0.0.1:{port} (the first visit sets a password)",
)
_SERVICES_UP = Phrase(zh="服务进程：{names}", en="service processes: {names}")
_SIMULATOR_DIED = Phrase(zh="模拟器没有启动：{words}", en="the simulator did not start: {words}")
_SERVICE_UNUSABLE = Phrase(zh="{name} 无法启动", en="{name} cannot start")


@dataclass(slots=True)
class Stage:
    """A running demo, as the play sees it."""

    make_bus: MakeBus
    control_url: str
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    """something without which there is no demo has ended"""
    broken_by: Phrase | None = None
    broken_values: dict[str, object] = field(default_factory=dict)
    troubles: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=_TROUBLES_KEPT))
    """the last warnings and errors of the services"""

    def break_off(self, phrase: Phrase, **values: object) -> None:
        self.broken_by, self.broken_values = phrase, values
        self.broken.set()


class _Witness:
    """Keeps what goes wrong in the services, for the case that the play fails."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def line(self, name: str, line: str) -> None:
        entry = read_line(name, line)
        if entry.is_trouble or not entry.time:
            self._stage.troubles.append(entry)

    def died(self, name: str, code: int, again_in_s: float) -> None:
        self._stage.troubles.append(LogEntry(name, f"exit {code}", level="error"))

    def unusable(self, name: str) -> None:
        self._stage.break_off(_SERVICE_UNUSABLE, name=name)


@asynccontextmanager
async def stage_of_processes(mosquitto: Path, language: Language, tell: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Everything as processes over a private mosquitto. Raises ProblemError when something does not start."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="migpt-demo-")))
        broker = await stack.enter_async_context(PrivateBroker(mosquitto))
        tell(_BROKER_UP.in_(language, url=broker.url))
        addresses = await stack.enter_async_context(_simulator(folder, language))
        tell(_SIMULATOR_UP.in_(language, url=addresses["xiaomi"]))
        config = folder / "config.toml"
        port = free_port()
        text = config_file(
            language,
            xiaomi_url=addresses["xiaomi"],
            llm_url=addresses["llm"],
            mqtt_url=broker.url,
            console_port=port,
        )
        config.write_text(text, encoding="utf-8")
        settings = load_settings(config)
        stage = Stage(mqtt_bus(settings), addresses["control"])
        lines = LogFile(folder / "data")
        stack.callback(lines.close)
        services = services_for(settings)
        programs = [Program.service(name, config) for name in services]
        supervisor = Supervisor(programs, os.environ, Recorded(_Witness(stage), lines))
        stop = asyncio.Event()
        supervising = asyncio.create_task(supervisor.run(stop), name="supervisor")
        tell(_SERVICES_UP.in_(language, names="、".join(services) if language == "zh" else ", ".join(services)))
        tell(CONSOLE_UP.in_(language, port=port))
        try:
            yield stage
        finally:
            stop.set()
            await supervising


@asynccontextmanager
async def stage_beside(settings: Settings, control_url: str) -> AsyncIterator[Stage]:
    """What runs already: the configured broker with its services, and the simulator at that address."""
    yield Stage(mqtt_bus(settings), control_url)


@asynccontextmanager
async def _simulator(folder: Path, language: Language) -> AsyncIterator[dict[str, str]]:
    """The simulator as a process; gives its addresses."""
    home = folder / "home.toml"
    home.write_text(home_file(language), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "migpt_simulator", "--home", str(home)]
    child = await Child.start("simulator", command, os.environ)
    reading: asyncio.Task[None] | None = None
    try:
        yield_addresses, words = await _first_addresses(child)
        if yield_addresses is None:
            raise CommandFailedError(_SIMULATOR_DIED, words=words)
        reading = asyncio.create_task(_drain(child), name="read simulator")
        yield yield_addresses
    finally:
        if reading is None:
            reading = asyncio.create_task(_drain(child), name="read simulator")
        await child.stop()
        await reading


async def _first_addresses(child: Child) -> tuple[dict[str, str] | None, str]:
    """The line with the addresses; None, with what was said instead, when the simulator ends without it."""
    said: list[str] = []
    try:
        async with asyncio.timeout(_SIMULATOR_WITHIN_S):
            async for line in child.lines():
                if line.startswith("{"):
                    return json.loads(line), ""
                said.append(line)
    except TimeoutError:
        said.append(f"not ready after {_SIMULATOR_WITHIN_S:g} s")
    return None, "; ".join(said[-3:])


async def _drain(child: Child) -> None:
    async for _ in child.lines():
        pass
