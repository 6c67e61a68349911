"""What all conversations of a brain share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Literal

import structlog

from migpt_brain.home.link import HomeLink
from migpt_brain.home.recent import RecentHomeTalk
from migpt_brain.intent_keeper import IntentKeeper
from migpt_brain.llm import ChatMessage, usable_presets
from migpt_brain.llm.answers import Answers
from migpt_brain.memory import Memory
from migpt_brain.routing import Router
from migpt_brain.switches import Switches, SwitchFile
from migpt_brain.tokens import TokenCounter
from migpt_shared.bus import Bus
from migpt_shared.messages import Address, Turn
from migpt_shared.settings import Settings

log = structlog.get_logger(__name__)

#: An answer without memory now is better than one with it later.
_MEMORY_WITHIN_S = 1.0


@dataclass(slots=True)
class Desk:
    """The brain's means: the bus, the settings in force, who answers, what is remembered, who is there."""

    bus: Bus
    src: str
    settings: Settings
    router: Router
    answers: Answers
    memory: Memory
    intent: IntentKeeper
    home: HomeLink
    tokens: TokenCounter
    state_changed: Callable[[Address], None]
    """publish `state/brain` of this speaker"""
    switches: SwitchFile
    speakers: set[Address] = field(default_factory=set)
    """the speakers there are"""
    areas: dict[Address, str] = field(default_factory=dict)
    """the rooms they stand in, as far as configured"""
    home_talk: RecentHomeTalk = field(default_factory=RecentHomeTalk)
    is_online: dict[Address, bool] = field(default_factory=dict)
    """whether the cloud reaches them"""
    tasks: set[asyncio.Task[object]] = field(default_factory=set)

    def spawn(self, work: Coroutine[None, None, object], name: str) -> asyncio.Task[object]:
        """Run something beside the event loop's callbacks; a failure of it is logged."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[object]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=error)

    async def cancel_all(self) -> None:
        """End whatever runs, and wait for it."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def speakers_for(self, address: Address) -> tuple[str, ...]:
        """Where an answer to this speaker is spoken: on itself, or on the configured group."""
        group = self.settings.speech.answer_on
        present = tuple(name for name in group if Address(address.household, name) in self.speakers)
        return present or (address.speaker,)

    def online(self, address: Address) -> frozenset[str]:
        """The speakers of the household that the cloud reaches."""
        return frozenset(
            known.speaker
            for known in self.speakers
            if known.household == address.household and self.is_online.get(known, False)
        )

    def all_speakers(self, household: str) -> tuple[str, ...]:
        """The household's speakers by name."""
        return tuple(sorted(known.speaker for known in self.speakers if known.household == household))

    async def earlier(self, address: Address) -> tuple[ChatMessage, ...]:
        """What was said before, as far as the model is told again."""
        try:
            async with asyncio.timeout(_MEMORY_WITHIN_S):
                llm = self.settings.llm
                return await self.memory.recent(address, llm.memory_tokens, llm.memory_minutes)
        except TimeoutError:
            log.warning("memory_too_slow", waited_s=_MEMORY_WITHIN_S)
            return ()

    def remember(self, address: Address, turn: str, question: str, reply: str) -> None:
        self.spawn(self.memory.add(address, turn, question, reply), f"remember {turn}")

    def forget(self, address: Address, what: Literal["last", "conversation", "all"]) -> None:
        """Forget; `all` empties the retained turn as well."""
        self.spawn(self.memory.forget(address, what), f"forget {what}")
        self.home_talk.forget(address)
        if what == "all":
            self.bus.clear(Turn, household=address.household, speaker=address.speaker)

    def keep_switches(self, address: Address, switches: Switches) -> None:
        self.spawn(self.switches.put(address, switches), "keep switches")

    def usable_presets(self) -> tuple[str, ...]:
        """All presets that can be chosen."""
        return usable_presets(self.settings.llm)

    def persona_prompt(self, persona: str | None) -> str | None:
        """The system prompt of a persona; None: the preset's own."""
        return None if persona is None else self.settings.llm.personas.get(persona)
