"""One household's Home Assistant: connected as long as it can be, and asked on behalf of the speakers."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

import structlog

from migpt_ha_bridge.home import sentences
from migpt_ha_bridge.home.answerer import Answerer
from migpt_ha_bridge.home.connection import Connection
from migpt_ha_bridge.home.dialogues import Dialogues
from migpt_ha_bridge.home.errors import HomeAssistantError, HomeSlow, HomeUnreachable, NotAuthorised, Refused
from migpt_ha_bridge.home.follower import Follower
from migpt_shared.bus import Bus
from migpt_shared.bus.reconnect import reconnect_delay_s
from migpt_shared.language import Language
from migpt_shared.messages import (
    HomeAnswer,
    HomeAsk,
    HomeCall,
    HomeCode,
    HomeEntities,
    HomeEntity,
    HomeLook,
    HomeState,
)
from migpt_shared.settings import HomeAssistantSettings

log = structlog.get_logger(__name__)

DEFAULT_AGENT = "conversation.home_assistant"
#: The list is one message; nobody speaks of more things than this.
_MOST_ENTITIES = 1000
#: A question that comes while a lost connection is being made anew waits for it so long.
_PATIENCE_S = 3.0
#: A connection that lived so long was a good one; after a shorter one the pauses go on growing.
_GOOD_AFTER_S = 10.0

Question = HomeAsk | HomeCall | HomeLook


class HouseholdHome:
    """`run` until cancelled; `take` questions meanwhile. Each is answered, whatever happens.

    `identifier_of`: under which identifier a speaker is a device in Home Assistant, if it is one.
    """

    def __init__(
        self,
        name: str,
        settings: HomeAssistantSettings,
        language: Language,
        bus: Bus,
        *,
        report: Callable[[HomeState], None],
        identifier_of: Callable[[str], str],
    ) -> None:
        self.name = name
        self.trouble: str | None = None
        """what is wrong now, in words"""
        self._settings = settings
        self._language: Language = language
        self._bus = bus
        self._report = report
        self._identifier_of = identifier_of
        self._dialogues = Dialogues()
        self._answerer: Answerer | None = None
        self._ready = asyncio.Event()
        self._why: HomeCode = "unreachable"
        self._down_since = time.monotonic()
        self._failures = 0
        self._entities: HomeEntities | None = None
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            await self._keep_connected()

    def take(self, question: Question) -> None:
        """Answer a question on the bus, soon."""
        if self._group is not None:
            self._group.create_task(self._answer(question), name=f"{self.name} {type(question).__name__}")

    def publish_again(self) -> None:
        """The broker may have forgotten the entities."""
        if self._entities is not None:
            self._bus.publish(self._entities, household=self.name)

    async def _answer(self, question: Question) -> None:
        is_passing = self._why in ("unreachable", "slow")
        if self._answerer is None and is_passing and time.monotonic() - self._down_since < _PATIENCE_S:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._ready.wait()
        answerer = self._answerer
        match question:
            case _ if answerer is None:
                words = sentences.problem(self._why, self._language)
                answer = HomeAnswer(
                    turn=question.turn, request=question.id, ok=False, code=self._why, error=self.trouble, speech=words
                )
            case HomeAsk():
                answer = await answerer.ask(question)
            case HomeCall():
                answer = await answerer.call(question)
            case HomeLook():
                answer = answerer.look(question)
        self._bus.publish(answer, household=self.name)

    async def _keep_connected(self) -> None:
        url, token = self._settings.url, self._settings.token
        if url is None:
            await self._wait_for_settings("not_configured", "home_assistant.url is not set")
            return
        if token is None or not token.get_secret_value().strip():
            await self._wait_for_settings("not_authorised", "home_assistant.token is not set")
            return
        while True:
            try:
                async with Connection(url, token) as connection:
                    await self._serve(connection)
            except NotAuthorised as error:
                # Every further try with this token would bring a ban of our address nearer.
                await self._wait_for_settings("not_authorised", str(error))
            except HomeAssistantError as error:
                self._is_down("slow" if isinstance(error, HomeSlow) else "unreachable", error)
            finally:
                self._answerer = None
                self._ready.clear()
            delay_s = reconnect_delay_s(time.monotonic() - self._down_since, self._failures, random.random())
            self._failures += 1
            await asyncio.sleep(delay_s)

    async def _serve(self, connection: Connection) -> None:
        """While the connection lasts. Raises HomeAssistantError at its end."""
        language = self._settings.language or {"zh": "zh-cn", "en": "en"}[self._language]
        follower = Follower(connection, self._settings, language, self._entities_found)
        await follower.begin()
        trouble = await self._agent_trouble(connection) or follower.trouble
        self._dialogues.forget()
        self._answerer = Answerer(
            connection,
            follower,
            self._dialogues,
            mapping=self._settings.device_mapping,
            agent_id=self._settings.agent_id,
            agent_language=language,
            language=self._language,
            device_of=lambda speaker: follower.registry.device_with(self._identifier_of(speaker)),
        )
        self._ready.set()
        self.trouble = trouble
        log.info(
            "home_assistant_connected",
            household=self.name,
            version=connection.version,
            entities=len(follower.entities),
            down_s=round(time.monotonic() - self._down_since, 1),
        )
        connected_at = time.monotonic()
        self._report(HomeState(connected=True, agent=self._settings.agent_id or DEFAULT_AGENT, error=trouble))
        following = asyncio.create_task(follower.run(), name=f"{self.name} follower")
        lost = asyncio.create_task(connection.lost(), name=f"{self.name} connection")
        try:
            await asyncio.wait({following, lost}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
            raise HomeUnreachable("the connection to Home Assistant was lost")
        finally:
            self._answerer = None
            self._down_since = time.monotonic()
            if self._down_since - connected_at > _GOOD_AFTER_S:
                self._failures = 0
            following.cancel()
            lost.cancel()
            await asyncio.gather(following, lost, return_exceptions=True)

    async def _agent_trouble(self, connection: Connection) -> str | None:
        """What is wrong with the conversation agent; one line in the log."""
        wanted = self._settings.agent_id or DEFAULT_AGENT
        try:
            agents = (await connection.request("conversation/agent/list"))["agents"]
        except Refused as refusal:
            trouble = f"Home Assistant has no conversation integration ({refusal.code})"
        else:
            known = [str(agent["id"]) for agent in agents]
            if wanted in known:
                return None
            trouble = f"there is no conversation agent {wanted}; known: {', '.join(known)}"
        log.warning("home_agent_unusable", household=self.name, reason=trouble)
        return trouble

    async def _wait_for_settings(self, why: HomeCode, reason: str) -> None:
        """Nothing can be done with the settings there are; other settings end this by cancelling it."""
        if why == "not_authorised":
            log.error("home_assistant_refuses_us", household=self.name, reason=reason, retry="with new settings")
        self._stands(why, reason)
        await asyncio.Event().wait()

    def _is_down(self, why: HomeCode, error: HomeAssistantError) -> None:
        # The first failure is news; that it is still so is not.
        tell = log.debug if self._why == why and self._failures else log.warning
        tell("home_assistant_unreachable", household=self.name, reason=str(error))
        self._stands(why, str(error))

    def _stands(self, why: HomeCode, reason: str) -> None:
        trouble = f"{sentences.problem(why, self._language)} ({reason})"
        self._why = why
        if trouble != self.trouble:
            self.trouble = trouble
            self._report(HomeState(connected=False, error=trouble, code=why))

    def _entities_found(self, entities: list[HomeEntity]) -> None:
        if len(entities) > _MOST_ENTITIES:
            log.warning("too_many_entities", household=self.name, exposed=len(entities), told=_MOST_ENTITIES)
        self._entities = HomeEntities(entities=entities[:_MOST_ENTITIES])
        self._bus.publish(self._entities, household=self.name)
