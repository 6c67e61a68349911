"""Answers of the language model: streamed, with retry and fallback, cancelled by closing."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Literal, Self

import httpx2
import structlog

from migpt_brain.llm.failures import AnswerFailed, FailureKind
from migpt_brain.llm.lanes import Lane, Lanes
from migpt_brain.llm.parts import AnswerPart, AnswerRequest, ChatMessage, Finished, TextDelta
from migpt_brain.llm.prompts import DEFAULT_SYSTEM_PROMPT
from migpt_brain.llm.provider_client import Alive, Ended, Piece, ProviderClient, Text
from migpt_brain.llm.race import Failure, Race
from migpt_brain.llm.rehearsal import rehearse
from migpt_brain.llm.tools import Choice, ChoiceRequest
from migpt_shared.providers.presets import PresetError, PresetFault, ResolvedPreset, resolve
from migpt_shared.settings.llm import LlmSettings

_log = structlog.get_logger(__name__)

_CONNECT_AHEAD_S = 3.0
# A choice is short but comes whole: it may take so much longer than a first word.
_CHOICE_TAKES_S = 3.0


class Answers:
    """The way to the configured providers. An async context manager; leaving it closes all connections."""

    def __init__(self, settings: LlmSettings, *, language: Literal["zh", "en"] = "zh") -> None:
        self._settings = settings
        self._language = language
        self._clients: dict[str, ProviderClient] = {}
        self._retired: set[ProviderClient] = set()
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        clients = (*self._clients.values(), *self._retired)
        self._clients.clear()
        self._retired.clear()
        for client in clients:
            await client.close()

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the presets that are to be asked, in the user's words; empty if all is well."""
        found = []
        for name in self._settings.chain:
            try:
                preset = resolve(name, self._settings)
            except PresetError as problem:
                found.append(str(problem))
            else:
                found += [f"preset {name}: {preset.model} accepts no {each}" for each in preset.ignored_settings]
        return tuple(found)

    async def warm_up(self) -> None:
        """Does ahead what the first question would have to wait for: code paths, TLS, connections. Asks nothing."""
        self._tls = await asyncio.to_thread(httpx2.create_ssl_context)
        await rehearse()
        clients = []
        for name in self._settings.chain:
            with contextlib.suppress(PresetError):
                clients.append(self._client(resolve(name, self._settings)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CONNECT_AHEAD_S), asyncio.TaskGroup() as connecting:
                for client in clients:
                    connecting.create_task(client.connect(), name=f"llm-connect-{client.preset.name}")

    async def replace(self, settings: LlmSettings, *, language: Literal["zh", "en"] | None = None) -> None:
        """New settings for every answer that begins from now on; answers under way end as they began.

        `warm_up` may be called again to connect to new providers ahead.
        """
        self._settings = settings
        self._language = language or self._language
        for name, client in list(self._clients.items()):
            try:
                still_wanted = resolve(name, settings) == client.preset
            except PresetError:
                still_wanted = False
            if not still_wanted:
                await self._retire(self._clients.pop(name))

    async def stream(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        """The answer in pieces, then Finished; to be used with `contextlib.aclosing`.

        Closing it, or cancelling its reader, closes the provider's connection at once. Raises AnswerFailed if there is
        no answer (never silence), or with `text_was_sent` and kind STALLED if the rest of it is missing.
        """
        async with self._in_use(request.preset) as clients:
            default = DEFAULT_SYSTEM_PROMPT[self._language]
            asked = [
                Lane(client.preset, partial(client.answer, _with_system_prompt(request, client.preset, default)))
                for client in clients
            ]
            async with aclosing(_run_race(asked, self._settings.stall_deadline_s)) as parts:
                async for part in parts:
                    yield part

    async def choose(self, request: ChoiceRequest) -> Choice:
        """What the model wants done, or says. Retry, fallback and cancelling are as with `stream`.

        Raises AnswerFailed.
        """
        async with self._in_use(request.preset) as clients:
            return await _first_choice(
                [Lane(client.preset, partial(client.choose, request.messages, request.tools)) for client in clients]
            )

    def can_be_asked(self, preset: str | None = None) -> bool:
        """Whether there is somebody to ask at all."""
        try:
            return bool(self._chain(preset))
        except AnswerFailed:
            return False

    @asynccontextmanager
    async def _in_use(self, preset: str | None) -> AsyncGenerator[list[ProviderClient], None]:
        """The clients of the chain, kept open meanwhile."""
        clients = [self._client(resolved) for resolved in self._chain(preset)]
        for client in clients:
            client.users += 1
        try:
            yield clients
        finally:
            for client in clients:
                client.users -= 1
                if client in self._retired:
                    await self._retire(client)

    def _chain(self, preset: str | None) -> list[ResolvedPreset]:
        """Who is asked, in order, `preset` first. Raises AnswerFailed if nobody can be."""
        settings = self._settings
        first = preset or settings.preset
        resolved, problems = [], []
        for name in dict.fromkeys((first, *settings.fallbacks)):
            try:
                resolved.append(resolve(name, settings))
            except PresetError as problem:
                problems.append((name, problem))
                _log.warning("llm_preset_unusable", preset=name, problem=str(problem))
        asked_for_nobody = preset is not None and any(
            name == first and each.kind is PresetFault.UNKNOWN_PRESET for name, each in problems
        )
        if problems and (asked_for_nobody or not resolved):
            unusable, reason = problems[0]
            raise AnswerFailed(FailureKind(reason.kind.value), unusable, str(reason), text_was_sent=False)
        return resolved

    def _client(self, preset: ResolvedPreset) -> ProviderClient:
        client = self._clients.get(preset.name)
        if client is None:
            if self._tls is None:
                self._tls = httpx2.create_ssl_context()
            client = self._clients[preset.name] = ProviderClient(preset, self._tls)
        return client

    async def _retire(self, client: ProviderClient) -> None:
        """Closes the client now, or after its last answer."""
        if client.users:
            self._retired.add(client)
        else:
            self._retired.discard(client)
            await client.close()


def _with_system_prompt(request: AnswerRequest, preset: ResolvedPreset, default: str) -> tuple[ChatMessage, ...]:
    if request.messages and request.messages[0].role == "system":
        return request.messages
    prompt = request.system_prompt or preset.system_prompt or default
    return (ChatMessage("system", prompt), *request.messages)


async def _run_race(asked: Sequence[Lane[Piece]], stall_deadline_s: float) -> AsyncGenerator[AnswerPart, None]:
    now = asyncio.get_running_loop().time
    presets = [lane.preset for lane in asked]
    race = Race([preset.first_token_deadline_s for preset in presets], presets[0].answer_deadline_s)
    lanes = Lanes(asked)
    try:
        lanes.perform(race.begin(now()))
        while race.winner is None:
            match await lanes.next(race.next_at()):
                case None:
                    lanes.perform(race.tick(now()))
                case (lane, Failure() as failure):
                    lanes.perform(race.failed(lane, failure, now()))
                case (lane, Text(text)):
                    lanes.perform(race.spoke(lane))
                    yield TextDelta(text)
                case _:
                    pass
        async with aclosing(_rest(lanes, race.winner, presets[race.winner].name, stall_deadline_s)) as parts:
            async for part in parts:
                yield part
    finally:
        await lanes.close()


async def _first_choice(asked: Sequence[Lane[Choice | Failure]]) -> Choice:
    now = asyncio.get_running_loop().time
    presets = [lane.preset for lane in asked]
    late_s = [preset.first_token_deadline_s + _CHOICE_TAKES_S for preset in presets]
    race = Race(late_s, presets[0].answer_deadline_s + _CHOICE_TAKES_S)
    lanes = Lanes(asked)
    try:
        lanes.perform(race.begin(now()))
        while True:
            match await lanes.next(race.next_at()):
                case None:
                    lanes.perform(race.tick(now()))
                case (lane, Failure() as failure):
                    lanes.perform(race.failed(lane, failure, now()))
                case (lane, Choice() as choice):
                    race.spoke(lane)
                    await lanes.end_of(lane)
                    return choice
    finally:
        await lanes.close()


async def _rest(
    lanes: Lanes[Piece], winner: int, preset: str, stall_deadline_s: float
) -> AsyncGenerator[AnswerPart, None]:
    now = asyncio.get_running_loop().time
    stalls_at = now() + stall_deadline_s
    while True:
        match await lanes.next(stalls_at):
            case None:
                detail = f"nothing for {stall_deadline_s:g} s"
                raise AnswerFailed(FailureKind.STALLED, preset, detail, text_was_sent=True)
            case (lane, _) if lane != winner:
                continue
            case (_, Text(text)):
                yield TextDelta(text)
            case (_, Ended(tokens_in, tokens_out)):
                yield Finished(preset, tokens_in, tokens_out)
                await lanes.end_of(winner)
                return
            case (_, Failure() as failure):
                detail = f"{failure.kind.value}: {failure.detail}"
                raise AnswerFailed(FailureKind.STALLED, preset, detail, text_was_sent=True)
            case (_, Alive()):
                pass
        stalls_at = now() + stall_deadline_s
