"""Runs the rules of one speaker against a modelled speaker in simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from migpt_shared.messages import Message, Result, Say, Sentence, Speech, Turn
from migpt_shared.settings import SpeechSettings
from migpt_shared.xiaomi import PlayStatus, SpeakPath
from migpt_speaker.conductor import Conductor
from migpt_speaker.knowledge import Knowledge
from migpt_speaker.orders import (
    Command,
    Effect,
    Execute,
    HandOver,
    Look,
    Outcome,
    OutcomeKind,
    Publish,
    Recall,
    Resume,
    Send,
    SetVolume,
    Silence,
    Speak,
)
from migpt_speaker.pacer import Pacer
from migpt_speaker.routine import Traits
from migpt_speaker.voice import Ways
from tests.unit.speaker_model import SpeakerModel

DONE = Outcome(OutcomeKind.DONE)
OWNER = "brain/1"
REQUEST_S = 0.04


@dataclass
class ConductorRun:
    """`at(...)` schedules what happens; `run_until` lets time pass."""

    model: SpeakerModel = field(default_factory=SpeakerModel)
    knowledge: Knowledge = field(default_factory=Knowledge)
    settings: SpeechSettings = field(default_factory=SpeechSettings)
    traits: Traits = field(default_factory=Traits)
    ways: Ways = field(default_factory=lambda: Ways(SpeakPath.MINA, SpeakPath.MIOT))
    device_at_s: float = 0.02
    """when within a request the speaker acts on it"""
    silent_paths: set[SpeakPath] = field(default_factory=set)
    outcomes: dict[type, list[Outcome]] = field(default_factory=dict)
    """what the next commands of a kind come to, instead of being obeyed"""
    request_s: dict[type, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = count(1)
        self.now = 0.0
        self.messages: list[tuple[float, Message]] = []
        self.sent: list[tuple[float, Command]] = []
        self.looks = 0
        self.handed: list[HandOver] = []
        self.recalled: list[Recall] = []
        self.conductor = Conductor(
            Pacer(self.knowledge), self.ways, self.traits, self.settings, lambda: f"u{next(ids)}"
        )
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    # scripts

    def at(self, moment: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), act))

    def do(self, moment: float, act: Callable[[float], list[Effect]]) -> None:
        """Something that reaches the rules."""
        self.at(moment, lambda: self._carry_out(act(self.now)))

    def turn(self, moment: float, turn: str = "t1", *, retained: bool = False, **fields: object) -> None:
        body = {"text": "?", "route": "llm", "reason": "mode", "phase": "accepted", "owner": OWNER, "source": "mqtt"}
        message = Turn.model_validate({"turn": turn, **body, **fields})
        self.do(
            moment,
            lambda now: self.conductor.turn_arrived(
                message, now, is_retained=retained, own_slug="here", topic_slug="here"
            ),
        )

    def sentence(self, moment: float, seq: int, text: str, turn: str = "t1", **fields: object) -> None:
        message = Sentence.model_validate({"turn": turn, "seq": seq, "text": text, "src": OWNER, **fields})
        self.do(moment, lambda now: self.conductor.sentence_arrived(message, now))

    def say(self, moment: float, text: str, **fields: object) -> None:
        message = Say.model_validate({"text": text, **fields})
        self.do(moment, lambda now: self.conductor.say(message, now))

    # time

    def run_until(self, end: float) -> None:
        self._carry_out(self.conductor.tick(self.now))
        for _ in range(200_000):
            wakeup = self.conductor.next_wakeup(self.now)
            event = self._events[0][0] if self._events else None
            moment = min((one for one in (wakeup, event) if one is not None), default=end)
            if moment >= end:
                self.now = end
                return
            self.now = max(self.now, moment)
            if event is not None and event <= self.now:
                heapq.heappop(self._events)[2]()
            else:
                self._carry_out(self.conductor.tick(self.now))
        raise AssertionError("time stands still")

    # what came of it

    def phases(self, *, turn: str | None = None) -> list[tuple[str, tuple[int, ...]]]:
        return [(one.phase, tuple(one.seqs)) for one in self.speeches() if turn is None or one.turn == turn]

    def speeches(self) -> list[Speech]:
        return [message for _, message in self.messages if isinstance(message, Speech)]

    def results(self) -> list[Result]:
        return [message for _, message in self.messages if isinstance(message, Result)]

    def heard(self) -> str:
        return "".join(played.text for played in self.model.heard())

    def whole(self) -> list[str]:
        """The texts that were heard to their end."""
        return [played.text for played in self.model.heard() if not played.was_cut]

    def commands(self, kind: type) -> list[tuple[float, Command]]:
        return [(moment, command) for moment, command in self.sent if isinstance(command, kind)]

    # effects

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Publish(message):
                    self.messages.append((self.now, message))
                case Look():
                    self._look()
                case Send(ticket, command):
                    self._send(ticket, command)
                case HandOver():
                    self.handed.append(effect)
                case Recall():
                    self.recalled.append(effect)

    def _look(self) -> None:
        self.looks += 1
        asked_at = self.now
        seen: list[PlayStatus] = []

        def see() -> None:
            playing, is_music = self.model.shows(self.now)
            seen.append(PlayStatus(playing, self.model.volume, 3 if is_music else None))

        self.at(asked_at + min(self.device_at_s, REQUEST_S), see)
        self.do(asked_at + REQUEST_S, lambda now: self.conductor.looked(asked_at, seen[0], now))

    def _send(self, ticket: int, command: Command) -> None:
        self.sent.append((self.now, command))
        outcome = [DONE]
        planned = self.outcomes.get(type(command))
        took_s = self.request_s.get(type(command), REQUEST_S)
        if planned:
            outcome[0] = planned.pop(0)
        else:
            self.at(self.now + min(self.device_at_s, took_s), lambda: self._obey(command, outcome))
        self.do(self.now + took_s, lambda now: self.conductor.outcome(ticket, outcome[0], now))

    def _obey(self, command: Command, outcome: list[Outcome]) -> None:
        match command:
            case Speak(text, path):
                if path not in self.silent_paths and not self.model.speak(text, self.now):
                    outcome[0] = Outcome(OutcomeKind.BUSY, "busy")
            case Silence():
                self.model.silence(self.now)
            case SetVolume(volume):
                self.model.volume = volume
                self.model.volumes.append(volume)
            case Resume():
                self.model.native(self.now, 60, is_music=True)
            case Execute():
                self.model.native(self.now + 0.5, 1.0)
            case _:
                pass
