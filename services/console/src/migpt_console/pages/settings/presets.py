"""The tab API设置: language models, one click to change over, a trial with its first-word time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.acting import complain
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.form import Form
from migpt_console.pages.settings.saving import ask_first, save
from migpt_console.pages.settings.sections import section_paths
from migpt_console.provider import ProviderError, list_models, trial
from migpt_shared.editing import Path
from migpt_shared.language import Phrase
from migpt_shared.providers import PresetError, ResolvedPreset, known_providers, resolve


def presets_tab(console: Console) -> None:
    """Draw it."""
    _Presets(console)
    Form(console, words.SECTIONS["llm"], section_paths("llm", without=("preset",)))


class _Presets:
    """All presets; drawn again when one comes, goes or is chosen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._place = ui.element("div").classes("presets")
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        llm = self._console.settings.llm
        with self._place:
            for name in dict.fromkeys((*llm.chain, *llm.presets)):
                _PresetCard(self._console, name, self._draw)
            self._new()

    def _new(self) -> None:
        language = self._console.language
        known = [name for name in known_providers() if name not in self._console.settings.llm.presets]
        with ui.element("section").classes("form"):
            ui.label(words.ADD_PRESET.in_(language)).classes("title")
            with ui.element("div").classes("voice"):
                name = ui.input(words.PRESET_NAME.in_(language), autocomplete=known).props("dense outlined")
                name.classes("say").props(mark("new-preset"))

                async def add() -> None:
                    wanted = name.value.strip()
                    if not wanted:
                        return
                    # An empty section would say nothing; a known provider needs no more than its key.
                    provider = wanted if wanted in known_providers() else ""
                    change: dict[Path, object | None] = {("llm", "presets", wanted, "provider"): provider}
                    if await save(self._console, change, words.SAVED):
                        self._draw()

                ui.button(words.ADD.in_(language), icon="add", on_click=add).props("flat no-caps").props(
                    mark("add-preset")
                )


class _PresetCard:
    """One preset: use, test, edit, remove."""

    def __init__(self, console: Console, name: str, draw_all: Callable[[], None]) -> None:
        self._console = console
        self._name = name
        self._draw_all = draw_all
        language, llm = console.language, console.settings.llm
        resolved, problem = _resolved(console, name)
        with ui.element("section").classes("form preset").props(mark(f"preset-{name}")):
            with ui.element("header"):
                ui.label(name).classes("title")
                if name == llm.preset:
                    ui.label(words.IN_USE.in_(language)).classes("chip to-home").props(mark("in-use"))
                if resolved is not None:
                    ui.label(f"{resolved.model} · {resolved.base_url}").classes("dim")
                else:
                    ui.label(words.NOT_CONFIGURED.in_(language, reason=problem)).classes("error")
            with ui.element("div").classes("buttons"):
                if name != llm.preset and resolved is not None:
                    self._button(words.USE, "check", self._use, "use")
                if resolved is not None:
                    self._button(words.TEST, "play_arrow", self._test, "test")
                    self._button(words.FETCH_MODELS, "list", self._fetch, "models")
                if name in llm.presets:
                    self._button(words.REMOVE, "delete", self._ask_to_remove, "remove")
            self._said = ui.label().classes("trial").props(mark(f"trial-{name}"))
            self._said.set_visibility(False)
            self._models = ui.element("div").classes("models")
            with ui.expansion(words.EDIT.in_(language)).props("dense").props(mark(f"edit-{name}")):
                Form(
                    console,
                    Phrase(zh="", en=""),
                    section_paths("llm", "presets", name),
                    can_reset=False,
                    on_saved=self._again,
                )

    def _button(self, name: Phrase, icon: str, do: Callable[[], object], name_of_mark: str) -> None:
        button = ui.button(name.in_(self._console.language), icon=icon, on_click=do)
        button.props("flat dense no-caps").props(mark(f"{name_of_mark}-{self._name}"))

    def _again(self) -> None:
        self._draw_all()

    async def _use(self) -> None:
        if await save(self._console, {("llm", "preset"): self._name}, words.SAVED):
            self._again()

    def _ask_to_remove(self) -> None:
        async def remove() -> None:
            if await save(self._console, {("llm", "presets", self._name): None}, words.SAVED):
                self._again()

        ask_first(self._console, words.REMOVE_SURE, remove, name=self._name)

    async def _test(self) -> None:
        preset, _ = _resolved(self._console, self._name)
        if preset is None:
            return
        language = self._console.language
        self._said.set_visibility(True)
        self._said.text = words.TESTING.in_(language)
        answer, first, whole = "", None, 0.0
        try:
            async with aclosing(trial(preset, words.TRIAL_QUESTION.in_(language))) as pieces:
                async for piece in pieces:
                    first = piece.at_s if first is None else first
                    whole = piece.at_s
                    answer += piece.text
                    self._said.text = answer
        except ProviderError as error:
            self._said.text = str(error)
            return
        if first is None:
            self._said.text = words.NO_WORD.in_(language)
        else:
            self._said.text = f"{answer} （{words.FIRST_TOKEN.in_(language, first=first, whole=whole)}）"

    async def _fetch(self) -> None:
        preset, _ = _resolved(self._console, self._name)
        if preset is None:
            return
        try:
            names = await list_models(preset)
        except ProviderError as error:
            complain(str(error))
            return
        self._models.clear()
        with self._models:
            ui.label(words.MODELS_FOUND.in_(self._console.language, count=len(names))).classes("dim")
            for name in names[:200]:
                chip = ui.button(name, on_click=lambda name=name: self._choose(name))
                chip.props("outline dense no-caps size=sm").props(mark("model"))

    async def _choose(self, model: str) -> None:
        if await save(self._console, {("llm", "presets", self._name, "model"): model}, words.SAVED):
            self._again()


def _resolved(console: Console, name: str) -> tuple[ResolvedPreset | None, str]:
    try:
        return resolve(name, console.settings.llm), ""
    except PresetError as error:
        return None, str(error)
