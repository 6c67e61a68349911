"""The simulated home in running time: speakers on the event loop's clock, what was asked of them, waiting for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeVar

from .behaviour import BusyAnswer, SpeakerBehaviour
from .clock import CloudClock
from .conversation import NativeAnswer, Record
from .faults import FaultPlan, RequestKind
from .home import SimulatedHome, SimulatedSpeaker
from .journal import Event, Journal
from .passport import AccountState, Passport
from .qr_login import QrCodes
from .request_log import RequestLog
from .speaker import Question, Speaker

__all__ = ["JournalEntry", "LiveAccount", "LiveHome", "LiveSpeaker"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An event of one speaker with its number in the home's common journal (from 1)."""

    seq: int
    speaker: str
    event: Event


class _Changes:
    """Wakes everybody who waits whenever something was noted."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        await self._changed.wait()


class LiveSpeaker:
    """One speaker of the running simulator, as a person in the room and a test see it."""

    def __init__(self, spec: SimulatedSpeaker, home: LiveHome) -> None:
        self.slug = spec.slug
        self.spec = spec
        self.journal = Journal()
        self._home = home
        self._core = Speaker(spec, self._note, home.rng)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def behaviour(self) -> SpeakerBehaviour:
        """The settings in force; change them with `configure`."""
        return self._core.behaviour

    @property
    def volume(self) -> int:
        return self._core.room.volume

    @property
    def is_online(self) -> bool:
        return self._core.is_online

    @property
    def is_listening(self) -> bool:
        """Whether the microphone is open after a wake-up."""
        return self._core.room.is_listening(self._home.clock.monotonic())

    @property
    def is_speaking(self) -> bool:
        """Whether speech or XiaoAI's own answer sounds or is about to."""
        self.act(lambda core, now: core.advance(now))
        return self._core.room.is_speaking()

    def say(
        self,
        text: str,
        native: NativeAnswer | str | None = None,
        *,
        publish_delay_s: float | None = None,
        native_delay_s: float | None = None,
        answer_delay_s: float = 0.0,
        is_recorded: bool = True,
    ) -> Record:
        """A person says `text` to the speaker.

        `native` is XiaoAI's own answer (a text is a TTS answer; None: the speaker's default answer). Delays are seconds
        from now, None: the speaker's setting. `answer_delay_s`: the record is visible that much before its answer.
        `is_recorded` False: the history never shows it, as with the bare wake word.
        """
        question = Question(
            text,
            NativeAnswer(text=native) if isinstance(native, str) else native,
            publish_delay_s,
            native_delay_s,
            answer_delay_s,
            is_recorded,
        )
        return self.act(lambda core, now: core.say(now, self._home.clock.wall_ms(now), question))

    def configure(self, **changes: object) -> None:
        """Change settings of `SpeakerBehaviour` from now on, e.g. `configure(new_speech="queues", status_lag_s=1.5)`.

        Raises pydantic's ValidationError for unknown names and bad values.
        """
        self.act(lambda core, now: core.configure(now, changes))

    def be_busy(
        self,
        *,
        calls: int | None = None,
        for_s: float | None = None,
        answer: BusyAnswer | None = None,
        only: frozenset[RequestKind] = frozenset(),
    ) -> None:
        """Refuse the next `calls` requests, or all for `for_s` seconds (`only`: of these kinds)."""
        self.act(lambda core, now: core.be_busy(now, calls=calls, for_s=for_s, answer=answer, only=only))

    def set_online(self, *, is_online: bool) -> None:
        """Bring the speaker into or out of the cloud's reach."""
        self.act(lambda core, now: core.set_online(now, is_online=is_online))

    def act(self, command: Callable[[Speaker, float], T]) -> T:
        """Run a command on the speaker at this moment and arm the timer for what it brings about."""
        now = self._home.clock.monotonic()
        self._core.advance(now)
        try:
            return command(self._core, now)
        finally:
            self._arm()

    async def until(self, is_reached: Callable[[Journal], object], timeout_s: float = 10.0) -> Journal:
        """Wait until `is_reached(journal)` is true; returns the journal. Raises TimeoutError telling what happened."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_reached(self.journal):
                    await self._home.changes.wait()
        except TimeoutError:
            tail = "\n".join(f"  {event}" for event in list(self.journal)[-20:])
            raise TimeoutError(f"not reached within {timeout_s} s at {self.slug}; its last events:\n{tail}") from None
        return self.journal

    def reset(self) -> None:
        """As described at the start: an empty journal and transcript, settings and volume of the description."""
        self.journal = Journal()
        self._core = Speaker(self.spec, self._note, self._home.rng)
        self._arm()

    def close(self) -> None:
        """Nothing happens by itself any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note(self, event: Event) -> None:
        self.journal.append(event)
        self._home.note(self.slug, event)

    def _arm(self) -> None:
        self.close()
        due = self._core.next_due()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self.act, Speaker.advance)


class LiveAccount:
    """One account of the running simulator: its switches, its log-ins, and what its owner holds in the hand."""

    def __init__(self, state: AccountState, home: LiveHome) -> None:
        self.state = state
        self._home = home

    def configure(self, **changes: object) -> None:
        """Change settings of `AccountBehaviour` from now on. Raises pydantic's ValidationError."""
        self.state.behaviour = self.state.behaviour.changed(changes)

    def expire_service_tokens(self, sid: str | None = None) -> int:
        """Let all service tokens (of one sid) be dead from now on; returns how many were alive."""
        return self._home.passport.expire_service_tokens(self.state.account, sid)

    def expire_pass_tokens(self) -> int:
        """Let all passTokens be dead from now on; returns how many there were."""
        return self._home.passport.expire_pass_tokens(self.state.account)

    def browser_pass_token(self) -> str:
        """A passToken as found in the cookies of a browser that is logged in."""
        return self._home.passport.new_pass_token(self._home.clock.monotonic(), self.state.account)

    def codes_sent(self) -> tuple[str, ...]:
        """The verification codes in the owner's phone or mail box, newest last."""
        return self._home.passport.verifications.codes_sent(self.state.account)

    def scan_qr(self) -> bool:
        """The owner scans the newest QR code and confirms; False if none is shown."""
        scanned = self._home.qr_codes.scan(self._home.clock.monotonic(), self.state.account)
        self._home.changes.announce()
        return scanned


@dataclass
class LiveHome:
    """Everything behind the simulated hosts. Lives on one event loop."""

    spec: SimulatedHome
    rng: random.Random = field(init=False)
    clock: CloudClock = field(init=False)
    faults: FaultPlan = field(init=False)
    passport: Passport = field(init=False)
    qr_codes: QrCodes = field(init=False)
    latency_s: float = field(init=False)
    requests: RequestLog = field(default_factory=RequestLog)
    changes: _Changes = field(default_factory=_Changes)
    entries: list[JournalEntry] = field(default_factory=list)
    speakers: dict[str, LiveSpeaker] = field(init=False)
    accounts: dict[str, LiveAccount] = field(init=False)
    _last_seq: int = 0

    def __post_init__(self) -> None:
        self._start_over()
        self._forget_logins()
        self.speakers = {spec.slug: LiveSpeaker(spec, self) for spec in self.spec.speakers}

    def speaker(self, slug: str) -> LiveSpeaker:
        """The speaker with this slug. Raises KeyError."""
        return self.speakers[slug]

    def account(self, account: str | None = None) -> LiveAccount:
        """The account with this Xiaomi ID; the first one without an argument. Raises KeyError."""
        return self.accounts[account or self.spec.accounts[0].account]

    def configure_faults(self, **changes: object) -> None:
        """Change the chances of `FaultRates` from now on. Raises pydantic's ValidationError."""
        self.faults.rates = self.faults.rates.changed(changes)

    def speaker_by_device_id(self, device_id: str) -> LiveSpeaker | None:
        return next((one for one in self.speakers.values() if one.spec.device_id == device_id), None)

    def speaker_by_did(self, did: str) -> LiveSpeaker | None:
        return next((one for one in self.speakers.values() if one.spec.miot_did == did), None)

    def speakers_of(self, account: str) -> list[LiveSpeaker]:
        return [one for one in self.speakers.values() if one.spec.account == account]

    def note(self, slug: str, event: Event) -> None:
        self._last_seq += 1
        self.entries.append(JournalEntry(self._last_seq, slug, event))
        self.changes.announce()

    def entries_after(self, seq: int) -> list[JournalEntry]:
        """The events of all speakers after number `seq`, in order."""
        return list(takewhile(lambda entry: entry.seq > seq, reversed(self.entries)))[::-1]

    def reset(self, *, logins_too: bool = False) -> None:
        """Back to the description: journals, transcripts, settings, faults, clock; tokens only with `logins_too`."""
        self._start_over()
        self.requests.clear()
        self.entries.clear()
        if logins_too:
            self._forget_logins()
        else:
            for spec in self.spec.accounts:
                self.accounts[spec.account].configure(**spec.behaviour.model_dump())
        for speaker in self.speakers.values():
            speaker.reset()
        self.changes.announce()

    def expire_qr_codes(self) -> int:
        """Let all QR codes be too old from now on; returns how many were still good."""
        count = self.qr_codes.expire(self.clock.monotonic())
        self.changes.announce()
        return count

    def close(self) -> None:
        """Stop all timers."""
        for speaker in self.speakers.values():
            speaker.close()

    def _start_over(self) -> None:
        self.rng = random.Random(self.spec.seed)
        self.clock = CloudClock(self.spec.clock_skew_s)
        self.faults = FaultPlan(random.Random(self.spec.seed), self.spec.faults)
        self.latency_s = self.spec.latency_s

    def _forget_logins(self) -> None:
        # Not from the seed: a token of an earlier run must never fit by repetition.
        self.passport = Passport(self.spec.accounts, random.SystemRandom())
        self.qr_codes = QrCodes(random.SystemRandom())
        self.accounts = {account: LiveAccount(state, self) for account, state in self.passport.accounts.items()}
