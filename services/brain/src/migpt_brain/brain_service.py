"""The brain: hears of utterances on the bus, opens a conversation per owned speaker, acts on commands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

import structlog

from migpt_brain.commands import CommandDesk
from migpt_brain.conversation import Conversation
from migpt_brain.corrections import Corrections
from migpt_brain.desk import Desk
from migpt_brain.home.link import HomeLink
from migpt_brain.intent_builder import Built, ChildBuilder
from migpt_brain.intent_keeper import IntentKeeper
from migpt_brain.llm.answers import Answers
from migpt_brain.memory import Memory
from migpt_brain.routing import Router
from migpt_brain.switches import Switches, SwitchFile
from migpt_brain.tokens import TokenCounter
from migpt_shared.appearances import Appearances
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.messages import (
    COMMANDS,
    Address,
    BrainState,
    Command,
    Health,
    Heard,
    HearingState,
    HomeAnswer,
    HomeEntities,
    HomeState,
    Message,
    Presence,
    Result,
    SpeakerInfo,
    Speech,
    SpeechState,
    Turn,
    name_problem,
)
from migpt_shared.service import Context, OwnerState
from migpt_shared.settings import Settings

log = structlog.get_logger(__name__)

_TICK_S = 1.0


def _today() -> date:
    """The day by the local calendar: counters that people read turn over at their midnight."""
    return datetime.now().astimezone().date()


@dataclass(slots=True)
class _LastTurn:
    turn: Turn
    age_s: float | None
    """its age when it arrived; None: not known"""
    arrived: float


class BrainService:
    """One brain instance."""

    name: ClassVar[str] = "brain"
    state_kind: ClassVar[type[OwnerState] | None] = BrainState

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._switches = SwitchFile(settings.data_dir / "brain" / "switches.json")
        self._corrections = Corrections(settings.llm.memory_url or Corrections.default_url(settings.data_dir))
        self._desk = Desk(
            bus=context.bus,
            src=context.src,
            settings=settings,
            router=Router.of(settings.routing, settings.llm),
            answers=Answers(settings.llm, language=settings.language),
            memory=Memory(settings.llm.memory_url or Memory.default_url(settings.data_dir)),
            intent=IntentKeeper(self._corrections, ChildBuilder(settings.data_dir), self._model_swapped),
            home=HomeLink(context.bus),
            tokens=TokenCounter(_today),
            state_changed=self._publish_state,
            switches=self._switches,
        )
        self._conversations: dict[Address, Conversation] = {}
        self._commands = CommandDesk(context, self._desk, self._conversations)
        self._last_turns: dict[Address, _LastTurn] = {}
        self._last_states: dict[Address, BrainState] = {}
        self._speech_owners: dict[Address, str] = {}
        self._speaker_services = Appearances()
        self._is_ready = False
        self._counters = {"heard": 0, "turns_taken_over": 0}
        self._pending_settings: Settings | None = None
        self._settings_changed = asyncio.Event()

    def subscriptions(self) -> Sequence[Subscription]:
        kinds: tuple[type[Message], ...] = (
            Heard,
            Turn,
            Speech,
            Result,
            SpeakerInfo,
            HearingState,
            SpeechState,
            HomeState,
            HomeEntities,
            HomeAnswer,
        )
        commands = [kind for kind in COMMANDS if self.name in kind.owners]
        return [
            *(Subscription(kind) for kind in (*kinds, *commands)),
            Subscription(Presence, {"service": "speaker"}),
            Subscription(Presence, {"service": "ha_bridge"}),
        ]

    async def run(self) -> None:
        await self._switches.load()
        try:
            async with self._desk.memory, self._corrections, self._desk.answers:
                for problem in self._desk.answers.problems():
                    log.warning("preset_unusable", problem=problem)
                await self._desk.answers.warm_up()
                self._is_ready = True
                for address in self._desk.speakers:
                    self._context.ownership.offer(address)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._tick(), name="tick")
                    tasks.create_task(self._apply_settings(), name="settings")
                    tasks.create_task(self._keep_memory_small(), name="retention")
                    tasks.create_task(self._desk.intent.run(), name="intent model")
        finally:
            await self._desk.cancel_all()

    async def stop(self) -> None:
        """Open turns stay open: the next brain, or this one after its restart, goes on with them."""
        for conversation in self._conversations.values():
            conversation.questioner.abandon()
        await self._desk.cancel_all()

    # -- what arrives --------------------------------------------------------------------------------------------

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case Heard() as heard:
                conversation = self._conversations.get(delivery.address)
                if conversation is not None:
                    self._counters["heard"] += 1
                    conversation.hear(heard)
            case Turn() as turn:
                self._turn_arrived(turn, delivery)
            case Speech() as speech:
                if (spoken_to := self._conversations.get(delivery.address)) is not None:
                    spoken_to.questioner.speech_seen(speech)
                for conversation in self._conversations.values():
                    if conversation.open_turn_id == speech.turn:
                        conversation.current.speech_seen(delivery.address.speaker, speech)
            case Result() as result:
                if (commander := self._conversations.get(delivery.address)) is not None:
                    commander.questioner.result_seen(result)
            case SpeakerInfo() if any(map(name_problem, delivery.places.values())):
                log.warning("speaker_of_no_use", address=str(delivery.address))
            case SpeakerInfo(area=area):
                self._desk.speakers.add(delivery.address)
                if area is not None:
                    self._desk.areas[delivery.address] = area
                if self._is_ready:
                    self._context.ownership.offer(delivery.address)
            case HearingState() as hearing:
                self._desk.is_online[delivery.address] = hearing.online is True and hearing.owner is not None
            case BrainState() as state:
                self._last_states[delivery.address] = state
            case SpeechState(owner=owner):
                self._speech_owner_seen(delivery.address, owner)
            case Presence() as presence if delivery.places["service"] == "ha_bridge":
                self._desk.home.bridge_seen(delivery.places["instance"], presence)
            case Presence() as presence:
                if self._speaker_services.seen(delivery.places["instance"], presence, delivery.arrived):
                    # It may have missed what was sent while it was away; what it has, it ignores.
                    for conversation in self._conversations.values():
                        conversation.current.send_again_to_all()
            case HomeState() as home:
                self._desk.home.state_seen(delivery.places["household"], home)
            case HomeEntities() as entities:
                self._desk.home.entities_seen(delivery.places["household"], entities)
            case HomeAnswer() as answer:
                self._desk.home.answer_seen(answer)
            case Command() as command:
                self._commands.obey(command, delivery)
            case other:
                raise TypeError(f"not subscribed to {type(other).__name__}")

    def cleared(self, cleared: Cleared) -> None:
        """A speaker whose `info` is cleared exists no more."""
        if cleared.kind is SpeakerInfo:
            address = Address(cleared.places["household"], cleared.places["speaker"])
            self._desk.speakers.discard(address)
            self._context.ownership.retire(address)

    def clear_up(self, address: Address) -> None:
        self._last_states.pop(address, None)
        self._last_turns.pop(address, None)
        self._context.bus.clear(Turn, household=address.household, speaker=address.speaker)

    def _turn_arrived(self, turn: Turn, delivery: Delivery) -> None:
        lifetime_s = Turn.channel.expires_s or 0
        age_s: float | None = 0.0
        if delivery.retained:
            # The broker counts the expiry down; what is gone of it is the message's age, whatever the clocks say.
            age_s = lifetime_s - (delivery.expires_at - delivery.arrived) if delivery.expires_at else None
        self._last_turns[delivery.address] = _LastTurn(turn, age_s, delivery.arrived)
        if turn.phase == "accepted" and not delivery.retained:
            self._end_on_others(turn, delivery.address)
        conversation = self._conversations.get(delivery.address)
        if conversation is not None and (not delivery.retained or turn.owner != self._context.src):
            conversation.turn_seen(turn, is_news=not delivery.retained)

    def _end_on_others(self, turn: Turn, address: Address) -> None:
        """A new turn at one speaker of a group ends the answer that the group is speaking."""
        for conversation in self._conversations.values():
            if conversation.address != address and conversation.open_turn_id not in (None, turn.turn):
                for speaker in {address.speaker, *turn.speakers}:
                    if conversation.current.speaks_on(address.household, speaker):
                        conversation.current.stop(error="superseded")

    def _speech_owner_seen(self, address: Address, owner: str | None) -> None:
        """Another speaker service has nothing in its queue of what was sent to the one before."""
        if owner is not None and owner != self._speech_owners.get(address):
            self._speech_owners[address] = owner
            self._send_again(address)

    def _send_again(self, address: Address) -> None:
        for conversation in self._conversations.values():
            if conversation.address.household == address.household:
                conversation.current.send_again(address.speaker, is_new=True)

    # -- ownership -----------------------------------------------------------------------------------------------

    def acquire(self, address: Address) -> None:
        standing = self._last_states.get(address)
        switches = Switches.of(standing) if standing else self._switches.get(address) or Switches()
        conversation = self._conversations[address] = Conversation(address, self._desk, switches)
        last = self._last_turns.get(address)
        if last is not None:
            # Its utterance may be told again, with XiaoAI's answer added to it.
            conversation.remember_turn(last.turn.turn)
            conversation.remember_utterance(last.turn)
        if last is not None and last.turn.is_open:
            age_s = None if last.age_s is None else last.age_s + time.monotonic() - last.arrived
            self._counters["turns_taken_over"] += 1
            conversation.take_over(last.turn, age_s)

    def release(self, address: Address) -> None:
        conversation = self._conversations.pop(address, None)
        if conversation is not None:
            conversation.abandon()

    def is_busy(self, address: Address) -> bool:
        conversation = self._conversations.get(address)
        return conversation is not None and conversation.is_open

    def state(self, address: Address) -> BrainState:
        return self._conversations[address].state()

    def synchronised(self) -> None:
        for address in self._last_states.keys() - self._desk.speakers:
            self._context.ownership.retire(address)  # removed while no brain was running
        self._speaker_services.forget()
        for conversation in self._conversations.values():
            conversation.current.synchronised()

    def _publish_state(self, address: Address) -> None:
        conversation = self._conversations.get(address)
        if conversation is not None:
            self._context.bus.publish(conversation.state(), household=address.household, speaker=address.speaker)

    def _model_swapped(self, built: Built) -> None:
        self._desk.router.classifier = built.model
        for address in self._conversations:
            self._publish_state(address)

    # -- the rest ------------------------------------------------------------------------------------------------

    def reconfigure(self, settings: Settings) -> None:
        self._pending_settings = settings
        self._settings_changed.set()

    async def _apply_settings(self) -> None:
        while True:
            await self._settings_changed.wait()
            self._settings_changed.clear()
            settings = self._pending_settings
            if settings is None:
                continue
            await self._desk.answers.replace(settings.llm, language=settings.language)
            await self._desk.answers.warm_up()
            self._desk.settings = settings
            self._desk.router = Router.of(settings.routing, settings.llm, self._desk.router.classifier)
            for address in self._conversations:
                self._publish_state(address)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            for conversation in list(self._conversations.values()):
                conversation.tick(now)

    async def _keep_memory_small(self) -> None:
        while True:
            await self._desk.memory.delete_older_than(self._desk.settings.llm.retention_days)
            await asyncio.sleep(3600)

    def health(self) -> Health:
        return Health(ok=True)

    def counters(self) -> Mapping[str, int]:
        return self._counters
