"""One Xiaomi account: its login, its list of speakers, and a poller for each speaker that this process owns."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from migpt_poller.backoff import SESSION_ERRORS, login_wait_s, wait_after_failures_s
from migpt_poller.cloud_clock import CloudClock
from migpt_poller.hearing_store import HearingStore
from migpt_poller.listener import Listener
from migpt_poller.request_budget import RequestBudget
from migpt_poller.speaker_poller import SpeakerPoller, Surroundings, local_time
from migpt_poller.tally import Tally
from migpt_shared.messages import Account, Address
from migpt_shared.ownership import rendezvous_first
from migpt_shared.service import Context
from migpt_shared.settings import Settings
from migpt_shared.xiaomi import Device, LoginCoolingDown, XiaomiError
from migpt_shared.xiaomi.household_cloud import household_cloud
from migpt_shared.xiaomi.speaker_choice import Choice, ChosenSpeaker, SpeakerNamesError, choose, wanted_speakers

log = structlog.get_logger(__name__)

#: The list of speakers is read sooner while there is none to poll or after a failed request, but not more often.
_LIST_AT_MOST_EVERY_S = 10.0
#: The account's state is published again after so long even if nothing but the age of its tokens has changed.
_ACCOUNT_EVERY_S = 300.0


class HouseholdPoller:
    """One household of the settings. `introduce` is called with every speaker that is found, before it is polled;
    `kept` with the household's name and the names of all its speakers, as often as they are listed.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        context: Context,
        tally: Tally,
        introduce: Callable[[SpeakerPoller], None],
        kept: Callable[[str, frozenset[str]], None],
    ) -> None:
        self.name = name
        self.pollers: dict[str, SpeakerPoller] = {}
        self._context = context
        self._introduce = introduce
        self._kept = kept
        self._wanted = wanted_speakers(settings.households[name].speakers)
        self._clock = CloudClock()
        self._cloud = household_cloud(name, settings.households[name], settings.data_dir)
        self._around = Surroundings(
            owner=context.src,
            bus=context.bus,
            cloud=self._cloud,
            settings=settings.hearing,
            budget=RequestBudget(settings.hearing),
            store=HearingStore(settings.data_dir / "poller"),
            tally=tally,
            outcome=self._request_ended,
        )
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._called = asyncio.Event()
        self._login_is_wanted = False
        self._listed_at = 0.0
        self._list_failures = 0
        self._retry_s = 0.0
        self._absent: frozenset[str] | None = None
        self._session_trouble: str | None = None
        self._account: Account | None = None
        self._account_at = 0.0

    async def run(self) -> None:
        """Serve the household until cancelled. Raises SpeakerNamesError when its speakers cannot be told apart."""
        try:
            async with self._cloud:
                while (choice := await self._list()) is None:
                    await self._rest()
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    self._meet(choice)
                    while True:
                        await self._rest()
                        await self._look_again()
        finally:
            self._tasks = None
            for poller in self.pollers.values():
                self._context.ownership.withdraw(poller.address)

    def acquire(self, speaker: str) -> None:
        """Poll the speaker from now on."""
        if self._tasks is None:
            raise RuntimeError("a speaker is offered only while the household is served")
        poller = self.pollers[speaker]
        self._running[speaker] = self._tasks.create_task(poller.run(), name=f"hear {poller.address}")

    def release(self, speaker: str) -> None:
        """Poll the speaker no more."""
        if task := self._running.pop(speaker, None):
            task.cancel()
        self._around.budget.hand_over(speaker)

    async def stop(self) -> None:
        """Stop polling, and write down how far everything was read."""
        running, self._running = self._running, {}
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
        for speaker in running:
            await self.pollers[speaker].store_now()

    def log_in_again(self) -> None:
        """A person has done something about the login: try once, now."""
        self._login_is_wanted = True
        self._called.set()

    def publish_again(self) -> None:
        """The broker may have lost what it kept."""
        self._account = None
        self._publish_account()
        for speaker in self._running:
            self.pollers[speaker].publish_info()

    async def _rest(self) -> None:
        """Wait until it is time to list the speakers again."""
        rest_s = self._around.settings.presence_every_s
        if self._list_failures:
            rest_s = min(rest_s, self._retry_s)
        elif not self.pollers:
            rest_s = min(rest_s, _LIST_AT_MOST_EVERY_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._called.wait()
        self._called.clear()
        if self._login_is_wanted:
            self._login_is_wanted = False
            state = await self._cloud.login_again()
            log.info("login_tried_again", household=self.name, ok=state.ok)
            self._account = None  # whoever asked wants to hear how it stands, though nothing may have changed
            for poller in self.pollers.values():
                poller.login_changed()

    async def _look_again(self) -> None:
        try:
            choice = await self._list()
        except SpeakerNamesError as error:
            log.error("speakers_ambiguous", household=self.name, reason=str(error), still="the former speakers")
            return
        if choice is not None:
            self._meet(choice)

    async def _list(self) -> Choice | None:
        """The household's speakers as the account lists them now; None when it cannot be asked."""
        try:
            devices: tuple[Device, ...] | None = await self._cloud.devices()
        except XiaomiError as error:
            self._list_failures += 1
            self._retry_s = (
                login_wait_s(error)
                if isinstance(error, SESSION_ERRORS)
                else wait_after_failures_s(self._list_failures, random.random())
            )
            (log.warning if self._list_failures == 1 else log.debug)(
                "speakers_not_listed", household=self.name, problem=type(error).__name__, reason=str(error)
            )
            devices = None
            self._note_session(error)
        else:
            self._list_failures = 0
            self._note_session(None)
        self._listed_at = time.monotonic()
        self._count_request()
        self._publish_account()
        return None if devices is None else choose(devices, self._wanted)

    def _meet(self, choice: Choice) -> None:
        listed = {speaker.slug: speaker for speaker in choice.speakers}
        for speaker in choice.speakers:
            known = self.pollers.get(speaker.slug)
            if known is None or known.device.device_id != speaker.device.device_id:
                self._get_to_know(speaker)
            else:
                known.device_seen(speaker, is_owned=speaker.slug in self._running)
        for slug, poller in self.pollers.items():
            if slug not in listed:
                gone = replace(poller.speaker, device=replace(poller.device, is_online=False))
                poller.device_seen(gone, is_owned=slug in self._running)
        if choice.speakers:
            self._kept(self.name, frozenset((*self.pollers, *(wanted.slug for wanted in choice.absent))))
        self._around.budget.speakers_in_account = len(self.pollers)
        self._tell_absent(choice)

    def _get_to_know(self, speaker: ChosenSpeaker) -> None:
        address = Address(self.name, speaker.slug)
        listener = Listener(speaker.device.device_id, self._around.settings, self._clock, time.monotonic())
        poller = SpeakerPoller(address, speaker, listener, self._around)
        self._introduce(poller)
        self.release(speaker.slug)
        self.pollers[speaker.slug] = poller
        self._context.ownership.offer(address)
        # Another device under this name, or a household served anew with other settings: the speaker is still ours.
        if self._context.ownership.owns(address):
            self.acquire(speaker.slug)

    def _tell_absent(self, choice: Choice) -> None:
        absent = frozenset(wanted.slug for wanted in choice.absent)
        if absent != self._absent and absent:
            log.warning(
                "speakers_absent",
                household=self.name,
                speakers=sorted(absent),
                do="compare device_id and name with what `migpt speakers` shows",
            )
        if self._absent is None and not choice.speakers:
            log.warning("no_speakers", household=self.name, why="the account has none that fits the configuration")
        self._absent = absent

    def _count_request(self) -> None:
        # What is asked for the whole household goes to the account of its first speaker.
        if self._running:
            self._around.budget.spend(min(self._running), local_time().date())

    def _request_ended(self, error: XiaomiError | None) -> None:
        self._note_session(error)
        self._publish_account()
        is_about_the_session = error is None or isinstance(error, SESSION_ERRORS)
        if not is_about_the_session and time.monotonic() - self._listed_at >= _LIST_AT_MOST_EVERY_S:
            self._called.set()  # perhaps the speaker is offline

    def _note_session(self, error: XiaomiError | None) -> None:
        if error is None:
            self._session_trouble = None
        elif isinstance(error, SESSION_ERRORS):
            self._session_trouble = error.reason if isinstance(error, LoginCoolingDown) else str(error)

    def _publish_account(self) -> None:
        """Publish how the login stands, when it has changed, if this is the poller to speak for the household."""
        now = time.monotonic()
        counted = self._context.ownership.members.counted(now)
        if rendezvous_first(Address(self.name, "account"), counted) != self._context.src:
            self._account = None
            return
        if not self._listed_at:
            return  # nothing was asked of the cloud yet
        state = self._cloud.account_state
        account = Account(
            ok=state.ok and self._session_trouble is None,
            needs_captcha=state.needs_captcha,
            needs_verification=state.needs_verification,
            needs_login=state.needs_login,
            reason=state.reason or self._session_trouble,
            service_token_age_s=None if state.service_token_age_s is None else round(state.service_token_age_s),
            pass_token_age_s=None if state.pass_token_age_s is None else round(state.pass_token_age_s),
        )
        is_news = self._account is None or _standing(account) != _standing(self._account)
        if is_news or now - self._account_at >= _ACCOUNT_EVERY_S:
            self._account, self._account_at = account, now
            self._context.bus.publish(account, household=self.name)


def _standing(account: Account) -> tuple[object, ...]:
    return account.ok, account.needs_captcha, account.needs_verification, account.needs_login, account.reason
