"""A speaker service on a real broker and a simulated cloud, and somebody who plays the brain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from migpt_cli.broker import PrivateBroker
from migpt_shared.bus import Cleared, Delivery, Malformed, MqttBus, Subscription
from migpt_shared.messages import Message, Result, Sentence, Speech, SpeechState, Turn, new_id
from migpt_shared.runner import ServiceHost, mqtt_bus
from migpt_shared.settings import Settings
from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, LiveSpeaker, SimulatedHome, SimulatedSpeaker, Simulator
from migpt_speaker.service import SpeakerService

M = TypeVar("M", bound=Message)

OWNER = "brain/1"
ANSWER = (
    "大气会散射阳光。",
    "蓝光散射最厉害。",
    "所以天空是蓝的。",
    "傍晚光要走很远。",
    "蓝光散射掉了。",
    "只剩下红光。",
)


class Brain:
    """Publishes as a brain, and reads what the speaker service publishes."""

    def __init__(self, url: str, prefix: str) -> None:
        settings = Settings.model_validate({"mqtt": {"url": url, "prefix": prefix}})
        self.deliveries: list[Delivery] = []
        self._news = asyncio.Event()
        self._turns = count(1)
        self.bus = MqttBus(
            settings.mqtt.address(),
            prefix=prefix,
            src=OWNER,
            subscriptions=[Subscription(kind) for kind in (Speech, SpeechState, Result)],
            receiver=self,
        )

    def receive(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self._news.set()

    def malformed(self, malformed: Malformed) -> None:
        raise AssertionError(f"the speaker service published nonsense: {malformed}")

    def cleared(self, cleared: Cleared) -> None: ...

    def connected(self) -> None: ...

    def disconnected(self) -> None: ...

    def all(self, kind: type[M], speaker: str = "living_room") -> list[M]:
        return [one.message for one in self.deliveries if isinstance(one.message, kind) and one.speaker == speaker]

    async def until(self, is_reached: Callable[[], Any], timeout_s: float = 20.0) -> None:
        """Wait until a message makes it true. Raises TimeoutError that shows what came."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_reached():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            came = "\n".join(f"  {one.message!r}" for one in self.deliveries[-20:])
            raise TimeoutError(f"not reached within {timeout_s} s; the last messages:\n{came}") from None

    def turn(self, *, speaker: str = "living_room", turn: str | None = None, **fields: object) -> str:
        """Open a turn (or say how it stands); its id."""
        turn = turn or f"turn{next(self._turns)}.{new_id()}"
        body = {"text": "?", "route": "llm", "reason": "mode", "phase": "accepted", "owner": OWNER, "source": "mqtt"}
        message = Turn.model_validate({"turn": turn, **body, **fields})
        self.bus.publish(message, household="home", speaker=speaker)
        return turn

    def sentence(self, turn: str, seq: int, text: str, *, speaker: str = "living_room", **fields: object) -> None:
        message = Sentence.model_validate({"turn": turn, "seq": seq, "text": text, **fields})
        self.bus.publish(message, household="home", speaker=speaker)

    async def answer(self, turn: str, *, texts: tuple[str, ...] = ANSWER, every_s: float = 0.05) -> None:
        """Publish the sentences of an answer, one after the other as a model would."""
        for seq, text in enumerate(texts):
            self.sentence(turn, seq, text, last=seq == len(texts) - 1)
            await asyncio.sleep(every_s)

    def send(self, message: Message, *, speaker: str = "living_room", household: str = "home") -> str:
        self.bus.publish(message, household=household, speaker=speaker)
        return message.id

    async def spoken(self, turn: str, last: int, *, timeout_s: float = 20.0, speaker: str = "living_room") -> None:
        """Wait until the sentence `last` of the turn is reported as spoken."""

        def is_spoken() -> bool:
            return any(
                one.turn == turn and one.phase == "spoken" and last in one.seqs for one in self.all(Speech, speaker)
            )

        await self.until(is_spoken, timeout_s)

    async def result(self, request: str, *, speaker: str = "living_room", timeout_s: float = 20.0) -> Result:
        await self.until(lambda: any(one.request == request for one in self.all(Result, speaker)), timeout_s)
        return next(one for one in self.all(Result, speaker) if one.request == request)

    def phases(self, turn: str | None, speaker: str = "living_room") -> list[tuple[str, list[int]]]:
        return [(one.phase, one.seqs) for one in self.all(Speech, speaker) if one.turn == turn]


class SpeakerBench:
    """One broker prefix, one simulated home of two speakers, one brain, and as many speaker services as wanted."""

    def __init__(self, simulator: Simulator, brain: Brain, settings: Settings) -> None:
        self.simulator = simulator
        self.brain = brain
        self.settings = settings

    @property
    def living_room(self) -> LiveSpeaker:
        return self.simulator.home.speaker("living_room")

    @property
    def bedroom(self) -> LiveSpeaker:
        return self.simulator.home.speaker("bedroom")

    async def owned(self, *speakers: str, by: str | None = None) -> None:
        """Wait until these speakers have an owner (this one)."""

        def is_owned(speaker: str) -> bool:
            states = self.brain.all(SpeechState, speaker)
            return bool(states) and (states[-1].owner == by if by else states[-1].owner is not None)

        await self.brain.until(lambda: all(is_owned(speaker) for speaker in speakers or ("living_room", "bedroom")))


@asynccontextmanager
async def running_speaker(settings: Settings) -> AsyncIterator[ServiceHost]:
    """A speaker service that is stopped cleanly at the end; a death of its own is raised."""
    stop = asyncio.Event()
    host = ServiceHost(SpeakerService, "speaker", settings, mqtt_bus(settings), watchdog=False)
    task = asyncio.create_task(host.run(stop), name="speaker service")
    try:
        yield host
    finally:
        stop.set()
        await task


@asynccontextmanager
async def speaker_bench(
    broker: PrivateBroker,
    prefix: str,
    data_dir: Path,
    *,
    behaviour: Mapping[str, object] | None = None,
    speech: Mapping[str, object] | None = None,
    stand_in: bool = False,
    services: int = 1,
) -> AsyncIterator[SpeakerBench]:
    """Everything running, both speakers owned. Speech is quick, to save time."""
    speakers = tuple(
        SimulatedSpeaker(
            slug=slug, name=name, hardware="LX06", settings={"seconds_per_char": 0.12, **(behaviour or {})}
        )
        for slug, name in (("living_room", "客厅小爱"), ("bedroom", "卧室小爱"))
    )
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(SimulatedHome(speakers=speakers)))
        url = simulator.url
        settings = Settings.model_validate(
            {
                "data_dir": data_dir,
                "mqtt": {"url": broker.url, "prefix": prefix},
                "households": {
                    "home": {
                        "account": DEFAULT_ACCOUNT,
                        "password": DEFAULT_PASSWORD,
                        "endpoints": {"account": url, "mina": url, "conversation": url, "miot": url},
                        "speakers": {
                            "living_room": {"name": "客厅小爱"} | ({"stand_in": "bedroom"} if stand_in else {}),
                            "bedroom": {"name": "卧室小爱"},
                        },
                    }
                },
                "speech": speech or {},
            }
        )
        brain = Brain(broker.url, prefix)
        task = asyncio.create_task(brain.bus.run(), name="brain")
        stack.push_async_callback(_end, task)
        await brain.bus.wait_connected()
        for _ in range(services):
            await stack.enter_async_context(running_speaker(settings))
        bench = SpeakerBench(simulator, brain, settings)
        if services:
            await bench.owned()
        yield bench


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
