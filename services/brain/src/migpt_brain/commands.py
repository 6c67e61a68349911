"""What the brain does with commands and settings that arrive on the bus."""

from __future__ import annotations

from contextlib import aclosing

import structlog

from migpt_brain.answering import given_messages
from migpt_brain.conversation import Conversation
from migpt_brain.desk import Desk
from migpt_brain.home.turn import HomeTurn, HomeWish
from migpt_brain.llm import (
    AnswerFailed,
    AnswerRequest,
    ChatMessage,
    FailureKind,
    Finished,
    TextDelta,
    preset_problem,
    spoken_failure,
)
from migpt_brain.spoken_text import SpokenText, speakable
from migpt_brain.store import StoreUnavailableError
from migpt_shared.bus import Delivery
from migpt_shared.messages import (
    EVERYBODY,
    Address,
    Ask,
    AskUser,
    Command,
    Correct,
    Forget,
    Reply,
    SetAi,
    SetMode,
    SetPersona,
    SetPreset,
    Stop,
    Turn,
)
from migpt_shared.service import Context

log = structlog.get_logger(__name__)


class CommandDesk:
    """Obeys commands for the speakers that this brain owns, and answers each with a result."""

    def __init__(self, context: Context, desk: Desk, conversations: dict[Address, Conversation]) -> None:
        self._context = context
        self._desk = desk
        self._conversations = conversations

    def obey(self, command: Command, delivery: Delivery) -> None:
        """Act on a command, for every owned speaker that its topic addresses."""
        if isinstance(command, Stop) and command.src == self._context.src:
            return  # our own, meant for the speaker service
        household, speaker = delivery.places["household"], delivery.places["speaker"]
        targets = self._context.ownership.targets(household, speaker)
        if isinstance(command, Ask):
            self._ask(command, targets, to_all=speaker == EVERYBODY)
            return
        if isinstance(command, Stop):
            self._stop(command, household, speaker, targets)
            return
        for address in targets:
            self._for_one(command, self._conversations[address])

    def _for_one(self, command: Command, conversation: Conversation) -> None:
        address = conversation.address
        match command:
            case SetAi(value=value):
                self._switch(command, conversation, ai=value)
            case SetMode(value=value):
                self._switch(command, conversation, mode=value)
            case SetPreset(value=value):
                self._switch(command, conversation, preset_problem(value, self._desk.settings.llm), preset=value)
            case SetPersona(value=value):
                known = tuple(self._desk.settings.llm.personas)
                names = ", ".join(known) or "none is configured in [llm.personas]"
                problem = None if value in known else f"there is no persona {value!r}; known: {names}"
                self._switch(command, conversation, problem, persona=value)
            case Forget():
                self._desk.spawn(self._forget(command, address), "forget")
            case Correct():
                self._desk.spawn(self._correct(command, conversation), "correct")
            case AskUser():
                conversation.questioner.ask(command)
            case _:
                raise TypeError(f"the brain does not own {type(command).__name__}")

    def _stop(self, command: Stop, household: str, speaker: str, targets: list[Address]) -> None:
        """End every turn that is spoken there: one of a group ends on all of its speakers."""
        currents = [conversation.current for conversation in self._conversations.values()]
        ended = [current.stop() for current in currents if current.speaks_on(household, speaker)]
        for address in targets:
            self._conversations[address].questioner.stopped()
            self._context.answer(command, address, value={"stopped": ended})

    def _switch(
        self, command: Command, conversation: Conversation, problem: str | None = None, **change: object
    ) -> None:
        if problem is None:
            conversation.switch(conversation.switches.model_copy(update=change))
        self._context.answer(command, conversation.address, error=problem)

    async def _correct(self, command: Correct, conversation: Conversation) -> None:
        try:
            kept = await conversation.correct(command.target)
        except (ValueError, StoreUnavailableError) as error:
            self._context.answer(command, conversation.address, error=str(error))
            return
        self._context.answer(command, conversation.address, value={"text": kept.text, "target": kept.target})

    async def _forget(self, command: Forget, address: Address) -> None:
        try:
            forgotten = await self._desk.memory.forget(address, command.what)
        except StoreUnavailableError as error:
            self._context.answer(command, address, error=str(error))
            return
        if command.what == "all":
            self._context.bus.clear(Turn, household=address.household, speaker=address.speaker)
        self._context.answer(command, address, value={"forgotten": forgotten})

    # -- asks ----------------------------------------------------------------------------------------------------

    def _ask(self, command: Ask, targets: list[Address], *, to_all: bool) -> None:
        problem = self._ask_problem(command)
        if problem is not None:
            for address in targets:
                self._context.answer(command, address, error=problem)
            return
        for address in targets:
            if not command.speak and to_all and address.speaker != self._desk.all_speakers(address.household)[0]:
                self._context.answer(command, address)
            elif not command.speak:
                self._desk.spawn(self._reply(command, address), f"reply {command.id}")
                self._context.answer(command, address)
            elif to_all:
                self._ask_on_all(command, address)
            else:
                turn = self._conversations[address].ask(command, self._desk.speakers_for(address))
                self._context.answer(command, address, value={"turn": turn})

    def _ask_on_all(self, command: Ask, address: Address) -> None:
        """An ask to all is one turn of the household's first speaker, spoken on every one."""
        speakers = self._desk.all_speakers(address.household)
        value = {}
        if address.speaker == speakers[0]:
            value = {"turn": self._conversations[address].ask(command, speakers)}
        self._context.answer(command, address, value={**value, "spoken_by_turn_of": speakers[0]})

    def _ask_problem(self, command: Ask) -> str | None:
        try:
            given_messages(command)
        except ValueError as error:
            return str(error)
        if command.preset is not None and (problem := preset_problem(command.preset, self._desk.settings.llm)):
            return problem
        if not command.speak:
            service, _, instance = command.src.partition("/")
            try:
                Reply.channel.topic("migpt", service=service, instance=instance, request=command.id)
            except ValueError:
                return "an ask that is not spoken needs src as service/instance, to which the answer goes"
        return None

    async def _reply(self, command: Ask, address: Address) -> None:
        """Answer to the asker alone: no turn of the speaker, nothing is cancelled by it."""
        service, instance = command.src.split("/")
        seq = 0

        def send(text: str, *, end: bool = False, error: str | None = None, preset: str | None = None) -> None:
            nonlocal seq
            reply = Reply(turn=command.turn, seq=seq, text=text, end=end, error=error, preset=preset)
            self._context.bus.publish(reply, service=service, instance=instance, request=command.id)
            seq += 1

        if (wish := self._conversations[address].is_for_home(command.text)) is not None:
            home = await HomeTurn(self._desk, address, command.turn or command.id, None).answer(HomeWish(wish))
            for sentence in speakable(home.text, self._desk.settings.language):
                send(sentence)
            # Nobody is there to say yes.
            error = home.error if home.awaited is None else "it needs an answer of a person at the speaker"
            send("", end=True, error=error, preset=home.preset)
            return
        earlier = given_messages(command) if command.messages else await self._desk.earlier(address)
        request = AnswerRequest((*earlier, ChatMessage("user", command.text)), preset=command.preset)
        spoken = SpokenText(self._desk.settings.language)
        error = preset = None
        try:
            async with aclosing(self._desk.answers.stream(request)) as parts:
                async for part in parts:
                    match part:
                        case TextDelta(text):
                            for sentence in spoken.feed(text):
                                send(sentence)
                        case Finished(preset=answered_by):
                            preset = answered_by
        except AnswerFailed as failure:
            error = spoken_failure(failure.kind, self._desk.settings.language)
        for sentence in spoken.finish():
            send(sentence)
        if seq == 0 and error is None:
            error = spoken_failure(FailureKind.EMPTY, self._desk.settings.language)
        send("", end=True, error=error, preset=preset)
