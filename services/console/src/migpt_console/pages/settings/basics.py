"""The tab 基本设置: language, accounts and their speakers, who answers."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.form import Form
from migpt_console.pages.settings.saving import ask_first, save
from migpt_console.pages.settings.sections import section_paths
from migpt_shared.editing import Path


def basics_tab(console: Console) -> None:
    """Draw it."""
    Form(console, words.SECTIONS["general"], [("language",), ("log_level",)])
    Form(console, words.SECTIONS["routing"], section_paths("routing"))
    _Accounts(console)


class _Accounts:
    """Households with their speakers; drawn again when one comes or goes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._place = ui.element("div")
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        with self._place:
            for household in self._console.settings.households:
                self._household(household)
            self._new_household()

    def _household(self, household: str) -> None:
        console, language = self._console, self._console.language
        path = ("households", household)
        Form(
            console,
            words.HOUSEHOLD,
            section_paths(*path),
            can_reset=False,
            title_values={"name": household},
        )
        speakers = console.settings.households[household].speakers
        with ui.element("section").classes("form inner"):
            if not speakers:
                ui.label(words.ALL_SPEAKERS.in_(language)).classes("dim")
            for speaker in speakers:
                place = (*path, "speakers", speaker)
                Form(console, words.SPEAKER, section_paths(*place), can_reset=False, title_values={"name": speaker})
                self._remover(place, speaker)
            with ui.element("div").classes("voice"):
                slug = ui.input(words.NAME_OF_HOUSEHOLD.in_(language)).props("dense outlined").classes("say")
                name = ui.input(words.SPEAKER_NAME.in_(language)).props("dense outlined").classes("say")

                async def add() -> None:
                    await self._add({(*path, "speakers", slug.value.strip(), "name"): name.value.strip()})

                ui.button(words.ADD_SPEAKER.in_(language), icon="add", on_click=add).props("flat no-caps")
            if len(console.settings.households) > 1:
                self._remover(path, household)

    def _remover(self, path: Path, name: str) -> None:
        async def remove() -> None:
            if await save(self._console, {path: None}, words.SAVED):
                self._draw()

        button = ui.button(
            words.REMOVE.in_(self._console.language),
            icon="delete",
            on_click=lambda: ask_first(self._console, words.REMOVE_SURE, remove, name=name),
        )
        button.props("flat dense no-caps color=negative").props(mark(f"remove-{name}"))

    def _new_household(self) -> None:
        language = self._console.language
        with ui.element("section").classes("form"):
            ui.label(words.ADD_HOUSEHOLD.in_(language)).classes("title")
            with ui.element("div").classes("voice"):
                name = ui.input(words.NAME_OF_HOUSEHOLD.in_(language)).props("dense outlined").classes("say")
                account = ui.input(words.XIAOMI_ID.in_(language)).props("dense outlined").classes("say")
                name.props(mark("new-household"))
                account.props(mark("new-account"))

                async def add() -> None:
                    await self._add({("households", name.value.strip(), "account"): account.value.strip()})

                ui.button(words.ADD.in_(language), icon="add", on_click=add).props("flat no-caps").props(
                    mark("add-household")
                )

    async def _add(self, changes: dict[Path, object | None]) -> None:
        if await save(self._console, changes, words.SAVED):
            self._draw()
