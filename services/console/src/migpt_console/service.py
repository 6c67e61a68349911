"""The console as a service: it owns no speaker, sees everything, and serves pages and API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from migpt_console.console import Console
from migpt_console.history import past_turn
from migpt_console.web import Web
from migpt_shared.bus import Delivery, Subscription
from migpt_shared.messages import (
    Account,
    Address,
    BrainState,
    Forget,
    Health,
    Heard,
    HearingState,
    HomeAnswer,
    HomeState,
    Presence,
    Reply,
    Result,
    Sentence,
    SpeakerInfo,
    Speech,
    SpeechState,
    Turn,
)
from migpt_shared.service import Context, OwnerState
from migpt_shared.settings import Settings


class ConsoleService:
    """Serves people and programs; everything it knows comes from the bus."""

    name: ClassVar[str] = "console"
    state_kind: ClassVar[type[OwnerState] | None] = None

    def __init__(self, context: Context) -> None:
        self._instance = context.src.partition("/")[2]
        self.console = Console(context)
        self._web = Web(self.console)
        self._turns = 0

    def subscriptions(self) -> Sequence[Subscription]:
        seen = (Heard, Turn, Sentence, Speech, SpeakerInfo, HearingState, BrainState, SpeechState, Account, HomeState)
        return [
            *(Subscription(kind) for kind in seen),
            Subscription(Forget),
            Subscription(Result),
            Subscription(HomeAnswer),
            Subscription(Reply, {"service": self.name, "instance": self._instance}),
            *(
                Subscription(Presence, {"service": name})
                for name in ("poller", "brain", "speaker", "ha_bridge", "client")
            ),
        ]

    def receive(self, delivery: Delivery) -> None:
        console = self.console
        match delivery.message:
            case Result() | Reply() | HomeAnswer():
                console.link.receive(delivery)
            case Forget() as forget:
                console.history.forget(forget, delivery.places["household"], delivery.places["speaker"])
            case _:
                self._seen(delivery)

    def _seen(self, delivery: Delivery) -> None:
        ended = self.console.house.receive(delivery)
        message = delivery.message
        if isinstance(message, Turn) and not message.is_open and (ended is not None or delivery.retained):
            self.console.history.keep(past_turn(delivery.address, message))
        if ended is not None:
            self._turns += 1
            self.console.figures.turn_ended(ended, time.time())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._web.run(), name="web")
            await self._web.is_up.wait()
            tasks.create_task(self.console.history.run(), name="history")

    async def stop(self) -> None:
        await self._web.stop()

    def acquire(self, address: Address) -> None:
        """Never called: the console owns no speaker."""

    def release(self, address: Address) -> None:
        """Never called."""

    def synchronised(self) -> None:
        """Nothing of ours is retained on the broker."""

    def is_busy(self, address: Address) -> bool:
        return False

    def state(self, address: Address) -> OwnerState:
        raise NotImplementedError("the console owns no speaker")

    def reconfigure(self, settings: Settings) -> None:
        self.console.reconfigure(settings)
        self._web.reconfigure(settings)

    def health(self) -> Health:
        problem = self._web.problem or self.console.history.problem
        return Health(ok=not problem, detail=problem)

    def counters(self) -> Mapping[str, int]:
        return {"turns": self._turns, "api_requests": self.console.api_requests}
