"""One household as Home Assistant is to see it: from messages to what has to be published; pure.

Times are monotonic seconds. Every bridge keeps the view of every household up to date; the owner alone publishes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migpt_ha_bridge.speakers.bridge_entities import bridge_entities
from migpt_ha_bridge.speakers.bulletin import DiscoveryBulletin, Notice, StateBulletin
from migpt_ha_bridge.speakers.components import Entity, without
from migpt_ha_bridge.speakers.discovery import (
    Manner,
    Payload,
    bridge_id,
    bridge_payload,
    speaker_id,
    speaker_payload,
)
from migpt_ha_bridge.speakers.events import TurnEvents, choice_event
from migpt_ha_bridge.speakers.facts import HouseholdFacts, ServiceFacts
from migpt_ha_bridge.speakers.paths import AVAILABILITY, Paths
from migpt_ha_bridge.speakers.speaker_entities import speaker_entities, speaker_triggers
from migpt_ha_bridge.speakers.states import (
    CONVERSATION_EXPIRES_S,
    CONVERSATION_KEYS,
    ONLINE,
    answer_text,
    bridge_states,
    default_states,
    forgotten_states,
    speaker_states,
)
from migpt_shared.messages import (
    HOME,
    Account,
    Ask,
    BrainState,
    Event,
    Heard,
    HearingState,
    HomeState,
    Native,
    Result,
    SpeakerInfo,
    SpeechState,
    Turn,
)

#: A speaker that the broker knows of from before, and that nobody has told of since the bridge came, is gone when it
#: has not shown up for so long.
GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say about a household's devices."""

    manner: Manner
    is_shown: bool = True
    """the speakers appear in Home Assistant at all"""
    speakers: frozenset[str] | None = None
    """the configured speakers; None: all of the account"""
    leave_out: frozenset[str] = frozenset()
    presets: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    commands_home: bool = False
    """the speakers command the home too"""


@dataclass(slots=True)
class HouseholdView:
    """Feed it with what arrives; `settle` says what has to be published."""

    paths: Paths
    wishes: Wishes
    services: Mapping[str, ServiceFacts]
    """the services by name; shared by all households"""
    facts: HouseholdFacts = field(default_factory=HouseholdFacts)
    _states: StateBulletin = field(init=False, default_factory=StateBulletin)
    _discovery: DiscoveryBulletin = field(init=False)
    _events: dict[str, TurnEvents] = field(init=False, default_factory=dict)
    _gone: set[str] = field(init=False, default_factory=set)
    _grace_ends: float | None = field(init=False, default=None)
    _is_in_grace: bool = field(init=False, default=True)
    _is_outdated: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self._discovery = DiscoveryBulletin(self.paths)

    # -- what the settings say -----------------------------------------------------------------------------------

    def wish(self, wishes: Wishes) -> None:
        self.wishes = wishes
        self._is_outdated = True

    def at(self, paths: Paths) -> HouseholdView:
        """The same household for a Home Assistant that looks elsewhere."""
        view = HouseholdView(paths, self.wishes, self.services, self.facts)
        view._events = self._events
        return view

    # -- what the services say -----------------------------------------------------------------------------------

    def info_seen(self, unit: str, info: SpeakerInfo) -> None:
        self.facts.speaker(unit).info = info
        self._gone.discard(unit)
        self._is_outdated = True

    def info_cleared(self, unit: str) -> None:
        """The speaker is not of the household any more."""
        self.facts.speakers.pop(unit, None)
        self._events.pop(unit, None)
        self._states.forget(self.paths.below(unit))
        self._gone.add(unit)
        self._is_outdated = True

    def state_seen(self, unit: str, state: HearingState | BrainState | SpeechState) -> None:
        speaker = self.facts.speaker(unit)
        match state:
            case HearingState():
                speaker.hearing = state
            case BrainState():
                self._is_outdated |= speaker.brain is None or _choice(state) != _choice(speaker.brain)
                speaker.brain = state
            case SpeechState():
                speaker.speech = state
        self._show(unit)

    def account_seen(self, account: Account) -> None:
        self.facts.account = account
        for unit in self.facts.speakers:
            self._show(unit)
        self.show_bridge()

    def home_seen(self, home: HomeState) -> None:
        self.facts.home = home
        self.show_bridge()

    def turn_seen(self, unit: str, turn: Turn, *, is_news: bool) -> list[Event]:
        speaker, events = self.facts.speaker(unit), self._events_of(unit)
        told = events.turn(turn, is_news=is_news)
        speaker.turn = turn
        if not turn.is_open:
            self._note_answer(unit, turn, events.native_answer(turn.turn))
        if turn.phase == "failed" and turn.error:
            speaker.problem = turn.error
        self._show(unit)
        return told

    def heard(self, unit: str, heard: Heard) -> list[Event]:
        events = self._events_of(unit)
        told = events.heard(heard)
        turn = self.facts.speaker(unit).turn
        if turn is not None and not turn.is_open and turn.turn in (heard.turn, heard.id):
            self._note_answer(unit, turn, events.native_answer(turn.turn))
            self._show(unit)
        return told

    def turn_cleared(self, unit: str) -> None:
        """The conversation is to be forgotten."""
        self.facts.speaker(unit).forget_conversation()
        self._put(unit, forgotten_states())

    def command_seen(self, unit: str, command: Ask | Native) -> None:
        """A text was sent to the speaker by command."""
        speaker = self.facts.speaker(unit)
        if isinstance(command, Ask):
            speaker.asked = command.text
        else:
            speaker.ordered = command.text
        self._show(unit)

    def result_seen(self, unit: str, result: Result) -> list[Event]:
        """A command was answered. One that failed has changed nothing: Home Assistant is told once more what is."""
        if not result.ok:
            self.facts.speaker(unit).problem = result.error
            self._show(unit)
            self._states.say_again(self.paths.below(unit))
        event = choice_event(result)
        return [] if event is None else [event]

    def show_bridge(self) -> None:
        """Something about services, account or home has changed."""
        self._put(HOME, bridge_states(self.facts, self.services))

    # -- what the broker says ------------------------------------------------------------------------------------

    def state_stands(self, topic: str, payload: bytes) -> None:
        """One of our own retained states, from before the subscription."""
        if payload:
            self._states.seen(topic, payload)

    def discovery_stands(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Something on a discovery topic."""
        self._discovery.seen(topic, payload, retained=retained)

    def lost_sight(self) -> None:
        """The connection is gone."""
        self._states.lost_sight()
        self._discovery.lost_sight()
        self._grace_ends = None

    def say_again(self) -> None:
        """Home Assistant has started: publish everything anew."""
        self._discovery.say_again()
        self._states.say_again()

    @property
    def deleted_by_user(self) -> frozenset[str]:
        return self._discovery.deleted_by_user

    # -- what follows --------------------------------------------------------------------------------------------

    def due_at(self) -> float | None:
        """When to settle again at the latest; None: when something changes."""
        grace_ends = self._grace_ends if self._is_in_grace else None
        return min((at for at in (self._discovery.due_at(), grace_ends) if at is not None), default=None)

    def settle(self, now: float) -> list[Notice]:
        """What has to be published now: availability and states that are new, and discovery that is.

        Call it only while everything retained has been received, else what is not known yet is taken for gone.
        """
        if self._grace_ends is None:
            self._grace_ends, self._is_in_grace = now + GRACE_S, True
            self._is_outdated = True
        elif self._is_in_grace and now >= self._grace_ends:
            self._is_in_grace = False
            self._is_outdated = True
        if self._is_outdated:
            self._arrange()
        return [*self._discovery.settle(now, self._is_gone), *self._states.settle(self._is_gone)]

    def _is_gone(self, unit: str) -> bool:
        return (
            not self.wishes.is_shown
            or unit in self._gone
            or (self.wishes.speakers is not None and unit not in self.wishes.speakers)
            or not self._is_in_grace
        )

    def _arrange(self) -> None:
        """Which devices, entities and topics there should be."""
        self._is_outdated = False
        payloads: dict[str, Payload] = {}
        topics: set[str] = set()
        if self.wishes.is_shown:
            entities = without(bridge_entities(commands_home=self.wishes.commands_home), self.wishes.leave_out)
            bridge = bridge_payload(entities, self.paths, self.wishes.manner)
            payloads[self.paths.discovery(bridge_id(self.paths.household))] = bridge
            topics |= self._topics(HOME, entities)
            for unit, info in self._shown():
                entities = without(self._entities_of(unit), self.wishes.leave_out)
                payloads[self.paths.discovery(speaker_id(info))] = speaker_payload(
                    info, unit, entities, speaker_triggers(), self.paths, self.wishes.manner
                )
                topics |= self._topics(unit, entities)
                self._put(unit, default_states(), are_defaults=True)
                self._show(unit)
            self.show_bridge()
            self._put(HOME, {AVAILABILITY: ONLINE})
        self._discovery.want(payloads)
        self._states.permit(frozenset(topics))

    def _shown(self) -> list[tuple[str, SpeakerInfo]]:
        wanted = self.wishes.speakers
        return [
            (unit, speaker.info)
            for unit, speaker in sorted(self.facts.speakers.items())
            if speaker.info is not None and (wanted is None or unit in wanted)
        ]

    def _entities_of(self, unit: str) -> list[Entity]:
        brain = self.facts.speaker(unit).brain
        chosen_preset, chosen_persona = _choice(brain) if brain is not None else (None, None)
        presets, personas = list(self.wishes.presets), list(self.wishes.personas)
        for names, chosen in ((presets, chosen_preset), (personas, chosen_persona)):
            if chosen is not None and chosen not in names:
                names.append(chosen)
        return speaker_entities(presets, personas)

    def _topics(self, unit: str, entities: list[Entity]) -> set[str]:
        keys = {key for entity in entities for key in entity.keys}
        return {self.paths.state(unit, key) for key in (*keys, AVAILABILITY)}

    def _show(self, unit: str) -> None:
        self._put(unit, speaker_states(self.facts.speaker(unit), self.facts.account))

    def _put(self, unit: str, states: Mapping[str, str], *, are_defaults: bool = False) -> None:
        for key, text in states.items():
            expires_s = CONVERSATION_EXPIRES_S if key in CONVERSATION_KEYS else None
            topic = self.paths.state(unit, key)
            self._states.put(topic, text, expires_s=expires_s, is_default=are_defaults)

    def _note_answer(self, unit: str, turn: Turn, native_answer: str | None) -> None:
        if answer_text(turn, native_answer):
            speaker = self.facts.speaker(unit)
            speaker.answered, speaker.native_answer = turn, native_answer

    def _events_of(self, unit: str) -> TurnEvents:
        return self._events.setdefault(unit, TurnEvents())


def _choice(state: BrainState) -> tuple[str | None, str | None]:
    """What decides which options there are."""
    return state.preset, state.persona
