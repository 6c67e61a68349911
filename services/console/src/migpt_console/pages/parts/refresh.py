"""Draws a part of a page again soon after something has changed, however much changes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import context

from migpt_console.house import Change, Feed

#: What arrives within this time is drawn together, seconds.
_GATHER_S = 0.02
#: Between two drawings, seconds.
_PAUSE_S = 0.15


class Refresh:
    """Calls `draw` on the page that is being built, after changes that `wants` accepts; ends with the page."""

    def __init__(self, feed: Feed, wants: Callable[[Change], bool], draw: Callable[[], None]) -> None:
        self._wants = wants
        self._draw = draw
        self._client = context.client
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.TimerHandle | None = None
        self._drawn_at = 0.0
        self._leave = feed.watch(self._changed)
        self._client.on_delete(self._end)

    def _changed(self, change: Change) -> None:
        if not self._wants(change) or self._next is not None:
            return
        now = self._loop.time()
        self._next = self._loop.call_at(max(now + _GATHER_S, self._drawn_at + _PAUSE_S), self._run)

    def _run(self) -> None:
        self._next = None
        self._drawn_at = self._loop.time()
        with self._client:
            self._draw()

    def _end(self) -> None:
        self._leave()
        if self._next is not None:
            self._next.cancel()
