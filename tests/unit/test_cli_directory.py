"""Which speaker a person means."""

from __future__ import annotations

import pytest

from migpt_cli.directory import KnownSpeaker, choose_speakers
from migpt_cli.outcome import CommandFailedError
from migpt_shared.messages import Address, BrainState, HearingState, SpeakerInfo, SpeechState


def known(household: str, speaker: str, name: str, area: str | None = None) -> KnownSpeaker:
    info = SpeakerInfo(uid="0123456789ab", name=name, hardware="LX06", area=area, device_tail="1a2b")
    return KnownSpeaker(Address(household, speaker), info)


LIVING = known("home", "living_room", "客厅小爱", "客厅")
BEDROOM = known("home", "bedroom", "卧室小爱", "卧室")
OFFICE = known("work", "living_room", "办公室小爱")
ALL = [LIVING, BEDROOM, OFFICE]


@pytest.mark.parametrize("wanted", ["home/bedroom", "bedroom", "卧室小爱", "卧室"])
def test_a_speaker_is_found_by_any_of_its_names(wanted: str) -> None:
    assert choose_speakers(wanted, ALL) == (BEDROOM.address, [BEDROOM])


def test_the_only_speaker_needs_no_name() -> None:
    assert choose_speakers(None, [LIVING]) == (LIVING.address, [LIVING])


def test_everybody() -> None:
    assert choose_speakers("all", ALL) == (Address("all", "all"), ALL)
    assert choose_speakers("home/all", ALL) == (Address("home", "all"), [LIVING, BEDROOM])


@pytest.mark.parametrize(
    ("wanted", "speakers", "exit_code", "word"),
    [
        (None, ALL, 2, "home/bedroom"),
        ("living_room", ALL, 2, "work/living_room"),
        ("kitchen", ALL, 2, "home/bedroom"),
        ("nowhere/all", ALL, 2, "home/bedroom"),
        (None, [], 1, "migpt up"),
        ("all", [], 1, "migpt up"),
    ],
)
def test_doubt_is_an_error_that_names_the_choice(
    wanted: str | None, speakers: list[KnownSpeaker], exit_code: int, word: str
) -> None:
    with pytest.raises(CommandFailedError) as caught:
        choose_speakers(wanted, speakers)
    assert caught.value.exit_code == exit_code
    assert word in caught.value.in_("zh")


def test_a_speaker_is_served_when_all_three_own_it() -> None:
    speaker = known("home", "kitchen", "厨房小爱")
    speaker.hearing = HearingState(owner="poller/1")
    speaker.brain = BrainState(owner="brain/1")
    speaker.speech = SpeechState(owner=None)
    assert not speaker.is_served
    speaker.speech = SpeechState(owner="speaker/1")
    assert speaker.is_served
