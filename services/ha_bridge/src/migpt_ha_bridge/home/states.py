"""How the entities are, as Home Assistant's `subscribe_entities` tells it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: What Home Assistant says of an entity that cannot be reached; a command to it vanishes without an error.
UNAVAILABLE = "unavailable"

#: Attributes that say nothing about how an entity is.
_NOISE = frozenset(
    {"friendly_name", "icon", "entity_picture", "supported_features", "attribution", "editable", "restored",
     "assumed_state", "entity_id", "id", "access_token", "media_image_url", "entity_picture_local"}
)  # fmt: skip
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class EntityState:
    """`changes` counts what was told of the entity: equal numbers, nothing new."""

    state: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    changes: int = 0

    @property
    def is_available(self) -> bool:
        return self.state != UNAVAILABLE

    def described(self) -> dict[str, Any]:
        """The attributes worth telling, each short."""
        return {
            name: value
            for name, value in self.attributes.items()
            if name not in _NOISE and value is not None and len(str(value)) <= _LONGEST_VALUE
        }


class StateTable:
    """The latest state of every entity that is followed."""

    def __init__(self) -> None:
        self._states: dict[str, EntityState] = {}

    def get(self, entity_id: str) -> EntityState | None:
        return self._states.get(entity_id)

    def copy(self) -> dict[str, EntityState]:
        """How everything is now."""
        return dict(self._states)

    def clear(self) -> None:
        self._states.clear()

    def apply(self, event: Mapping[str, Any]) -> bool:
        """Take in a compressed event: `a` added, `c` changed, `r` removed.

        Returns whether an entity came, went, or is called or classed otherwise than before.
        """
        is_news = False
        for entity_id, whole in (event.get("a") or {}).items():
            before = self._states.get(entity_id)
            changes = 0 if before is None else before.changes + 1
            after = EntityState(str(whole.get("s", "")), dict(whole.get("a") or {}), changes)
            is_news = is_news or before is None or _identity(before) != _identity(after)
            self._states[entity_id] = after
        for entity_id, difference in (event.get("c") or {}).items():
            before = self._states.get(entity_id)
            if before is not None:
                after = self._states[entity_id] = _changed(before, difference)
                is_news = is_news or _identity(before) != _identity(after)
        for entity_id in event.get("r") or ():
            is_news = self._states.pop(entity_id, None) is not None or is_news
        return is_news


def _identity(state: EntityState) -> tuple[object, object]:
    return state.attributes.get("friendly_name"), state.attributes.get("device_class")


def _changed(before: EntityState, difference: Mapping[str, Any]) -> EntityState:
    added, removed = difference.get("+") or {}, difference.get("-") or {}
    attributes = {name: value for name, value in before.attributes.items() if name not in (removed.get("a") or ())}
    attributes |= added.get("a") or {}
    return EntityState(str(added.get("s", before.state)), attributes, before.changes + 1)
