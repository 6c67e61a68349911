"""The work of answering one turn: ask, cut what comes into sentences, and put every failure into words."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Protocol

import structlog

from migpt_brain import phrases
from migpt_brain.desk import Desk
from migpt_brain.home.awaited import Awaited
from migpt_brain.home.turn import HomeTurn, HomeWish
from migpt_brain.llm import AnswerFailed, AnswerRequest, ChatMessage, FailureKind, Finished, TextDelta, spoken_failure
from migpt_brain.spoken_text import SpokenText, speakable
from migpt_brain.turn_progress import TurnProgress
from migpt_shared.messages import Address, Ask

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Takes what a job brings."""

    def sentence_ready(self, progress: TurnProgress, text: str) -> None: ...

    def asked_back(self, awaited: Awaited) -> None: ...

    def answer_ended(self, progress: TurnProgress) -> None: ...


class AnswerJob:
    """Answers one turn. Cancelling it closes the connection to the model; nothing is told to the listener then."""

    def __init__(self, desk: Desk, address: Address, progress: TurnProgress, listener: Listener) -> None:
        self._desk = desk
        self._address = address
        self._progress = progress
        self._listener = listener
        self._has_spoken = False

    async def ask_model(self, question: str, ask: Ask | None, persona: str | None, preset: str | None) -> None:
        """Stream the language model's answer."""
        structlog.contextvars.bind_contextvars(turn=self._progress.id, speaker=str(self._address))
        try:
            request = await self._request(question, ask, persona, preset)
            await self._stream(request)
        except Exception:
            # Whatever went wrong, the person hears a sentence; the fault is in the log with its trace.
            log.exception("answer_failed_unexpectedly")
            self._fail("internal", phrases.SOMETHING_WENT_WRONG.in_(self._desk.settings.language))
        self._listener.answer_ended(self._progress)

    async def ask_home(self, wish: HomeWish, preset: str | None) -> None:
        """Have a wish about the home carried out."""
        structlog.contextvars.bind_contextvars(turn=self._progress.id, speaker=str(self._address))
        language = self._desk.settings.language
        try:
            reply = await HomeTurn(self._desk, self._address, self._progress.id, preset).answer(wish)
        except Exception:
            log.exception("home_answer_failed_unexpectedly")
            self._fail("internal", phrases.SOMETHING_WENT_WRONG.in_(language))
        else:
            self._progress.error, self._progress.preset = reply.error, reply.preset
            if reply.awaited is not None:
                self._listener.asked_back(reply.awaited)
            for sentence in speakable(reply.text, language) or [phrases.HOME_DONE.in_(language)]:
                self._listener.sentence_ready(self._progress, sentence)
        self._listener.answer_ended(self._progress)

    async def _request(self, question: str, ask: Ask | None, persona: str | None, preset: str | None) -> AnswerRequest:
        earlier: tuple[ChatMessage, ...]
        if ask is not None and ask.messages:
            earlier = given_messages(ask)
        else:
            earlier = await self._desk.earlier(self._address)
        return AnswerRequest(
            messages=(*earlier, ChatMessage("user", question)),
            preset=(ask.preset if ask is not None else None) or preset,
            system_prompt=self._desk.persona_prompt(persona),
        )

    async def _stream(self, request: AnswerRequest) -> None:
        spoken = SpokenText(self._desk.settings.language)
        try:
            async with aclosing(self._desk.answers.stream(request)) as parts:
                async for part in parts:
                    match part:
                        case TextDelta(text):
                            self._progress.mark("first_token", time.monotonic())
                            self._take(spoken.feed(text))
                        case Finished(preset, tokens_in, tokens_out):
                            self._progress.preset = preset
                            self._desk.tokens.add(self._address, (tokens_in or 0) + (tokens_out or 0))
            self._take(spoken.finish())
            if not self._has_spoken:
                self._fail(FailureKind.EMPTY.value, self._words(FailureKind.EMPTY))
        except AnswerFailed as failure:
            log.warning("answer_failed", kind=failure.kind.value, preset=failure.preset, reason=str(failure))
            self._take(spoken.finish())
            if self._has_spoken:
                self._fail(failure.kind.value, phrases.REST_IS_MISSING.in_(self._desk.settings.language))
            else:
                self._fail(failure.kind.value, self._words(failure.kind))

    def _take(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._has_spoken = True
            self._listener.sentence_ready(self._progress, sentence)

    def _fail(self, error: str, words: str) -> None:
        self._progress.error = error
        self._listener.sentence_ready(self._progress, words)

    def _words(self, kind: FailureKind) -> str:
        return spoken_failure(kind, self._desk.settings.language)


def given_messages(ask: Ask) -> tuple[ChatMessage, ...]:
    """The earlier conversation that came with an ask. Raises ValueError when a role or content is missing."""
    messages = []
    for position, message in enumerate(ask.messages):
        role, content = message.get("role"), message.get("content")
        match role:
            case "system" | "user" | "assistant" if isinstance(content, str):
                messages.append(ChatMessage(role, content))
            case _:
                raise ValueError(f"messages[{position}] needs a role (system, user or assistant) and a content")
    return tuple(messages)
