"""The thin shell around the rules of one speaker: clock, requests, timers and messages."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from migpt_shared.messages import Address, Message, Say, Speech, SpeechProfile, SpeechState
from migpt_shared.messages import Stop as StopCommand
from migpt_shared.service import Context
from migpt_speaker.conductor import Conductor
from migpt_speaker.device_link import DeviceLink
from migpt_speaker.orders import Effect, HandOver, Look, OutcomeKind, Publish, Recall, Send, Speak
from migpt_speaker.profile import Profile
from migpt_speaker.utterance import Priority

__all__ = ["Actor"]

log = structlog.get_logger(__name__)

_PRIORITIES = {Priority.ALARM: "alarm", Priority.REPLY: "reply", Priority.NOTICE: "notice"}
#: What a speaker is handed as a stand-in is not spoken later than this, seconds.
_STAND_IN_EXPIRES_S = 30.0

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Actor:
    """One speaker that this instance owns. `spawn` starts a task whose failure ends the service."""

    def __init__(
        self,
        address: Address,
        context: Context,
        link: DeviceLink,
        conductor: Conductor,
        spawn: Spawn,
        *,
        on_trouble: Callable[[], None],
    ) -> None:
        self.address = address
        self.link = link
        self.conductor = conductor
        self.counters: Counter[str] = Counter()
        self._context = context
        self._spawn = spawn
        self._on_trouble = on_trouble
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._handed: dict[str, str] = {}
        self._published: SpeechState | None = None
        self._is_closing = False
        self._is_closed = False

    def feed(self, event: Callable[[float], list[Effect]]) -> None:
        """Let something happen: call the rules with the time, and carry out what they want."""
        if self._is_closed:
            return
        now = time.monotonic()
        for effect in event(now):
            self._carry_out(effect)
        state = self.state()
        if self._published is not None and not _is_same(state, self._published):
            self._publish(state)
        self._published = state
        self._set_timer(now)

    def state(self) -> SpeechState:
        """The state message of the speaker."""
        rules = self.conductor
        knowledge = rules.pacer.knowledge
        volume = rules.surroundings.volume
        activity = "speaking" if rules.is_speaking else "muted" if volume == 0 else "idle"
        return SpeechState(
            owner=self._context.src,
            activity=activity,
            volume=volume,
            queue_length=rules.voice.queue_length,
            seconds_per_character=round(knowledge.rate.seconds_per_character, 3),
            profile=SpeechProfile(
                tts_path=(rules.voice.ways.proven or rules.voice.ways.table_path).value,
                status_is_usable=knowledge.status_is_usable is not False,
                status_lag_s=round(knowledge.lag_s, 2),
            ),
        )

    def profile(self) -> Profile:
        """What is worth remembering."""
        return Profile(knowledge=self.conductor.pacer.knowledge, proven_path=self.conductor.voice.ways.proven)

    def stand_in_reported(self, request: str, error: str | None) -> bool:
        """The result of a text handed to the stand-in; False: it was none of ours."""
        utterance = self._handed.pop(request, None)
        if utterance is None:
            return False
        self.feed(lambda now: self.conductor.handed_over(utterance, error, now))
        return True

    async def close(self, *, within_s: float) -> None:
        """Begin nothing new; requests under way have so long to be answered and reported."""
        self._is_closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        self.abandon()

    def abandon(self) -> None:
        """Stop working at once."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    # carrying out

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Publish(message):
                self._publish(message)
            case _ if self._is_closing:
                pass
            case Send():
                self._start(self._send(effect), "send")
            case Look():
                self._start(self._look(), "look")
            case HandOver(utterance, stand_in):
                say = Say(
                    turn=utterance.turn,
                    text=utterance.text,
                    priority=_PRIORITIES[utterance.priority],
                    volume=utterance.volume,
                    expires_s=_STAND_IN_EXPIRES_S,
                )
                self._handed[say.id] = utterance.id
                log.warning("handed_to_stand_in", speaker=str(self.address), stand_in=stand_in, turn=utterance.turn)
                self._context.bus.publish(say, household=self.address.household, speaker=stand_in)
            case Recall(stand_in):
                self._handed.clear()
                self._context.bus.publish(StopCommand(), household=self.address.household, speaker=stand_in)

    async def _send(self, send: Send) -> None:
        outcome = await self.link.carry_out(send.command)
        if not outcome.is_done:
            self.counters["refused"] += 1
            log.info(
                "speaker_refused",
                speaker=str(self.address),
                command=type(send.command).__name__,
                kind=outcome.kind.value,
                reason=outcome.reason,
            )
            if outcome.kind in (OutcomeKind.OFFLINE, OutcomeKind.BUSY):
                self._on_trouble()
        elif isinstance(send.command, Speak):
            self.counters["utterances"] += 1
        self.feed(lambda now: self.conductor.outcome(send.ticket, outcome, now))

    async def _look(self) -> None:
        asked_at = time.monotonic()
        self.counters["looks"] += 1
        status = await self.link.look()
        self.feed(lambda now: self.conductor.looked(asked_at, status, now))

    def _start(self, work: Coroutine[Any, Any, None], what: str) -> None:
        task = self._spawn(work, f"{what} {self.address}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _set_timer(self, now: float) -> None:
        """`now`: the time that the rules were told last. What became due since then is due at once, not overlooked."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moment = self.conductor.next_wakeup(now)
        if moment is not None:
            self._timer = asyncio.get_running_loop().call_at(moment, self._tick)

    def _tick(self) -> None:
        self.feed(self.conductor.tick)

    def _publish(self, message: Message) -> None:
        if isinstance(message, Speech):
            self.counters[message.phase] += 1
            log.info(
                "speech", phase=message.phase, speaker=str(self.address), turn=message.turn, seqs=message.seqs,
                attempt=message.attempt, characters=len(message.text), error=message.error,
            )  # fmt: skip
        self._context.bus.publish(message, household=self.address.household, speaker=self.address.speaker)


def _is_same(state: SpeechState, other: SpeechState) -> bool:
    """Whether they say the same; each message has an id and a time of its own."""
    return state.model_dump(exclude={"id", "ts"}) == other.model_dump(exclude={"id", "ts"})
