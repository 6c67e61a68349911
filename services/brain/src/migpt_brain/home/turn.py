"""Answers one sentence about the home: by Home Assistant's agent, or by the language model with tools."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from migpt_brain import phrases
from migpt_brain.desk import Desk
from migpt_brain.home.awaited import Awaited, PlannedCall
from migpt_brain.home.briefing import briefing, described, relevant
from migpt_brain.home.needs_model import needs_model
from migpt_brain.home.tool_talk import AskModel, AskPerson, Next, Outcome, Say, ToolTalk
from migpt_brain.home.toolbox import Control, Look, Mistake, tools_for, wanted
from migpt_brain.llm import AnswerFailed, ChatMessage, Choice, ChoiceRequest, TalkPart, Tool, ToolResult, spoken_failure
from migpt_shared.messages import Address, HomeAnswer, HomeAsk, HomeCall, HomeEntity, HomeLook

log = structlog.get_logger(__name__)

#: Home Assistant's agent may ask a language model itself.
_AGENT_WITHIN_S = 12.0
_CALL_WITHIN_S = 14.0
_LOOK_WITHIN_S = 3.0
#: All rounds of the model together.
_MODEL_WITHIN_S = 25.0

#: What the agent could not do, but the language model may.
_FOR_MODEL = frozenset({"not_understood", "no_target", "refused", "unknown_agent"})


@dataclass(frozen=True, slots=True)
class HomeWish:
    """What a person wants of the home. `confirmed`: they have said yes to this; `text` is then what it was about."""

    text: str
    confirmed: Awaited | None = None


@dataclass(frozen=True, slots=True)
class HomeReply:
    """What is to be said. `awaited`: what was asked back; `error`: why it failed; `preset`: the model that did it."""

    text: str
    error: str | None = None
    awaited: Awaited | None = None
    preset: str | None = None


class HomeTurn:
    """One sentence. `turn` is the id of its turn."""

    def __init__(self, desk: Desk, address: Address, turn: str, preset: str | None) -> None:
        self._desk = desk
        self._address = address
        self._turn = turn
        self._preset = preset
        self._language = desk.settings.language

    async def answer(self, wish: HomeWish) -> HomeReply:
        """Have it done. Never raises for what the home or the model does; cancelling stops it where it is."""
        reply = await self._reply(wish)
        self._desk.home_talk.remember(self._address, wish.text, reply.text, time.monotonic())
        return reply

    async def _reply(self, wish: HomeWish) -> HomeReply:
        home, household = self._desk.home, self._address.household
        if trouble := home.trouble(household):
            return HomeReply(phrases.home_trouble(trouble, self._language), trouble)
        if wish.confirmed is not None and wish.confirmed.calls:
            return await self._carry_out(wish.confirmed.calls)
        can_ask_model = bool(home.entities(household)) and self._desk.answers.can_be_asked(self._preset)
        is_first = can_ask_model and wish.confirmed is None
        if is_first and needs_model(wish.text, home.agent(household), home.entities(household)):
            try:
                return await self._by_model(wish.text)
            except AnswerFailed as failure:
                # Home Assistant's own agent understands more than nobody.
                log.warning("home_model_failed", kind=failure.kind.value, reason=str(failure))
            return await self._by_agent(wish, then_model=False)
        return await self._by_agent(wish, then_model=can_ask_model)

    # -- Home Assistant's agent ----------------------------------------------------------------------------------

    async def _by_agent(self, wish: HomeWish, *, then_model: bool) -> HomeReply:
        question = HomeAsk(
            turn=self._turn,
            text=wish.text,
            speaker=self._address.speaker,
            confirmed=wish.confirmed is not None,
        )
        answer = await self._asked(question, _AGENT_WITHIN_S)
        if answer is None:
            return HomeReply(phrases.HOME_DID_NOT_ANSWER.in_(self._language), "home did not answer")
        if answer.code in _FOR_MODEL and then_model:
            try:
                return await self._by_model(wish.text)
            except AnswerFailed as failure:
                log.warning("home_model_failed", kind=failure.kind.value, reason=str(failure))
                return HomeReply(answer.speech or spoken_failure(failure.kind, self._language), failure.kind.value)
        if answer.code == "needs_confirmation":
            return HomeReply(answer.speech, awaited=Awaited("confirmation", self._turn, wish.text))
        if not answer.ok:
            words = answer.speech or phrases.HOME_DID_NOT_ANSWER.in_(self._language)
            return HomeReply(words, answer.error or answer.code or "home refused")
        awaited = Awaited("question", self._turn, wish.text) if answer.asks_back else None
        return HomeReply(answer.speech or phrases.HOME_DONE.in_(self._language), awaited=awaited)

    # -- the language model with tools ---------------------------------------------------------------------------

    async def _by_model(self, text: str) -> HomeReply:
        """Raises AnswerFailed when nobody could be asked and nothing was done."""
        talk = ToolTalk(text, self._language)
        try:
            async with asyncio.timeout(_MODEL_WITHIN_S):
                return await self._talk(text, talk)
        except TimeoutError:
            end = talk.interrupted(phrases.HOME_DID_NOT_ANSWER.in_(self._language))
            return HomeReply(end.text, end.error)

    async def _talk(self, text: str, talk: ToolTalk) -> HomeReply:
        entities = relevant(text, self._desk.home.entities(self._address.household), self._area())
        tools = tools_for(entities)
        states = await self._asked(HomeLook(turn=self._turn, entities=[each.id for each in entities]), _LOOK_WITHIN_S)
        brief = briefing(entities, states.states if states is not None else (), self._area(), self._language)
        earlier = self._desk.home_talk.messages(self._address, time.monotonic())
        messages: list[TalkPart] = [ChatMessage("system", brief), *earlier, ChatMessage("user", text)]
        while True:
            try:
                choice = await self._chosen(messages, tools)
            except AnswerFailed as failure:
                if talk.rounds == 0:
                    raise
                end = talk.interrupted(spoken_failure(failure.kind, self._language))
                return HomeReply(end.text, end.error)
            match await self._step(choice, talk, entities, messages):
                case Say(words, error):
                    return HomeReply(words, error, preset=choice.preset)
                case AskPerson(question, calls):
                    awaited = Awaited("confirmation", self._turn, text, calls)
                    return HomeReply(question, awaited=awaited, preset=choice.preset)
                case AskModel():
                    pass

    async def _chosen(self, messages: Sequence[TalkPart], tools: tuple[Tool, ...]) -> Choice:
        choice = await self._desk.answers.choose(ChoiceRequest(tuple(messages), tools, self._preset))
        self._desk.tokens.add(self._address, choice.tokens)
        return choice

    async def _step(
        self, choice: Choice, talk: ToolTalk, entities: Sequence[HomeEntity], messages: list[TalkPart]
    ) -> Next:
        if not choice.calls:
            return talk.said(choice.text)
        outcomes = await asyncio.gather(*(self._outcome(wanted(call, entities)) for call in choice.calls))
        messages.append(choice)
        for call, outcome in zip(choice.calls, outcomes, strict=True):
            messages.append(ToolResult(call.id, _told(outcome)))
        log.info("home_tools", round=talk.rounds + 1, calls=[_told(outcome) for outcome in outcomes])
        return talk.used_tools(outcomes)

    async def _outcome(self, want: Control | Look | Mistake) -> Outcome:
        match want:
            case Control(call=call):
                return Outcome(want, await self._called(call, confirmed=False))
            case Look(entities):
                look = HomeLook(turn=self._turn, entities=list(entities))
                return Outcome(want, await self._asked(look, _LOOK_WITHIN_S))
            case Mistake():
                return Outcome(want)

    # -- what was confirmed --------------------------------------------------------------------------------------

    async def _carry_out(self, calls: Sequence[PlannedCall]) -> HomeReply:
        answers = await asyncio.gather(*(self._called(call, confirmed=True) for call in calls))
        text = " ".join(dict.fromkeys(answer.speech for answer in answers))
        return HomeReply(text, next((answer.error for answer in answers if not answer.ok), None))

    async def _called(self, call: PlannedCall, *, confirmed: bool) -> HomeAnswer:
        """The bridge's answer, or one that it did not come."""
        command = HomeCall(
            turn=self._turn,
            service=call.service,
            target={"entity_id": list(call.entities)},
            data=dict(call.data),
            confirmed=confirmed,
        )
        answer = await self._asked(command, _CALL_WITHIN_S)
        if answer is not None:
            return answer
        silence = phrases.HOME_DID_NOT_ANSWER.in_(self._language)
        return HomeAnswer(request=command.id, ok=False, code="slow", error="no answer from the bridge", speech=silence)

    async def _asked(self, question: HomeAsk | HomeCall | HomeLook, within_s: float) -> HomeAnswer | None:
        try:
            async with asyncio.timeout(within_s):
                return await self._desk.home.ask(self._address.household, question)
        except TimeoutError:
            log.warning("home_did_not_answer", question=type(question).__name__, waited_s=within_s)
            return None

    def _area(self) -> str | None:
        return self._desk.areas.get(self._address)


def _told(outcome: Outcome) -> str:
    """A tool's result for the model to read."""
    answer = outcome.answer
    match outcome.wanted:
        case Mistake(problem):
            return json.dumps({"ok": False, "problem": problem}, ensure_ascii=False)
        case Look() if answer is not None:
            return "\n".join(f"{state.id}: {described(state)}" for state in answer.states)
        case _ if answer is not None and answer.ok:
            return json.dumps({"ok": True}, ensure_ascii=False)
        case _:
            problem = "no answer" if answer is None else answer.error or answer.code or "not done"
            return json.dumps({"ok": False, "problem": problem}, ensure_ascii=False)
