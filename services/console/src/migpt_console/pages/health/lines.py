"""What the services say, with a filter; and how much they are to say."""

from __future__ import annotations

import asyncio

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from migpt_console.console import Console
from migpt_console.pages.health import words
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings.saving import save
from migpt_shared.log_file import LogLine, last_lines

_MOST_LINES = 400
_SHOWN = 150
_EVERY_S = 2.0
_TROUBLE = frozenset({"warning", "error", "critical"})


class Lines:
    """The last lines, the newest first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: list[LogLine] | None = None
        language = console.language
        with ui.element("section").classes("form"):
            with ui.element("header"):
                ui.label(words.LINES.in_(language)).classes("title")
                levels = {key: name.in_(language) for key, name in words.LEVELS.items()}
                self._level = ui.select(
                    levels, value=console.settings.log_level, label=words.LEVEL.in_(language), on_change=self._set_level
                )
                self._level.props("dense outlined options-dense").classes("to").props(mark("log-level"))
                self._words = ui.input(words.FILTER.in_(language)).props("dense outlined clearable debounce=200")
                self._words.props(mark("log-filter")).on_value_change(self._draw)
                self._trouble = ui.switch(words.TROUBLE_ONLY.in_(language), on_change=self._draw).props(
                    mark("log-trouble")
                )
            self._place = ui.element("div").classes("lines").props(mark("log-lines"))
        ui.timer(_EVERY_S, self._draw, immediate=True)

    async def _draw(self) -> None:
        lines = await asyncio.to_thread(last_lines, self._console.settings.data_dir, _MOST_LINES)
        wanted = (self._words.value or "").casefold()
        fitting = [
            line
            for line in lines
            if (not self._trouble.value or line.level in _TROUBLE)
            and wanted in f"{line.service} {line.event} {line.details}".casefold()
        ][-_SHOWN:]
        if fitting == self._shown:
            return
        self._shown = fitting
        self._place.clear()
        with self._place:
            if not lines:
                ui.label(words.NO_LINES.in_(self._console.language)).classes("dim")
            for line in reversed(fitting):
                with ui.element("div").classes(f"line is-{line.level}"):
                    ui.label(line.time[11:19]).classes("dim")
                    ui.label(line.service).classes("subject")
                    ui.label(line.event)
                    ui.label(line.details).classes("dim details")

    async def _set_level(self, event: ValueChangeEventArguments[str | None]) -> None:
        if event.value and event.value != self._console.settings.log_level:
            await save(self._console, {("log_level",): event.value}, words.LEVEL_SET)
