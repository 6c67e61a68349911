"""A client of a real Home Assistant for the tests: REST and WebSocket, as its own frontend uses them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

Record = dict[str, Any]
_LOOK_AGAIN_S = 0.1
#: Where Home Assistant says that it logs much, which its MQTT integration does about any device when set to debug.
_ABOUT_THE_LOG = "homeassistant.util.logging"


class HomeAssistantError(Exception):
    """Home Assistant refused a request. `status` is the HTTP status, 0 over the WebSocket."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the Home Assistant to test with is, and the broker that it uses."""

    url: str
    token: str
    broker_url: str
    control: str | None
    """a command that restarts Home Assistant and its broker: `restart-ha`, `stop-broker`, `start-broker`"""

    @classmethod
    def from_environment(cls) -> Self | None:
        """From HA_URL, HA_TOKEN, MQTT_HOST and MQTT_PORT, and HA_CONTROL if it is set; None when one is missing."""
        values = [os.environ.get(name) for name in ("HA_URL", "HA_TOKEN", "MQTT_HOST", "MQTT_PORT")]
        if not all(values):
            return None
        url, token, host, port = values
        return cls(str(url).rstrip("/"), str(token), f"mqtt://{host}:{port}", os.environ.get("HA_CONTROL"))


class HomeAssistant:
    """`async with HomeAssistant(surroundings) as ha:`"""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            self.surroundings.url,
            headers={"Authorization": f"Bearer {self.surroundings.token}"},
            timeout=aiohttp.ClientTimeout(total=30),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    @property
    def http(self) -> aiohttp.ClientSession:
        assert self._http is not None
        return self._http

    async def request(self, method: str, path: str, body: object = None) -> Any:
        async with self.http.request(method, path, json=body) as answer:
            content = await (answer.json() if "json" in answer.content_type else answer.text())
            if answer.status >= 400:
                raise HomeAssistantError(answer.status, content)
            return content

    async def ws(self, *messages: Record) -> list[Any]:
        """The results of WebSocket commands, in order."""
        results = []
        async with self.http.ws_connect("/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.surroundings.token})
            assert (await socket.receive_json())["type"] == "auth_ok"
            for number, message in enumerate(messages, start=1):
                await socket.send_json({"id": number, **message})
                async with asyncio.timeout(30):
                    while (answer := await socket.receive_json()).get("id") != number or answer["type"] != "result":
                        pass
                if not answer["success"]:
                    raise HomeAssistantError(0, answer["error"])
                results.append(answer["result"])
        return results

    # -- what there is -------------------------------------------------------------------------------------------

    async def states(self) -> dict[str, Record]:
        return {state["entity_id"]: state for state in await self.request("GET", "/api/states")}

    async def state(self, entity_id: str) -> Record | None:
        try:
            return dict(await self.request("GET", f"/api/states/{entity_id}"))
        except HomeAssistantError as error:
            if error.status == 404:
                return None
            raise

    async def value(self, entity_id: str) -> str | None:
        """The state's text; None when there is no such entity."""
        state = await self.state(entity_id)
        return None if state is None else str(state["state"])

    async def entities(self) -> dict[str, Record]:
        """The MQTT entities in the registry, by unique id."""
        rows = (await self.ws({"type": "config/entity_registry/list"}))[0]
        return {row["unique_id"]: row for row in rows if row["platform"] == "mqtt"}

    async def device(self, identifier: str) -> Record | None:
        for row in (await self.ws({"type": "config/device_registry/list"}))[0]:
            if ["mqtt", identifier] in row["identifiers"]:
                return dict(row)
        return None

    async def areas(self) -> dict[str, str]:
        """Names by area id."""
        return {row["area_id"]: row["name"] for row in (await self.ws({"type": "config/area_registry/list"}))[0]}

    async def troubles(self, since: float = 0.0) -> list[str]:
        """Warnings and errors about MQTT in Home Assistant's log since a wall-clock time, seconds."""
        rows = (await self.ws({"type": "system_log/list"}))[0]
        return [
            f"{row['level']} {row['name']}: {'; '.join(row['message'])}"
            for row in rows
            if row["timestamp"] >= since
            and row["name"] != _ABOUT_THE_LOG
            and "mqtt" in f"{row['name']} {row['message']}".lower()
        ]

    # -- what it does --------------------------------------------------------------------------------------------

    async def call(self, service: str, **data: object) -> None:
        domain, name = service.split(".")
        await self.request("POST", f"/api/services/{domain}/{name}", data)

    async def until(
        self, condition: Callable[[Mapping[str, Record]], object], what: str, timeout_s: float = 20
    ) -> float:
        """Wait until the states fulfil the condition; returns how long it took, seconds. Raises TimeoutError."""
        began = time.monotonic()
        while not condition(await self.states()):
            if time.monotonic() - began > timeout_s:
                raise TimeoutError(f"waited {timeout_s} s for {what}")
            await asyncio.sleep(_LOOK_AGAIN_S)
        return time.monotonic() - began

    async def until_state(self, entity_id: str, wanted: str, timeout_s: float = 20) -> float:
        """Wait until the state is the one wanted; returns how long it took, seconds."""
        try:
            return await self.until(
                lambda states: entity_id in states and states[entity_id]["state"] == wanted, entity_id, timeout_s
            )
        except TimeoutError:
            state = await self.value(entity_id)
            raise TimeoutError(f"{entity_id} is {state!r}, not {wanted!r}, after {timeout_s} s") from None

    async def reload_mqtt(self) -> None:
        """Make Home Assistant connect to its broker anew, as after a start."""
        entry = (await self.request("GET", "/api/config/config_entries/entry?domain=mqtt"))[0]
        await self.request("POST", f"/api/config/config_entries/entry/{entry['entry_id']}/reload")

    async def control(self, command: str) -> None:
        """Restart Home Assistant or its broker, as `HA_CONTROL` can."""
        assert self.surroundings.control is not None
        process = await asyncio.create_subprocess_shell(
            f"{self.surroundings.control} {command}", stdout=asyncio.subprocess.DEVNULL
        )
        assert await asyncio.wait_for(process.wait(), 180) == 0
