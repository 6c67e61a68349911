"""Which instance is responsible for which speaker: the first in rendezvous order over presence; pure.

Every instance listens plainly and acts only on what it owns. An owner that is no longer first lets go once it has
nothing open; another takes only what is free or whose owner is gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from migpt_shared.membership import Membership
from migpt_shared.messages import EVERYBODY, Address

#: After a reconnect others may not be back yet: nothing new is taken for this long, seconds.
RECONNECT_GRACE_S = 5.0


def rendezvous_first(address: Address, instances: Iterable[str]) -> str | None:
    """The instance that should own the speaker (highest random weight); None when there is none.

    When an instance comes or goes, only the speakers it gains or loses move.
    """

    def weight(instance: str) -> bytes:
        return hashlib.blake2b(f"{instance}\0{address}".encode(), digest_size=8).digest()

    return max(instances, key=weight, default=None)


@dataclass(frozen=True, slots=True)
class Take:
    """This instance is responsible for the speaker from now on."""

    address: Address


@dataclass(frozen=True, slots=True)
class LetGo:
    """Hand the speaker back: publish `owner` null."""

    address: Address


@dataclass(frozen=True, slots=True)
class Lose:
    """Somebody else owns it already: stop, and publish nothing."""

    address: Address


@dataclass(frozen=True, slots=True)
class Bury:
    """The speaker exists no more: clear what the broker keeps of it."""

    address: Address
    was_owned: bool


Decision = Take | LetGo | Lose | Bury


class Ownership:
    """Decides for one instance of one service. Feed it presence and standing owners; ask it to `decide`."""

    def __init__(self, me: str) -> None:
        self.me = me
        self.members = Membership()
        self._known: set[Address] = set()
        self._owned: set[Address] = set()
        self._retired: set[Address] = set()
        self._standing: dict[Address, str | None] = {}
        self._takes_from: float | None = None

    @property
    def owned(self) -> frozenset[Address]:
        return frozenset(self._owned)

    def owns(self, address: Address) -> bool:
        return address in self._owned

    def synchronised(self, now: float, *, first_time: bool) -> None:
        """Retained presence and states have been read."""
        self._takes_from = now if first_time else now + RECONNECT_GRACE_S

    @property
    def is_synchronised(self) -> bool:
        return self._takes_from is not None

    def is_taken_by_other(self, address: Address) -> bool:
        """A living instance other than this one stands as the speaker's owner."""
        standing = self._standing.get(address)
        return standing is not None and standing != self.me and self.members.is_live(standing)

    def disconnected(self) -> None:
        """Nothing is decided until the connection is back."""
        self._takes_from = None
        self._standing.clear()
        self.members.forget_all()

    def offer(self, address: Address) -> None:
        """The speaker exists."""
        self._known.add(address)
        self._retired.discard(address)

    def withdraw(self, address: Address) -> None:
        """The speaker is none of ours any more; it may be somebody else's."""
        self._known.discard(address)
        self._standing.pop(address, None)

    def retire(self, address: Address) -> None:
        """The speaker exists no more, for nobody: its owner, or the first when it has none, clears its state.

        To a living owner elsewhere it is left: that one may know better.
        """
        self._known.discard(address)
        self._retired.add(address)

    def stands(self, address: Address, owner: str | None) -> None:
        """A state message named its owner."""
        self._standing[address] = owner

    def decide(self, now: float, is_busy: Callable[[Address], bool]) -> list[Decision]:
        """What changes now. The decisions are already entered in `owned`."""
        if self._takes_from is None:
            return []
        self.members.expire(now)
        counted = self.members.counted(now)
        decisions: list[Decision] = []
        for address in sorted(self._retired):
            is_mine = address in self._owned
            if not is_mine and self.is_taken_by_other(address):
                self._retired.discard(address)
            elif is_mine or rendezvous_first(address, counted) == self.me:
                self._retired.discard(address)
                self._owned.discard(address)
                self._standing.pop(address, None)
                decisions.append(Bury(address, is_mine))
        for address in sorted(self._known | self._owned):
            first = rendezvous_first(address, counted)
            other_stands = self.is_taken_by_other(address)
            if address in self._owned:
                if other_stands and first != self.me:
                    decisions.append(Lose(address))
                elif address not in self._known or (first not in (None, self.me) and not is_busy(address)):
                    decisions.append(LetGo(address))
            elif first == self.me and not other_stands and now >= self._takes_from:
                decisions.append(Take(address))
        for decision in decisions:
            match decision:
                case Take(address):
                    self._owned.add(address)
                    self._standing[address] = self.me
                case LetGo(address):
                    self._owned.discard(address)
                    self._standing[address] = None
                case Lose(address):
                    self._owned.discard(address)
        return decisions

    def targets(self, household: str, speaker: str) -> list[Address]:
        """The owned speakers that a command's topic addresses; `all` stands for every one."""
        return [
            address
            for address in sorted(self._owned)
            if household in (EVERYBODY, address.household) and speaker in (EVERYBODY, address.speaker)
        ]
