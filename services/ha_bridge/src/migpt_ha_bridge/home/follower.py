"""Follows one Home Assistant over its connection: what is exposed, how it is called, where and how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from migpt_ha_bridge.home.connection import Connection, Event
from migpt_ha_bridge.home.directory import (
    Device,
    Entry,
    Registry,
    entities,
    exposed_to_conversation,
    wanted_ids,
)
from migpt_ha_bridge.home.errors import HomeSlow, Refused
from migpt_ha_bridge.home.states import StateTable
from migpt_shared.messages import HomeEntity
from migpt_shared.settings import HomeAssistantSettings

log = structlog.get_logger(__name__)

_REGISTRIES = ("entity_registry_updated", "device_registry_updated", "area_registry_updated")
#: Changes come in bursts, above all while Home Assistant starts.
_SETTLE_S = 0.3
#: Exposure of entities without a unique id changes without an event.
_LOOK_EVERY_S = 30.0
_LISTS_WITHIN_S = 30.0


class Follower:
    """`begin`, then `run` until the connection is lost; `told` is called whenever the entities have changed."""

    def __init__(
        self,
        connection: Connection,
        settings: HomeAssistantSettings,
        language: str,
        told: Callable[[list[HomeEntity]], None],
    ) -> None:
        self.registry = Registry()
        self.states = StateTable()
        self.entities: list[HomeEntity] = []
        self.trouble: str | None = None
        """what keeps the list of entities from being whole, in words"""
        self._connection = connection
        self._mapping: Mapping[str, str] = settings.device_mapping
        self._confirm = tuple(settings.confirm_domains)
        self._language = language
        self._told = told
        self._is_stale = asyncio.Event()
        self._state_changed = asyncio.Event()
        self._subscription: int | None = None
        self._followed: frozenset[str] | None = None

    async def begin(self) -> None:
        """Read everything once. Raises HomeAssistantError."""
        for kind in _REGISTRIES:
            await self._connection.subscribe("subscribe_events", self._registry_changed, event_type=kind)
        try:
            # Home Assistant decides on what is exposed by default when the agent gets ready; the first question
            # would also have to wait for that.
            await self._connection.request("conversation/prepare", language=self._language, timeout_s=_LISTS_WITHIN_S)
        except Refused as refusal:
            log.info("conversation_not_prepared", reason=str(refusal))
        await self._read()

    async def run(self) -> None:
        """Keep up with changes. Raises HomeAssistantError."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._is_stale.wait()
            except TimeoutError:
                if await self._exposed() == self.registry.exposed:
                    continue
            await asyncio.sleep(_SETTLE_S)
            await self._read()

    async def state_change(self) -> None:
        """Returns when something of an entity has changed."""
        self._state_changed.clear()
        await self._state_changed.wait()

    async def _read(self) -> None:
        self._is_stale.clear()
        exposed = await self._exposed()
        wanted = wanted_ids(exposed, self._mapping)
        entries: Mapping[str, Any] = {}
        if wanted:
            entries = await self._list("config/entity_registry/get_entries", entity_ids=sorted(wanted))
        devices = map(Device.of, await self._list("config/device_registry/list"))
        areas = await self._list("config/area_registry/list")
        self.registry = Registry(
            exposed=exposed,
            entries={name: Entry.of(raw) for name, raw in entries.items() if raw is not None},
            devices={device.device_id: device for device in devices},
            areas={area["area_id"]: area["name"] for area in areas},
        )
        await self._follow(wanted)
        self._tell()

    async def _exposed(self) -> frozenset[str]:
        try:
            answer = await self._list("homeassistant/expose_entity/list")
        except Refused as refusal:
            trouble = (
                f"the list of exposed entities is refused ({refusal.code}); the token's user must be administrator"
            )
            if trouble != self.trouble:
                log.warning("exposed_entities_refused", reason=trouble)
            self.trouble = trouble
            return frozenset()
        self.trouble = None
        return exposed_to_conversation(answer["exposed_entities"])

    async def _follow(self, wanted: frozenset[str]) -> None:
        """Hear of the states of exactly these."""
        if wanted == self._followed:
            return
        former, self._subscription = self._subscription, None
        if wanted:
            first = asyncio.Event()

            def take(event: Event) -> None:
                if not first.is_set():
                    self.states.clear()
                    first.set()
                is_news = self.states.apply(event)
                self._state_changed.set()
                if is_news:
                    self._tell()

            self._subscription = await self._connection.subscribe("subscribe_entities", take, entity_ids=sorted(wanted))
            try:
                async with asyncio.timeout(_LISTS_WITHIN_S):
                    await first.wait()
            except TimeoutError:
                raise HomeSlow(f"no states within {_LISTS_WITHIN_S:g} s") from None
        else:
            self.states.clear()
        self._followed = wanted
        if former is not None:
            await self._connection.unsubscribe(former)

    def _tell(self) -> None:
        found = entities(self.registry, self.states, self._mapping, self._confirm)
        if found != self.entities:
            self.entities = found
            self._told(found)

    def _registry_changed(self, event: Event) -> None:
        self._is_stale.set()

    async def _list(self, kind: str, **fields: object) -> Any:
        return await self._connection.request(kind, timeout_s=_LISTS_WITHIN_S, **fields)
