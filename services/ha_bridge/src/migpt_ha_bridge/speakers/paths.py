"""Where things stand on the broker for Home Assistant: plain retained topics of our own, and its discovery topics."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_shared.messages import HOME, HOME_STATES, Command, Event

AVAILABILITY = "availability"


@dataclass(frozen=True, slots=True)
class Paths:
    """The topics of one household."""

    prefix: str
    household: str
    discovery_prefix: str = "homeassistant"
    birth_topic: str = "homeassistant/status"
    """where Home Assistant says that it has started"""

    def state(self, unit: str, key: str) -> str:
        """A retained topic that this household's bridge alone writes."""
        return HOME_STATES.topic(self.prefix, household=self.household, unit=unit, key=key)

    def below(self, unit: str) -> str:
        """How all state topics of a unit begin."""
        return self.state(unit, AVAILABILITY).removesuffix(AVAILABILITY)

    def availability(self, unit: str = HOME) -> str:
        """`online` or `offline`: of a speaker, or of the bridge itself, whose last will stands there too."""
        return self.state(unit, AVAILABILITY)

    def event(self, speaker: str) -> str:
        return Event.channel.topic(self.prefix, household=self.household, speaker=speaker)

    def command(self, kind: type[Command], unit: str) -> str:
        """Where a command goes: to the service that obeys it, not to the bridge."""
        places = {"household": self.household, "speaker": unit}
        return kind.channel.topic(self.prefix, **{place: places[place] for place in kind.channel.placeholders})

    def discovery(self, device: str) -> str:
        return f"{self.discovery_prefix}/device/{device}/config"

    def filters(self) -> tuple[str, ...]:
        """All that this household's bridge may have left on the broker, and what others do to it."""
        return HOME_STATES.filter(self.prefix, household=self.household), self.discovery("+")
