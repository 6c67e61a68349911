"""Which devices are the household's speakers: never by their place in a list."""

import itertools
from collections.abc import Sequence

import pytest

from migpt_shared.xiaomi import Device
from migpt_shared.xiaomi.speaker_choice import SpeakerNamesError, WantedSpeaker, choose, derived_slug, device_uid


def device(
    device_id: str, name: str = "小爱", hardware: str = "LX06", did: str | None = None, alias: str = ""
) -> Device:
    return Device(device_id, did, name, alias, hardware, "sn", True, "1.0", frozenset())


LIVING = device("6ff4f1d0-aaaa-4c3d-8e9f-0123456789AB", "客厅小爱", did="111", alias="小爱音箱Pro")
KITCHEN = device("7ff4f1d0-bbbb-4c3d-8e9f-0123456789cd", "厨房小爱", "L05C", did="222", alias="小爱音箱Play")
DEVICES = (LIVING, KITCHEN, device("8ff4f1d0-cccc-4c3d-8e9f-0123456789ef", "卧室小爱", did="333"))


def slugs(devices: Sequence[Device], *wanted: WantedSpeaker) -> dict[str, str]:
    return {speaker.slug: speaker.device.device_id for speaker in choose(devices, wanted).speakers}


@pytest.mark.parametrize(
    "wanted",
    [
        WantedSpeaker("kitchen", device_id=KITCHEN.device_id),
        WantedSpeaker("kitchen", device_id="222"),
        WantedSpeaker("kitchen", name="厨房小爱"),
        WantedSpeaker("kitchen", name="小爱音箱Play"),
        WantedSpeaker("kitchen", device_id="222", name="厨房小爱"),
    ],
)
def test_a_device_is_chosen_by_what_identifies_it_in_whatever_order_the_cloud_lists(wanted: WantedSpeaker) -> None:
    for order in itertools.permutations(DEVICES):
        assert slugs(order, wanted) == {"kitchen": KITCHEN.device_id}


def test_without_wishes_all_devices_get_names_of_their_own() -> None:
    assert list(slugs(DEVICES)) == ["l05c_89cd", "lx06_89ab", "lx06_89ef"]
    assert derived_slug(device("x!", hardware="小 米")) == "speaker_x"


def test_with_wishes_other_devices_are_left_alone() -> None:
    assert slugs(DEVICES, WantedSpeaker("kitchen", name="厨房小爱")) == {"kitchen": KITCHEN.device_id}


def test_a_wish_that_no_device_fulfils_is_reported_and_disturbs_no_other() -> None:
    attic = WantedSpeaker("attic", name="阁楼")
    choice = choose(DEVICES, [attic, WantedSpeaker("kitchen", name="厨房小爱", area="厨房")])
    assert [(speaker.slug, speaker.area) for speaker in choice.speakers] == [("kitchen", "厨房")]
    assert choice.absent == (attic,)


def test_an_id_and_a_name_that_belong_to_different_devices_fit_none() -> None:
    assert choose(DEVICES, [WantedSpeaker("x", device_id="222", name="客厅小爱")]).speakers == ()


def test_a_name_that_two_devices_bear_is_an_error_that_names_both() -> None:
    twins = (device("id-one", "小爱"), device("id-two", "小爱"))
    with pytest.raises(SpeakerNamesError, match=r"id-one.* and .*id-two.*device_id"):
        choose(twins, [WantedSpeaker("kitchen", name="小爱")])


def test_two_names_for_one_device_are_an_error_that_names_both() -> None:
    with pytest.raises(SpeakerNamesError, match='"a" and "b" are the same device'):
        choose(DEVICES, [WantedSpeaker("a", name="厨房小爱"), WantedSpeaker("b", device_id="222")])


def test_equal_derived_names_are_an_error_that_names_both_devices() -> None:
    with pytest.raises(SpeakerNamesError, match=r'"lx06_1a2b": .*first-1a2b.* and .*second-1A2B'):
        choose((device("first-1a2b"), device("second-1A2B")), [])


@pytest.mark.parametrize("slug", ["all", "ha", "account", "do", "service", "reply", "Küche", ""])
def test_names_with_a_meaning_of_their_own_are_refused(slug: str) -> None:
    with pytest.raises(SpeakerNamesError, match="厨房小爱"):
        choose(DEVICES, [WantedSpeaker(slug, name="厨房小爱")])


def test_a_uid_is_stable_and_does_not_show_the_device_id() -> None:
    assert device_uid(LIVING) == device_uid(device(LIVING.device_id, "umbenannt"))
    assert len(device_uid(LIVING)) == 12
    assert device_uid(LIVING) != device_uid(KITCHEN)
