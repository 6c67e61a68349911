"""Writes an answer as an OpenAI-compatible API does, in a stream or at once, keeping exact time.

Every piece has a due time computed from the request's arrival, so that lateness of one never adds to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from migpt_simulator.llm_behaviour import Behaviour, tokens_of
from migpt_simulator.llm_journal import ChatEntry, LlmJournal, Outcome, TokenWritten

JsonObject = dict[str, object]
_LINGER_0 = struct.pack("ii", 1, 0)


class Gone(Exception):  # noqa: N818 - an event in the conversation, not a fault
    """The client has closed the connection."""


class _Watched(asyncio.Protocol):
    """Passes everything on to the server's protocol, and tells of the connection's end when it happens.

    aiohttp 3 has no event for that: a handler that is waiting learns of it only at its next write.
    """

    def __init__(self, server: asyncio.Protocol, lost: Callable[[], None]) -> None:
        self._server = server
        self._lost = lost

    def data_received(self, data: bytes) -> None:
        self._server.data_received(data)

    def eof_received(self) -> bool | None:
        return self._server.eof_received()

    def pause_writing(self) -> None:
        self._server.pause_writing()

    def resume_writing(self) -> None:
        self._server.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()
        self._server.connection_lost(exc)


class Client:
    """The asking side of one request; knows the moment it goes away."""

    def __init__(self, request: web.Request, entry: ChatEntry, journal: LlmJournal) -> None:
        self.request = request
        self.entry = entry
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None]
        self._transport: asyncio.Transport | None = None
        self._protocol: asyncio.BaseProtocol

    async def __aenter__(self) -> Self:
        self._gone = self._loop.create_future()
        self._transport = self.request.transport
        if self._transport is None:
            self._left()
        else:
            self._protocol = self._transport.get_protocol()
            self._transport.set_protocol(_Watched(cast(asyncio.Protocol, self._protocol), self._left))
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.set_protocol(self._protocol)
        # Still open only when cut by the server's own stop: the client sees an end without an answer.
        self.close("reset")

    def _left(self) -> None:
        self.close("disconnected")
        if not self._gone.done():
            self._gone.set_result(None)

    def close(self, outcome: Outcome) -> None:
        """Notes the end of this request, now."""
        self._journal.close(self.entry, outcome, self._loop.time())

    async def until(self, when: float) -> None:
        """Returns at that monotonic time. Raises Gone as soon as the client has left."""
        await asyncio.wait({self._gone}, timeout=max(0.0, when - self._loop.time()))
        if self._gone.done():
            raise Gone

    async def write(self, response: web.StreamResponse, data: bytes) -> None:
        """Sends bytes. Raises Gone if the client has left."""
        if self._gone.done():
            raise Gone
        try:
            await response.write(data)
        except ConnectionError as error:
            raise Gone from error

    def wrote(self, chars: int) -> None:
        """Notes that the answer's text has been sent up to that length."""
        self.entry.tokens.append(TokenWritten(self._loop.time(), chars))
        self._journal.touch(self.entry)

    def reset(self) -> None:
        """Breaks the TCP connection so that the client sees a reset, not an end."""
        transport = self.request.transport
        if transport is not None:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
            transport.abort()


@dataclass(frozen=True, slots=True)
class _Piece:
    due: float
    reasoning: str = ""
    text: str = ""


@dataclass(slots=True)
class _Plan:
    """What is written when, and how it ends."""

    pieces: list[_Piece] = field(default_factory=list)
    completion_tokens: int = 0
    finish_reason: str = "stop"
    tool_calls: list[JsonObject] = field(default_factory=list)


def _plan(behaviour: Behaviour, arrived: float, body: JsonObject) -> _Plan:
    plan = _Plan()
    calls = behaviour.tool_calls(body)
    if calls:
        plan.pieces.append(_Piece(arrived + behaviour.hang_s + behaviour.first_token_s))
        plan.completion_tokens = sum(len(call.written) for call in calls)
        plan.finish_reason = "tool_calls"
        plan.tool_calls = [
            {
                "id": f"call_{len(body['messages'])}_{position}",  # type: ignore[arg-type]
                "type": "function",
                "function": {"name": call.name, "arguments": call.written},
            }
            for position, call in enumerate(calls)
        ]
        return plan
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    text = behaviour.answer or ""
    due = arrived + behaviour.hang_s + behaviour.first_token_s
    step = 1.0 / behaviour.tokens_per_s
    for piece in tokens_of(behaviour.reasoning, behaviour.chars_per_token):
        plan.pieces.append(_Piece(due, reasoning=piece))
        due += step
    chars = 0
    stalled = False
    for piece in tokens_of(text, behaviour.chars_per_token, limit if isinstance(limit, int) else None):
        if behaviour.stall_after_chars is not None and not stalled and chars >= behaviour.stall_after_chars:
            due += behaviour.stall_s
            stalled = True
        plan.pieces.append(_Piece(due, text=piece))
        chars += len(piece)
        due += step
    plan.completion_tokens = len(plan.pieces)
    plan.finish_reason = "stop" if chars == len(text) else "length"
    if not plan.pieces:
        plan.pieces.append(_Piece(due))
    return plan


def _usage(body: JsonObject, completion_tokens: int) -> JsonObject:
    prompt_tokens = ceil(len(json.dumps(body.get("messages"), ensure_ascii=False)) / 1.5)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


class _Chunks:
    """Builds the `data:` lines of one answer."""

    def __init__(self, entry: ChatEntry, body: JsonObject, usage_wanted: bool) -> None:
        self._head: JsonObject = {
            "id": f"chatcmpl-sim{entry.number:06d}",
            "object": "chat.completion.chunk",
            "created": 1700000000 + entry.number,
            "model": body.get("model"),
            "system_fingerprint": "fp_simulated",
        }
        self._usage: JsonObject = {"usage": None} if usage_wanted else {}

    def delta(self, delta: JsonObject, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._line({**self._head, "choices": [choice], **self._usage})

    def usage(self, usage: JsonObject) -> bytes:
        return self._line({**self._head, "choices": [], "usage": usage})

    @staticmethod
    def _line(chunk: JsonObject) -> bytes:
        return b"data: " + json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


async def answer_in_stream(client: Client, behaviour: Behaviour, body: JsonObject) -> web.StreamResponse:
    """Streams the answer; the entry's outcome is noted. Raises Gone if the client leaves before the end."""
    options = body.get("stream_options")
    usage_wanted = isinstance(options, dict) and options.get("include_usage") is True
    plan = _plan(behaviour, client.entry.arrived, body)
    chunks = _Chunks(client.entry, body, usage_wanted)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    try:
        await response.prepare(client.request)
    except ConnectionError as error:
        raise Gone from error
    client.entry.status = 200
    reasons = bool(behaviour.reasoning)
    role: JsonObject = {
        "role": "assistant",
        "content": None if reasons or behaviour.null_chunks else "",
        "refusal": None,
    }
    await client.until(plan.pieces[0].due)
    await client.write(response, chunks.delta(role))
    chars = 0
    for piece in plan.pieces:
        await client.until(piece.due)
        for text in _up_to(piece.text, behaviour.end_after_chars, chars):
            if behaviour.null_chunks:
                await client.write(response, chunks.delta({"content": None}))
            await client.write(response, chunks.delta({"content": text}))
            chars += len(text)
            client.wrote(chars)
        if piece.reasoning:
            await client.write(response, chunks.delta({"content": None, "reasoning_content": piece.reasoning}))
        if behaviour.end != "done" and behaviour.end_after_chars is not None and chars >= behaviour.end_after_chars:
            break
    if plan.tool_calls:
        numbered: JsonObject = {"tool_calls": [{"index": n, **call} for n, call in enumerate(plan.tool_calls)]}
        await client.write(response, chunks.delta(numbered))
    if behaviour.end == "reset":
        client.close("reset")
        client.reset()
        return response
    if behaviour.end == "done":
        await client.write(response, chunks.delta({}, plan.finish_reason))
        if usage_wanted:
            await client.write(response, chunks.usage(_usage(body, plan.completion_tokens)))
        await client.write(response, b"data: [DONE]\n\n")
    client.close("finished" if behaviour.end == "done" else "truncated")
    with contextlib.suppress(ConnectionError):
        await response.write_eof()
    return response


def _up_to(text: str, end_after: int | None, written: int) -> Iterator[str]:
    allowed = text if end_after is None else text[: max(0, end_after - written)]
    if allowed:
        yield allowed


async def answer_at_once(client: Client, behaviour: Behaviour, body: JsonObject) -> web.StreamResponse:
    """The whole answer in one JSON body, when its last token would have been streamed. Raises Gone."""
    plan = _plan(behaviour, client.entry.arrived, body)
    await client.until(plan.pieces[-1].due)
    text = "".join(piece.text for piece in plan.pieces)
    if behaviour.end == "reset":
        client.close("reset")
        client.reset()
        return web.Response()
    message: JsonObject = {"role": "assistant", "content": text, "refusal": None}
    if plan.tool_calls:
        message |= {"content": None, "tool_calls": plan.tool_calls}
    if behaviour.reasoning:
        message["reasoning_content"] = behaviour.reasoning
    completion = {
        "id": f"chatcmpl-sim{client.entry.number:06d}",
        "object": "chat.completion",
        "created": 1700000000 + client.entry.number,
        "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": plan.finish_reason}],
        "usage": _usage(body, plan.completion_tokens),
        "system_fingerprint": "fp_simulated",
    }
    encoded = json.dumps(completion, ensure_ascii=False).encode()
    if behaviour.end == "truncated":
        encoded = encoded[: len(encoded) // 2]
    client.entry.status = 200
    client.wrote(len(text))
    client.close("finished" if behaviour.end == "done" else "truncated")
    return web.Response(body=encoded, content_type="application/json")
