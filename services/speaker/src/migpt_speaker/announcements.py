"""What is to be spoken besides answers: alarms, replies and notices that somebody asked for with `do/say`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from migpt_shared.messages import Say
from migpt_speaker.pieces import pieces_of
from migpt_speaker.utterance import Priority, Utterance

__all__ = ["Announcements"]

_PRIORITIES = {"alarm": Priority.ALARM, "reply": Priority.REPLY, "notice": Priority.NOTICE}


class Announcements:
    """Keeps one queue for each priority, first come first spoken."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._queues: dict[Priority, deque[Utterance]] = {priority: deque() for priority in Priority}

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def add(self, say: Say, arrived: float, max_chars: int) -> Priority | None:
        """Queue a text in pieces, as often as it is to be repeated; None: there is nothing to speak in it."""
        priority = _PRIORITIES[say.priority]
        pieces = pieces_of(say.text, max_chars) * say.repeat
        expires_at = None if say.expires_s is None else arrived + say.expires_s
        self._queues[priority].extend(
            Utterance(
                self._new_id(), piece, priority, say.turn, request=say.id, volume=say.volume,
                completes=number == len(pieces), expires_at=expires_at if number == 1 else None,
            )
            for number, piece in enumerate(pieces, 1)
        )  # fmt: skip
        return priority if pieces else None

    def take(self, priority: Priority) -> Utterance | None:
        queue = self._queues[priority]
        return queue.popleft() if queue else None

    def waits(self, priority: Priority) -> bool:
        return bool(self._queues[priority])

    def put_back(self, utterance: Utterance) -> None:
        """An utterance that was cut is spoken again before all others of its priority."""
        self._queues[utterance.priority].appendleft(utterance)

    def drop_request(self, request: str | None) -> None:
        """Forget the further pieces of a request."""
        for queue in self._queues.values():
            kept = [utterance for utterance in queue if utterance.request != request]
            queue.clear()
            queue.extend(kept)

    def drop_all(self, *, but_alarms: bool) -> list[Utterance]:
        """Forget everything, or everything but alarms; what was forgotten."""
        dropped: list[Utterance] = []
        for priority, queue in self._queues.items():
            if but_alarms and priority is Priority.ALARM:
                continue
            dropped.extend(queue)
            queue.clear()
        return dropped

    def expired(self, now: float) -> list[Utterance]:
        """Take out what is too old to begin with."""
        expired: list[Utterance] = []
        for queue in self._queues.values():
            expired.extend(one for one in queue if one.expires_at is not None and now >= one.expires_at)
        for utterance in expired:
            self.drop_request(utterance.request)
        return expired

    def next_expiry(self) -> float | None:
        moments = (one.expires_at for queue in self._queues.values() for one in queue if one.expires_at is not None)
        return min(moments, default=None)
