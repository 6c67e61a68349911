"""The life of `migpt up`: a broker, the services, news of how they start, and an end in order."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from migpt_cli.broker import PrivateBroker
from migpt_cli.configuration import with_broker_url
from migpt_cli.connection import connect
from migpt_cli.directory import DIRECTORY, Directory
from migpt_cli.mosquitto_program import Command, ensure_mosquitto
from migpt_cli.outcome import EXIT_OK, EXIT_UNUSABLE, CommandFailedError, say_err
from migpt_cli.problem import ProblemError
from migpt_cli.quiet import quiet_logs
from migpt_cli.stopping import stop_wanted
from migpt_cli.up.progress import Note, Progress
from migpt_cli.up.recorded import Recorded
from migpt_cli.up.restart_budget import RestartBudget
from migpt_cli.up.run_note import read_run_note, run_note
from migpt_cli.up.screen import Screen
from migpt_cli.up.supervisor import Program, Supervisor, services_for
from migpt_shared.language import Phrase
from migpt_shared.log_file import LogFile
from migpt_shared.runner import mqtt_bus
from migpt_shared.settings import Settings

_RUNS_ALREADY = Phrase(
    zh="这个数据目录已经有一个 ./migpt up 在运行（进程 {pid}）：{data_dir}",
    en="a ./migpt up already runs with this data folder (process {pid}): {data_dir}",
)
_OWN_BROKER = Phrase(zh="消息服务器：自带的 mosquitto，{url}", en="broker: a private mosquitto, {url}")
_BROKER = Phrase(zh="消息服务器：{address}", en="broker: {address}")
_BROKER_AWAY = Phrase(
    zh="连不上消息服务器 {address}（mqtt.url），会一直重试",
    en="the broker {address} (mqtt.url) does not answer; trying on",
)
_BROKER_DIED = Phrase(
    zh="mosquitto 意外退出（{words}），{pause:g} 秒后重启",
    en="mosquitto died ({words}); starting it again in {pause:g} s",
)
_STOPPING = Phrase(zh="正在停止…（再按一次 Ctrl+C 立即结束）", en="stopping... (Ctrl+C again ends at once)")
_BROKER_PATIENCE_S = 3.0


async def run_up(settings: Settings, config: Path) -> int:
    """Run everything until Ctrl+C or SIGTERM. Raises ProblemError when the surroundings do not allow to start."""
    quiet_logs()
    as_json = settings.log_format == "json"
    screen = Screen(settings.language, as_json=as_json)
    with _only_one(settings.data_dir):
        stop = stop_wanted(lambda: screen.note(Note("good", _STOPPING.in_(settings.language))))
        async with AsyncExitStack() as stack:
            stack.enter_context(screen.shown())
            environment = {**os.environ, "MIGPT_LOG_FORMAT": "json"}
            is_own_broker = settings.mqtt.url is None
            if is_own_broker:
                broker = await stack.enter_async_context(_private_broker(settings, screen))
                settings = with_broker_url(settings, broker.url)
                environment["MIGPT_MQTT__URL"] = broker.url
                stack.enter_context(run_note(settings.data_dir, broker.url))
                screen.note(Note("good", _OWN_BROKER.in_(settings.language, url=broker.url)))
            await stack.enter_async_context(_telling(settings, screen, is_own_broker=is_own_broker))
            programs = [Program.service(name, config) for name in services_for(settings)]
            lines = LogFile(settings.data_dir)
            stack.callback(lines.close)
            is_usable = await Supervisor(programs, environment, Recorded(screen, lines)).run(stop)
    return EXIT_OK if is_usable else EXIT_UNUSABLE


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Two at once would hear everything twice."""
    lock = FileLock(data_dir / "up.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        note = read_run_note(data_dir)
        pid = note.pid if note else "?"
        raise CommandFailedError(_RUNS_ALREADY, exit_code=EXIT_UNUSABLE, pid=pid, data_dir=data_dir) from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _private_broker(settings: Settings, screen: Screen) -> AsyncIterator[PrivateBroker]:
    """A mosquitto of our own, started again when it dies."""

    def announce(phrase: Phrase, command: Command) -> None:
        say_err(phrase.in_(settings.language, command=" ".join(command)))

    program = await asyncio.to_thread(ensure_mosquitto, announce)
    async with PrivateBroker(program) as broker:
        keeping = asyncio.create_task(_keep_broker(broker, settings, screen), name="keep broker")
        try:
            yield broker
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def _keep_broker(broker: PrivateBroker, settings: Settings, screen: Screen) -> None:
    budget = RestartBudget()
    began = time.monotonic()
    while True:
        last_words = await broker.wait()
        while True:
            now = time.monotonic()
            pause_s = budget.died(now, now - began)
            screen.note(Note("bad", _BROKER_DIED.in_(settings.language, words=last_words, pause=pause_s)))
            await asyncio.sleep(pause_s)
            await broker.stop()
            began = time.monotonic()
            try:
                await broker.start()
                break
            except ProblemError as problem:
                last_words = problem.in_(settings.language)


@asynccontextmanager
async def _telling(settings: Settings, screen: Screen, *, is_own_broker: bool) -> AsyncIterator[None]:
    """Tell how the start goes, and afterwards of accounts and speakers that change."""
    telling = asyncio.create_task(_tell(settings, screen, is_own_broker=is_own_broker), name="telling")
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell(settings: Settings, screen: Screen, *, is_own_broker: bool) -> None:
    address, language = settings.mqtt.address(), settings.language
    progress, directory = Progress(settings), Directory()
    screen.waiting(progress.waiting_for(directory, is_connected=False))
    warning = asyncio.get_running_loop().call_later(
        _BROKER_PATIENCE_S, lambda: screen.note(Note("bad", _BROKER_AWAY.in_(language, address=address)))
    )
    try:
        async with connect(mqtt_bus(settings), DIRECTORY, within_s=None) as connection:
            warning.cancel()
            if not is_own_broker:
                screen.note(Note("good", _BROKER.in_(language, address=address)))
            while True:
                screen.waiting(None if progress.is_ready else progress.waiting_for(directory, is_connected=True))
                directory.take(await connection.inbox.get())
                for note in progress.news(directory):
                    screen.note(note)
    finally:
        warning.cancel()
