"""Which speakers are chosen, and where a command goes to reach them."""

from __future__ import annotations

import pytest

from migpt_cli.directory import KnownSpeaker
from migpt_cli.outcome import CommandFailedError
from migpt_cli.shell.selection import Selection, first_selection, select
from migpt_shared.messages import Address, SpeakerInfo


def speaker(address: str, name: str, area: str | None = None) -> KnownSpeaker:
    household, slug = address.split("/")
    info = SpeakerInfo(uid="0" * 12, name=name, hardware="LX06", area=area, device_tail="abcd")
    return KnownSpeaker(Address(household, slug), info)


BEDROOM = speaker("home/bedroom", "卧室小爱", "卧室")
KITCHEN = speaker("home/kitchen", "Kitchen speaker")
LIVING = speaker("home/living", "客厅小爱", "客厅")
PARENTS = speaker("parents/living", "爸妈家")
KNOWN = [BEDROOM, KITCHEN, LIVING, PARENTS]


def chosen(argument: str) -> list[KnownSpeaker]:
    return select(argument, KNOWN).of(KNOWN)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("1", [BEDROOM]),
        ("1 3", [BEDROOM, LIVING]),
        ("3，1", [BEDROOM, LIVING]),
        ("客厅 卧室", [BEDROOM, LIVING]),
        ("卧室小爱、客厅小爱", [BEDROOM, LIVING]),
        ("Kitchen speaker", [KITCHEN]),
        ("客厅, Kitchen speaker , 客厅", [KITCHEN, LIVING]),
        ("home/living", [LIVING]),
        ("Kitchen 爸妈", [KITCHEN, PARENTS]),
        ("home/all", [BEDROOM, KITCHEN, LIVING]),
        ("home/all parents/living", KNOWN),
        ("all", KNOWN),
        ("ALL", KNOWN),
        ("全部", KNOWN),
    ],
)
def test_select(argument: str, expected: list[KnownSpeaker]) -> None:
    assert chosen(argument) == expected


@pytest.mark.parametrize("argument", ["0", "5", "garage", "客厅 garage", "living", "1-2", "小爱"])
def test_what_is_not_known_or_not_clear_is_an_error_with_the_names(argument: str) -> None:
    with pytest.raises(CommandFailedError) as caught:
        select(argument, KNOWN)
    assert caught.value.exit_code == 2
    assert "客厅小爱" in caught.value.in_("zh")


def test_a_number_that_is_a_name_is_the_name() -> None:
    known = [BEDROOM, speaker("home/x", "1")]
    assert select("1", known).of(known) == [known[1]]


def test_everybody_includes_those_who_come_later() -> None:
    everybody = select("all", [BEDROOM])
    assert everybody.of(KNOWN) == KNOWN
    assert select("1", [BEDROOM]).of(KNOWN) == [BEDROOM]


def test_a_household_chosen_as_a_whole_is_addressed_as_one() -> None:
    assert select("all", KNOWN).targets(KNOWN) == [
        (Address("home", "all"), [BEDROOM, KITCHEN, LIVING]),
        (Address("parents", "living"), [PARENTS]),
    ]
    assert select("1 3", KNOWN).targets(KNOWN) == [(BEDROOM.address, [BEDROOM]), (LIVING.address, [LIVING])]
    assert select("1 2 3", KNOWN).targets(KNOWN) == [(Address("home", "all"), [BEDROOM, KITCHEN, LIVING])]
    assert Selection().targets(KNOWN) == []


def test_only_the_only_speaker_is_chosen_without_being_asked() -> None:
    assert first_selection([LIVING]).of([LIVING]) == [LIVING]
    assert first_selection(KNOWN).of(KNOWN) == []
    assert first_selection([]).of([]) == []
