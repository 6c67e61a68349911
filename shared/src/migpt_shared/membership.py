"""Which instances of the services live, as far as presence messages tell; pure."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_shared.messages import PRESENCE_EXPIRES_S

#: A newcomer takes part in the division of speakers only when it has stayed this long, seconds.
NEWCOMER_S = 5.0


@dataclass(slots=True)
class _Member:
    since: float
    seen: float


class Membership:
    """Living instances of one service. Times are monotonic seconds of this process."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}

    def seen(self, instance: str, now: float, *, established: bool) -> None:
        """An `online` arrived. `established`: it was there before we came (a retained message)."""
        member = self._members.get(instance)
        if member is None:
            self._members[instance] = _Member(since=now - NEWCOMER_S if established else now, seen=now)
        else:
            member.seen = now

    def gone(self, instance: str) -> None:
        """An `offline` arrived, or its topic was cleared. The dead stop counting at once."""
        self._members.pop(instance, None)

    def forget_all(self) -> None:
        """The connection was lost: what was known is out of date."""
        self._members.clear()

    def expire(self, now: float) -> None:
        """Drop whoever has been silent for longer than presence lasts."""
        for instance, member in list(self._members.items()):
            if now - member.seen > PRESENCE_EXPIRES_S:
                del self._members[instance]

    def is_live(self, instance: str) -> bool:
        return instance in self._members

    def counted(self, now: float) -> frozenset[str]:
        """Those among whom speakers are divided: all but newcomers; everybody when there are only newcomers."""
        settled = {name for name, member in self._members.items() if now - member.since >= NEWCOMER_S}
        return frozenset(settled or self._members)
