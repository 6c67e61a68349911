"""How the simulated model behaves for one request, and what a test may change about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from migpt_simulator.llm_answers import DEFAULT_ANSWERS, FALLBACK


class ScriptedToolCall(BaseModel):
    """The model wants a tool of the request used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict, description="an object, or text that is no JSON")

    @property
    def written(self) -> str:
        """The arguments as the model writes them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


class Behaviour(BaseModel):
    """One request's behaviour. As a change, only the fields that are given count; the others stay as they were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: str | None = Field(default=None, description="the whole answer; null: chosen by the question")
    hang_s: float = Field(default=0.0, ge=0, description="nothing at all, not even headers, for so long after arrival")
    first_token_s: float = Field(default=0.3, ge=0, description="from arrival (and hang_s) to the first token")
    tokens_per_s: float = Field(default=40.0, gt=0, description="pace of the tokens after the first")
    chars_per_token: float = Field(default=1.5, gt=0, description="mean length of a token in characters")
    reasoning: str = Field(default="", description="sent first, as reasoning_content, at the same pace")
    stall_after_chars: int | None = Field(default=None, ge=0, description="after so much text comes a pause ...")
    stall_s: float = Field(default=3600.0, ge=0, description="... of this length, then it goes on")
    end_after_chars: int | None = Field(default=None, ge=0, description="where `end` strikes; null: at the end")
    end: Literal["done", "truncated", "reset"] = Field(
        default="done",
        description="done: finish_reason, usage, [DONE]; truncated: HTTP ends cleanly, nothing of that; reset: TCP RST",
    )
    status: int | None = Field(default=None, ge=400, le=599, description="this error at once instead of an answer")
    retry_after_s: float | None = Field(default=None, ge=0, description="Retry-After header of that error")
    html: bool = Field(default=False, description="an HTML page instead: with `status` that one, else 200")
    error_code: str | None = Field(default=None, description="`code` in the error's body")
    rejects: tuple[str, ...] = Field(default=(), description="parameters that are answered with 400")
    tool_rounds: tuple[tuple[ScriptedToolCall, ...], ...] = Field(
        default=(),
        description="for a question with tools: the calls of the first round, of the second, ...; then the answer",
    )
    null_chunks: bool = Field(default=False, description="content: null chunks before and between the tokens")

    def tool_calls(self, body: Mapping[str, Any]) -> tuple[ScriptedToolCall, ...]:
        """The calls of this request's round: as many rounds were played as calls follow the last question."""
        if not body.get("tools"):
            return ()
        played = 0
        for message in reversed(body["messages"]):
            if message.get("role") == "user":
                break
            played += bool(message.get("tool_calls"))
        return self.tool_rounds[played] if played < len(self.tool_rounds) else ()

    def changed_by(self, change: Behaviour) -> Behaviour:
        """This behaviour with the fields that were given in `change`."""
        return self.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})


class AnswerRule(BaseModel):
    """The answer, and a change of behaviour, for questions that contain `match`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str = Field(min_length=1)
    answer: str | None = None
    behaviour: Behaviour = Behaviour()


class LlmControl(BaseModel):
    """Body of `POST /control/llm`: what is given replaces what was there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reset: bool = Field(default=False, description="first forget journal, numbering and every earlier change")
    default: Behaviour | None = Field(default=None, description="change of the behaviour of all requests")
    next: tuple[Behaviour, ...] | None = Field(
        default=None, description="changes for the next chat requests, each used once, in order"
    )
    by_number: dict[int, Behaviour] | None = Field(
        default=None, description="changes for chat requests by number; the first after a reset is 1"
    )
    answers: tuple[AnswerRule, ...] | None = Field(
        default=None, description="tried before the built-in answers, first match wins"
    )
    api_keys: tuple[str, ...] | None = Field(default=None, description="accepted keys; empty: any but none")
    models: tuple[str, ...] | None = Field(default=None, description="listed by GET /v1/models; any is accepted")


@dataclass(slots=True)
class Script:
    """What the simulated model does: the sum of all changes so far."""

    default: Behaviour = field(default_factory=Behaviour)
    next: tuple[Behaviour, ...] = ()
    by_number: dict[int, Behaviour] | None = None
    answers: tuple[AnswerRule, ...] = ()
    api_keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ("simulated-chat", "simulated-reasoner")

    def change(self, control: LlmControl) -> None:
        """Takes over what is given in `control`."""
        if control.default is not None:
            self.default = self.default.changed_by(control.default)
        if control.next is not None:
            self.next = control.next
        if control.by_number is not None:
            self.by_number = dict(control.by_number)
        if control.answers is not None:
            self.answers = control.answers
        if control.api_keys is not None:
            self.api_keys = control.api_keys
        if control.models is not None:
            self.models = control.models

    def take(self, number: int, question: str) -> Behaviour:
        """The behaviour of chat request `number`, its answer included; uses up the first of `next`."""
        behaviour = self.default
        rule = next((rule for rule in self.answers if rule.match in question), None)
        if rule is not None:
            behaviour = behaviour.changed_by(rule.behaviour)
            if rule.answer is not None:
                behaviour = behaviour.model_copy(update={"answer": rule.answer})
        if self.by_number and number in self.by_number:
            behaviour = behaviour.changed_by(self.by_number[number])
        if self.next:
            behaviour, self.next = behaviour.changed_by(self.next[0]), self.next[1:]
        if behaviour.answer is None:
            text = next((canned.text for canned in DEFAULT_ANSWERS if canned.match in question), FALLBACK)
            behaviour = behaviour.model_copy(update={"answer": text})
        return behaviour


def tokens_of(text: str, chars_per_token: float, limit: int | None = None) -> Iterator[str]:
    """Cuts `text` into tokens whose lengths average `chars_per_token`; at most `limit` of them."""
    count = ceil(len(text) / chars_per_token)
    begin = 0
    for index in range(1, min(count, count if limit is None else limit) + 1):
        end = len(text) if index == count else int(index * chars_per_token)
        yield text[begin:end]
        begin = end
