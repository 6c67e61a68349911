"""Which entities a household's speakers may speak of, by which names, and where they are; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migpt_ha_bridge.home.states import StateTable
from migpt_shared.messages import HomeEntity

#: The assistant whose exposure counts: Home Assistant's own conversation.
ASSISTANT = "conversation"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entity of Home Assistant's registry."""

    entity_id: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    area_id: str | None = None
    device_id: str | None = None
    device_class: str | None = None
    is_disabled: bool = False

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Entry:
        """From `config/entity_registry/get_entries`. An alias of null stands for the entity's own name."""
        return cls(
            entity_id=raw["entity_id"],
            name=raw.get("name") or raw.get("original_name"),
            aliases=tuple(alias for alias in raw.get("aliases") or () if alias),
            area_id=raw.get("area_id"),
            device_id=raw.get("device_id"),
            device_class=raw.get("device_class") or raw.get("original_device_class"),
            is_disabled=raw.get("disabled_by") is not None,
        )


@dataclass(frozen=True, slots=True)
class Device:
    """A device of Home Assistant's registry; `identifiers` as `domain:identifier`."""

    device_id: str
    area_id: str | None
    identifiers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Device:
        pairs = frozenset(":".join(map(str, pair[:2])) for pair in raw.get("identifiers") or ())
        return cls(raw["id"], raw.get("area_id"), pairs)


@dataclass(frozen=True, slots=True)
class Registry:
    """What was read from Home Assistant."""

    exposed: frozenset[str] = frozenset()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)
    """area id to name"""

    def device_with(self, identifier: str) -> str | None:
        """The id of the device with this `domain:identifier`; None: there is none."""
        return next((each.device_id for each in self.devices.values() if identifier in each.identifiers), None)

    def area_id_of(self, entity_id: str) -> str | None:
        """The entity's own area, else its device's."""
        entry = self.entries.get(entity_id)
        if entry is None:
            return None
        device = self.devices.get(entry.device_id or "")
        return entry.area_id or (device.area_id if device is not None else None)

    def area_of(self, entity_id: str) -> str | None:
        """The name of its area."""
        return self.areas.get(self.area_id_of(entity_id) or "")


def exposed_to_conversation(raw: Mapping[str, Any]) -> frozenset[str]:
    """The entity ids from `homeassistant/expose_entity/list`."""
    return frozenset(name for name, assistants in raw.items() if assistants.get(ASSISTANT))


def wanted_ids(exposed: Iterable[str], mapping: Mapping[str, str]) -> frozenset[str]:
    """The entities that may be spoken of: the exposed ones, and those that the settings name."""
    return frozenset((*exposed, *mapping.values()))


def entities(
    registry: Registry, states: StateTable, mapping: Mapping[str, str], confirm: Iterable[str]
) -> list[HomeEntity]:
    """Everything that may be spoken of and exists, by entity id.

    Names of the settings come first: the first is the name, the others and Home Assistant's own become aliases.
    `confirm`: domains, `domain.device_class` or entity ids that need a spoken yes.
    """
    kinds = frozenset(confirm)
    found = []
    for entity_id in sorted(wanted_ids(registry.exposed, mapping)):
        entry, state = registry.entries.get(entity_id), states.get(entity_id)
        if state is None and (entry is None or entry.is_disabled):
            continue
        domain = entity_id.partition(".")[0]
        attributes = {} if state is None else state.attributes
        device_class = attributes.get("device_class") or (entry.device_class if entry else None)
        own = attributes.get("friendly_name") or (entry.name if entry else None) or entity_id
        given = [name for name, target in mapping.items() if target == entity_id]
        names = list(dict.fromkeys((*given, str(own), *(entry.aliases if entry else ()))))
        found.append(
            HomeEntity(
                id=entity_id,
                name=names[0],
                aliases=names[1:],
                area=registry.area_of(entity_id),
                domain=domain,
                confirm=not kinds.isdisjoint((domain, f"{domain}.{device_class}", entity_id)),
            )
        )
    return found
