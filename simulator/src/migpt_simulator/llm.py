"""An OpenAI-compatible language model to develop and test against: real SSE, scripted answers, failures on demand.

Mounted into an aiohttp application (`LlmSimulator.routes`) or alone (`LlmServer`). LLM.md tells how to
control it.
"""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Self

from aiohttp import web
from pydantic import ValidationError

from migpt_simulator.llm_behaviour import Behaviour, LlmControl, Script
from migpt_simulator.llm_errors import bad_request, html_page, missing_key, status_error, wrong_key
from migpt_simulator.llm_journal import ChatEntry, LlmJournal, as_json
from migpt_simulator.llm_stream import Client, Gone, answer_at_once, answer_in_stream

JsonObject = dict[str, object]


class LlmSimulator:
    """The model: `script` says what it does, `journal` what it did."""

    def __init__(self) -> None:
        self.script = Script()
        self.journal = LlmJournal()

    def routes(self) -> list[web.RouteDef]:
        """All routes: `/v1/…` as OpenAI's, `/control/llm…` for tests."""
        return [
            web.get("/v1/models", self._models),
            web.post("/v1/chat/completions", self._chat),
            web.post("/control/llm", self._control),
            web.get("/control/llm/journal", self._read_journal),
        ]

    def control(self, control: LlmControl) -> None:
        """Changes the script, as `POST /control/llm` does."""
        if control.reset:
            self.script = Script()
            self.journal.clear()
        self.script.change(control)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        data = [
            {"id": name, "object": "model", "created": 1700000000, "owned_by": "sim"} for name in self.script.models
        ]
        return web.json_response({"object": "list", "data": data})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        arrived = asyncio.get_running_loop().time()
        refusal = self._refusal(request)
        try:
            body = json.loads(await request.text())
        except ValueError:
            return bad_request("We could not parse the JSON body of your request.", None)
        messages = body.get("messages") if isinstance(body, dict) else None
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages) or not messages:
            return bad_request("Missing required parameter: 'messages'.", "messages")
        entry = _entry(self.journal.next_number(), arrived, body, messages, request)
        behaviour = self.script.take(entry.number, entry.question)
        self.journal.add(entry)
        async with Client(request, entry, self.journal) as client:
            try:
                await client.until(arrived + behaviour.hang_s)
                response = refusal or _error(behaviour, body)
                if response is not None:
                    entry.status = response.status
                    client.close("error")
                    return response
                if entry.streaming:
                    return await answer_in_stream(client, behaviour, body)
                return await answer_at_once(client, behaviour, body)
            except Gone:
                client.close("disconnected")
                return web.Response(status=499)

    def _refusal(self, request: web.Request) -> web.Response | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            return missing_key()
        return wrong_key(key) if self.script.api_keys and key not in self.script.api_keys else None

    async def _control(self, request: web.Request) -> web.Response:
        try:
            control = LlmControl.model_validate_json(await request.read())
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
            return web.json_response({"ok": False, "error": "; ".join(problems)}, status=400)
        self.control(control)
        return web.json_response({"ok": True, "revision": self.journal.revision})

    async def _read_journal(self, request: web.Request) -> web.Response:
        try:
            since, wait_s = int(request.query.get("since", "0")), float(request.query.get("wait_s", "0"))
        except ValueError:
            return web.json_response({"ok": False, "error": "since and wait_s are numbers"}, status=400)
        entries = await self.journal.changed_since(since, min(wait_s, 60.0))
        now = asyncio.get_running_loop().time()
        shown = [as_json(entry) for entry in entries]
        return web.json_response({"revision": self.journal.revision, "now": now, "requests": shown})


def _entry(
    number: int, arrived: float, body: JsonObject, messages: list[dict[str, object]], request: web.Request
) -> ChatEntry:
    asked = [message.get("content") for message in messages if message.get("role") == "user"]
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return ChatEntry(
        number=number,
        arrived=arrived,
        model=str(body.get("model", "")),
        streaming=body.get("stream") is True,
        question=str(asked[-1]) if asked else "",
        messages=messages,
        parameters={name: value for name, value in body.items() if name != "messages"},
        peer_port=peer[1] if peer else 0,
    )


def _error(behaviour: Behaviour, body: JsonObject) -> web.Response | None:
    if behaviour.html:
        return html_page(behaviour.status or 200)
    if behaviour.status is not None:
        return status_error(behaviour.status, behaviour.retry_after_s, behaviour.error_code)
    rejected = next((name for name in behaviour.rejects if name in body), None)
    if rejected is None:
        return None
    hint = " Use 'max_completion_tokens' instead." if rejected == "max_tokens" else ""
    message = f"Unsupported parameter: '{rejected}' is not supported with this model.{hint}"
    return bad_request(message, rejected, "unsupported_parameter")


class LlmServer:
    """The model alone on a port of its own, on loopback: `async with LlmServer() as server: server.base_url`."""

    def __init__(self, port: int = 0) -> None:
        self.simulator = LlmSimulator()
        self._port = port
        self._origin = ""
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """What a client's `base_url` is set to, ending in /v1."""
        return f"{self._origin}/v1"

    @property
    def control_url(self) -> str:
        """Address of the control interface, ending in /control/llm."""
        return f"{self._origin}/control/llm"

    @property
    def journal(self) -> LlmJournal:
        """What the model did."""
        return self.simulator.journal

    def control(self, control: LlmControl) -> None:
        """Changes what the model does."""
        self.simulator.control(control)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.add_routes(self.simulator.routes())
        # Answers under way may last for minutes by design: they are cut when the server stops.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._origin = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
