"""The page 登录: a wizard for each household's Xiaomi account, and how its login stands."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.login import words
from migpt_console.pages.login.account_card import AccountCard
from migpt_console.pages.login.wizard import Wizard
from migpt_console.pages.parts.frame import frame


def add(console: Console) -> None:
    """Register the page."""

    @ui.page("/login")
    def login() -> None:
        language = console.language
        with frame(console, "login"):
            households = list(console.settings.households)
            if not households:
                ui.label(words.NO_HOUSEHOLD.in_(language)).classes("nothing")
                ui.link(words.TO_SETTINGS.in_(language), "/settings?tab=basics").classes("place")
                return
            for household in households:
                AccountCard(console, household)
            Wizard(console, households)
