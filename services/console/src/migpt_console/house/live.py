"""The whole house as it is now: speakers, accounts, processes and the last turns; bounded. Pure: times come in."""

from __future__ import annotations

from migpt_console.house.feed import Change, Feed
from migpt_console.house.residents import Process, Speaker
from migpt_shared.bus import Delivery
from migpt_shared.messages import (
    PRESENCE_EXPIRES_S,
    Account,
    Address,
    BrainState,
    Heard,
    HearingState,
    HomeState,
    Presence,
    Sentence,
    SpeakerInfo,
    Speech,
    SpeechState,
    Turn,
)
from migpt_shared.story import Beat, Story, StoryBook
from migpt_shared.story import Change as Step

#: A household has a few; more than this is somebody filling our memory.
MOST_SPEAKERS = 2000
MOST_PROCESSES = 500


class House:
    """Feed it deliveries; read its fields; watch `feed`."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.speakers: dict[Address, Speaker] = {}
        self.accounts: dict[str, Account] = {}
        self.homes: dict[str, HomeState] = {}
        self.processes: dict[tuple[str, str], Process] = {}
        self.stories = StoryBook()

    def receive(self, delivery: Delivery) -> Story | None:
        """Take a message in. Returns the turn that this message has ended, if it has."""
        ended: Story | None = None
        at = delivery.arrived
        match delivery.message:
            case Heard() as heard:
                self._tell(self.stories.heard(delivery.address, heard, at))
            case Turn() as turn:
                beats = self.stories.turn(delivery.address, turn, at, retained=delivery.retained)
                ended = next((beat.story for beat in beats if beat.change is Step.CLOSED), None)
                self._tell(beats)
                if not beats and (story := self.stories.of_turn(turn.turn)):
                    self.feed.tell(Change("story", story))
            case Sentence() as sentence:
                self._tell(self.stories.sentence(delivery.address, sentence, at))
            case Speech() as speech:
                self._tell(self.stories.speech(delivery.address, speech, at))
            case SpeakerInfo() | HearingState() | BrainState() | SpeechState() as state:
                self._speaker_says(delivery.address, state)
            case Account() as account:
                self.accounts[delivery.places["household"]] = account
                self.feed.tell(Change("services"))
            case HomeState() as home:
                self.homes[delivery.places["household"]] = home
                self.feed.tell(Change("services"))
            case Presence() as presence:
                self._presence(delivery.places["service"], delivery.places["instance"], presence, at)
            case _:
                pass
        return ended

    def living(self, now: float) -> list[Process]:
        """The processes that are online, by name."""
        dead = [key for key, one in self.processes.items() if now - one.seen_at > PRESENCE_EXPIRES_S]
        for key in dead:
            del self.processes[key]
        return [self.processes[key] for key in sorted(self.processes)]

    def sorted_speakers(self) -> list[Speaker]:
        """All speakers that were introduced, by household and slug."""
        return [one for _, one in sorted(self.speakers.items()) if one.info is not None]

    def default_speaker(self, household: str | None = None) -> Speaker | None:
        """The speaker that stands for the house where none is named: the first that is served, else the first."""
        known = [one for one in self.sorted_speakers() if household in (None, one.address.household)]
        return next((one for one in known if one.is_served), known[0] if known else None)

    def latest_story(self, address: Address) -> Story | None:
        """The last turn of that speaker."""
        return next((one for one in reversed(self.stories.stories) if one.address == address), None)

    def connected_home(self) -> str | None:
        """A household whose Home Assistant is connected."""
        return next((name for name, state in sorted(self.homes.items()) if state.connected), None)

    def _speaker_says(self, address: Address, state: SpeakerInfo | HearingState | BrainState | SpeechState) -> None:
        speaker = self.speakers.get(address)
        if speaker is None:
            if len(self.speakers) >= MOST_SPEAKERS:
                return
            speaker = self.speakers[address] = Speaker(address)
        match state:
            case SpeakerInfo():
                speaker.info = state
            case HearingState():
                speaker.hearing = state
            case BrainState():
                speaker.brain = state
            case SpeechState():
                speaker.speech = state
        self.feed.tell(Change("speakers"))

    def _presence(self, service: str, instance: str, presence: Presence, at: float) -> None:
        if presence.status == "offline":
            self.processes.pop((service, instance), None)
        elif len(self.processes) < MOST_PROCESSES or (service, instance) in self.processes:
            self.processes[service, instance] = Process(service, instance, presence, at)
        self.feed.tell(Change("services"))

    def _tell(self, beats: list[Beat]) -> None:
        for story in {id(beat.story): beat.story for beat in beats}.values():
            self.feed.tell(Change("story", story))
