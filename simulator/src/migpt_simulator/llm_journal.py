"""What happened at the simulated model, to the millisecond: the witness for tests and measurements."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Literal

Outcome = Literal["open", "finished", "disconnected", "truncated", "reset", "error"]


@dataclass(frozen=True, slots=True)
class TokenWritten:
    """A piece of the answer left for the client. `at`: monotonic seconds; `chars`: answer text written so far."""

    at: float
    chars: int


@dataclass(slots=True)
class ChatEntry:
    """One chat request. Times are this process's monotonic clock, in seconds."""

    number: int
    arrived: float
    model: str
    streaming: bool
    question: str
    messages: list[dict[str, object]]
    parameters: dict[str, object]
    peer_port: int
    status: int | None = None
    tokens: list[TokenWritten] = field(default_factory=list)
    outcome: Outcome = "open"
    ended: float | None = None
    revision: int = 0


class LlmJournal:
    """The last chat requests, oldest first, at most `keep`."""

    def __init__(self, keep: int = 2000) -> None:
        self.entries: deque[ChatEntry] = deque(maxlen=keep)
        self.revision = 0
        self._count = 0
        self._changed = asyncio.Event()

    def next_number(self) -> int:
        """The number of the request that is added next; the first is 1."""
        return self._count + 1

    def add(self, entry: ChatEntry) -> None:
        """Takes up a new request."""
        self._count = entry.number
        self.entries.append(entry)
        self.touch(entry)

    def close(self, entry: ChatEntry, outcome: Outcome, at: float) -> None:
        """Notes how and when the request ended; the first note stays."""
        if entry.ended is None:
            entry.outcome, entry.ended = outcome, at
            self.touch(entry)

    def touch(self, entry: ChatEntry) -> None:
        """Makes a change of `entry` visible to those who wait."""
        self.revision += 1
        entry.revision = self.revision
        self._changed.set()
        self._changed = asyncio.Event()

    def clear(self) -> None:
        """Forgets all entries and counts from 1 again; revisions go on so that readers miss nothing."""
        self.entries.clear()
        self._count = 0

    def since(self, revision: int) -> list[ChatEntry]:
        """Entries changed after that revision."""
        return [entry for entry in self.entries if entry.revision > revision]

    async def wait_for(self, condition: Callable[[LlmJournal], bool], timeout_s: float) -> None:
        """Returns once the condition holds. Raises TimeoutError after `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                await self._changed.wait()

    async def changed_since(self, revision: int, wait_s: float) -> list[ChatEntry]:
        """Entries changed after that revision, waiting up to `wait_s` for one."""
        try:
            await self.wait_for(lambda journal: journal.revision > revision, wait_s)
        except TimeoutError:
            return []
        return self.since(revision)


def as_json(entry: ChatEntry) -> dict[str, object]:
    """The entry as `GET /control/llm/journal` shows it."""
    return asdict(entry)
