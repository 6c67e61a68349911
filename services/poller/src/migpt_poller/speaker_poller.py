"""Reads the transcript of one speaker for as long as this process owns it, and publishes what it hears there."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from migpt_poller.backoff import SESSION_ERRORS, login_wait_s, wait_after_failures_s
from migpt_poller.cadence import Pace, PollGrid
from migpt_poller.catch_up import CatchUp
from migpt_poller.hearing_store import HearingStore, StoredHearing
from migpt_poller.listener import Listener, Reading
from migpt_poller.request_budget import RequestBudget, stretched_interval_s
from migpt_poller.tally import Tally
from migpt_poller.transcript import later_bookmark
from migpt_shared.bus import Bus
from migpt_shared.messages import Address, Heard, HearingState, SpeakerInfo
from migpt_shared.settings import HearingSettings
from migpt_shared.xiaomi import (
    Device,
    XiaomiCloud,
    XiaomiError,
)
from migpt_shared.xiaomi.speaker_choice import ChosenSpeaker, device_tail, device_uid

log = structlog.get_logger(__name__)

#: Counters alone are published and stored this often, seconds.
_REPORT_EVERY_S = 60.0

#: A crash forgets no more requests of the day than this.
_STORE_EVERY_REQUESTS = 100

#: When pages behind the first one cannot be had so many times, what is there is heard without them.
_PATIENCE_WITH_OLDER_PAGES = 3


def local_time() -> datetime:
    """The wall clock of this host, in its time zone."""
    return datetime.now(UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the pollers of one household share."""

    owner: str
    """`service/instance` of this process"""
    bus: Bus
    cloud: XiaomiCloud
    settings: HearingSettings
    budget: RequestBudget
    store: HearingStore
    tally: Tally
    outcome: Callable[[XiaomiError | None], None]
    """told of every request that failed, and with None of the first one that works again"""


class SpeakerPoller:
    """One speaker. `run` polls it; the rest tells what goes on there and what is known of it."""

    def __init__(
        self, address: Address, speaker: ChosenSpeaker, listener: Listener, surroundings: Surroundings
    ) -> None:
        self.address = address
        self.listener = listener
        self.speaker = speaker
        self._around = surroundings
        self._grid = PollGrid()
        self._pace: Pace | None = None
        self._interval_s: float | None = None
        self._failures = 0
        self._not_before = 0.0
        self._wake = asyncio.Event()
        self._wake_repeats = asyncio.Event()
        self._standing_cursor_ms: int | None = None
        self._stored: StoredHearing | None = None
        self._reported_at = 0.0

    @property
    def device(self) -> Device:
        return self.speaker.device

    @property
    def is_owed_an_answer(self) -> bool:
        """Something was heard for which no brain has opened a turn yet."""
        return self.listener.deliveries.next_at() is not None

    def cursor_stands_at(self, cursor_ms: int | None) -> None:
        """The broker's cursor, whoever published it."""
        if cursor_ms is not None:
            self._standing_cursor_ms = cursor_ms

    def device_seen(self, speaker: ChosenSpeaker, *, is_owned: bool) -> None:
        """The device as it is listed now."""
        former, self.speaker = self.speaker, speaker
        if not is_owned or former == speaker:
            return
        self.publish_info()
        if former.device.is_online != speaker.device.is_online:
            log.info("speaker_online" if speaker.device.is_online else "speaker_offline", speaker=str(self.address))
            self.report()

    def something_happened(self) -> None:
        """A message changed how attentive the poller is, or what has to be told again: look at once."""
        self._wake.set()
        self._wake_repeats.set()

    def login_changed(self) -> None:
        """It is worth trying again at once."""
        self._not_before = 0.0
        self._wake.set()

    def tell_brain(self) -> None:
        """A brain appeared: tell it what no turn answers for yet."""
        self._tell_again(self.listener.deliveries.brain_appeared(time.monotonic()))

    def info(self) -> SpeakerInfo:
        """What the speaker is."""
        device = self.device
        return SpeakerInfo(
            uid=device_uid(device),
            name=device.name or device.alias,
            hardware=device.hardware,
            area=self.speaker.area,
            device_tail=device_tail(device),
            capabilities=sorted(device.capabilities),
            rom=device.rom,
        )

    def state(self) -> HearingState:
        """How hearing goes."""
        bookmark = self.listener.bookmark
        return HearingState(
            owner=self._around.owner,
            cursor=self._standing_cursor_ms if bookmark is None else bookmark.cursor_ms,
            online=self.device.is_online,
            interval_s=None if self._interval_s is None else round(self._interval_s, 2),
            requests_today=self._around.budget.used(self.address.speaker, local_time().date()),
            budget=self._around.budget.per_speaker,
            transcript_delay_p50_s=self.listener.transcript_delay_p50_s,
            last_heard=self.listener.last_heard,
            missed=self.listener.missed,
        )

    def publish_info(self) -> None:
        """Publish what the speaker is."""
        self._publish(self.info())

    def report(self) -> None:
        """Publish the state."""
        self._reported_at = time.monotonic()
        self._publish(self.state())

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._resume()
        self.publish_info()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._poll_on(), name=f"poll {self.address}")
            tasks.create_task(self._repeat_on(), name=f"repeat {self.address}")

    async def _resume(self) -> None:
        uid, today = device_uid(self.device), local_time().date()
        stored = await asyncio.to_thread(self._around.store.load, self.address, uid)
        bookmark = later_bookmark(stored.bookmark if stored else None, self._standing_cursor_ms)
        self._around.budget.take_over(
            self.address.speaker, stored.day if stored else today, stored.requests if stored else 0, today
        )
        self._stored = stored
        self.listener.resume(bookmark, time.monotonic())
        log.info("listening", speaker=str(self.address), hardware=self.device.hardware, goes_on=bookmark is not None)

    async def _poll_on(self) -> None:
        while True:
            self._wake.clear()
            now = time.monotonic()
            interval_s = self._interval(now)
            due = max(self._grid.due(interval_s), self._not_before)
            if now < due:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(due - now):
                        await self._wake.wait()
                continue
            self._grid.begin(now, interval_s)
            await self._poll(interval_s)
            await self._store_if_due()

    def _interval(self, now: float) -> float:
        local = local_time()
        pace = self.listener.attention.pace(now, local.time())
        pressure = self._around.budget.pressure(local)
        self._interval_s = stretched_interval_s(self._around.settings, pace, pressure)
        if pace is not self._pace or now - self._reported_at >= _REPORT_EVERY_S:
            self._pace = pace
            self.report()
        return self._interval_s

    async def _poll(self, interval_s: float) -> None:
        look = self.listener.look()
        try:
            await self._read_pages(look)
        except SESSION_ERRORS as error:
            # The session itself is in trouble: asking again and again would only make it worse.
            self._failed(error, login_wait_s(error))
        except XiaomiError as error:
            self._failed(error, max(interval_s, wait_after_failures_s(self._failures + 1, random.random())))
            if look.records and self._failures >= _PATIENCE_WITH_OLDER_PAGES:
                log.warning("older_records_unreadable", speaker=str(self.address))
                self._tell(self.listener.read(look, time.monotonic()))
        else:
            if self._failures:
                log.info("transcript_readable_again", speaker=str(self.address), after_failures=self._failures)
                self._around.outcome(None)
            self._failures = 0
            self._tell(self.listener.read(look, time.monotonic()))

    async def _read_pages(self, look: CatchUp) -> None:
        while (request := look.request) is not None:
            self._around.budget.spend(self.address.speaker, local_time().date())
            self._around.tally.polls += 1
            page = await self._around.cloud.history(self.device, until_ms=request.until_ms, limit=request.limit)
            self.listener.page_came(look, page, time.monotonic())

    def _failed(self, error: XiaomiError, wait_s: float) -> None:
        self._failures += 1
        self._around.tally.failed_polls += 1
        self._not_before = time.monotonic() + wait_s
        (log.warning if self._failures == 1 else log.debug)(
            "transcript_unreadable",
            speaker=str(self.address),
            problem=type(error).__name__,
            reason=str(error),
            failures=self._failures,
            wait_s=round(wait_s, 2),
        )
        self._around.outcome(error)

    def _tell(self, reading: Reading) -> None:
        for heard in (*reading.heard, *reading.amended):
            self._publish(heard)
        for heard in reading.heard:
            log.info("heard", turn=heard.turn, speaker=str(self.address), characters=len(heard.text))
            log.debug("heard_text", turn=heard.turn, text=heard.text)
        for heard in reading.missed:
            log.warning("missed", turn=heard.turn, speaker=str(self.address), why="older than 15 s when it was seen")
        for heard in reading.echoes:
            log.info("echo_ignored", turn=heard.turn, speaker=str(self.address))
        tally = self._around.tally
        tally.heard += len(reading.heard)
        tally.missed += len(reading.missed)
        tally.echoes += len(reading.echoes)
        if reading.is_moved:
            self.report()
        if reading.heard:
            self._wake_repeats.set()

    async def _repeat_on(self) -> None:
        deliveries = self.listener.deliveries
        while True:
            self._wake_repeats.clear()
            next_at = deliveries.next_at()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if next_at is None else max(0.0, next_at - time.monotonic())):
                    await self._wake_repeats.wait()
            self._tell_again(deliveries.due(time.monotonic()))

    def _tell_again(self, utterances: tuple[Heard, ...]) -> None:
        # While the broker is away the bus keeps the first telling; more of them would only come too late.
        if not self._around.bus.is_connected:
            return
        for heard in utterances:
            self._around.tally.repeats += 1
            log.debug("told_again", turn=heard.turn, speaker=str(self.address))
            self._publish(heard)

    async def _store_if_due(self) -> None:
        bookmark, stored = self.listener.bookmark, self._stored
        today = local_time().date()
        requests = self._around.budget.used(self.address.speaker, today)
        is_stored = stored is not None and (bookmark, today) == (stored.bookmark, stored.day)
        if stored is None or not is_stored or requests - stored.requests >= _STORE_EVERY_REQUESTS:
            await self.store_now()

    async def store_now(self) -> None:
        """Write the bookmark and the count of requests to disk; nothing before there is a bookmark."""
        bookmark, today = self.listener.bookmark, local_time().date()
        if bookmark is None:
            return
        stored = StoredHearing(
            uid=device_uid(self.device),
            cursor_ms=bookmark.cursor_ms,
            read_to_ms=bookmark.read_to_ms,
            ids=bookmark.ids,
            day=today,
            requests=self._around.budget.used(self.address.speaker, today),
        )
        self._stored = stored
        await asyncio.to_thread(self._around.store.save, self.address, stored)

    def _publish(self, message: Heard | HearingState | SpeakerInfo) -> None:
        self._around.bus.publish(message, household=self.address.household, speaker=self.address.speaker)
