"""Many changes of state in a short time, and which of them a real Home Assistant has seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from migpt_shared.messages import SpeechState
from migpt_simulator import SimulatedHome
from tests.home_assistant.ha_client import HomeAssistant
from tests.home_assistant.household import Household, home, speaker

SPEAKERS = 10
CHANGES_PER_S = 100

Change = tuple[str, str]
"""a speaker's name and its volume"""


def ten_speakers() -> SimulatedHome:
    return home(*(speaker(f"room_{number}", f"音箱{number}") for number in range(SPEAKERS)))


@dataclass
class Seen:
    """The changes of volume that Home Assistant told of, with the times, monotonic seconds."""

    at: dict[Change, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def missing(self, sent: Sequence[Change]) -> list[Change]:
        return [change for change in sent if change not in self.at]

    async def until_complete(self, sent: Sequence[Change], timeout_s: float = 30) -> None:
        """Wait until all were seen, or no longer."""
        end = time.monotonic() + timeout_s
        while self.missing(sent) and (left_s := end - time.monotonic()) > 0:
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), left_s)
            except TimeoutError:
                return


@asynccontextmanager
async def volumes_seen(ha: HomeAssistant, house: Household) -> AsyncIterator[Seen]:
    """Listen to what Home Assistant says of the speakers' volumes."""
    seen = Seen()
    names = {house.entity("number.volume", address.speaker): address.speaker for address in house.addresses()}

    async def listen(socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = message.json().get("event")
            if event is not None and event["data"]["entity_id"] in names:
                state = event["data"]["new_state"]["state"]
                seen.at.setdefault((names[event["data"]["entity_id"]], state), time.monotonic())
                seen.news.set()

    async with ha.http.ws_connect("/api/websocket", max_msg_size=0) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": ha.surroundings.token})
        await socket.receive_json()
        await socket.send_json({"id": 1, "type": "subscribe_events", "event_type": "state_changed"})
        assert (await socket.receive_json())["success"]
        listening = asyncio.create_task(listen(socket), name="listen to Home Assistant")
        try:
            yield seen
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def volumes_change(house: Household, *, seconds: float, per_s: int = CHANGES_PER_S) -> dict[Change, float]:
    """Tell of ever new volumes, as the speaker service would, which must not run; when each was told of."""
    units = [address.speaker for address in house.addresses()]
    sent: dict[Change, float] = {}
    began = time.monotonic()
    for number in range(round(seconds * per_s)):
        await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
        unit, volume = units[number % len(units)], number // len(units)
        sent[unit, str(volume)] = time.monotonic()
        house.publish(SpeechState(owner="speaker/test", volume=volume % 101), unit)
    return sent
