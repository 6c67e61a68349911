"""Does what the speakers ask of a connected Home Assistant, and says what has really come of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from migpt_ha_bridge.home import sentences
from migpt_ha_bridge.home.abilities import lack
from migpt_ha_bridge.home.agent_answer import AgentAnswer, agent_answer
from migpt_ha_bridge.home.caution import guarded
from migpt_ha_bridge.home.connection import Connection
from migpt_ha_bridge.home.dialogues import Dialogues, Exchange
from migpt_ha_bridge.home.direct_commands import direct_command, in_home_assistants_words
from migpt_ha_bridge.home.errors import HomeAssistantError, HomeSlow, HomeUnreachable, Refused
from migpt_ha_bridge.home.expectations import is_done
from migpt_ha_bridge.home.follower import Follower
from migpt_ha_bridge.home.intended import intended_service
from migpt_ha_bridge.home.states import EntityState
from migpt_ha_bridge.home.targets import targets
from migpt_shared.language import Language
from migpt_shared.messages import HomeAnswer, HomeAsk, HomeCall, HomeCode, HomeEntity, HomeEntityState, HomeLook

log = structlog.get_logger(__name__)

#: The brain waits a little longer.
AGENT_WITHIN_S = 10.0
_CALL_WITHIN_S = 6.0
#: A device has so long to show, after Home Assistant has sent the command.
_SHOWN_WITHIN_S = 4.0
_LONGEST_FADE_S = 3.0
#: The same after the agent has said that it is done.
_AGENT_SHOWN_WITHIN_S = 3.0


class Answerer:
    """One household's Home Assistant while the connection lasts. The answers are never exceptions.

    `device_of` gives the id that a speaker's device has in Home Assistant, whose area the agent takes as "here".
    """

    def __init__(
        self,
        connection: Connection,
        follower: Follower,
        dialogues: Dialogues,
        *,
        mapping: Mapping[str, str],
        agent_id: str,
        agent_language: str,
        language: Language,
        device_of: Callable[[str], str | None],
    ) -> None:
        self._connection = connection
        self._follower = follower
        self._dialogues = dialogues
        self._mapping = mapping
        self._agent_id = agent_id
        self._agent_language = agent_language
        self._language = language
        self._device_of = device_of
        self._takes_device = True

    async def ask(self, ask: HomeAsk) -> HomeAnswer:
        """The answer to a sentence: the agent's, or what came of a plain command to something the settings name."""
        if direct := direct_command(ask.text, self._mapping):
            call = HomeCall(
                id=ask.id,
                turn=ask.turn,
                service=direct.service,
                target={"entity_id": [direct.entity_id]},
                confirmed=ask.confirmed,
            )
            return await self.call(call)
        before = self._dialogues.current(ask.speaker, time.monotonic())
        if not ask.confirmed:
            said_before = f"{before.text} {before.speech}" if before else ""
            if names := guarded(ask.text, self._follower.entities, said_before):
                question = sentences.confirm_text(ask.text, names, self._language)
                return self._failed(ask, "needs_confirmation", "a person has to confirm this", names, speech=question)
        states = self._follower.states.copy()
        try:
            raw = await self._converse(ask, before.conversation_id if before else None)
        except HomeAssistantError as error:
            return self._error(ask, error)
        answer = agent_answer(raw)
        exchange = Exchange(answer.conversation_id, ask.text, answer.speech, time.monotonic())
        self._dialogues.remember(ask.speaker, exchange)
        return await self._judged(ask, answer, states)

    async def call(self, call: HomeCall) -> HomeAnswer:
        """Call a service, and see whether it happens."""
        found = targets(call.service, call.target, self._follower.entities, self._follower.registry)
        if not found.entities:
            detail = ", ".join(found.strangers) or "no exposed entity is meant"
            return self._failed(call, "no_target", f"{call.service}: {detail}")
        careful = [entity.name for entity in found.entities if entity.confirm]
        if careful and not call.confirmed:
            question = sentences.confirm_call(call.service, careful, self._language)
            return self._failed(call, "needs_confirmation", "a person has to confirm this", careful, speech=question)
        absent = [entity for entity in found.entities if not self._is_available(entity.id)]
        present = [entity for entity in found.entities if entity not in absent]
        if not present:
            return self._failed(call, "unavailable", "unavailable in Home Assistant", _names(absent))
        for entity in present:
            if missing := lack(entity.domain, call.data, self._follower.states.get(entity.id)):
                words = sentences.lacks(missing, self._language, [entity.name])
                return self._failed(call, "refused", f"{entity.id} has no {missing}", speech=words)
        before = self._follower.states.copy()
        try:
            await self._call(call, present)
        except HomeAssistantError as error:
            return self._error(call, error)
        meant = {entity.id: call.service.partition(".")[2] for entity in present}
        silent = await self._not_done(meant, call.data, before, _SHOWN_WITHIN_S + _fade_s(call))
        if silent:
            detail = "the state did not change as asked: " + ", ".join(silent)
            return self._failed(call, "unconfirmed", detail, self._names_of(silent))
        if absent:
            return self._failed(call, "unavailable", "unavailable in Home Assistant", _names(absent))
        if found.strangers:
            return self._failed(call, "no_target", "not exposed, or not there: " + ", ".join(found.strangers))
        return HomeAnswer(
            turn=call.turn,
            request=call.id,
            ok=True,
            speech=sentences.done(call.service, _names(present), self._language),
        )

    def look(self, look: HomeLook) -> HomeAnswer:
        """How entities are."""
        wanted = frozenset(look.entities)
        states = []
        for entity in self._follower.entities:
            state = self._follower.states.get(entity.id)
            if state is not None and (not wanted or entity.id in wanted):
                states.append(HomeEntityState(id=entity.id, state=state.state, attributes=state.described()))
        return HomeAnswer(turn=look.turn, request=look.id, ok=True, states=states)

    async def _converse(self, ask: HomeAsk, conversation_id: str | None) -> Mapping[str, object]:
        text = in_home_assistants_words(ask.text, self._own_names())
        fields: dict[str, object] = {"text": text, "language": self._agent_language}
        if self._agent_id:
            fields["agent_id"] = self._agent_id
        if conversation_id:
            fields["conversation_id"] = conversation_id
        device = self._device_of(ask.speaker) if self._takes_device else None
        if device is not None:
            try:
                return await self._process({**fields, "device_id": device})
            except Refused as refusal:
                if "device_id" not in refusal.message:
                    raise
                self._takes_device = False  # an older Home Assistant
        return await self._process(fields)

    async def _process(self, fields: dict[str, object]) -> Mapping[str, object]:
        answer = await self._connection.request("conversation/process", timeout_s=AGENT_WITHIN_S, **fields)
        if not isinstance(answer, Mapping):
            raise Refused("bad_answer", "the agent's answer is not an object")
        return answer

    async def _judged(self, ask: HomeAsk, answer: AgentAnswer, before: Mapping[str, EntityState]) -> HomeAnswer:
        """The agent also says "done" about what cannot be reached, and about what does not obey."""
        if answer.code is not None:
            return self._failed(ask, answer.code, answer.speech or answer.code, speech=answer.speech)
        states = {entity_id: self._follower.states.get(entity_id) for entity_id in answer.concerned}
        absent = [entity_id for entity_id, state in states.items() if state is not None and not state.is_available]
        names = self._names_of(absent)
        if absent and len(absent) == len(answer.concerned):
            return self._failed(ask, "unavailable", "unavailable: " + ", ".join(absent), names)
        meant: dict[str, str] = {}
        for entity in self._follower.entities:
            service = intended_service(ask.text, entity.domain)
            if entity.id in answer.concerned and entity.id not in absent and service is not None:
                meant[entity.id] = service
        silent = await self._not_done(meant, {}, before, _AGENT_SHOWN_WITHIN_S)
        if silent:
            detail = "the state did not change as asked: " + ", ".join(silent)
            return self._failed(ask, "unconfirmed", detail, self._names_of(silent))
        if answer.failed:
            return self._failed(ask, "unconfirmed", "failed: " + ", ".join(answer.failed), answer.failed)
        return HomeAnswer(turn=ask.turn, request=ask.id, ok=True, speech=answer.speech, asks_back=answer.asks_back)

    async def _call(self, call: HomeCall, present: Sequence[HomeEntity]) -> None:
        domain, _, service = call.service.partition(".")
        await self._connection.request(
            "call_service",
            timeout_s=_CALL_WITHIN_S + _fade_s(call),
            domain=domain,
            service=service,
            service_data=call.data,
            target={"entity_id": [entity.id for entity in present]},
        )

    async def _not_done(
        self, meant: Mapping[str, str], data: Mapping[str, object], before: Mapping[str, EntityState], within_s: float
    ) -> list[str]:
        """Those of the entities (with the service that each was to obey) that have not done so after a while."""

        def look() -> list[str]:
            states = self._follower.states
            return [
                entity_id
                for entity_id, service in meant.items()
                if not is_done(entity_id.partition(".")[0], service, data, before.get(entity_id), states.get(entity_id))
            ]

        try:
            async with asyncio.timeout(within_s):
                while waiting := look():
                    await self._follower.state_change()
        except TimeoutError:
            waiting = look()
        return waiting

    def _names_of(self, entity_ids: Sequence[str]) -> list[str]:
        return [entity.name for entity in self._follower.entities if entity.id in entity_ids]

    def _own_names(self) -> dict[str, str]:
        """How Home Assistant calls what the settings name."""
        names = {}
        for name, entity_id in self._mapping.items():
            state = self._follower.states.get(entity_id)
            if state is not None and (own := state.attributes.get("friendly_name")):
                names[name] = str(own)
        return names

    def _is_available(self, entity_id: str) -> bool:
        state = self._follower.states.get(entity_id)
        return state is not None and state.is_available

    def _error(self, asked: HomeAsk | HomeCall, error: HomeAssistantError) -> HomeAnswer:
        match error:
            case HomeSlow():
                code: HomeCode = "slow"
            case HomeUnreachable():
                code = "unreachable"
            case Refused("invalid_format", message) if "agent" in message and isinstance(asked, HomeAsk):
                code = "unknown_agent"
            case _:
                code = "refused"
        return self._failed(asked, code, str(error))

    def _failed(
        self, asked: HomeAsk | HomeCall, code: HomeCode, detail: str, names: Sequence[str] = (), speech: str = ""
    ) -> HomeAnswer:
        if code != "needs_confirmation":
            # What the agent does not understand, a language model may.
            tell = log.info if code in ("not_understood", "no_target") else log.warning
            tell("home_command_failed", code=code, reason=detail, turn=asked.turn)
        words = speech or sentences.problem(code, self._language, names)
        return HomeAnswer(turn=asked.turn, request=asked.id, ok=False, code=code, error=detail, speech=words)


def _fade_s(call: HomeCall) -> float:
    transition = call.data.get("transition")
    return min(float(transition), _LONGEST_FADE_S) if isinstance(transition, (int, float)) else 0.0


def _names(entities: Sequence[HomeEntity]) -> list[str]:
    return [entity.name for entity in entities]
