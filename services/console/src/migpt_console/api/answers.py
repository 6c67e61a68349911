"""Answers of the house itself, sentence by sentence: the brain, spoken or not, and Home Assistant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from migpt_console.api.errors import ApiError
from migpt_console.api.models import TheBrain, TheHome
from migpt_console.api.schema import ChatMessage
from migpt_console.console import Console
from migpt_console.house import Change
from migpt_console.link import CommandRefusedError, NobodyAnsweredError
from migpt_shared.messages import Address, Ask
from migpt_shared.story import Story

#: The longest question that the bus carries.
_LONGEST_QUESTION = 8000
#: Longest wait for anything to happen in a spoken turn, seconds: the brain closes every turn well before.
_SILENCE_S = 60.0


def question_of(messages: list[ChatMessage], user: str | None, *, speaks: bool) -> Ask:
    """What is asked: the last message, after what was said before. Without earlier messages the brain remembers.

    Raises ApiError 400 for what cannot be said.
    """
    texts = [message.text() for message in messages]
    if any(text is None for text in texts):
        raise ApiError(400, "this model takes text only", param="messages", code="unsupported_content")
    if messages[-1].role != "user" or not (question := (texts[-1] or "").strip()):
        raise ApiError(400, "the last message must be a question of the user", param="messages", code="invalid_value")
    if len(question) > _LONGEST_QUESTION:
        raise ApiError(400, f"at most {_LONGEST_QUESTION} characters", param="messages", code="string_above_max_length")
    earlier = [
        {"role": "system" if message.role == "developer" else message.role, "content": text}
        for message, text in zip(messages[:-1], texts[:-1], strict=True)
        if message.role in ("system", "developer", "user", "assistant") and text
    ]
    return Ask(text=question, speak=speaks, messages=earlier, user=user, source="api")


async def answer_of_brain(console: Console, model: TheBrain, ask: Ask) -> AsyncGenerator[str, None]:
    """The sentences as they come. Raises ApiError."""
    try:
        if model.speaks:
            result = await console.link.command(ask, model.speaker.address.household, model.speaker.address.speaker)
            turn = result.value.get("turn") if isinstance(result.value, dict) else None
            async with aclosing(_sentences_of_turn(console, str(turn))) as sentences:
                async for sentence in sentences:
                    yield sentence
        else:
            async with aclosing(_replies(console, ask, model.speaker.address)) as sentences:
                async for sentence in sentences:
                    yield sentence
    except CommandRefusedError as error:
        raise ApiError(400, str(error), code="refused") from None
    except NobodyAnsweredError as error:
        raise ApiError(503, str(error), code="not_ready") from None


async def answer_of_home(console: Console, model: TheHome, ask: Ask) -> AsyncGenerator[str, None]:
    """What Home Assistant says, at once. Raises ApiError."""
    try:
        answer = await console.link.ask_home(model.household, ask.text, model.speaker)
    except NobodyAnsweredError as error:
        raise ApiError(503, str(error), code="not_ready") from None
    if not answer.ok and not answer.speech:
        raise ApiError(502, answer.error or "Home Assistant could not do it", code="home_assistant_failed")
    yield answer.speech


async def _replies(console: Console, ask: Ask, address: Address) -> AsyncGenerator[str, None]:
    has_text = False
    async with aclosing(console.link.replies(ask, address)) as replies:
        async for reply in replies:
            if reply.text:
                has_text = True
                yield reply.text
            if reply.end and reply.error:
                if not has_text:
                    raise ApiError(502, reply.error, code="provider_failed")
                yield reply.error


async def _sentences_of_turn(console: Console, turn: str) -> AsyncGenerator[str, None]:
    """The sentences of a turn that is spoken, as they are sent to the speaker."""
    changed = asyncio.Event()

    def watch(change: Change) -> None:
        if change.story is not None and change.story.turn is not None and change.story.turn.turn == turn:
            changed.set()

    leave = console.house.feed.watch(watch)
    try:
        sent = 0
        while True:
            changed.clear()
            story = console.house.stories.of_turn(turn)
            if story is not None:
                while sent in story.sentences:
                    sent += 1
                    yield story.sentences[sent - 1]
                if _is_told(story, sent):
                    return
            async with asyncio.timeout(_SILENCE_S):
                await changed.wait()
    except TimeoutError:
        raise NobodyAnsweredError("the answer stopped coming") from None
    finally:
        leave()


def _is_told(story: Story, sent: int) -> bool:
    """Nothing more will be said. Raises ApiError when the turn failed before a word was said."""
    turn = story.turn
    if turn is None or (turn.is_open and not (turn.complete and sent >= turn.sentences_sent)):
        return False
    if turn.phase == "failed" and not sent:
        raise ApiError(502, turn.error or "the turn failed", code="turn_failed")
    return True
