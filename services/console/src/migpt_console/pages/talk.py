"""The page 对话: every turn as it happens, and a box to say something to a speaker without being in the room."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.house import Change
from migpt_console.pages.parts.acting import act, tell
from migpt_console.pages.parts.frame import frame
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.parts.refresh import Refresh
from migpt_console.pages.parts.turn_card import TurnCard
from migpt_console.pages.parts.turn_view import TurnView, turn_view
from migpt_shared.language import Phrase
from migpt_shared.messages import EVERYBODY, Address, Ask, Correct, Forget, Stop
from migpt_shared.story import Story

#: Cards on the page; the oldest goes.
MOST_CARDS = 40

_ALL = Phrase(zh="全部音箱", en="All speakers")
_SAY_SOMETHING = Phrase(zh="替人说一句，比如：为什么天是蓝的", en="Say something in their place: why is the sky blue")
_TO = Phrase(zh="对谁", en="To")
_SEND = Phrase(zh="发送", en="Send")
_NOTHING_YET = Phrase(
    zh="还没有对话。对音箱说句话，或在上面输入一句。", en="Nothing yet. Talk to a speaker, or type something above."
)
_NO_SPEAKERS = Phrase(zh="还没有发现音箱", en="No speaker was found yet")
_LEARNED = Phrase(zh="记下了", en="Noted")
_FORGOTTEN = Phrase(zh="忘掉了", en="Forgotten")


def add(console: Console) -> None:
    """Register the page."""

    @ui.page("/")
    def talk() -> None:
        with frame(console, "talk"):
            _Box(console)
            _Stream(console)


class _Box:
    """Types an utterance for one speaker or all."""

    def __init__(self, console: Console) -> None:
        self._console = console
        language = console.language
        with ui.element("section").classes("box"):
            self._to = ui.select(self._choices(), label=_TO.in_(language)).props("dense outlined options-dense")
            self._to.classes("to").props(mark("say-to"))
            self._text = ui.input(placeholder=_SAY_SOMETHING.in_(language)).props("dense outlined maxlength=2000")
            self._text.classes("say").props(mark("say-text")).on("keydown.enter", self._send)
            send = ui.button(_SEND.in_(language), icon="send", on_click=self._send).props("unelevated no-caps")
            send.props(mark("say-send"))
        self._choose_first()
        Refresh(console.house.feed, lambda change: change.subject == "speakers", self._update)

    def _choices(self) -> dict[str, str]:
        speakers = self._console.house.sorted_speakers()
        choices = {str(one.address): one.name for one in speakers}
        if len(speakers) > 1:
            choices[f"{EVERYBODY}/{EVERYBODY}"] = _ALL.in_(self._console.language)
        return choices

    def _choose_first(self) -> None:
        if self._to.value is None and isinstance(self._to.options, dict) and self._to.options:
            self._to.value = next(iter(self._to.options))

    def _update(self) -> None:
        choices = self._choices()
        if choices != self._to.options:
            self._to.set_options(choices)
            self._choose_first()

    async def _send(self) -> None:
        text = (self._text.value or "").strip()
        if not text:
            return
        if not self._to.value:
            ui.notify(_NO_SPEAKERS.in_(self._console.language), type="warning", position="top")
            return
        household, _, speaker = str(self._to.value).partition("/")
        self._text.value = ""
        if not await act(self._console, Ask(text=text, source="console"), Address(household, speaker)):
            self._text.value = text


class _Stream:
    """The cards, the newest first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._cards: dict[int, tuple[Story, TurnCard]] = {}
        self._changed: dict[int, Story] = {}
        self._nothing = ui.label(_NOTHING_YET.in_(console.language)).classes("nothing")
        self._column = ui.element("section").classes("turns").props('aria-live="polite"')
        for story in console.house.stories.stories[-MOST_CARDS:]:
            self._changed[id(story)] = story
        self._draw()
        Refresh(console.house.feed, self._wants, self._draw)

    def _wants(self, change: Change) -> bool:
        if change.story is None:
            return False
        self._changed[id(change.story)] = change.story
        return True

    def _draw(self) -> None:
        changed, self._changed = list(self._changed.values()), {}
        # Of a burst only what would stay on the page is drawn at all.
        fresh = [story for story in changed if id(story) not in self._cards][-MOST_CARDS:]
        touched = {story.address for story in changed}
        for story in fresh:
            with self._column:
                card = TurnCard(self._view(story))
                card.move(self._column, 0)
            self._listen(card, story)
            self._cards[id(story)] = (story, card)
        for old in list(self._cards)[: max(0, len(self._cards) - MOST_CARDS)]:
            self._cards.pop(old)[1].delete()
        for story, card in self._cards.values():
            if story.address in touched:
                card.show(self._view(story))
        self._nothing.set_visibility(not self._cards)

    def _view(self, story: Story) -> TurnView:
        console = self._console
        speaker = console.house.speakers.get(story.address)
        return turn_view(
            story,
            speaker.name if speaker else str(story.address),
            console.language,
            is_latest=console.house.latest_story(story.address) is story,
        )

    def _listen(self, card: TurnCard, story: Story) -> None:
        console, where = self._console, story.address

        async def stop() -> None:
            await act(console, Stop(), where)

        async def to_ai() -> None:
            await act(console, Correct(target="llm"), where, _LEARNED)

        async def to_xiaoai() -> None:
            await act(console, Correct(target="native"), where, _LEARNED)

        async def forget() -> None:
            if await act(console, Forget(what="last"), where):
                tell(_FORGOTTEN, console.language)

        card.on("stop", stop).on("to-ai", to_ai).on("to-xiaoai", to_xiaoai).on("forget", forget)
