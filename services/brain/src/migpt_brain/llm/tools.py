"""Tools that the model may use instead of answering in words, and what it wants of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migpt_brain.llm.parts import ChatMessage


@dataclass(frozen=True, slots=True)
class Tool:
    """`parameters`: the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def as_sent(self) -> dict[str, Any]:
        """As it stands in the request."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool used. `arguments` is JSON as the model wrote it, not checked in any way."""

    id: str
    name: str
    arguments: str

    def as_sent(self) -> dict[str, Any]:
        """As it stands in the model's message when it is told again."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the model chose to do: use tools, say something, or both."""

    preset: str
    text: str
    calls: tuple[ToolCall, ...]
    tokens: int = 0

    def as_sent(self) -> dict[str, Any]:
        """As it stands in the conversation when it is told again."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.calls:
            message["tool_calls"] = [call.as_sent() for call in self.calls]
        return message


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call, for the model to read."""

    call_id: str
    content: str

    def as_sent(self) -> dict[str, Any]:
        """As it stands in the conversation."""
        return {"role": "tool", "tool_call_id": self.call_id, "content": self.content}


TalkPart = ChatMessage | Choice | ToolResult


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """The conversation so far, its system message first, and the tools. `preset`: who is asked first."""

    messages: tuple[TalkPart, ...]
    tools: tuple[Tool, ...]
    preset: str | None = None
