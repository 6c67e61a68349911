"""Changing the console's password; every browser has to log in again."""

from __future__ import annotations

from nicegui import ui

from migpt_console.access.password import SHORTEST_PASSWORD
from migpt_console.console import Console
from migpt_console.pages.parts.acting import complain
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words


def password_form(console: Console) -> None:
    """Draw it."""
    language = console.language
    with ui.element("section").classes("form"):
        ui.label(words.CHANGE_PASSWORD.in_(language)).classes("title")
        with ui.element("div").classes("entries"):
            old = _field(words.OLD_PASSWORD.in_(language), "current-password", "old-password")
            new = _field(words.NEW_PASSWORD.in_(language, least=SHORTEST_PASSWORD), "new-password", "new-password")

        async def change() -> None:
            if not await console.password.fits(old.value or ""):
                complain(words.WRONG_PASSWORD.in_(language))
                return
            try:
                await console.password.set(new.value or "")
            except ValueError:
                complain(words.NEW_PASSWORD.in_(language, least=SHORTEST_PASSWORD))
                return
            console.sessions.end_all()
            ui.navigate.to("/enter")

        with ui.element("div").classes("buttons"):
            button = ui.button(words.CHANGE_PASSWORD.in_(language), icon="key", on_click=change)
            button.props("outline no-caps").props(mark("change-password"))


def _field(label: str, autocomplete: str, name: str) -> ui.input:
    field = ui.input(label).props(f"dense outlined type=password autocomplete={autocomplete}")
    return field.props(mark(name))
