"""Devices for a real Home Assistant to command: they are announced by MQTT discovery, and do what they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from migpt_shared.bus import BrokerAddress
from tests.home_assistant.ha_client import HomeAssistant

Record = dict[str, Any]
_BASE = "test_house"

#: Component, key, name in Home Assistant, area, further discovery keys.
_DEVICES: tuple[tuple[str, str, str, str, Record], ...] = (
    ("light", "lamp", "落地灯", "客厅", {"schema": "json", "supported_color_modes": ["rgb"], "brightness": True}),
    ("light", "strip", "灯带", "书房", {"schema": "json", "supported_color_modes": ["rgb"], "brightness": True}),
    ("lock", "door", "入户锁", "客厅", {}),
    ("cover", "garage", "地库门", "客厅", {"device_class": "garage"}),
    ("sensor", "heat", "客厅温度", "客厅", {"device_class": "temperature", "unit_of_measurement": "°C"}),
)
#: A light that is off, white when it is switched on.
OFF = '{"state": "OFF", "brightness": 255, "color_mode": "rgb", "color": {"r": 255, "g": 255, "b": 255}}'
_FIRST: dict[str, str] = {
    "lamp": OFF, "strip": OFF, "door": "LOCKED", "garage": "closed", "heat": "27",
}  # fmt: skip


@dataclass
class MqttHouse:
    """`states`: what each device last told; `deaf`: those that take commands and do nothing."""

    client: aiomqtt.Client
    states: dict[str, str] = field(default_factory=lambda: dict(_FIRST))
    deaf: set[str] = field(default_factory=set)

    @staticmethod
    def entity(key: str) -> str:
        """The entity id in Home Assistant."""
        component = next(each[0] for each in _DEVICES if each[1] == key)
        return f"{component}.test_house_{key}"

    def light(self, key: str) -> Record:
        return dict(json.loads(self.states[key]))

    async def available(self, key: str, *, is_available: bool) -> None:
        await self._tell(key, "available", "online" if is_available else "offline")

    async def becomes(self, key: str, state: str) -> None:
        self.states[key] = state
        await self._tell(key, "state", state)

    async def announce(self) -> None:
        for component, key, name, area, more in _DEVICES:
            device = {"identifiers": [f"test_house_{key}"], "name": name, "suggested_area": area}
            config = {
                "name": None, "unique_id": f"test_house_{key}", "default_entity_id": self.entity(key), "device": device,
                "state_topic": f"{_BASE}/{key}/state", "availability_topic": f"{_BASE}/{key}/available", **more,
            }  # fmt: skip
            if component != "sensor":
                config["command_topic"] = f"{_BASE}/{key}/set"
            await self.client.publish(_discovery(component, key), json.dumps(config), qos=1, retain=True)
            await self._tell(key, "available", "online")
            await self._tell(key, "state", self.states[key])

    async def vanish(self) -> None:
        for component, key, *_ in _DEVICES:
            for topic in (_discovery(component, key), f"{_BASE}/{key}/state", f"{_BASE}/{key}/available"):
                await self.client.publish(topic, b"", qos=1, retain=True)

    async def obey(self) -> None:
        """Do what is commanded, until cancelled."""
        await self.client.subscribe(f"{_BASE}/+/set", qos=1)
        async for message in self.client.messages:
            key, payload = message.topic.value.split("/")[1], bytes(message.payload).decode()
            if key in self.deaf:
                continue
            match payload:
                case "LOCK" | "UNLOCK":
                    await self.becomes(key, f"{payload}ED")
                case "OPEN" | "CLOSE":
                    await self.becomes(key, "open" if payload == "OPEN" else "closed")
                case _:
                    wanted = json.loads(payload)
                    await self.becomes(key, json.dumps({**self.light(key), **wanted}))

    async def _tell(self, key: str, what: str, payload: str) -> None:
        await self.client.publish(f"{_BASE}/{key}/{what}", payload, qos=1, retain=True)


def _discovery(component: str, key: str) -> str:
    return f"homeassistant/{component}/test_house/{key}/config"


@asynccontextmanager
async def mqtt_house(ha: HomeAssistant) -> AsyncIterator[MqttHouse]:
    """The devices, known to Home Assistant and exposed to its assistant; gone afterwards."""
    address = BrokerAddress.from_url(ha.surroundings.broker_url)
    async with aiomqtt.Client(address.host, address.port) as client:
        house = MqttHouse(client)
        obeying = asyncio.create_task(house.obey(), name="mqtt house")
        try:
            await house.announce()
            ids = [house.entity(key) for _, key, *_ in _DEVICES]
            await ha.until(
                lambda states: all(states.get(one, {}).get("state") not in (None, "unavailable") for one in ids),
                "the devices to be known",
            )
            expose = {"type": "homeassistant/expose_entity", "assistants": ["conversation"], "should_expose": True}
            await ha.ws({**expose, "entity_ids": ids})
            yield house
        finally:
            obeying.cancel()
            await asyncio.gather(obeying, return_exceptions=True)
            await house.vanish()
