"""Whom a service call is for; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migpt_ha_bridge.home.directory import Registry
from migpt_shared.messages import HomeEntity

#: `homeassistant.turn_on` and its like fit every domain.
_ANY_DOMAIN = "homeassistant"
_FOR_ANY_DOMAIN = frozenset({"turn_on", "turn_off", "toggle"})


@dataclass(frozen=True, slots=True)
class Targets:
    """`entities`: the exposed entities that the call reaches; `strangers`: ids that are not exposed or not there."""

    entities: tuple[HomeEntity, ...]
    strangers: tuple[str, ...] = ()


def targets(
    service: str, target: Mapping[str, Iterable[str]], exposed: Iterable[HomeEntity], registry: Registry
) -> Targets:
    """What of the exposed entities a call means.

    Areas (by id or name) and devices mean those of their entities that have the service's domain. An entity of
    another domain is a stranger: Home Assistant would pass it over without a word.
    """
    domain, _, name = service.partition(".")
    fits_all = domain == _ANY_DOMAIN and name in _FOR_ANY_DOMAIN
    known = {entity.id: entity for entity in exposed}
    chosen: dict[str, HomeEntity] = {}
    strangers: list[str] = []
    for entity_id in target.get("entity_id", ()):
        entity = known.get(entity_id)
        if entity is None or not (fits_all or entity.domain == domain):
            strangers.append(entity_id)
        else:
            chosen[entity_id] = entity
    areas, devices = frozenset(target.get("area_id", ())), frozenset(target.get("device_id", ()))
    for entity in known.values():
        if not (fits_all or entity.domain == domain):
            continue
        entry = registry.entries.get(entity.id)
        in_area = not areas.isdisjoint((entity.area, registry.area_id_of(entity.id)))
        if in_area or (entry is not None and entry.device_id in devices):
            chosen.setdefault(entity.id, entity)
    return Targets(tuple(chosen.values()), tuple(strangers))
