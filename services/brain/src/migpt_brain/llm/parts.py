"""What goes into an answer and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the conversation as the model is told it."""

    role: Literal["system", "user", "assistant"]
    content: str

    def as_sent(self) -> dict[str, Any]:
        """As it stands in the request."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question with what was said before it, oldest first.

    `preset`: who is asked first, else the setting; the fallbacks of the settings follow in any case. `system_prompt`
    replaces the preset's; nothing is added when the messages begin with a system message of their own.
    """

    messages: tuple[ChatMessage, ...]
    preset: str | None = None
    system_prompt: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer; never empty, never the model's thinking."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete. Token counts are the provider's; None where it does not tell."""

    preset: str
    tokens_in: int | None
    tokens_out: int | None


AnswerPart = TextDelta | Finished
