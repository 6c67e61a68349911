"""The tab 高级: the whole of config.toml in an editor, its secrets masked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.acting import complain, tell
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.saving import save_text
from migpt_shared.editing import MASK, ConfigFile, Shown
from migpt_shared.settings import SettingsError


def advanced_tab(console: Console) -> None:
    """Draw it."""
    if console.config is not None:
        _Editor(console, console.config)


class _Editor:
    """Load, check, save."""

    def __init__(self, console: Console, config: Path) -> None:
        self._console = console
        self._file = ConfigFile(config)
        self._stamp = ""
        language = console.language
        ui.label(words.EDITOR_ABOUT.in_(language, mask=MASK)).classes("dim")
        self._editor = ui.codemirror(language="TOML", line_wrapping=True).classes("editor").props(mark("editor"))
        self._editor.theme = "basicLight"
        with ui.element("div").classes("buttons"):
            ui.button(words.SAVE.in_(language), icon="save", on_click=self._save).props("unelevated no-caps").props(
                mark("editor-save")
            )
            ui.button(words.CHECK.in_(language), icon="rule", on_click=self._check).props("outline no-caps").props(
                mark("editor-check")
            )
            ui.button(words.RELOAD.in_(language), icon="refresh", on_click=self._load).props("flat no-caps").props(
                mark("editor-load")
            )
        self._load()

    def _load(self) -> None:
        try:
            shown = self._file.shown()
        except SettingsError as error:
            complain("\n".join(error.problems))
            return
        self._editor.value, self._stamp = shown.text, shown.stamp

    async def _check(self) -> None:
        try:
            await asyncio.to_thread(self._file.check, self._editor.value)
        except SettingsError as error:
            complain("\n".join(error.problems))
        else:
            tell(words.CHECKED, self._console.language)

    async def _save(self) -> None:
        if await save_text(self._console, Shown(self._editor.value, self._stamp), words.SAVED):
            self._load()
