"""The same without mosquitto: simulator and services in this process, over the in-memory bus."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from migpt_brain.brain_service import BrainService
from migpt_cli.broker import free_port
from migpt_cli.demo.scenery import config_file, home_file
from migpt_cli.demo.stage import CONSOLE_UP, Stage
from migpt_cli.up.service_lines import read_line
from migpt_console.service import ConsoleService
from migpt_poller.service import PollerService
from migpt_shared.bus import MemoryBroker
from migpt_shared.language import Language, Phrase
from migpt_shared.logs import set_up_logs
from migpt_shared.runner import ServiceHost, memory_bus
from migpt_shared.settings import load_settings
from migpt_simulator import Simulator, load_home
from migpt_speaker.service import SpeakerService

_UP = Phrase(
    zh="没有 mosquitto，所以全部在一个进程里运行：模拟器 {url}、poller、brain、speaker、console，经过内存中的消息总线",
    en="without mosquitto all runs in one process: simulator {url}, poller, brain, speaker, console; a bus in memory",
)
_ENDED = Phrase(zh="服务 {name} 意外结束：{error}", en="service {name} ended: {error}")


class _TroubleStream:
    """A log stream that keeps what goes wrong."""

    def __init__(self) -> None:
        self.stage: Stage | None = None

    def write(self, text: str) -> int:
        for line in text.splitlines():
            entry = read_line("demo", line)
            if self.stage is not None and entry.is_trouble:
                self.stage.troubles.append(entry)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return False


@asynccontextmanager
async def stage_in_one_process(language: Language, tell: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Everything in this process."""
    log = _TroubleStream()
    with tempfile.TemporaryDirectory(prefix="migpt-demo-") as name:
        folder = Path(name)
        home = folder / "home.toml"
        home.write_text(home_file(language), encoding="utf-8")
        async with Simulator(load_home(home)) as simulator:
            config = folder / "config.toml"
            port = free_port()
            text = config_file(
                language, xiaomi_url=simulator.url, llm_url=simulator.llm_url, mqtt_url=None, console_port=port
            )
            config.write_text(text, encoding="utf-8")
            settings = load_settings(config)
            settings.data_dir.mkdir()
            set_up_logs(service="demo", level="quiet", log_format="json", secrets=settings.secrets(), stream=log)  # type: ignore[arg-type]
            tell(_UP.in_(language, url=simulator.url))
            stage = log.stage = Stage(memory_bus(MemoryBroker(), settings), simulator.control_url)
            tell(CONSOLE_UP.in_(language, port=port))
            stop = asyncio.Event()
            hosts = [
                asyncio.create_task(ServiceHost(make, make.name, settings, stage.make_bus).run(stop), name=make.name)
                for make in (PollerService, BrainService, SpeakerService, ConsoleService)
            ]
            for host in hosts:
                host.add_done_callback(lambda ended: _ended(stage, ended))
            try:
                yield stage
            finally:
                stop.set()
                await asyncio.gather(*hosts, return_exceptions=True)


def _ended(stage: Stage, host: asyncio.Task[None]) -> None:
    if not host.cancelled() and (error := host.exception()) is not None:
        stage.break_off(_ENDED, name=host.get_name(), error=error)
