"""The story of a turn, put together from what the bus and (in the demo) the room tell; pure.

All moments are monotonic seconds of this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from migpt_shared.messages import Address, Heard, Sentence, Speech, SpeechPhase, Turn


class RoomSound(StrEnum):
    """What can be heard, or happens, in a room; named as in the simulator's journal."""

    QUESTION_SAID = "question_said"
    RECORD_VISIBLE = "record_visible"
    NATIVE_STARTED = "native_started"
    NATIVE_ENDED = "native_ended"
    SOUND_STARTED = "sound_started"
    SOUND_ENDED = "sound_ended"
    SOUND_CUT = "sound_cut"
    MEDIA_STARTED = "media_started"


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """Something that happened in the room of a speaker."""

    kind: RoomSound
    at: float
    text: str
    heard_s: float | None = None
    chars_heard: int | None = None
    cut_by: str | None = None


@dataclass(slots=True)
class Spoken:
    """One TTS request: what the speaker service says of it, and what the room heard of it."""

    id: str
    speaker: str
    take: int
    seqs: tuple[int, ...]
    text: str
    phase: SpeechPhase
    requested_at: float | None = None
    attempt: int = 1
    error: str | None = None
    believed_start_at: float | None = None
    believed_end_at: float | None = None
    sound_started_at: float | None = None
    sound_ended_at: float | None = None
    chars_heard: int | None = None
    """None: all of it, once it has ended"""

    @property
    def was_cut(self) -> bool:
        return self.chars_heard is not None and self.chars_heard < len(self.text)


@dataclass(slots=True)
class NativeAnswer:
    """XiaoAI's own answer in the room."""

    text: str
    started_at: float
    ended_at: float | None = None
    heard_s: float | None = None
    cut_by: str | None = None


class Change(StrEnum):
    """What a reader is told of."""

    SAID = "said"
    VISIBLE = "visible"
    HEARD = "heard"
    DECIDED = "decided"
    SENTENCE = "sentence"
    REQUESTED = "requested"
    RETRYING = "retrying"
    SOUNDING = "sounding"
    SPOKEN = "spoken"
    CUT = "cut"
    FAILED = "failed"
    NATIVE_STARTED = "native_started"
    NATIVE_ENDED = "native_ended"
    MEDIA = "media"
    CLOSED = "closed"


@dataclass(slots=True)
class Story:
    """One utterance and what became of it."""

    address: Address
    text: str
    is_live: bool = True
    said_at: float | None = None
    visible_at: float | None = None
    heard_at: float | None = None
    accepted_at: float | None = None
    closed_at: float | None = None
    turn: Turn | None = None
    take: int = 0
    sentences: dict[int, str] = field(default_factory=dict)
    spoken: list[Spoken] = field(default_factory=list)
    native: NativeAnswer | None = None
    media: str | None = None

    @property
    def is_closed(self) -> bool:
        return self.turn is not None and not self.turn.is_open

    @property
    def first_sound_at(self) -> float | None:
        return min((one.sound_started_at for one in self.spoken if one.sound_started_at is not None), default=None)

    def on(self, speaker: str) -> list[Spoken]:
        """What this speaker was asked to speak, in order, of the last take."""
        return [one for one in self.spoken if one.speaker == speaker]

    def speakers(self) -> list[str]:
        """The speakers that answer, the asked one first."""
        named = self.turn.speakers if self.turn and self.turn.speakers else [self.address.speaker]
        return sorted(named, key=lambda speaker: (speaker != self.address.speaker, speaker))


@dataclass(frozen=True, slots=True)
class Beat:
    """Something that changed in a story, for those who read line by line."""

    change: Change
    story: Story
    at: float
    text: str = ""
    spoken: Spoken | None = None


_CHANGES: dict[SpeechPhase, Change] = {
    "requested": Change.REQUESTED,
    "retrying": Change.RETRYING,
    "speaking": Change.SOUNDING,
    "spoken": Change.SPOKEN,
    "interrupted": Change.CUT,
    "failed": Change.FAILED,
    "expired": Change.FAILED,
}
_HEARD_IN_THE_ROOM = frozenset({Change.SOUNDING, Change.SPOKEN, Change.CUT})

#: How far apart the room and the transcript may be for the same utterance, seconds.
_SAME_UTTERANCE_S = 30.0
_STORIES_KEPT = 200


@dataclass(slots=True)
class StoryBook:
    """All stories, oldest first. Every method returns what changed."""

    has_room: bool = False
    """what sounds is told by the room; False: by what the speaker service believes"""
    stories: list[Story] = field(default_factory=list)
    _by_turn: dict[str, Story] = field(default_factory=dict)

    def of_turn(self, turn: str) -> Story | None:
        """The story of that turn, if it is still kept."""
        return self._by_turn.get(turn)

    # -- the bus

    def heard(self, address: Address, heard: Heard, at: float) -> list[Beat]:
        turn_id = heard.turn or heard.id
        if turn_id in self._by_turn:
            story = self._by_turn[turn_id]
            if story.heard_at is not None:
                return []  # published again
        else:
            story = self._unclaimed(address, heard.text, at) or self._begin(address, heard.text)
            self._by_turn[turn_id] = story
        story.heard_at = at
        return [Beat(Change.HEARD, story, at)]

    def turn(self, address: Address, turn: Turn, at: float, *, retained: bool = False) -> list[Beat]:
        story = self._by_turn.get(turn.turn)
        if story is None:
            if retained and not turn.is_open:
                return []  # an old one
            claimed = self._unclaimed(address, turn.text, at) if turn.source == "speaker" else None
            story = self._by_turn[turn.turn] = claimed or self._begin(address, turn.text)
            story.is_live = not retained
        was_closed, before = story.is_closed, story.turn
        if turn.take > story.take:
            story.take = turn.take
            story.sentences.clear()
        story.turn = turn
        beats = []
        if before is None or turn.take > before.take:
            story.accepted_at = at
            beats.append(Beat(Change.DECIDED, story, at))
        if story.is_closed and not was_closed:
            story.closed_at = at
            beats.append(Beat(Change.CLOSED, story, at))
        return beats

    def sentence(self, address: Address, sentence: Sentence, at: float) -> list[Beat]:
        story = self._by_turn.get(sentence.turn)
        if story is None or not sentence.text or sentence.take < story.take:
            return []
        is_new = story.sentences.get(sentence.seq) != sentence.text
        story.sentences[sentence.seq] = sentence.text
        return [Beat(Change.SENTENCE, story, at, sentence.text)] if is_new else []

    def speech(self, address: Address, speech: Speech, at: float) -> list[Beat]:
        story = self._by_turn.get(speech.turn or "")
        if story is None:
            return []
        spoken = next((one for one in story.spoken if one.id == speech.utterance), None)
        if spoken is None:
            spoken = Spoken(
                speech.utterance, address.speaker, speech.take, tuple(speech.seqs), speech.text, speech.phase
            )
            story.spoken.append(spoken)
        spoken.phase, spoken.attempt, spoken.error = speech.phase, speech.attempt, speech.error
        is_first = False
        match speech.phase:
            case "requested":
                is_first = spoken.requested_at is None
                spoken.requested_at = spoken.requested_at or at
            case "speaking":
                is_first = spoken.believed_start_at is None
                spoken.believed_start_at = spoken.believed_start_at or at
            case "spoken" | "interrupted" | "failed" | "expired":
                is_first = spoken.believed_end_at is None
                spoken.believed_end_at = at
        change = _CHANGES[speech.phase]
        if not (is_first or change is Change.RETRYING) or (self.has_room and change in _HEARD_IN_THE_ROOM):
            return []
        return [Beat(change, story, at, speech.text, spoken)]

    # -- the room

    def room(self, address: Address, event: RoomEvent) -> list[Beat]:
        """Something was heard in the room of a speaker."""
        match event.kind:
            case RoomSound.QUESTION_SAID:
                story = self._begin(address, event.text)
                story.said_at = event.at
                return [Beat(Change.SAID, story, event.at)]
            case RoomSound.RECORD_VISIBLE:
                found = self._last(address, lambda one: one.text == event.text and one.visible_at is None)
                if found is None or found.said_at is None:
                    return []
                found.visible_at = event.at
                return [Beat(Change.VISIBLE, found, event.at)]
            case RoomSound.SOUND_STARTED | RoomSound.SOUND_ENDED | RoomSound.SOUND_CUT:
                return self._sound(address, event)
        story_now = self._last(address, lambda one: one.said_at is not None)
        if story_now is None:
            return []
        return self._native(story_now, event)

    def _native(self, story: Story, event: RoomEvent) -> list[Beat]:
        if event.kind is RoomSound.NATIVE_STARTED:
            story.native = NativeAnswer(event.text, event.at)
            return [Beat(Change.NATIVE_STARTED, story, event.at, event.text)]
        if event.kind is RoomSound.MEDIA_STARTED:
            story.media = event.text
            return [Beat(Change.MEDIA, story, event.at, event.text)]
        native = story.native
        if native is None:
            return []
        native.ended_at, native.heard_s, native.cut_by = event.at, event.heard_s, event.cut_by
        return [Beat(Change.NATIVE_ENDED, story, event.at, event.text)]

    def _sound(self, address: Address, event: RoomEvent) -> list[Beat]:
        """The room knows texts, the speaker service knows utterances: the oldest with that text is the one."""

        def fits(one: Spoken) -> bool:
            if one.speaker != address.speaker or one.text != event.text:
                return False
            if event.kind is RoomSound.SOUND_STARTED:
                return one.sound_started_at is None or one.was_cut  # cut by an alarm, and spoken again
            return one.sound_ended_at is None

        for story in self.stories:
            if story.address.household != address.household:
                continue
            spoken = next((one for one in story.spoken if fits(one)), None)
            if spoken is None:
                continue
            if event.kind is RoomSound.SOUND_STARTED:
                spoken.sound_started_at, spoken.sound_ended_at, spoken.chars_heard = event.at, None, None
                return [Beat(Change.SOUNDING, story, event.at, event.text, spoken)]
            spoken.sound_ended_at = event.at
            if event.kind is RoomSound.SOUND_CUT:
                spoken.chars_heard = event.chars_heard
                return [Beat(Change.CUT, story, event.at, event.text, spoken)]
            return [Beat(Change.SPOKEN, story, event.at, event.text, spoken)]
        return []

    # -- keeping

    def _begin(self, address: Address, text: str) -> Story:
        story = Story(address, text)
        self.stories.append(story)
        if len(self.stories) > _STORIES_KEPT:
            gone = self.stories.pop(0)
            self._by_turn = {turn: kept for turn, kept in self._by_turn.items() if kept is not gone}
        return story

    def _unclaimed(self, address: Address, text: str, at: float) -> Story | None:
        """The story of an utterance that the room heard and that has no turn yet."""
        claimed = {id(story) for story in self._by_turn.values()}
        return next(
            (
                story
                for story in self.stories
                if story.address == address
                and story.text == text
                and id(story) not in claimed
                and story.said_at is not None
                and at - story.said_at < _SAME_UTTERANCE_S
            ),
            None,
        )

    def _last(self, address: Address, fits: Callable[[Story], bool]) -> Story | None:
        return next((one for one in reversed(self.stories) if one.address == address and fits(one)), None)


def joined(texts: Iterable[str]) -> str:
    """Texts one after another, compared without white space."""
    return "".join("".join(text.split()) for text in texts)


def heard_in_room(story: Story, speaker: str) -> str:
    """What the room of a speaker heard of the answer."""
    return joined(
        one.text if one.chars_heard is None else one.text[: one.chars_heard]
        for one in story.on(speaker)
        if one.sound_ended_at is not None
    )
