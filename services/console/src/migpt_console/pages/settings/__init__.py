"""The page 设置 in tabs. Forms are made from the settings classes."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.frame import frame
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_console.pages.settings.advanced import advanced_tab
from migpt_console.pages.settings.basics import basics_tab
from migpt_console.pages.settings.form import Form
from migpt_console.pages.settings.home_assistant import home_assistant_tab
from migpt_console.pages.settings.password_form import password_form
from migpt_console.pages.settings.presets import presets_tab
from migpt_console.pages.settings.sections import section_paths


def add(console: Console) -> None:
    """Register the page. `?tab=` chooses the tab."""

    @ui.page("/settings")
    def settings(tab: str = "basics") -> None:
        language = console.language
        with frame(console, "settings"):
            if console.config is None:
                ui.label(words.NO_FILE.in_(language)).classes("nothing")
                return
            with ui.tabs().props("dense no-caps align=left inline-label outside-arrows mobile-arrows") as tabs:
                for key, (name, icon) in words.TABS.items():
                    ui.tab(key, label=name.in_(language), icon=icon).props(mark(f"tab-{key}"))
            first = tab if tab in words.TABS else "basics"
            with ui.tab_panels(tabs, value=first, keep_alive=False).props("transition-duration=120").classes("panels"):
                with ui.tab_panel("basics"):
                    basics_tab(console)
                with ui.tab_panel("api"):
                    presets_tab(console)
                with ui.tab_panel("home"):
                    home_assistant_tab(console)
                with ui.tab_panel("voice"):
                    for section in ("hearing", "speech"):
                        Form(console, words.SECTIONS[section], section_paths(section))
                with ui.tab_panel("console"):
                    Form(console, words.SECTIONS["console"], section_paths("console"))
                    password_form(console)
                with ui.tab_panel("advanced"):
                    advanced_tab(console)
