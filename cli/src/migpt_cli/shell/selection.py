"""Which speakers a shell talks to; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from migpt_cli.directory import KnownSpeaker, choose_speakers
from migpt_shared.messages import EVERYBODY, Address

_EVERYBODY = frozenset({EVERYBODY, "全部", "所有"})
_COMMAS = re.compile(r"[,，、;；]")


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen speakers. `is_everybody`: all there are, those that appear later included."""

    addresses: frozenset[Address] = frozenset()
    is_everybody: bool = False

    def of(self, known: Sequence[KnownSpeaker]) -> list[KnownSpeaker]:
        """The chosen among the known ones, in their order."""
        return [speaker for speaker in known if self.is_everybody or speaker.address in self.addresses]

    def targets(self, known: Sequence[KnownSpeaker]) -> list[tuple[Address, list[KnownSpeaker]]]:
        """Where a command has to go to reach the chosen ones and no other, each with those whom it reaches there.

        A household that is chosen as a whole is addressed as one, so that a question is asked once and answered on all.
        """
        targets: list[tuple[Address, list[KnownSpeaker]]] = []
        chosen = self.of(known)
        for household in dict.fromkeys(speaker.address.household for speaker in chosen):
            mine = [speaker for speaker in chosen if speaker.address.household == household]
            there_are = sum(speaker.address.household == household for speaker in known)
            if 1 < len(mine) == there_are:
                targets.append((Address(household, EVERYBODY), mine))
            else:
                targets += [(speaker.address, [speaker]) for speaker in mine]
        return targets


def first_selection(known: Sequence[KnownSpeaker]) -> Selection:
    """What is chosen before anybody has chosen: the only speaker, or none."""
    return Selection(frozenset({known[0].address}) if len(known) == 1 else frozenset())


def select(argument: str, known: Sequence[KnownSpeaker]) -> Selection:
    """The speakers that a person names: numbers of the list, names, areas, addresses, all; several by space or comma.

    A part of a name will do if only one name has it.
    Raises CommandFailedError when one of them is not known or not clear.
    """
    if argument.strip().lower() in _EVERYBODY:
        return Selection(is_everybody=True)
    found: set[Address] = set()
    for part in filter(None, map(str.strip, _COMMAS.split(argument))):
        # A name may have spaces in it.
        is_one = any(speaker.is_called(part) for speaker in known)
        for name in [part] if is_one else part.split():
            found |= {speaker.address for speaker in _named(name, known)}
    return Selection(frozenset(found))


def _named(name: str, known: Sequence[KnownSpeaker]) -> list[KnownSpeaker]:
    is_number = name.isdecimal() and 1 <= int(name) <= len(known)
    if is_number and not any(speaker.is_called(name) for speaker in known):
        return [known[int(name) - 1]]
    if not any(speaker.is_called(name) for speaker in known):
        alike = [speaker for speaker in known if name in speaker.name]
        if len(alike) == 1:
            return alike
    return choose_speakers(EVERYBODY if name.lower() in _EVERYBODY else name, known)[1]
