"""The page 音箱: a card per speaker, what it does and what it may be told; and a word to all of them."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.house import Change
from migpt_console.pages.parts.acting import act
from migpt_console.pages.parts.frame import frame
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.parts.refresh import Refresh
from migpt_console.pages.parts.speaker_card import SpeakerCard
from migpt_shared.language import Phrase
from migpt_shared.messages import EVERYBODY, Address, Say, Stop

_BROADCAST = Phrase(zh="对全部音箱广播，比如：晚饭好了", en="Broadcast to all speakers: dinner is ready")
_SEND = Phrase(zh="广播", en="Broadcast")
_STOP_ALL = Phrase(zh="全部停止", en="Stop all")
_NONE = Phrase(
    zh="还没有发现音箱。账号登录了吗？poller 在运行吗？",
    en="No speaker yet. Is the account logged in, does the poller run?",
)
_SAID = Phrase(zh="已交给音箱", en="Handed over")


def add(console: Console) -> None:
    """Register the page."""

    @ui.page("/speakers")
    def speakers() -> None:
        with frame(console, "speakers", wide=True):
            _Broadcast(console)
            _Cards(console)


class _Broadcast:
    """One sentence for every speaker."""

    def __init__(self, console: Console) -> None:
        self._console = console
        language = console.language
        with ui.element("section").classes("box"):
            self._text = ui.input(placeholder=_BROADCAST.in_(language)).props("dense outlined maxlength=2000")
            self._text.classes("say").props(mark("broadcast-text")).on("keydown.enter", self._send)
            ui.button(_SEND.in_(language), icon="campaign", on_click=self._send).props("unelevated no-caps").props(
                mark("broadcast-send")
            )
            ui.button(_STOP_ALL.in_(language), icon="stop", on_click=self._stop).props("outline no-caps").props(
                mark("stop-all")
            )

    async def _send(self) -> None:
        if text := (self._text.value or "").strip():
            self._text.value = ""
            if not await act(self._console, Say(text=text), Address(EVERYBODY, EVERYBODY), _SAID):
                self._text.value = text

    async def _stop(self) -> None:
        await act(self._console, Stop(), Address(EVERYBODY, EVERYBODY))


class _Cards:
    """All cards; those of new speakers are added, the others kept, so that nothing jumps while somebody types."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._cards: dict[Address, SpeakerCard] = {}
        self._none = ui.label(_NONE.in_(console.language)).classes("nothing")
        self._grid = ui.element("section").classes("cards")
        self._draw()
        Refresh(console.house.feed, self._wants, self._draw)

    def _wants(self, change: Change) -> bool:
        return change.subject in ("speakers", "settings")

    def _draw(self) -> None:
        for speaker in self._console.house.sorted_speakers():
            card = self._cards.get(speaker.address)
            if card is None:
                with self._grid:
                    self._cards[speaker.address] = SpeakerCard(self._console, speaker)
            else:
                card.update()
        self._none.set_visibility(not self._cards)
