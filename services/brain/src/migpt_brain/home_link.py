"""The way to the Home Assistant bridge: asks go out, answers come back by the id of the ask."""

from __future__ import annotations

import asyncio

from migpt_shared.bus import Bus
from migpt_shared.messages import HomeAnswer, HomeAsk, HomeState


class HomeLink:
    """Knows which households have Home Assistant, and matches answers to asks."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._connected: dict[str, bool] = {}
        self._waiting: dict[str, asyncio.Future[HomeAnswer]] = {}

    def is_connected(self, household: str) -> bool:
        return self._connected.get(household, False)

    def state_seen(self, household: str, state: HomeState) -> None:
        self._connected[household] = state.connected

    def answer_seen(self, answer: HomeAnswer) -> None:
        future = self._waiting.get(answer.request)
        if future is not None and not future.done():
            future.set_result(answer)

    async def ask(self, household: str, command: HomeAsk) -> HomeAnswer:
        """Ask and wait for the answer; the caller sets the time limit."""
        future: asyncio.Future[HomeAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[command.id] = future
        try:
            self._bus.publish(command, household=household)
            return await future
        finally:
            del self._waiting[command.id]
