"""Shows the turns of all speakers, or of some, live on a terminal and line by line elsewhere."""

from __future__ import annotations

import asyncio
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from migpt_cli.beat_lines import beat_line
from migpt_cli.connection import Connection, connect_to
from migpt_cli.directory import DIRECTORY, Directory, choose_speakers
from migpt_cli.outcome import say_out
from migpt_cli.story_view import Look, story_view
from migpt_cli.waterfall_view import waterfall_view
from migpt_shared.bus import Delivery, Subscription
from migpt_shared.language import Phrase
from migpt_shared.messages import Address, Heard, Sentence, Speech, Turn
from migpt_shared.settings import Settings
from migpt_shared.story import Beat, Change, StoryBook

_FRAMES_PER_S = 8
_STORIES_SHOWN = 3
_SENTENCES_SHOWN = 8

_WATCHING = Phrase(zh="正在观看：{speakers}（Ctrl+C 结束）", en="watching {speakers} (Ctrl+C ends)")
_NOBODY_YET = Phrase(zh="还没有音箱", en="no speaker yet")
_QUIET = Phrase(zh="等待有人说话…", en="waiting for somebody to speak…")


async def watch_turns(settings: Settings, wanted: str | None, *, as_json: bool) -> None:
    """Watch until cancelled. Raises CommandFailedError when the wanted speaker is not known."""
    subscriptions = [*DIRECTORY, *(Subscription(kind) for kind in (Heard, Turn, Sentence, Speech))]
    async with connect_to(settings, subscriptions) as connection:
        await connection.synchronised()
        watcher = Watcher(settings)
        while not connection.inbox.empty():
            arrived = connection.inbox.get_nowait()
            if isinstance(arrived, Delivery):
                watcher.take(arrived)
        if wanted is not None:
            _, chosen = choose_speakers(wanted, watcher.directory.sorted())
            watcher.only = frozenset(speaker.address for speaker in chosen)
        if as_json:
            await _as_json(connection, watcher)
        elif (console := Console(highlight=False)).is_terminal:
            await _live(connection, watcher, console)
        else:
            await _lines(connection, watcher)


class Watcher:
    """What is known of the turns that go on."""

    def __init__(self, settings: Settings) -> None:
        self.book = StoryBook()
        self.directory = Directory()
        self.only: frozenset[Address] | None = None
        self.language = settings.language
        self.look = Look(settings.language, self._name_of, max_sentences=_SENTENCES_SHOWN)

    def take(self, delivery: Delivery) -> list[Beat]:
        """Something arrived; what changed for those who watch."""
        if self.directory.take(delivery) or not self.is_watched(delivery):
            return []
        address, at = delivery.address, delivery.arrived
        match delivery.message:
            case Heard() as heard:
                return self.book.heard(address, heard, at)
            case Turn() as turn:
                return self.book.turn(address, turn, at, retained=delivery.retained)
            case Sentence() as sentence:
                return self.book.sentence(address, sentence, at)
            case Speech() as speech:
                return self.book.speech(address, speech, at)
        return []

    def is_watched(self, delivery: Delivery) -> bool:
        return self.only is None or delivery.address in self.only

    def header(self) -> Text:
        known = [one for one in self.directory.sorted() if self.only is None or one.address in self.only]
        names = ", ".join(one.described for one in known) or _NOBODY_YET.in_(self.language)
        return Text(_WATCHING.in_(self.language, speakers=names), style="grey62")

    def picture(self) -> RenderableType:
        stories = [story for story in self.book.stories if story.turn is None or story.turn.is_open]
        if not stories:
            return Text(_QUIET.in_(self.language), style="dim")
        now = time.monotonic()
        return Group(*(story_view(story, self.look, now) for story in stories[-_STORIES_SHOWN:]))

    def _name_of(self, address: Address) -> str:
        known = self.directory.speakers.get(address)
        return f"{known.name} ({address})" if known is not None and known.info is not None else str(address)


async def _live(connection: Connection, watcher: Watcher, console: Console) -> None:
    console.print(watcher.header())
    with Live(
        console=console, get_renderable=watcher.picture, refresh_per_second=_FRAMES_PER_S, transient=True
    ) as live:
        while True:
            for beat in watcher.take(await connection.next_delivery()):
                if beat.change is Change.CLOSED:
                    live.console.print(story_view(beat.story, watcher.look, time.monotonic()))
                    figures = waterfall_view(beat.story, watcher.language)
                    live.console.print(*([Text(), figures, Text()] if figures is not None else [Text()]), sep="\n")


async def _lines(connection: Connection, watcher: Watcher) -> None:
    say_out(watcher.header().plain)
    began = time.monotonic()
    while True:
        for beat in watcher.take(await connection.next_delivery()):
            if (words := beat_line(beat, watcher.look)) is not None:
                say_out(f"{max(0.0, beat.at - began):7.2f} s  {words}")


async def _as_json(connection: Connection, watcher: Watcher) -> None:
    """Each message of the turns as one line: kind, address, body."""
    while True:
        delivery = await connection.next_delivery()
        message = delivery.message
        if isinstance(message, Heard | Turn | Sentence | Speech) and watcher.is_watched(delivery):
            kind = type(message).__name__
            body = message.model_dump_json()
            say_out(f'{{"kind": "{kind}", "speaker": "{delivery.address}", "message": {body}}}')
        await asyncio.sleep(0)
