"""The discovery payloads: what Home Assistant is told of a device; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migpt_ha_bridge.speakers.components import Component, Entity, Trigger, component, trigger_component
from migpt_ha_bridge.speakers.paths import Paths
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import HOME, SpeakerInfo

ORIGIN = "migpt-mqtt"

_BRIDGE_NAME = Phrase(zh="小爱网桥", en="XiaoAI bridge")
_BRIDGE_NAME_OF = Phrase(zh="小爱网桥 {household}", en="XiaoAI bridge {household}")
_SPEAKER_MODEL = Phrase(zh="小爱音箱 {hardware}", en="XiaoAI speaker {hardware}")
_BRIDGE_MODEL = Phrase(zh="网桥", en="Bridge")

Payload = dict[str, object]


@dataclass(frozen=True, slots=True)
class Manner:
    """How devices are presented, whichever they are."""

    language: Language
    version: str
    configuration_url: str
    suggests_areas: bool = True
    is_only_household: bool = True
    """no other household needs to be told apart"""


def bridge_id(household: str) -> str:
    """The bridge's identifier. Like a speaker's it stands in a topic, where Home Assistant takes no more than letters,
    digits, `_` and `-`."""
    return f"xiaoai_bridge_{household}"


def speaker_id(info: SpeakerInfo) -> str:
    return f"xiaoai_{info.uid}"


def speaker_payload(
    info: SpeakerInfo, unit: str, entities: Iterable[Entity], triggers: Iterable[Trigger], paths: Paths, manner: Manner
) -> Payload:
    """The whole payload of a speaker's device; `unit`: its name in topics."""
    device: Payload = {
        "identifiers": [speaker_id(info)],
        "name": info.name,
        "manufacturer": "Xiaomi",
        "model": _SPEAKER_MODEL.in_(manner.language, hardware=info.hardware),
        "model_id": info.hardware,
        "sw_version": info.rom or manner.version,
        "configuration_url": manner.configuration_url,
        "via_device": bridge_id(paths.household),
    }
    if info.area and manner.suggests_areas:
        device["suggested_area"] = info.area
    identity = speaker_id(info)
    components = _components(entities, identity, unit, paths, manner)
    components |= {trigger.key: trigger_component(trigger, paths.event(unit)) for trigger in triggers}
    availability = [{"topic": paths.availability()}, {"topic": paths.availability(unit)}]
    return _payload(device, components, availability, manner)


def bridge_payload(entities: Iterable[Entity], paths: Paths, manner: Manner) -> Payload:
    """The whole payload of the bridge's device."""
    identity = bridge_id(paths.household)
    name = _BRIDGE_NAME if manner.is_only_household else _BRIDGE_NAME_OF
    device: Payload = {
        "identifiers": [identity],
        "name": name.in_(manner.language, household=paths.household),
        "manufacturer": ORIGIN,
        "model": _BRIDGE_MODEL.in_(manner.language),
        "model_id": "ha_bridge",
        "sw_version": manner.version,
        "configuration_url": manner.configuration_url,
    }
    components = _components(entities, identity, HOME, paths, manner)
    return _payload(device, components, [{"topic": paths.availability()}], manner)


def _components(
    entities: Iterable[Entity], identity: str, unit: str, paths: Paths, manner: Manner
) -> dict[str, Component]:
    return {
        entity.key: component(entity, device=identity, unit=unit, paths=paths, language=manner.language)
        for entity in entities
    }


def _payload(
    device: Payload, components: Mapping[str, Component], availability: list[dict[str, str]], manner: Manner
) -> Payload:
    return {
        "device": device,
        "origin": {"name": ORIGIN, "sw_version": manner.version},
        "availability": availability,
        "availability_mode": "all",
        "components": dict(components),
    }


def encoded(payload: Payload) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def components_of(payload: Payload) -> dict[str, str]:
    """The platform of each component in a payload, which may be anybody's."""
    components = payload.get("components")
    if not isinstance(components, dict):
        return {}
    return {key: str(one["platform"]) for key, one in components.items() if isinstance(one, dict) and "platform" in one}


def unit_of(payload: Payload) -> str:
    """The name in topics of the device that an own payload is about."""
    match payload:
        case {"availability": [_, {"topic": str(topic)}]}:
            return topic.split("/")[2]
    return HOME


def own_payload(payload: bytes, paths: Paths) -> Payload | None:
    """A discovery payload as far as it is of this household's bridge: this run's or an earlier one's; else None."""
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    match found:
        case {"origin": {"name": str(name)}, "availability": [{"topic": str(topic)}, *_]}:
            if name == ORIGIN and topic == paths.availability():
                return dict(found)
    return None
