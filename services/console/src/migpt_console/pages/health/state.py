"""Tiles: is what we depend on there, and how much of the day's requests is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.health import words
from migpt_console.pages.parts.refresh import Refresh
from migpt_shared.language import Language
from migpt_shared.providers import preset_problem

_NEARLY_USED = 0.9


@dataclass(frozen=True, slots=True)
class Tile:
    """One fact."""

    name: str
    text: str
    is_good: bool
    share: float | None = None


def tiles(console: Console) -> Iterator[Tile]:
    """Everything that can be good or bad."""
    language, house = console.language, console.house
    is_connected = console.link.is_connected
    yield Tile(
        words.BROKER.in_(language), (words.CONNECTED if is_connected else words.AWAY).in_(language), is_connected
    )
    for name, account in sorted(house.accounts.items()):
        text = words.GOOD.in_(language) if account.ok else account.reason or "?"
        yield Tile(words.ACCOUNT.in_(language, name=name), text, account.ok)
    for name, home in sorted(house.homes.items()):
        text = words.CONNECTED.in_(language) if home.connected else home.error or words.AWAY.in_(language)
        yield Tile(words.HOME.in_(language, name=name), text, home.connected)
    yield from _presets(console, language)
    if console.history.problem:
        yield Tile(words.HISTORY.in_(language), console.history.problem, is_good=False)
    for speaker in house.sorted_speakers():
        hearing = speaker.hearing
        if hearing is not None and hearing.budget:
            share = min(1.0, hearing.requests_today / hearing.budget)
            text = words.OF_BUDGET.in_(
                language, used=hearing.requests_today, budget=hearing.budget, percent=round(share * 100)
            )
            yield Tile(words.REQUESTS.in_(language, name=speaker.name), text, share < _NEARLY_USED, share)


def _presets(console: Console, language: Language) -> Iterator[Tile]:
    failed = console.figures.failures_by_preset
    for name in console.settings.llm.chain:
        problem = preset_problem(name, console.settings.llm)
        text = problem or (
            words.USABLE.in_(language, failed=failed[name]) if failed.get(name) else words.NO_FAILURES.in_(language)
        )
        yield Tile(words.PRESET.in_(language, name=name), text, problem is None and not failed.get(name))


class State:
    """The tiles on the page."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: list[Tile] = []
        self._place = ui.element("section").classes("tiles")
        self._draw()
        Refresh(console.house.feed, lambda change: change.subject != "story", self._draw)
        ui.timer(2.0, self._draw)

    def _draw(self) -> None:
        now = list(tiles(self._console))
        if now == self._shown:
            return
        self._shown = now
        self._place.clear()
        with self._place:
            for tile in now:
                with ui.element("article").classes(f"tile {'is-good' if tile.is_good else 'is-bad'}"):
                    ui.icon("check_circle" if tile.is_good else "error")
                    with ui.element("div"):
                        ui.label(tile.name).classes("tile-name")
                        ui.label(tile.text).classes("dim")
                        if tile.share is not None:
                            ui.linear_progress(tile.share, show_value=False, size="6px").props("rounded")
