"""The play itself: what is said in the rooms, and what everybody learns of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from migpt_cli.connection import Connection, connect
from migpt_cli.demo.room_link import RoomLink
from migpt_cli.demo.scenery import HOUSEHOLD, SPEAKERS, model_script, native_answer
from migpt_cli.demo.spoken_line import SpokenLine
from migpt_cli.demo.stage import Stage
from migpt_cli.demo.verdict import is_over
from migpt_cli.directory import DIRECTORY, Directory
from migpt_cli.outcome import CommandFailedError
from migpt_shared.bus import Delivery, Subscription
from migpt_shared.language import Language, Phrase
from migpt_shared.messages import Address, Heard, Sentence, Speech, Turn
from migpt_shared.story import Beat, Story, StoryBook

_READY_WITHIN_S = 60.0
_CONNECT_WITHIN_S = 10.0

_LISTENS_TO = [*DIRECTORY, *(Subscription(kind) for kind in (Heard, Turn, Sentence, Speech))]
_NOT_READY = Phrase(
    zh="{limit:g} 秒后仍未就绪，还缺：{missing}", en="not ready after {limit:g} s; still missing: {missing}"
)


class Play:
    """Say something, and watch the stories. `on_beat` is called for everything that changes."""

    def __init__(self, room: RoomLink, language: Language, *, seconds_per_char: float) -> None:
        self.book = StoryBook(has_room=True)
        self.directory = Directory()
        self.seconds_per_char = seconds_per_char
        self.on_beat: Callable[[Beat], None] = lambda _: None
        self._room = room
        self._language = language
        self._changed = asyncio.Event()
        self._wall_minus_monotonic_s = time.time() - time.monotonic()

    async def ready(self) -> None:
        """Return when every speaker is heard, answered for and spoken through. Raises CommandFailedError if not."""
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                await self._until(lambda: not self._missing())
        except TimeoutError:
            raise CommandFailedError(_NOT_READY, limit=_READY_WITHIN_S, missing=", ".join(self._missing())) from None

    async def say(self, line: SpokenLine) -> float:
        """A person says this in a room; its story begins when the room has heard it. Gives the moment before."""
        moment = time.monotonic()
        await self._room.say(line.speaker, line.text, native_answer(line.text, self._language))
        return moment

    async def until_over(self, line: SpokenLine, since: float, within_s: float) -> Story | None:
        """The story of what was said after `since`, when nothing more happens in it, or as it is after `within_s`."""
        address = Address(HOUSEHOLD, line.speaker)

        def latest() -> Story | None:
            return next(
                (
                    one
                    for one in self.book.stories
                    if one.address == address and one.text == line.text and (one.said_at or 0.0) >= since
                ),
                None,
            )

        def ended() -> bool:
            story = latest()
            return story is not None and is_over(story)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._until(ended)
        return latest()

    def name_of(self, address: Address) -> str:
        """The name of a speaker, as the poller found it."""
        known = self.directory.speakers.get(address)
        return known.name if known is not None else address.speaker

    def take(self, delivery: Delivery) -> None:
        """Something arrived on the bus."""
        self.directory.take(delivery)
        # The sender's own time, which is this machine's: drawing the picture delays what arrives here.
        at = delivery.message.ts / 1000 - self._wall_minus_monotonic_s
        beats: list[Beat] = []
        match delivery.message:
            case Heard() as heard:
                beats = self.book.heard(delivery.address, heard, at)
            case Turn() as turn:
                beats = self.book.turn(delivery.address, turn, at, retained=delivery.retained)
            case Sentence() as sentence:
                beats = self.book.sentence(delivery.address, sentence, at)
            case Speech() as speech:
                beats = self.book.speech(delivery.address, speech, at)
        self._tell(beats)

    async def listen(self, connection: Connection) -> None:
        while True:
            self.take(await connection.next_delivery())

    async def listen_to_rooms(self) -> None:
        async for speaker, event in self._room.sounds():
            self._tell(self.book.room(Address(HOUSEHOLD, speaker), event))

    def _tell(self, beats: list[Beat]) -> None:
        for beat in beats:
            self.on_beat(beat)
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()

    def _missing(self) -> list[str]:
        missing = []
        for speaker in SPEAKERS:
            known = self.directory.speakers.get(Address(HOUSEHOLD, speaker.slug))
            for who, state in (
                ("poller", known.hearing if known else None),
                ("brain", known.brain if known else None),
                ("speaker", known.speech if known else None),
            ):
                if state is None or state.owner is None:
                    missing.append(f"{speaker.slug}/{who}")
        return missing


@asynccontextmanager
async def playing(stage: Stage, language: Language) -> AsyncIterator[Play]:
    """A play on a stage that is up. Raises CommandFailedError when the stage breaks down meanwhile."""
    async with RoomLink(stage.control_url) as room:
        if (script := model_script(language)) is not None:
            await room.teach_model(script)
        seconds_per_char = await room.seconds_per_char(SPEAKERS[0].slug)
        play = Play(room, language, seconds_per_char=seconds_per_char)
        async with connect(stage.make_bus, _LISTENS_TO, within_s=_CONNECT_WITHIN_S) as connection:
            tasks = [
                asyncio.create_task(play.listen(connection), name="listen"),
                asyncio.create_task(play.listen_to_rooms(), name="rooms"),
            ]
            try:
                yield play
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
