"""Which services live, from the presence that they keep on the broker; pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import Presence

PRESENCES = (Subscription(Presence),)
#: Without one of each, nothing is heard, answered or spoken.
NEEDED = ("poller", "brain", "speaker")


@dataclass(frozen=True, slots=True)
class Resident:
    """One living process of a service."""

    service: str
    instance: str
    presence: Presence

    @property
    def is_well(self) -> bool:
        return self.presence.health.ok


@dataclass(slots=True)
class Residents:
    """Feed it what arrives on the subscriptions `PRESENCES`."""

    _presences: dict[tuple[str, str], Presence] = field(default_factory=dict)

    def take(self, arrived: Delivery | Cleared) -> bool:
        """True when it was about a service."""
        if isinstance(arrived, Cleared):
            if arrived.kind is not Presence:
                return False
            self._presences.pop((arrived.places["service"], arrived.places["instance"]), None)
            return True
        if not isinstance(arrived.message, Presence):
            return False
        key = (arrived.places["service"], arrived.places["instance"])
        if arrived.message.status == "online":
            self._presences[key] = arrived.message
        else:
            self._presences.pop(key, None)
        return True

    def sorted(self) -> list[Resident]:
        """The living ones, the needed services first."""

        def place(key: tuple[str, str]) -> tuple[int, str, str]:
            service, instance = key
            return (NEEDED.index(service) if service in NEEDED else len(NEEDED), service, instance)

        return [Resident(*key, self._presences[key]) for key in sorted(self._presences, key=place)]

    def missing(self) -> list[str]:
        """Needed services of which none lives."""
        living = {service for service, _ in self._presences}
        return [service for service in NEEDED if service not in living]
