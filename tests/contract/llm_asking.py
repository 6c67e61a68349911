"""Asks the simulated model through the real client, for the contract tests of the language model."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from migpt_brain.llm import AnswerFailed, AnswerRequest, ChatMessage, Finished, TextDelta
from migpt_brain.llm.answers import Answers
from migpt_shared.settings.llm import LlmSettings, PresetSettings
from migpt_simulator.llm import LlmServer
from migpt_simulator.llm_behaviour import Behaviour, LlmControl
from migpt_simulator.llm_journal import ChatEntry

KEY = "sk-very-secret-key-0123-abcdef"


@dataclass(slots=True)
class Heard:
    """What came back, and when (seconds after asking)."""

    text: str = ""
    pieces: int = 0
    first_s: float | None = None
    ended_s: float = 0.0
    finished: Finished | None = None
    failure: AnswerFailed | None = None


def settings(*servers: LlmServer, **changes: object) -> LlmSettings:
    """Presets named a, b, c for the servers, in a chain."""
    names = "abc"[: len(servers)]
    presets = {
        name: PresetSettings(base_url=server.base_url, model=f"model-{name}", api_key=KEY)
        for name, server in zip(names, servers, strict=True)
    }
    values: dict[str, object] = {"preset": "a", "fallbacks": tuple(names[1:]), "presets": presets, **changes}
    return LlmSettings.model_validate(values)


def request(text: str, preset: str | None = None) -> AnswerRequest:
    return AnswerRequest((ChatMessage("user", text),), preset=preset)


async def ask(answers: Answers, text: str = "你好", preset: str | None = None) -> Heard:
    """The whole answer, or the failure it ended with."""
    heard = Heard()
    now = asyncio.get_running_loop().time
    asked = now()
    try:
        async with aclosing(answers.stream(request(text, preset))) as parts:
            async for part in parts:
                match part:
                    case TextDelta(piece):
                        assert piece, "an empty piece"
                        heard.first_s = heard.first_s if heard.first_s is not None else now() - asked
                        heard.pieces += 1
                        heard.text += piece
                    case Finished():
                        heard.finished = part
    except AnswerFailed as failure:
        heard.failure = failure
    heard.ended_s = now() - asked
    return heard


def script(server: LlmServer, *next_requests: Behaviour, **default: object) -> None:
    """Sets what the server does: `default` for all requests, then single changes for the next ones."""
    server.control(LlmControl(default=Behaviour.model_validate(default), next=next_requests))


async def ended(server: LlmServer) -> ChatEntry:
    """The server's first request, once it is over on the server's side too."""
    await server.journal.wait_for(lambda journal: journal.entries[0].ended is not None, 1)
    return server.journal.entries[0]
