"""Requests and answers of the API, as OpenAI's reference describes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]

#: More is no conversation, but an attack or a mistake.
MOST_MESSAGES = 1000


class TextPart(BaseModel):
    """A piece of text within a message."""

    type: Literal["text"]
    text: Annotated[str, StringConstraints(max_length=100_000)]


class ChatMessage(BaseModel):
    """One message of the conversation. For a preset that is passed through, further fields are passed on."""

    model_config = ConfigDict(extra="allow")

    role: Role
    content: Annotated[str, StringConstraints(max_length=100_000)] | list[TextPart | dict[str, Any]] | None = None

    def text(self) -> str | None:
        """The text of all parts; None when there is a part that is no text."""
        if isinstance(self.content, str) or self.content is None:
            return self.content or ""
        if not all(isinstance(part, TextPart) for part in self.content):
            return None
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


class StreamOptions(BaseModel):
    """How to stream."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """What is asked of `/v1/chat/completions`. Fields not named here go to presets that are passed through."""

    model_config = ConfigDict(extra="allow")

    model: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="`migpt`, `migpt:<speaker>`, `home-assistant`, or the name of a preset"
    )
    messages: list[ChatMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = Field(default=False, description="answer as server-sent events")
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = Field(default=None, description="there is one answer")
    user: Annotated[str, StringConstraints(max_length=200)] | None = None


class Usage(BaseModel):
    """Tokens. Estimated from the length of the texts, except where a preset is passed through."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None


class Choice(BaseModel):
    """There is always one."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatCompletion(BaseModel):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Unix time, seconds")
    model: str
    choices: list[Choice]
    usage: Usage


class ModelCard(BaseModel):
    """One model."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="Unix time, seconds")
    owned_by: str


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelCard]
