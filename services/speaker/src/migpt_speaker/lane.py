"""Commands to one speaker go one after the other; only silence may overtake one that hangs."""

from __future__ import annotations

from dataclasses import dataclass

from migpt_speaker.orders import Command, Send, Silence

__all__ = ["Flight", "Lane"]

#: A command without an answer for so long is overtaken by silence, seconds.
_PATIENCE_S = 0.1


@dataclass(frozen=True, slots=True)
class Flight:
    """A command under way."""

    ticket: int
    command: Command
    sent_at: float
    was_overtaken: bool = False


class Lane:
    """Numbers the commands and knows which are under way."""

    def __init__(self) -> None:
        self._flights: dict[int, Flight] = {}
        self._tickets = 0

    def may_send(self, now: float, *, silence: bool = False) -> bool:
        """Whether a command may leave now."""
        waiting = self._waiting()
        if silence:
            return all(
                not isinstance(flight.command, Silence) and now >= flight.sent_at + _PATIENCE_S for flight in waiting
            )
        return not waiting

    def overtaking_at(self) -> float | None:
        """When silence may overtake what is under way; None: nothing is."""
        return min((flight.sent_at + _PATIENCE_S for flight in self._waiting()), default=None)

    def send(self, command: Command, now: float) -> Send:
        """The order to send it. Silence overtakes whatever is still under way."""
        if isinstance(command, Silence):
            for flight in self._waiting():
                self._flights[flight.ticket] = Flight(flight.ticket, flight.command, flight.sent_at, True)
        self._tickets += 1
        self._flights[self._tickets] = Flight(self._tickets, command, now)
        return Send(self._tickets, command)

    def landed(self, ticket: int) -> Flight | None:
        """The command whose outcome is known now; None for an unknown ticket."""
        return self._flights.pop(ticket, None)

    def _waiting(self) -> list[Flight]:
        return [flight for flight in self._flights.values() if not flight.was_overtaken]
