"""A bridge on a real broker beside a stand-in of Home Assistant, and somebody who plays the brain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from migpt_cli.broker import PrivateBroker
from migpt_ha_bridge.service import HaBridgeService
from migpt_shared.bus import Cleared, Delivery, Malformed, MqttBus, Subscription
from migpt_shared.messages import (
    HomeAnswer,
    HomeAsk,
    HomeCall,
    HomeEntities,
    HomeEntity,
    HomeLook,
    HomeState,
    Message,
    SpeakerInfo,
)
from migpt_shared.runner import ServiceHost, mqtt_bus
from migpt_shared.settings import Settings
from tests.home_stand_in import TOKEN, HomeStandIn

M = TypeVar("M", bound=Message)
WITHIN_S = 30.0


class Brain:
    """Asks as a brain does, and reads what the bridge publishes."""

    def __init__(self, url: str, prefix: str) -> None:
        settings = Settings.model_validate({"mqtt": {"url": url, "prefix": prefix}})
        self.deliveries: list[Delivery] = []
        self.emptied: list[type[Message]] = []
        self._news = asyncio.Event()
        self.bus = MqttBus(
            settings.mqtt.address(),
            prefix=prefix,
            src="brain/1",
            subscriptions=[Subscription(kind) for kind in (HomeAnswer, HomeState, HomeEntities)],
            receiver=self,
        )

    def receive(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self._news.set()

    def malformed(self, malformed: Malformed) -> None:
        raise AssertionError(f"the bridge published nonsense: {malformed}")

    def cleared(self, cleared: Cleared) -> None:
        self.emptied.append(cleared.kind)
        self._news.set()

    def connected(self) -> None: ...

    def disconnected(self) -> None: ...

    def last(self, kind: type[M]) -> M | None:
        return next((one.message for one in reversed(self.deliveries) if isinstance(one.message, kind)), None)

    def entities(self) -> dict[str, HomeEntity]:
        told = self.last(HomeEntities)
        return {} if told is None else {entity.id: entity for entity in told.entities}

    async def until(self, is_reached: Callable[[], Any], what: str = "") -> None:
        """Wait until a message makes it true. Raises TimeoutError that shows what came."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not is_reached():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            came = "\n".join(f"  {one.message!r}" for one in self.deliveries[-10:])
            raise TimeoutError(f"no {what} within {WITHIN_S} s; the last messages:\n{came}") from None

    async def until_state(self, connected: bool, code: str | None = None) -> HomeState:
        def stands() -> bool:
            state = self.last(HomeState)
            return state is not None and state.connected is connected and (code is None or state.code == code)

        await self.until(stands, f"state connected={connected} {code}")
        state = self.last(HomeState)
        assert state is not None
        return state

    def answers_to(self, question: Message) -> list[HomeAnswer]:
        answers = [one.message for one in self.deliveries if isinstance(one.message, HomeAnswer)]
        return [answer for answer in answers if answer.request == question.id]

    async def answer(self, question: HomeAsk | HomeCall | HomeLook) -> HomeAnswer:
        self.bus.publish(question, household="home")
        await self.until(lambda: self.answers_to(question), f"answer to {question!r}")
        return self.answers_to(question)[0]

    async def ask(self, text: str, *, speaker: str = "living_room", confirmed: bool = False) -> HomeAnswer:
        return await self.answer(HomeAsk(text=text, speaker=speaker, confirmed=confirmed))

    async def call(self, service: str, *entities: str, confirmed: bool = False, **data: object) -> HomeAnswer:
        target = {"entity_id": list(entities)}
        return await self.answer(HomeCall(service=service, target=target, data=data, confirmed=confirmed))


class HomeBench:
    def __init__(self, brain: Brain, host: ServiceHost, settings: Settings) -> None:
        self.brain = brain
        self.host = host
        self.settings = settings

    def reconfigure(self, **home_assistant: object) -> None:
        """Other settings in [home_assistant], as when the file changes."""
        home = self.settings.home_of("home")
        assert home is not None
        section = home.model_dump(exclude_unset=True) | home_assistant
        changed = self.settings.model_copy(update={"home_assistant": type(home).model_validate(section)})
        self.settings = changed
        self.host._service.reconfigure(changed)

    def without_home_assistant(self) -> None:
        """The section is gone from the file."""
        self.settings = self.settings.model_copy(update={"home_assistant": None})
        self.host._service.reconfigure(self.settings)


@asynccontextmanager
async def home_bench(
    broker: PrivateBroker, prefix: str, folder: Path, home: HomeStandIn, **section: object
) -> AsyncIterator[HomeBench]:
    """A bridge whose household has this Home Assistant; `section`: what else stands in [home_assistant]."""
    home_assistant: Mapping[str, object] = {"url": home.url, "token": TOKEN, "discovery": False, **section}
    settings = Settings.model_validate(
        {
            "data_dir": str(folder),
            "mqtt": {"url": broker.url, "prefix": prefix},
            "households": {"home": {"account": "1"}},
            "home_assistant": home_assistant,
        }
    )
    brain = Brain(broker.url, prefix)
    host = ServiceHost(HaBridgeService, "ha_bridge", settings, mqtt_bus(settings), watchdog=False)
    stop = asyncio.Event()
    listening = asyncio.create_task(brain.bus.run(), name="brain")
    running = asyncio.create_task(host.run(stop), name="bridge")
    try:
        info = SpeakerInfo(uid="0123456789ab", name="客厅小爱", hardware="LX06", area="客厅", device_tail="1a2b")
        brain.bus.publish(info, household="home", speaker="living_room")
        yield HomeBench(brain, host, settings)
    finally:
        stop.set()
        await running
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
