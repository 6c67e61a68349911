"""Requests to several providers under way at once, as a race asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

from migpt_brain.llm.failures import AnswerFailed
from migpt_brain.llm.race import Action, Ask, GiveUp, Stop
from migpt_shared.providers.presets import ResolvedPreset

#: A provider that ends properly does so within milliseconds; then the connection serves the next question too.
_LINGER_S = 0.2

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Lane(Generic[P]):
    """One provider: `ask` sends the request anew each time, and closing what it returns closes the connection."""

    preset: ResolvedPreset
    ask: Callable[[], AsyncGenerator[P, None]]


class Lanes(Generic[P]):
    """The requests under way, one task each, and what they bring, in order of arrival."""

    def __init__(self, lanes: Sequence[Lane[P]]) -> None:
        self._lanes = lanes
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopped: set[asyncio.Task[None]] = set()
        self.arrivals: asyncio.Queue[tuple[int, P]] = asyncio.Queue(maxsize=256)

    def perform(self, actions: Sequence[Action]) -> None:
        """Does what the race says. Raises AnswerFailed when it gives up."""
        for action in actions:
            match action:
                case Ask(lane):
                    name = f"llm-{self._lanes[lane].preset.name}"
                    self._tasks[lane] = asyncio.create_task(self._pump(lane), name=name)
                case Stop(lane):
                    self._tasks[lane].cancel()
                    self._stopped.add(self._tasks[lane])
                case GiveUp(lane, failure):
                    name = self._lanes[lane].preset.name
                    raise AnswerFailed(failure.kind, name, failure.detail, text_was_sent=False)

    async def next(self, until: float | None) -> tuple[int, P] | None:
        """The next piece with its lane; None at that monotonic time."""
        try:
            async with asyncio.timeout_at(until):
                return await self.arrivals.get()
        except TimeoutError:
            return None

    async def end_of(self, lane: int) -> None:
        """Returns when that request has ended by itself, or a little later."""
        await asyncio.wait({self._tasks[lane]}, timeout=_LINGER_S)

    async def close(self) -> None:
        """Stops every request and waits until its connection is closed."""
        tasks = {*self._tasks.values(), *self._stopped}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, lane: int) -> None:
        async with aclosing(self._lanes[lane].ask()) as pieces:
            async for piece in pieces:
                await self.arrivals.put((lane, piece))
