"""The answer of the house in OpenAI's form: whole, or as server-sent events."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator

from migpt_console.api.errors import ApiError
from migpt_console.api.schema import AnswerMessage, ChatCompletion, ChatRequest, Choice, Usage
from migpt_shared.messages import new_id
from migpt_shared.token_estimate import estimate_tokens


def _usage(request: ChatRequest, answer: str) -> Usage:
    asked = sum(estimate_tokens(message.text() or "") for message in request.messages)
    answered = estimate_tokens(answer)
    return Usage(prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered)


def _gap(before: str, after: str) -> str:
    """What stands between two sentences: a space, unless the writing has none."""
    return (
        " " if before and after and before[-1] < "\u2e80" and after[0] < "\u2e80" and not before[-1].isspace() else ""
    )


async def whole(request: ChatRequest, sentences: AsyncIterator[str]) -> ChatCompletion:
    """All of the answer. Raises what the sentences raise."""
    answer = ""
    async for sentence in sentences:
        answer += _gap(answer, sentence) + sentence
    return ChatCompletion(
        id=f"chatcmpl-{new_id()}",
        created=int(time.time()),
        model=request.model,
        choices=[Choice(message=AnswerMessage(content=answer))],
        usage=_usage(request, answer),
    )


async def streamed(request: ChatRequest, sentences: AsyncIterator[str]) -> AsyncIterator[str]:
    """The answer as events, a sentence each."""
    head = {
        "id": f"chatcmpl-{new_id()}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": request.model,
    }

    def event(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return f"data: {json.dumps({**head, 'choices': [choice]}, ensure_ascii=False)}\n\n"

    answer = ""
    yield event({"role": "assistant", "content": ""})
    try:
        async for sentence in sentences:
            piece = _gap(answer, sentence) + sentence
            answer += piece
            yield event({"content": piece})
    except ApiError as error:
        yield f"data: {error.body.model_dump_json()}\n\n"
    else:
        yield event({}, "stop")
        if request.stream_options is not None and request.stream_options.include_usage:
            usage = _usage(request, answer).model_dump()
            yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage}, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"
