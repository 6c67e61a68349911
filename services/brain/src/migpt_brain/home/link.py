"""The way to the bridge to Home Assistant: questions go out, answers come back by the id of the question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from migpt_shared.bus import Bus
from migpt_shared.messages import (
    HomeAnswer,
    HomeAsk,
    HomeCall,
    HomeCode,
    HomeEntities,
    HomeEntity,
    HomeLook,
    HomeState,
    Presence,
)


@dataclass(slots=True)
class _Home:
    state: HomeState | None = None
    entities: list[HomeEntity] = field(default_factory=list)


class HomeLink:
    """Knows which households have Home Assistant and what is there, and matches answers to questions."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._homes: dict[str, _Home] = {}
        self._bridges: set[str] = set()
        self._waiting: dict[str, asyncio.Future[HomeAnswer]] = {}

    def is_connected(self, household: str) -> bool:
        home = self._homes.get(household)
        return home is not None and home.state is not None and home.state.connected and self._is_alive(home.state.src)

    def trouble(self, household: str) -> HomeCode | None:
        """Why a household that has a Home Assistant cannot use it now; None: it can, or it has none."""
        home = self._homes.get(household)
        if home is None or home.state is None or self.is_connected(household):
            return None
        state = home.state
        if state.owner is None and not state.connected:
            return None  # the bridge was stopped, or the household has no Home Assistant any more
        return None if state.code == "not_configured" else state.code or "unreachable"

    def agent(self, household: str) -> str | None:
        """The conversation agent in use, as far as known."""
        home = self._homes.get(household)
        return None if home is None or home.state is None else home.state.agent

    def entities(self, household: str) -> list[HomeEntity]:
        """What may be spoken of."""
        home = self._homes.get(household)
        return [] if home is None else home.entities

    def state_seen(self, household: str, state: HomeState) -> None:
        self._homes.setdefault(household, _Home()).state = state

    def entities_seen(self, household: str, entities: HomeEntities) -> None:
        self._homes.setdefault(household, _Home()).entities = entities.entities

    def bridge_seen(self, instance: str, presence: Presence) -> None:
        """A bridge that is gone leaves its last word on the broker."""
        if presence.status == "online":
            self._bridges.add(f"ha_bridge/{instance}")
        else:
            self._bridges.discard(f"ha_bridge/{instance}")

    def _is_alive(self, src: str) -> bool:
        return src in self._bridges or not src.startswith("ha_bridge/")

    def answer_seen(self, answer: HomeAnswer) -> None:
        future = self._waiting.get(answer.request)
        if future is not None and not future.done():
            future.set_result(answer)

    async def ask(self, household: str, question: HomeAsk | HomeCall | HomeLook) -> HomeAnswer:
        """Ask and wait for the answer; the caller sets the time limit."""
        future: asyncio.Future[HomeAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[question.id] = future
        try:
            self._bus.publish(question, household=household)
            return await future
        finally:
            del self._waiting[question.id]
