"""The connection to one provider: one request at a time becomes a stream of pieces, whatever the provider does."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog
from openai import AsyncOpenAI

from migpt_brain.llm.diagnosis import diagnose, rejected_parameter
from migpt_brain.llm.failures import FailureKind
from migpt_brain.llm.parts import ChatMessage
from migpt_brain.llm.race import Failure
from migpt_brain.llm.reasoning import ThinkingFilter
from migpt_brain.llm.tools import Choice, TalkPart, Tool, ToolCall
from migpt_shared.providers.presets import ResolvedPreset, proxy_for

_log = structlog.get_logger(__name__)

# Long enough for the pauses in a conversation; a provider that closes earlier is noticed before the next request.
_KEEP_ALIVE_S = 300.0
_NODELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


@dataclass(frozen=True, slots=True)
class Text:
    """Text of the answer, not empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The provider sent something that is no text of the answer, such as its thinking."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete."""

    tokens_in: int | None
    tokens_out: int | None


Piece = Text | Alive | Ended | Failure


class ProviderClient:
    """Asks one provider as its preset says. Connections are kept for the next question."""

    def __init__(self, preset: ResolvedPreset, tls: ssl.SSLContext) -> None:
        self.preset = preset
        self.users = 0
        self._secret = preset.api_key.get_secret_value()
        self._not_accepted: set[str] = set(preset.traits.rejects)
        self._max_tokens_name: str = preset.traits.max_tokens
        transport = httpx2.AsyncHTTPTransport(
            verify=tls,
            trust_env=False,
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=_KEEP_ALIVE_S),
            proxy=proxy_for(preset.base_url, preset.proxy),
            socket_options=_NODELAY,
        )
        # No timeouts here: how long to wait is decided over all providers together.
        self._http = httpx2.AsyncClient(transport=transport, trust_env=False, timeout=None, follow_redirects=True)
        self._sdk = sdk_client(preset.base_url, self._secret, self._http)

    async def connect(self) -> None:
        """Opens a connection ahead of the first question, without asking anything and without the key."""
        with contextlib.suppress(httpx2.HTTPError, httpx2.InvalidURL):
            await self._http.head(self.preset.base_url, follow_redirects=False)

    async def close(self) -> None:
        """Closes all connections."""
        await self._sdk.close()

    async def answer(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[Piece, None]:
        """The pieces of the answer; the last is Ended or Failure. Closing it closes the connection if it is in use."""
        body = self._body(messages, streaming=self.preset.streaming)
        pieces = self._streamed(body) if self.preset.streaming else self._whole(body)
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        except Exception as error:  # noqa: BLE001 - whatever a parser makes of foreign data, the listener gets a sentence
            failure = self._learn(error, body) or diagnose(error, self._secret)
            _log.info("llm_request_failed", preset=self.preset.name, kind=failure.kind.value, detail=failure.detail)
            yield failure

    async def choose(
        self, messages: Sequence[TalkPart], tools: Sequence[Tool]
    ) -> AsyncGenerator[Choice | Failure, None]:
        """One piece: what the model chose to do, or why it did not."""
        body = self._body(messages, streaming=False)
        arguments = _as_sdk_arguments(body) | {"tools": [tool.as_sent() for tool in tools]}
        try:
            completion = await self._sdk.chat.completions.create(**arguments)
            yield _chosen(completion, self.preset.name)
        except Exception as error:  # noqa: BLE001 - as above
            failure = self._learn(error, body) or diagnose(error, self._secret)
            _log.info("llm_request_failed", preset=self.preset.name, kind=failure.kind.value, detail=failure.detail)
            yield failure

    def _body(self, messages: Sequence[TalkPart], *, streaming: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.preset.model,
            "messages": [message.as_sent() for message in messages],
            "stream": streaming,
            self._max_tokens_name: self.preset.max_tokens,
        }
        if self.preset.temperature is not None:
            body["temperature"] = self.preset.temperature
        if streaming:
            body["stream_options"] = {"include_usage": True}
        body |= self.preset.extra_body
        return {name: value for name, value in body.items() if name not in self._not_accepted}

    def _learn(self, error: Exception, body: dict[str, Any]) -> Failure | None:
        """Notes a parameter that the provider rejects, so that asking again without it can succeed."""
        optional = [name for name in body if name not in ("model", "messages", "stream")]
        name = rejected_parameter(error, optional)
        if name is None:
            return None
        self._not_accepted.add(name)
        other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}.get(name)
        if other is not None and other not in self._not_accepted:
            self._max_tokens_name = other
        _log.warning("llm_parameter_rejected", preset=self.preset.name, model=self.preset.model, parameter=name)
        return Failure(FailureKind.BAD_REQUEST, f"{name} is not accepted", curable=True)

    async def _streamed(self, body: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        thinking = ThinkingFilter()
        has_text = has_chunk = is_finished = has_ended = False
        tokens: tuple[int | None, int | None] | None = None
        async with await self._sdk.chat.completions.create(**_as_sdk_arguments(body)) as stream:
            is_event_stream = "event-stream" in stream.response.headers.get("content-type", "")
            async for chunk in stream:
                has_chunk = True
                choice, usage = next(iter(getattr(chunk, "choices", None) or ()), None), getattr(chunk, "usage", None)
                content = getattr(getattr(choice, "delta", None), "content", None)
                text = thinking.feed(content) if isinstance(content, str) else ""
                if text:
                    has_text = True
                    yield Text(text)
                is_finished = is_finished or getattr(choice, "finish_reason", None) is not None
                if usage is not None:
                    tokens = _tokens(usage)
                if has_text and is_finished and tokens and not has_ended:
                    # All is known: nobody has to wait until the provider closes the stream.
                    has_ended = True
                    yield Ended(*tokens)
                elif not text and not has_ended:
                    yield Alive()
        if has_ended:
            return
        rest = thinking.finish()
        if rest:
            has_text = True
            yield Text(rest)
        yield _end(has_text, has_chunk or is_event_stream, is_finished or tokens is not None, tokens)

    async def _whole(self, body: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        completion = await self._sdk.chat.completions.create(**_as_sdk_arguments(body))
        choices = getattr(completion, "choices", None)
        if not isinstance(choices, list):
            yield Failure(FailureKind.BAD_ANSWER, "the reply is no chat completion")
            return
        content = getattr(getattr(choices[0], "message", None), "content", None) if choices else None
        thinking = ThinkingFilter()
        text = thinking.feed(content) + thinking.finish() if isinstance(content, str) else ""
        if not text.strip():
            yield Failure(FailureKind.EMPTY, "the answer is empty")
            return
        yield Text(text)
        yield Ended(*_tokens(completion.usage))


def sdk_client(base_url: str, api_key: str, http_client: httpx2.AsyncClient) -> AsyncOpenAI:
    """The SDK's client without its own retries, and without what it would take from the environment for OpenAI."""
    client = AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=None, http_client=http_client)
    client.organization = client.project = None
    return client


def _as_sdk_arguments(body: dict[str, Any]) -> dict[str, Any]:
    """The request as the SDK's arguments: most of it goes through `extra_body` untouched.

    The SDK looks at each field of each message to see whether it has to be renamed, which none has: with a conversation
    of some length a quarter of all that a brain does (measured).
    """
    own = ("model", "stream", "stream_options", "temperature", "max_tokens", "max_completion_tokens")
    arguments = {name: body[name] for name in own if name in body}
    extra = {name: value for name, value in body.items() if name not in own}
    return {**arguments, "messages": [], "extra_body": extra}


def _chosen(completion: object, preset: str) -> Choice | Failure:
    choices = getattr(completion, "choices", None)
    if not isinstance(choices, list):
        return Failure(FailureKind.BAD_ANSWER, "the reply is no chat completion")
    message = getattr(choices[0], "message", None) if choices else None
    content = getattr(message, "content", None)
    thinking = ThinkingFilter()
    text = thinking.feed(content) + thinking.finish() if isinstance(content, str) else ""
    calls = []
    for position, call in enumerate(getattr(message, "tool_calls", None) or ()):
        function = getattr(call, "function", None)
        name, arguments = getattr(function, "name", None), getattr(function, "arguments", None)
        if isinstance(name, str):
            # Some servers number nothing, and some give the arguments as an object.
            written = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
            calls.append(ToolCall(str(getattr(call, "id", None) or f"call_{position}"), name, written))
    if not calls and not text.strip():
        return Failure(FailureKind.EMPTY, "the answer is empty")
    tokens_in, tokens_out = _tokens(getattr(completion, "usage", None))
    return Choice(preset, text.strip(), tuple(calls), (tokens_in or 0) + (tokens_out or 0))


def _tokens(usage: object) -> tuple[int | None, int | None]:
    counts = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
    tokens_in, tokens_out = (count if isinstance(count, int) else None for count in counts)
    return tokens_in, tokens_out


def _end(
    has_text: bool, is_stream: bool, is_complete: bool, tokens: tuple[int | None, int | None] | None
) -> Ended | Failure:
    if has_text and is_complete:
        return Ended(*(tokens or (None, None)))
    if has_text:
        return Failure(FailureKind.STALLED, "the stream ended in the middle of the answer")
    if not is_stream:
        return Failure(FailureKind.BAD_ANSWER, "the reply is no event stream")
    if is_complete:
        return Failure(FailureKind.EMPTY, "the answer is empty")
    return Failure(FailureKind.UNREACHABLE, "the stream ended before the answer began")
