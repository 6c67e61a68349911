"""From a message to its bytes and back. The one place where payloads are validated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from migpt_shared.messages.catalogue import CATALOGUE
from migpt_shared.messages.envelope import Command, Message

#: Larger payloads are refused before they are parsed; the longest message of ours is far below.
MAX_PAYLOAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """What a topic says: the kind of message and the values of its placeholders."""

    kind: type[Message]
    values: dict[str, str]


class BadMessageError(ValueError):
    """A payload that is no valid message. The text says what is wrong, for the person who sent it.

    `request` is the id that the payload carried, if it could be read, so that a `Result` can name it.
    """

    def __init__(self, reason: str, request: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.request = request


@lru_cache(maxsize=4096)
def place_of(prefix: str, topic: str) -> Place | None:
    """What `topic` says, or None when no message of the catalogue lives there."""
    for kind in CATALOGUE:
        values = kind.channel.parse(prefix, topic)
        if values is not None:
            return Place(kind, values)
    return None


def encode(message: Message, src: str) -> bytes:
    """The JSON body of a message; `src` is filled in where the message has none."""
    if not message.src:
        message = message.model_copy(update={"src": src})
    return message.model_dump_json(by_alias=True).encode()


def decode(kind: type[Message], payload: bytes) -> Message:
    """The message in `payload`. Raises BadMessageError."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise BadMessageError(f"the payload has {len(payload)} bytes; at most {MAX_PAYLOAD_BYTES} are taken")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadMessageError("the payload is not UTF-8 text") from error
    body = _command_body(kind, text) if issubclass(kind, Command) else _json_object(text)
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise BadMessageError(_in_words(error), _readable_id(body)) from error


def _command_body(kind: type[Command], text: str) -> dict[str, Any]:
    start = text.lstrip()
    if start.startswith('{"') or start.rstrip() == "{}":
        if kind.plain is None:
            # Nothing in the payload matters for these commands, but a well-formed id is answered to and its time kept.
            try:
                body = _json_object(text)
            except BadMessageError:
                return {}
            kept = {key: body[key] for key in ("id", "src", "turn") if _readable(body.get(key))}
            return {**kept, "ts": body["ts"]} if type(body.get("ts")) is int and body["ts"] >= 0 else kept
        return _json_object(text)
    if kind.plain is None:
        return {}
    return {kind.plain: text.removesuffix("\n").removesuffix("\r")}


def _json_object(text: str) -> dict[str, Any]:
    if not text.strip():
        raise BadMessageError("the payload is empty; a JSON object is expected")
    try:
        body = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessageError(f"the payload is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadMessageError("the payload is JSON, but not an object in braces")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _readable(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64 and value.isascii() and value.isprintable()


def _readable_id(body: dict[str, Any]) -> str | None:
    value = body.get("id")
    return value if isinstance(value, str) and _readable(value) else None


def _in_words(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(str(step) for step in problem["loc"])
        problems.append(f"{where}: {problem['msg']}" if where else problem["msg"])
    return "; ".join(problems)
