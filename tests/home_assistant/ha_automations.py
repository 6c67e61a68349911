"""Automations and events of a real Home Assistant, for the length of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.home_assistant.ha_client import HomeAssistant, Record


@asynccontextmanager
async def automation(ha: HomeAssistant, ident: str, **config: object) -> AsyncIterator[None]:
    """An automation made as its editor makes one: `triggers`, `conditions`, `actions`, or `use_blueprint`."""
    path = f"/api/config/automation/config/{ident}"
    await ha.request("POST", path, {"alias": ident, "mode": "single", **config})
    try:
        await ha.until_state(f"automation.{ident}", "on")
        yield
    finally:
        await ha.request("DELETE", path)


@asynccontextmanager
async def events_of(ha: HomeAssistant, entity_id: str) -> AsyncIterator[list[Record]]:
    """What an event entity tells of, as its attributes; complete when the context ends."""
    seen: list[Record] = []

    async def listen(socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = message.json().get("event")
            if event is not None:
                seen.append(event["variables"]["trigger"]["to_state"]["attributes"])

    async with ha.http.ws_connect("/api/websocket", max_msg_size=0) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": ha.surroundings.token})
        await socket.receive_json()
        trigger = {"trigger": "state", "entity_id": entity_id, "not_to": ["unavailable", "unknown"]}
        await socket.send_json({"id": 1, "type": "subscribe_trigger", "trigger": trigger})
        assert (await socket.receive_json())["success"]
        listening = asyncio.create_task(listen(socket), name="listen to Home Assistant")
        try:
            yield seen
            await asyncio.sleep(0.2)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
