"""A form made from settings classes: shows what is set, saves what was changed, resets what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.entry import Entry
from migpt_console.pages.settings.saving import ask_first, save
from migpt_shared.editing import Path
from migpt_shared.language import Phrase


class Form:
    """One section. `on_saved` is called after something was written."""

    def __init__(
        self,
        console: Console,
        title: Phrase,
        paths: Sequence[Path],
        *,
        can_reset: bool = True,
        on_saved: Callable[[], None] | None = None,
        title_values: Mapping[str, str] | None = None,
    ) -> None:
        self._console = console
        self._title = title.in_(console.language, **(title_values or {}))
        self._on_saved = on_saved
        language = console.language
        section = "-".join(paths[0][:-1]) or "general"
        with ui.element("section").classes("form").props(mark(f"form-{section}")):
            ui.label(self._title).classes("title")
            with ui.element("div").classes("entries"):
                self._entries = [Entry(console, path) for path in paths]
            with ui.element("div").classes("buttons"):
                button = ui.button(words.SAVE.in_(language), icon="save", on_click=self._save)
                button.props("unelevated no-caps").props(mark(f"save-{section}"))
                if can_reset:
                    reset = ui.button(words.RESET.in_(language), icon="restart_alt", on_click=self._ask_to_reset)
                    reset.props("flat no-caps").props(mark(f"reset-{section}"))

    async def _save(self) -> None:
        changes: dict[Path, object | None] = {}
        is_sound = True
        for entry in self._entries:
            try:
                if entry.is_changed:
                    changes[entry.path] = entry.value()
            except ValueError as problem:
                entry.complain(str(problem))
                is_sound = False
        if not is_sound:
            return
        if not changes:
            ui.notify(words.NOTHING_CHANGED.in_(self._console.language), position="top")
            return
        if await save(self._console, changes, words.SAVED):
            self._show_again()

    def _ask_to_reset(self) -> None:
        ask_first(self._console, words.RESET_SURE, self._reset, name=self._title)

    async def _reset(self) -> None:
        # Secrets are no defaults: whoever wants one gone takes its section away.
        plain: dict[Path, object | None] = {entry.path: None for entry in self._entries if not entry.is_secret}
        if await save(self._console, plain, words.RESET_DONE):
            self._show_again()

    def _show_again(self) -> None:
        for entry in self._entries:
            entry.show()
        if self._on_saved is not None:
            self._on_saved()
