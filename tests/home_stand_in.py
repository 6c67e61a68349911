"""A small Home Assistant over real HTTP and WebSocket: the API that the bridge uses, some devices, and failures on
demand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

TOKEN = "a-long-lived-token"
Record = dict[str, Any]

#: What services lead to, by service name.
_STATES = {
    "turn_on": "on", "turn_off": "off", "unlock": "unlocked", "lock": "locked", "open_cover": "open",
    "close_cover": "closed",
}  # fmt: skip


@dataclass
class Thing:
    """One entity. `is_deaf`: it takes commands and does nothing."""

    name: str
    state: str = "off"
    attributes: Record = field(default_factory=dict)
    area: str | None = None
    aliases: tuple[str, ...] = ()
    is_exposed: bool = True
    is_deaf: bool = False

    def compressed(self) -> Record:
        return {"s": self.state, "a": {"friendly_name": self.name, **self.attributes}, "c": "x", "lc": 0.0}


def usual_things() -> dict[str, Thing]:
    colourful = {"supported_color_modes": ["rgb", "color_temp"], "brightness": None}
    return {
        "light.living": Thing("客厅灯", attributes=dict(colourful), area="客厅", aliases=("大灯",)),
        "light.bed": Thing("卧室灯", attributes=dict(colourful), area="卧室"),
        "lock.door": Thing("大门锁", "locked", area="客厅"),
        "cover.garage": Thing("车库门", "closed", {"device_class": "garage"}),
        "climate.ac": Thing("空调", "off", {"temperature": 20, "hvac_modes": ["cool", "heat", "off"]}, area="客厅"),
        "sensor.temperature": Thing("客厅温度", "27", {"unit_of_measurement": "°C"}, area="客厅"),
        "switch.pump": Thing("水泵", is_exposed=False),
    }


@dataclass(eq=False)
class _Link:
    socket: web.WebSocketResponse
    states: dict[int, frozenset[str]] = field(default_factory=dict)
    registry: set[int] = field(default_factory=set)


class HomeStandIn:
    """`async with HomeStandIn() as home:`; then `home.url`, `home.things`, and the switches below."""

    def __init__(self, things: dict[str, Thing] | None = None, *, port: int = 0) -> None:
        self.things = usual_things() if things is None else things
        self.agents = ["conversation.home_assistant"]
        self.replies: dict[str, Record] = {}
        """what the agent answers to a text, as `conversation/process` gives it"""
        self.token = TOKEN
        self.delay_s = 0.0
        """before every answer to a question or a call"""
        self.takes_device_id = True
        self.logins: list[bool] = []
        """every try to log in: whether the token was right"""
        self.asked: list[Record] = []
        self.called: list[Record] = []
        self.devices: list[Record] = []
        self._port = port
        self._runner: web.AppRunner | None = None
        self._links: set[_Link] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Serve, on the same port as before."""
        app = web.Application()
        app.router.add_get("/api/websocket", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be down: every connection is lost, new ones are refused."""
        await self.drop_connections()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def drop_connections(self) -> None:
        for link in list(self._links):
            await link.socket.close()

    # -- what happens in the home --------------------------------------------------------------------------------

    async def becomes(self, entity_id: str, state: str, **attributes: object) -> None:
        """An entity changes."""
        thing = self.things[entity_id]
        thing.state = state
        thing.attributes |= attributes
        change = {"+": {"s": state, "a": attributes, "c": "y", "lc": 1.0}}
        await self._tell_states({"c": {entity_id: change}}, entity_id)

    async def renamed(self, entity_id: str, name: str) -> None:
        self.things[entity_id].name = name
        await self._tell_states({"c": {entity_id: {"+": {"a": {"friendly_name": name}}}}}, entity_id)

    async def exposes(self, entity_id: str, *, is_exposed: bool) -> None:
        self.things[entity_id].is_exposed = is_exposed
        await self.registry_changed()

    async def registry_changed(self) -> None:
        for link in list(self._links):
            for number in link.registry:
                await link.socket.send_json({"id": number, "type": "event", "event": {"data": {"action": "update"}}})

    async def _tell_states(self, event: Record, entity_id: str) -> None:
        for link in list(self._links):
            for number, ids in link.states.items():
                if entity_id in ids:
                    await link.socket.send_json({"id": number, "type": "event", "event": event})

    # -- the API -------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2026.11.0"})
        greeting = await socket.receive_json()
        is_right = greeting.get("access_token") == self.token
        self.logins.append(is_right)
        if not is_right:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token or password"})
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2026.11.0"})
        link = _Link(socket)
        self._links.add(link)
        working: set[asyncio.Task[None]] = set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    work = asyncio.create_task(self._answer(link, message.json()))
                    working.add(work)
                    work.add_done_callback(working.discard)
        finally:
            self._links.discard(link)
            for work in working:
                work.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        return socket

    async def _answer(self, link: _Link, message: Record) -> None:
        number = message["id"]
        try:
            result, events = await self._result(link, number, message)
            answer: Record = {"id": number, "type": "result", "success": True, "result": result}
        except _Refusal as refusal:
            error = {"code": refusal.code, "message": refusal.message}
            answer, events = {"id": number, "type": "result", "success": False, "error": error}, []
        if not link.socket.closed:
            await link.socket.send_json(answer)
            for event in events:
                await link.socket.send_json({"id": number, "type": "event", "event": event})

    async def _result(self, link: _Link, number: int, message: Record) -> tuple[Any, list[Record]]:
        match message["type"]:
            case "subscribe_events":
                link.registry.add(number)
                return None, []
            case "unsubscribe_events":
                link.states.pop(message["subscription"], None)
                return None, []
            case "subscribe_entities":
                link.states[number] = frozenset(message["entity_ids"])
                known = {name: self.things[name].compressed() for name in message["entity_ids"] if name in self.things}
                return None, [{"a": known}]
            case "conversation/prepare":
                return None, []
            case "conversation/agent/list":
                return {"agents": [{"id": agent, "name": agent} for agent in self.agents]}, []
            case "homeassistant/expose_entity/list":
                exposed = {name: {"conversation": True} for name, thing in self.things.items() if thing.is_exposed}
                return {"exposed_entities": exposed}, []
            case "config/entity_registry/get_entries":
                return {name: self._entry(name) for name in message["entity_ids"]}, []
            case "config/device_registry/list":
                return self.devices, []
            case "config/area_registry/list":
                names = sorted({thing.area for thing in self.things.values() if thing.area})
                return [{"area_id": f"id_{name}", "name": name} for name in names], []
            case "conversation/process":
                return await self._converse(message), []
            case "call_service":
                await self._call(message)
                return {"context": {}}, []
        raise _Refusal("unknown_command", "Unknown command.")

    def _entry(self, entity_id: str) -> Record | None:
        thing = self.things.get(entity_id)
        if thing is None:
            return None
        area = f"id_{thing.area}" if thing.area else None
        return {"entity_id": entity_id, "aliases": [None, *thing.aliases], "area_id": area, "original_name": thing.name}

    async def _converse(self, message: Record) -> Record:
        if "device_id" in message and not self.takes_device_id:
            raise _Refusal("invalid_format", "extra keys not allowed @ data['device_id']. Got 'x'")
        if message.get("agent_id", self.agents[0]) not in self.agents:
            raise _Refusal("invalid_format", "invalid agent ID for dictionary value @ data['agent_id']. Got 'x'")
        self.asked.append(message)
        await asyncio.sleep(self.delay_s)
        if (reply := self.replies.get(message["text"])) is not None:
            return reply
        for verb, service in (("打开", "turn_on"), ("关闭", "turn_off")):
            named = [(i, t) for i, t in self.things.items() if t.is_exposed and message["text"] == f"{verb}{t.name}"]
            for entity_id, thing in named:
                domain = entity_id.partition(".")[0]
                service = {"lock": "unlock", "cover": "open_cover"}.get(domain, service)
                await self._operate(entity_id, service, {})
                success = [{"name": thing.name, "type": "entity", "id": entity_id}]
                return spoken(f"{thing.name}已{verb}", success=success)
        return spoken("抱歉，我无法理解您的意思", error="no_intent_match")

    async def _call(self, message: Record) -> None:
        self.called.append(message)
        await asyncio.sleep(self.delay_s)
        service = message["service"]
        if service == "explode":
            raise _Refusal("service_validation_error", "Validation error: this cannot be")
        for entity_id in message["target"]["entity_id"]:
            await self._operate(entity_id, service, message.get("service_data") or {})

    async def _operate(self, entity_id: str, service: str, data: Mapping[str, Any]) -> None:
        thing = self.things.get(entity_id)
        if thing is None or thing.is_deaf or thing.state == "unavailable":
            return  # as Home Assistant does: not a word about it
        changes: Record = {name: value for name, value in data.items() if name != "brightness_pct"}
        if "brightness_pct" in data:
            changes["brightness"] = round(data["brightness_pct"] * 255 / 100)
        state = changes.pop("hvac_mode", _STATES.get(service, thing.state))
        await self.becomes(entity_id, state, **changes)


class _Refusal(Exception):  # noqa: N818 - an answer of the API
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def spoken(
    speech: str, *, error: str | None = None, success: list[Record] | None = None, asks_back: bool = False
) -> Record:
    """An answer of the conversation agent."""
    data: Record = {"code": error} if error else {"success": success or [], "failed": []}
    return {
        "response": {
            "speech": {"plain": {"speech": speech, "extra_data": None}},
            "language": "zh-cn",
            "response_type": "error" if error else "action_done",
            "data": data,
        },
        "conversation_id": "01STANDIN",
        "continue_conversation": asks_back,
    }
