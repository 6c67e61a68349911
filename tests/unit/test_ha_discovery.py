"""What Home Assistant is told of devices: payloads that it takes, ids for ever, and how they change and go."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from migpt_ha_bridge.speakers.bridge_entities import bridge_entities
from migpt_ha_bridge.speakers.bulletin import REMOVAL_S, DiscoveryBulletin, Notice, StateBulletin
from migpt_ha_bridge.speakers.components import without
from migpt_ha_bridge.speakers.discovery import (
    Manner,
    bridge_payload,
    encoded,
    own_payload,
    speaker_payload,
    unit_of,
)
from migpt_ha_bridge.speakers.paths import Paths
from migpt_ha_bridge.speakers.speaker_entities import speaker_entities, speaker_triggers
from migpt_shared.language import Language
from migpt_shared.messages import SpeakerInfo

PATHS = Paths("migpt", "home")
MANNER = Manner("zh", "1.2.3", "http://192.168.1.2:5001")
INFO = SpeakerInfo(uid="3f9a1c07be42", name="客厅小爱", hardware="LX06", area="客厅", device_tail="1a2b", rom="1.94")
TOPIC = PATHS.discovery("xiaoai_3f9a1c07be42")

#: Platforms of Home Assistant 2024.11, the oldest that knows device discovery.
PLATFORMS_2024_11 = {
    "alarm_control_panel", "binary_sensor", "button", "camera", "climate", "cover", "device_automation",
    "device_tracker", "event", "fan", "humidifier", "image", "lawn_mower", "light", "lock", "notify", "number",
    "scene", "select", "sensor", "siren", "switch", "tag", "text", "update", "vacuum", "valve", "water_heater",
}  # fmt: skip


def speaker(manner: Manner = MANNER, info: SpeakerInfo = INFO, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    entities = without(speaker_entities(["deepseek", "通义"], ["poet"]), leave_out)
    return speaker_payload(info, "living_room", entities, speaker_triggers(), PATHS, manner)


def bridge(manner: Manner = MANNER) -> dict[str, Any]:
    return bridge_payload(bridge_entities(), PATHS, manner)


def entities_of(payload: dict[str, Any]) -> dict[str, dict[str, Any]]:
    components = payload["components"]
    return {key: one for key, one in components.items() if one["platform"] != "device_automation"}


@pytest.mark.parametrize("payload", [speaker(), bridge()], ids=["speaker", "bridge"])
def test_home_assistant_takes_it(payload: dict[str, Any]) -> None:
    device = payload["device"]
    assert {"identifiers", "name", "manufacturer", "model", "model_id", "sw_version", "configuration_url"} <= set(
        device
    )
    assert payload["origin"] == {"name": "migpt-mqtt", "sw_version": "1.2.3"}
    assert payload["availability_mode"] == "all"
    for one in payload["components"].values():
        assert one["platform"] in PLATFORMS_2024_11
        for topic in (value for key, value in one.items() if key.endswith("topic")):
            assert "+" not in topic
            assert "#" not in topic
    for one in entities_of(payload).values():
        assert one.get("retain", False) is False, "a retained command would be obeyed again"
        if one["platform"] in ("sensor", "binary_sensor"):
            assert one.get("entity_category") in (None, "diagnostic")
        if one["platform"] == "text":
            assert one["max"] <= 255
        if one["platform"] == "select":
            assert one["options"]


@pytest.mark.parametrize("manner", [MANNER, replace(MANNER, language="en", suggests_areas=False)])
@pytest.mark.parametrize("name", ["客厅小爱", "Kitchen"])
def test_ids_are_for_ever(manner: Manner, name: str) -> None:
    payload = speaker(manner, INFO.model_copy(update={"name": name, "area": None}))
    for key, one in entities_of(payload).items():
        assert one["unique_id"] == f"xiaoai_3f9a1c07be42_{key}"
        assert one["default_entity_id"] == f"{one['platform']}.xiaoai_3f9a1c07be42_{key}"
        assert one["object_id"] == f"xiaoai_3f9a1c07be42_{key}"
    assert entities_of(bridge(manner))["login"]["default_entity_id"] == "button.xiaoai_bridge_home_login"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_names_are_distinct_and_do_not_repeat_the_device(language: Language) -> None:
    manner = replace(MANNER, language=language)
    for payload in (speaker(manner), bridge(manner)):
        names = [one["name"] for one in entities_of(payload).values()]
        assert len(names) == len(set(names))
        assert not [name for name in names if payload["device"]["name"] in name]
    assert speaker(manner)["components"]["say"]["name"] == {"zh": "播报", "en": "Announce"}[language]


def test_a_speaker_stands_below_the_bridge_and_in_its_area() -> None:
    device = speaker()["device"]
    assert device["via_device"] == bridge()["device"]["identifiers"][0]
    assert device["suggested_area"] == "客厅"
    assert "suggested_area" not in speaker(replace(MANNER, suggests_areas=False))["device"]


def test_availability_is_of_bridge_and_speaker_but_for_what_tells_of_it() -> None:
    payload = speaker()
    topics = ["migpt/home/ha/ha/availability", "migpt/home/living_room/ha/availability"]
    assert [one["topic"] for one in payload["availability"]] == topics
    assert payload["components"]["online"]["availability"] == [{"topic": topics[0]}]


def test_commands_go_straight_to_the_services() -> None:
    components = speaker()["components"]
    assert components["say"]["command_topic"] == "migpt/home/living_room/do/say"
    assert components["volume"]["command_topic"] == "migpt/home/living_room/set/volume"
    assert components["correct_native"]["payload_press"] == "native"
    assert bridge()["components"]["say"]["command_topic"] == "migpt/home/all/do/say"
    assert bridge()["components"]["login"]["command_topic"] == "migpt/home/do/login"


def test_without_anything_to_choose_there_is_nothing_to_select() -> None:
    assert {"preset", "persona"}.isdisjoint(entity.key for entity in speaker_entities([], []))


def test_the_ids_of_entities_and_triggers_differ() -> None:
    entities = {entity.key for entity in speaker_entities(["a"], ["b"])}
    triggers = [trigger.key for trigger in speaker_triggers()]
    assert len(triggers) == len(set(triggers))
    assert entities.isdisjoint(triggers)


# -- what becomes of discovery messages ------------------------------------------------------------------------------


def never(_: str) -> bool:
    return False


def always(_: str) -> bool:
    return True


def published(notices: list[Notice]) -> dict[str, Any]:
    return {notice.topic: json.loads(notice.payload) if notice.payload else None for notice in notices}


def announced(payload: dict[str, Any] | None = None) -> DiscoveryBulletin:
    bulletin = DiscoveryBulletin(PATHS)
    bulletin.want({TOPIC: payload or speaker()})
    assert published(bulletin.settle(0.0, never)) == {TOPIC: payload or speaker()}
    return bulletin


def test_it_is_published_once() -> None:
    bulletin = announced()
    bulletin.seen(TOPIC, encoded(speaker()), retained=False)
    assert bulletin.settle(1.0, never) == []
    bulletin.want({TOPIC: speaker()})
    assert bulletin.settle(2.0, never) == []


def test_what_stands_from_an_earlier_run_is_left_alone() -> None:
    bulletin = DiscoveryBulletin(PATHS)
    bulletin.seen(TOPIC, encoded(speaker()), retained=True)
    bulletin.want({TOPIC: speaker()})
    assert bulletin.settle(0.0, never) == []


def test_what_is_no_longer_wanted_is_taken_down_even_from_an_earlier_run() -> None:
    bulletin = DiscoveryBulletin(PATHS)
    bulletin.seen(TOPIC, encoded(speaker()), retained=True)
    assert bulletin.settle(0.0, never) == [], "it may still come"
    assert published(bulletin.settle(1.0, always)) == {TOPIC: None}
    assert bulletin.settle(2.0, always) == []


def test_what_is_not_ours_is_left_alone() -> None:
    theirs = speaker() | {"origin": {"name": "zigbee2mqtt"}}
    neighbours = speaker_payload(INFO, "living_room", [], [], Paths("migpt", "next_door"), MANNER)
    bulletin = DiscoveryBulletin(PATHS)
    for number, payload in enumerate((encoded(theirs), encoded(neighbours), b"no JSON", b"[]", b'{"origin": 1}')):
        bulletin.seen(f"homeassistant/device/other_{number}/config", payload, retained=True)
    assert bulletin.settle(0.0, always) == []


def test_a_removed_component_is_named_once_more_before_it_is_left_out() -> None:
    bulletin = announced()
    smaller = speaker(leave_out=("pause",))
    bulletin.want({TOPIC: smaller})
    first = published(bulletin.settle(10.0, never))[TOPIC]
    assert first["components"]["pause"] == {"platform": "button"}
    assert bulletin.settle(10.0 + REMOVAL_S / 2, never) == []
    assert bulletin.due_at() == 10.0 + REMOVAL_S
    assert published(bulletin.settle(10.0 + REMOVAL_S, never)) == {TOPIC: smaller}
    assert bulletin.due_at() is None
    assert bulletin.settle(20.0, never) == []


def test_a_removal_that_was_cut_short_is_begun_anew() -> None:
    smaller = speaker(leave_out=("pause",))
    half = smaller | {"components": {**smaller["components"], "pause": {"platform": "button"}}}
    bulletin = DiscoveryBulletin(PATHS)
    bulletin.seen(TOPIC, encoded(half), retained=True)
    bulletin.want({TOPIC: smaller})
    assert published(bulletin.settle(0.0, never)) == {TOPIC: half}
    assert published(bulletin.settle(REMOVAL_S, never)) == {TOPIC: smaller}


def test_a_component_that_changes_its_platform_goes_first() -> None:
    changed = speaker()
    changed["components"]["volume"] = {**changed["components"]["volume"], "platform": "sensor"}
    bulletin = announced()
    bulletin.want({TOPIC: changed})
    assert published(bulletin.settle(0.0, never))[TOPIC]["components"]["volume"] == {"platform": "number"}
    assert published(bulletin.settle(REMOVAL_S, never)) == {TOPIC: changed}


def test_a_device_that_its_user_deleted_does_not_come_back_at_once() -> None:
    bulletin = announced()
    for _ in range(18):  # Home Assistant empties the topic once per component
        bulletin.seen(TOPIC, b"", retained=False)
    assert bulletin.deleted_by_user == {TOPIC}
    bulletin.want({TOPIC: speaker(replace(MANNER, language="en"))})
    assert bulletin.settle(1.0, never) == []
    bulletin.say_again()
    assert list(published(bulletin.settle(2.0, never))) == [TOPIC]


def test_our_own_removal_is_nobodys_deletion() -> None:
    bulletin = announced()
    bulletin.want({})
    assert published(bulletin.settle(1.0, always)) == {TOPIC: None}
    bulletin.want({TOPIC: speaker()})
    bulletin.seen(TOPIC, b"", retained=False)
    assert bulletin.deleted_by_user == frozenset()
    assert list(published(bulletin.settle(2.0, never))) == [TOPIC]


def test_home_assistants_start_has_all_published_again() -> None:
    bulletin = announced()
    bulletin.say_again()
    assert list(published(bulletin.settle(1.0, never))) == [TOPIC]
    assert bulletin.settle(2.0, never) == []


def test_a_broker_that_forgot_is_told_again() -> None:
    bulletin = announced()
    bulletin.lost_sight()
    assert list(published(bulletin.settle(1.0, never))) == [TOPIC]


def test_own_payloads_are_recognised() -> None:
    assert own_payload(encoded(speaker()), PATHS) == speaker()
    assert unit_of(speaker()) == "living_room"
    assert unit_of(bridge()) == "ha"


# -- what becomes of states ------------------------------------------------------------------------------------------

STATE = PATHS.state("living_room", "volume")
OTHER = PATHS.state("living_room", "queue")


def states(*permitted: str) -> StateBulletin:
    bulletin = StateBulletin()
    bulletin.permit(frozenset(permitted or (STATE,)))
    return bulletin


def test_a_state_is_published_when_it_changes() -> None:
    bulletin = states()
    bulletin.put(STATE, "35")
    assert [notice.payload for notice in bulletin.settle(never)] == [b"35"]
    bulletin.put(STATE, "35")
    assert bulletin.settle(never) == []
    bulletin.put(STATE, "36")
    assert [notice.payload for notice in bulletin.settle(never)] == [b"36"]


def test_a_state_that_stands_is_not_repeated_but_when_asked_to() -> None:
    bulletin = states()
    bulletin.seen(STATE, b"35")
    bulletin.put(STATE, "35")
    assert bulletin.settle(never) == []
    bulletin.say_again(PATHS.below("living_room"))
    assert [notice.payload for notice in bulletin.settle(never)] == [b"35"]
    bulletin.lost_sight()
    assert [notice.payload for notice in bulletin.settle(never)] == [b"35"]


def test_a_default_gives_way_to_what_stands_and_to_what_is_known() -> None:
    bulletin = states(STATE, OTHER)
    bulletin.seen(STATE, b"35")
    for topic in (STATE, OTHER):
        bulletin.put(topic, " ", is_default=True)
    assert [(notice.topic, notice.payload) for notice in bulletin.settle(never)] == [(OTHER, b" ")]
    bulletin.put(STATE, "36")
    bulletin.put(STATE, " ", is_default=True)
    assert [notice.payload for notice in bulletin.settle(never)] == [b"36"]


def test_the_state_of_an_entity_that_is_gone_is_taken_down() -> None:
    bulletin = states(STATE, OTHER)
    bulletin.put(STATE, "35")
    bulletin.put(OTHER, "1")
    bulletin.settle(never)
    bulletin.permit(frozenset({STATE}))
    assert [(notice.topic, notice.payload) for notice in bulletin.settle(never)] == [(OTHER, b"")]


def test_the_states_of_a_speaker_that_may_come_are_left_alone() -> None:
    bulletin = states(PATHS.state("bedroom", "volume"))
    bulletin.seen(STATE, b"35")
    assert bulletin.settle(never) == []
    bulletin.permit(frozenset({PATHS.state("bedroom", "volume")}))
    assert [(notice.topic, notice.payload) for notice in bulletin.settle(always)] == [(STATE, b"")]
