"""The speakers there are, from what the broker keeps about them, and which of them a person means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from migpt_cli.connection import Connection
from migpt_cli.outcome import CommandFailedError
from migpt_shared.bus import Cleared, Delivery, Subscription
from migpt_shared.language import Phrase
from migpt_shared.messages import (
    EVERYBODY,
    Account,
    Address,
    BrainState,
    HearingState,
    SpeakerInfo,
    SpeechState,
)

DIRECTORY = tuple(Subscription(kind) for kind in (SpeakerInfo, HearingState, BrainState, SpeechState, Account))

_NONE = Phrase(
    zh="还没有发现任何音箱。服务在运行吗（./migpt up）？账号登录了吗？",
    en="no speaker is known yet. Do the services run (./migpt up), and is the account logged in?",
)
_SEVERAL = Phrase(
    zh="有几台音箱，请用 --speaker 指定一台：{names}", en="there are several speakers; choose one by --speaker: {names}"
)
_UNKNOWN = Phrase(zh="没有叫“{wanted}”的音箱。现有：{names}", en="no speaker is called {wanted!r}. There are: {names}")
_AMBIGUOUS = Phrase(
    zh="“{wanted}”对应几台音箱，请写全：{names}", en="{wanted!r} fits several speakers; write it in full: {names}"
)


@dataclass(slots=True)
class KnownSpeaker:
    """What is known of one speaker."""

    address: Address
    info: SpeakerInfo | None = None
    hearing: HearingState | None = None
    brain: BrainState | None = None
    speech: SpeechState | None = None

    @property
    def name(self) -> str:
        return self.info.name if self.info else self.address.speaker

    @property
    def described(self) -> str:
        """Address and name, as in `home/living_room（客厅小爱）`."""
        return f"{self.address}（{self.info.name}）" if self.info else str(self.address)

    @property
    def is_served(self) -> bool:
        """Somebody hears, answers and speaks for it."""
        states = (self.hearing, self.brain, self.speech)
        return all(state is not None and state.owner is not None for state in states)

    def is_called(self, wanted: str) -> bool:
        info = self.info
        names = {str(self.address), self.address.speaker}
        if info is not None:
            names |= {info.name} | ({info.area} if info.area else set())
        return wanted in names


@dataclass(slots=True)
class Directory:
    """Feed it what arrives on the subscriptions `DIRECTORY`."""

    speakers: dict[Address, KnownSpeaker] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def take(self, arrived: Delivery | Cleared) -> bool:
        """True when it was about a speaker or an account."""
        if isinstance(arrived, Cleared):
            return False
        match arrived.message:
            case SpeakerInfo() as info:
                self._speaker(arrived.address).info = info
            case HearingState() as hearing:
                self._speaker(arrived.address).hearing = hearing
            case BrainState() as brain:
                self._speaker(arrived.address).brain = brain
            case SpeechState() as speech:
                self._speaker(arrived.address).speech = speech
            case Account() as account:
                self.accounts[arrived.places["household"]] = account
            case _:
                return False
        return True

    def sorted(self) -> list[KnownSpeaker]:
        """The speakers that a poller has described, by address."""
        return [self.speakers[address] for address in sorted(self.speakers) if self.speakers[address].info is not None]

    def _speaker(self, address: Address) -> KnownSpeaker:
        return self.speakers.setdefault(address, KnownSpeaker(address))


async def read_directory(connection: Connection) -> Directory:
    """Everything the broker keeps about speakers and accounts. The connection must have subscribed `DIRECTORY`."""
    await connection.synchronised()
    directory = Directory()
    while not connection.inbox.empty():
        directory.take(connection.inbox.get_nowait())
    return directory


def choose_speakers(wanted: str | None, known: Iterable[KnownSpeaker]) -> tuple[Address, list[KnownSpeaker]]:
    """Where a command for the wanted speaker goes, and the speakers that it reaches.

    `wanted`: household/speaker, the speaker's part of it, its name, its area, `all`, or household/all. None: the only
    one there is. Raises CommandFailedError, with the names there are, when that is not clear.
    """
    speakers = list(known)
    if not speakers:
        raise CommandFailedError(_NONE)
    names = ", ".join(speaker.described for speaker in speakers)
    if wanted is None:
        if len(speakers) > 1:
            raise CommandFailedError(_SEVERAL, exit_code=2, names=names)
        return speakers[0].address, speakers
    if wanted in (EVERYBODY, f"{EVERYBODY}/{EVERYBODY}"):
        return Address(EVERYBODY, EVERYBODY), speakers
    household, _, rest = wanted.partition("/")
    if rest == EVERYBODY:
        found = [speaker for speaker in speakers if speaker.address.household == household]
        if found:
            return Address(household, EVERYBODY), found
    found = [speaker for speaker in speakers if speaker.is_called(wanted)]
    if len(found) > 1:
        raise CommandFailedError(_AMBIGUOUS, exit_code=2, wanted=wanted, names=names)
    if not found:
        raise CommandFailedError(_UNKNOWN, exit_code=2, wanted=wanted, names=names)
    return found[0].address, found
