"""Writes ended turns into the history beside everything else, and deletes what is too old."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import AsyncExitStack

import structlog

from migpt_console.history.store import HistoryStore, HistoryUnavailableError
from migpt_console.history.turns import PastTurn
from migpt_shared.messages import Forget

log = structlog.get_logger(__name__)

_WRITE_EVERY_S = 0.5
_CLEAN_EVERY_S = 3600.0
_OPEN_AGAIN_S = 30.0
#: Waiting to be written, at most; the oldest goes.
_MOST_WAITING = 2000
#: The brain's "conversation" reaches back so far, ms.
_CONVERSATION_MS = 7 * 24 * 3600 * 1000


class HistoryKeeper:
    """`keep` and `forget` never wait; `run` does the work."""

    def __init__(self, store: HistoryStore, days: float) -> None:
        self.store = store
        self.days = days
        self.problem = "not open yet"
        self._waiting: OrderedDict[str, PastTurn] = OrderedDict()
        self._to_forget: list[tuple[Forget, str, str]] = []
        self._work = asyncio.Event()

    def keep(self, turn: PastTurn) -> None:
        """Write it soon, unless nothing is to be kept."""
        if self.days <= 0:
            return
        self._waiting[turn.turn] = turn
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem(last=False)
        self._work.set()

    def forget(self, command: Forget, household: str, speaker: str) -> None:
        """Somebody wants it forgotten: what the brain forgets is forgotten here too."""
        self._to_forget.append((command, household, speaker))
        self._work.set()

    async def run(self) -> None:
        """Work until cancelled. What waits is still written then."""
        while True:
            async with AsyncExitStack() as stack:
                try:
                    await stack.enter_async_context(self.store)
                except HistoryUnavailableError as error:
                    self._failed(error)
                    await asyncio.sleep(_OPEN_AGAIN_S)
                    continue
                self.problem = ""
                try:
                    await self._keep_writing()
                finally:
                    await self._write()

    async def _keep_writing(self) -> None:
        clean_at = 0.0
        while True:
            if time.monotonic() >= clean_at:
                clean_at = time.monotonic() + _CLEAN_EVERY_S
                await self._clean()
            try:
                async with asyncio.timeout(clean_at - time.monotonic()):
                    await self._work.wait()
            except TimeoutError:
                continue
            self._work.clear()
            await self._write()
            await asyncio.sleep(_WRITE_EVERY_S)  # what comes in a burst is written at once

    async def _write(self) -> None:
        turns, self._waiting = list(self._waiting.values()), OrderedDict()
        orders, self._to_forget = self._to_forget, []
        try:
            if turns:
                await self.store.record(turns)
            for command, household, speaker in orders:
                since_ms = command.ts - _CONVERSATION_MS if command.what == "conversation" else 0
                await self.store.forget(household, speaker, since_ms=since_ms, last=command.what == "last")
            self.problem = ""
        except HistoryUnavailableError as error:
            self._failed(error)

    async def _clean(self) -> None:
        try:
            await self.store.forget_before(time.time_ns() // 1_000_000 - round(self.days * 86_400_000))
        except HistoryUnavailableError as error:
            self._failed(error)

    def _failed(self, error: HistoryUnavailableError) -> None:
        self.problem = str(error)
        log.error("console_history_unavailable", reason=str(error))
