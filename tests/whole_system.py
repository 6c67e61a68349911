"""The whole system for tests and benches: a private mosquitto, the simulator in this process, services as processes."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from migpt_brain.intent.model import MODEL_FILE, IntentModel, training_fingerprint
from migpt_cli.broker import PrivateBroker
from migpt_shared.bus import BrokerAddress, Cleared, Delivery, Malformed, MqttBus, Subscription
from migpt_shared.messages import (
    CATALOGUE,
    Address,
    BrainState,
    Command,
    Heard,
    HearingState,
    Message,
    Presence,
    Reply,
    Result,
    SpeakerInfo,
    Speech,
    SpeechState,
    Turn,
)
from migpt_simulator import SimulatedHome, Simulator
from migpt_simulator.home import DEFAULT_PASSWORD
from migpt_simulator.llm_behaviour import Behaviour, LlmControl

SERVICES = ("poller", "brain", "speaker")
M = TypeVar("M", bound=Message)


@dataclass
class Watcher:
    """Sees all messages and lets a test wait for what it expects."""

    deliveries: list[Delivery] = field(default_factory=list)
    latest: dict[tuple[type[Message], tuple[str, ...]], Message] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: dict[str, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    connections: int = 0

    def receive(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.latest[type(delivery.message), tuple(delivery.places.values())] = delivery.message
        if isinstance(delivery.message, Turn) and not delivery.retained:
            self._turns[delivery.message.text].append(delivery.message)
        self.changed.set()

    def malformed(self, malformed: Malformed) -> None:
        self.changed.set()

    def cleared(self, cleared: Cleared) -> None:
        self.latest.pop((cleared.kind, tuple(cleared.places.values())), None)
        self.changed.set()

    def connected(self) -> None:
        self.connections += 1
        self.changed.set()

    def disconnected(self) -> None:
        self.changed.set()

    def of(self, kind: type[M], speaker: str | None = None) -> list[M]:
        """All messages of a kind so far, retained ones left out."""
        return [
            delivery.message
            for delivery in self.deliveries
            if isinstance(delivery.message, kind) and not delivery.retained and speaker in (None, delivery.speaker)
        ]

    def turns(self, text: str) -> list[Turn]:
        """What was published about the turns of an utterance."""
        return list(self._turns[text])

    async def until(self, condition: Callable[[], object], timeout_s: float = 20.0, what: str = "") -> None:
        """Wait until the condition holds; it is looked at after every message. Raises TimeoutError with the story."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            tail = "\n".join(f"  {type(d.message).__name__} {d.message!r}" for d in self.deliveries[-12:])
            raise TimeoutError(f"waited {timeout_s} s for {what or condition}; last messages:\n{tail}") from None

    async def closed(self, text: str, timeout_s: float = 40.0) -> Turn:
        """Wait for the end of an utterance's turn."""
        await self.until(
            lambda: any(not turn.is_open for turn in self.turns(text)), timeout_s, f"the end of the turn {text!r}"
        )
        return next(turn for turn in self.turns(text) if not turn.is_open)


class ServiceProcess:
    """One service as a process; its log goes to a file."""

    def __init__(self, name: str, config: Path, log: Path) -> None:
        self.name = name
        self.log = log
        self._config = config
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"migpt_{self.name}", "--config", str(self._config),
                stdout=out, stderr=out, env={**os.environ, "MIGPT_LOG_FORMAT": "json"},
            )  # fmt: skip

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> int:
        """A clean stop; returns the exit status. Kills what does not obey within 10 s."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
                raise AssertionError(f"{self.name} did not stop; its log:\n{self.tail()}") from None
        assert self._process.returncode is not None
        return self._process.returncode

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def rss_mb(self) -> float:
        """Resident memory now, MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def cpu_s(self) -> float:
        """Processor time used so far, seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class WholeSystem:
    """`async with WholeSystem() as system:` starts all of it and waits until every speaker has its owners."""

    def __init__(
        self,
        home: SimulatedHome | None = None,
        *,
        settings: str = "",
        mode: str = "ai",
        replicas: Iterable[str] = SERVICES,
        broker: PrivateBroker | None = None,
        llm_section: str = "",
        answer: str | None = None,
    ) -> None:
        """`answer`: what the simulated model says to everything; None: by the question."""
        self.simulator = Simulator(home or SimulatedHome())
        if answer is not None:
            self.simulator.llm.control(LlmControl(default=Behaviour(answer=answer)))
        self.broker = broker or PrivateBroker()
        self.watcher = Watcher()
        self.services: list[ServiceProcess] = []
        self._replicas = Counter(replicas)
        self._settings = settings
        self._mode = mode
        self._llm_section = llm_section
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for service in self.services:
                sys.stderr.write(f"--- {service.name} ---\n{service.tail()}\n")
        await self._stack.aclose()

    async def _start(self) -> None:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="migpt-")))
        await self._stack.enter_async_context(self.simulator)
        await self._stack.enter_async_context(self.broker)
        model = self.folder / "data" / MODEL_FILE
        model.parent.mkdir(parents=True)
        await asyncio.to_thread(shutil.copy, await asyncio.to_thread(_trained_model), model)
        self.config = self.folder / "config.toml"
        self.config.write_text(self.config_text(), encoding="utf-8")
        self.bus = MqttBus(
            BrokerAddress.from_url(self.broker.url),
            prefix="migpt",
            src="test/watcher",
            subscriptions=[Subscription(kind) for kind in CATALOGUE],
            receiver=self.watcher,
        )
        listening = asyncio.create_task(self.bus.run(), name="watcher")
        self._stack.push_async_callback(_cancelled, listening)
        await self.watcher.until(lambda: self.watcher.connections, what="the broker")
        for name, count in self._replicas.items():
            for number in range(count):
                self.services.append(ServiceProcess(name, self.config, self.folder / f"{name}-{number}.log"))
        self._stack.push_async_callback(self._stop_services)
        for service in self.services:
            await service.start()
        await self.watcher.until(self.is_ready, 30, "every speaker to have its owners")

    def config_text(self) -> str:
        simulator = self.simulator
        text = f"""
data_dir = "data"
log_level = "debug"
[mqtt]
url = "{self.broker.url}"
[routing]
mode = "{self._mode}"
[llm]
preset = "simulated"
{self._llm_section}
[llm.presets.simulated]
base_url = "{simulator.llm_url}"
model = "simulated-chat"
api_key = "sk-simulated"
"""
        for number, account in enumerate(simulator._spec.accounts):
            household = "home" if number == 0 else f"home{number}"
            text += f"""
[households.{household}]
account = "{account.account}"
password = "{DEFAULT_PASSWORD}"
[households.{household}.endpoints]
account = "{simulator.url}"
mina = "{simulator.url}"
conversation = "{simulator.url}"
miot = "{simulator.url}"
"""
            for speaker in simulator._spec.speakers:
                if speaker.account == account.account:
                    text += f'[households.{household}.speakers.{speaker.slug}]\ndevice_id = "{speaker.device_id}"\n'
        return text + self._settings

    def addresses(self) -> list[Address]:
        households = {a.account: "home" if n == 0 else f"home{n}" for n, a in enumerate(self.simulator._spec.accounts)}
        return [Address(households[s.account], s.slug) for s in self.simulator._spec.speakers]

    def is_ready(self) -> bool:
        """Every speaker is heard, answered and spoken through."""
        kinds = [
            kind
            for kind, name in ((HearingState, "poller"), (BrainState, "brain"), (SpeechState, "speaker"))
            if self._replicas[name]
        ]
        for address in self.addresses():
            key = (address.household, address.speaker)
            if (SpeakerInfo, key) not in self.watcher.latest and self._replicas["poller"]:
                return False
            for kind in kinds:
                if getattr(self.watcher.latest.get((kind, key)), "owner", None) is None:
                    return False
            hearing = self.watcher.latest.get((HearingState, key))
            if isinstance(hearing, HearingState) and not hearing.online:
                return False
        return True

    def service(self, name: str) -> ServiceProcess:
        return next(service for service in self.services if service.name == name)

    def publish(self, message: Message, speaker: str = "living_room", household: str = "home") -> None:
        self.bus.publish(message, household=household, speaker=speaker)

    async def send(self, command: Command, speaker: str = "living_room", household: str = "home") -> Result:
        """Publish a command and wait for its result."""
        self.publish(command, speaker, household)
        await self.watcher.until(lambda: self._result_of(command), what=f"the result of {command!r}")
        result = self._result_of(command)
        assert result is not None
        return result

    def _result_of(self, command: Command) -> Result | None:
        return next((result for result in self.watcher.of(Result) if result.request == command.id), None)

    def instances(self, name: str) -> set[str]:
        """The living instances of a service, by presence."""
        return {
            places[1]
            for (kind, places), message in self.watcher.latest.items()
            if kind is Presence and places[0] == name and getattr(message, "status", "") == "online"
        }

    def owner_of(self, kind: type[HearingState | BrainState | SpeechState], address: Address) -> str | None:
        state = self.watcher.latest.get((kind, (address.household, address.speaker)))
        return getattr(state, "owner", None)

    async def _stop_services(self) -> None:
        for service in self.services:
            if service._process is not None and service._process.returncode is None:
                await service.stop()


def _trained_model() -> Path:
    """The intent model, trained once for all systems on this machine."""
    cache = Path(tempfile.gettempdir(), f"migpt-tests-{getpass.getuser()}", f"{training_fingerprint()[:16]}.json")
    IntentModel.load_or_train(cache)
    return cache


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


__all__ = ["SERVICES", "Heard", "Presence", "Reply", "ServiceProcess", "Speech", "Watcher", "WholeSystem"]
