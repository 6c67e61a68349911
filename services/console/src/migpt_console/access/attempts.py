"""How often somebody may try: a token bucket for each client. Pure: times come in, monotonic seconds."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

#: Clients remembered; the one that was quiet for longest is forgotten first.
_MOST_CLIENTS = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Attempts:
    """`burst` tries at once, then `per_minute`."""

    def __init__(self, *, burst: int, per_minute: float) -> None:
        self._burst = float(burst)
        self._per_s = per_minute / 60
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, client: str, now: float) -> float:
        """0: the try is allowed, and counted. Otherwise so many seconds to wait; nothing is counted then."""
        bucket = self._buckets.setdefault(client, _Bucket(self._burst, now))
        self._buckets.move_to_end(client)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0.0
        return (1 - bucket.left) / self._per_s

    def forgive(self, client: str) -> None:
        """It has proved to be who it should be."""
        self._buckets.pop(client, None)
