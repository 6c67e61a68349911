"""Tells whoever looks at a page that something has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from migpt_shared.story import Story

Subject = Literal["story", "speakers", "services", "settings"]


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed; `story` for a turn."""

    subject: Subject
    story: Story | None = None


Watcher = Callable[[Change], None]


class Feed:
    """Watchers are called on the event loop, at once, and must return quickly."""

    def __init__(self) -> None:
        self._watchers: dict[int, Watcher] = {}
        self._next = 0

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` for every change until the returned function is called."""
        self._next += 1
        number = self._next
        self._watchers[number] = watcher

        def leave() -> None:
            self._watchers.pop(number, None)

        return leave

    def tell(self, change: Change) -> None:
        for watcher in tuple(self._watchers.values()):
            watcher(change)
