"""How one entity of Home Assistant is described, and what that becomes in a discovery payload; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from migpt_ha_bridge.speakers.paths import Paths
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import Command

#: Platforms that Home Assistant knows since 2024.11. One that it does not know would cost it the whole device.
Platform = Literal["binary_sensor", "button", "event", "notify", "number", "select", "sensor", "switch", "text"]
Category = Literal["config", "diagnostic"]
Component = dict[str, object]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. `key` is for ever: it makes the entity's id, its topic, and what automations name."""

    key: str
    platform: Platform
    name: Phrase
    icon: str | None = None
    category: Category | None = None
    command: type[Command] | None = None
    """what Home Assistant publishes goes straight to the service that owns this command"""
    to: str | None = None
    """the speaker addressed, if it is not the device itself"""
    has_state: bool = True
    has_attributes: bool = False
    outlives_speaker: bool = False
    """available as long as the bridge is, though the speaker is not"""
    more: Mapping[str, object] = field(default_factory=dict)
    """what only its platform knows, as it stands in the payload"""

    @property
    def keys(self) -> tuple[str, ...]:
        """The state topics that it reads and nobody else."""
        own = (self.key,) if self.has_state and self.platform != "event" else ()
        return (*own, attributes_key(self.key)) if self.has_attributes else own


@dataclass(frozen=True, slots=True)
class Trigger:
    """A device trigger: something that happens, by its kind, and a narrower one."""

    kind: str
    narrower: str
    payload: str
    template: str

    @property
    def key(self) -> str:
        return f"trigger_{self.kind}_{self.narrower}"


def attributes_key(key: str) -> str:
    return f"{key}_attributes"


def component(entity: Entity, *, device: str, unit: str, paths: Paths, language: Language) -> Component:
    """The entity's part of the payload of `device`, whose topics are those of `unit`."""
    identity = f"{device}_{entity.key}"
    made: Component = {
        "platform": entity.platform,
        "unique_id": identity,
        "name": entity.name.in_(language),
        # The first is read since 2025.10, the second before; users and examples rely on ids that do not differ.
        "default_entity_id": f"{entity.platform}.{identity}",
        "object_id": identity,
    }
    if entity.icon is not None:
        made["icon"] = f"mdi:{entity.icon}"
    if entity.category is not None:
        made["entity_category"] = entity.category
    if entity.platform == "event":
        made["state_topic"] = paths.event(unit)
    elif entity.has_state:
        made["state_topic"] = paths.state(unit, entity.key)
    if entity.has_attributes:
        made["json_attributes_topic"] = paths.state(unit, attributes_key(entity.key))
    if entity.command is not None:
        made["command_topic"] = paths.command(entity.command, entity.to or unit)
    if entity.outlives_speaker:
        made["availability"] = [{"topic": paths.availability()}]
    return made | dict(entity.more)


def trigger_component(trigger: Trigger, topic: str) -> Component:
    return {
        "platform": "device_automation",
        "automation_type": "trigger",
        "type": trigger.kind,
        "subtype": trigger.narrower,
        "topic": topic,
        "payload": trigger.payload,
        "value_template": trigger.template,
    }


def without(entities: Iterable[Entity], unwanted: Iterable[str]) -> list[Entity]:
    """The entities but for those whose keys a person does not want."""
    left_out = frozenset(unwanted)
    return [entity for entity in entities if entity.key not in left_out]
