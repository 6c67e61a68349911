"""What was asked of the simulated cloud."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from .faults import Fault, RequestKind

__all__ = ["Request", "RequestLog"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived at `at` (monotonic seconds); `speaker` is a slug."""

    seq: int
    at: float
    kind: RequestKind
    path: str
    speaker: str | None
    account: str | None
    fault: Fault | None


class RequestLog:
    """The last `capacity` requests, and how many there were of each kind since the start or the last reset."""

    def __init__(self, capacity: int = 200_000) -> None:
        self._requests: deque[Request] = deque(maxlen=capacity)
        self._counts: Counter[RequestKind] = Counter()
        self._seq = 0

    def add(
        self, at: float, kind: RequestKind, path: str, speaker: str | None, account: str | None, fault: Fault | None
    ) -> None:
        self._seq += 1
        self._requests.append(Request(self._seq, at, kind, path, speaker, account, fault))
        self._counts[kind] += 1

    def count(self, kind: RequestKind | None = None) -> int:
        """How many requests of one kind there were, or of all."""
        return self._counts.total() if kind is None else self._counts[kind]

    def counts(self) -> dict[RequestKind, int]:
        return dict(self._counts)

    def of(
        self, *kinds: RequestKind, speaker: str | None = None, since: float = float("-inf"), after_seq: int = 0
    ) -> list[Request]:
        """The requests of these kinds (none given: all), oldest first."""
        return [
            request
            for request in self._requests
            if (not kinds or request.kind in kinds)
            and speaker in (None, request.speaker)
            and request.at >= since
            and request.seq > after_seq
        ]

    def clear(self) -> None:
        """Forget all; numbering goes on."""
        self._requests.clear()
        self._counts.clear()
