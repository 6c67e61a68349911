"""How the login of a household stands, and since when."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.login import words
from migpt_console.pages.parts.acting import tell
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.parts.refresh import Refresh
from migpt_shared.messages import Login

#: A passToken lasts about a month (seen in the wild); this leaves some days to act.
_REMIND_AFTER_S = 24 * 24 * 3600


class AccountCard:
    """Follows what the poller says of the account."""

    def __init__(self, console: Console, household: str) -> None:
        self._console = console
        self._household = household
        language = console.language
        account = console.settings.households[household].account
        with ui.element("section").classes("form").props(mark(f"account-{household}")):
            with ui.element("header"):
                ui.label(words.ACCOUNT.in_(language, household=household, account=account)).classes("title")
                self._state = ui.label().classes("chip").props(mark(f"account-state-{household}"))
            self._reason = ui.label().classes("error")
            self._ages = ui.label().classes("dim")
            self._ends = ui.label(words.ENDS_SOON.in_(language)).classes("error")
            with ui.element("div").classes("buttons"):
                again = ui.button(words.AGAIN.in_(language), icon="refresh", on_click=self._again)
                again.props("flat dense no-caps").props(mark(f"login-again-{household}"))
        self._draw()
        Refresh(console.house.feed, lambda change: change.subject == "services", self._draw)

    def _draw(self) -> None:
        language, account = self._console.language, self._console.house.accounts.get(self._household)
        if account is None:
            self._state.text = words.UNKNOWN.in_(language)
            for label in (self._reason, self._ages, self._ends):
                label.set_visibility(False)
            return
        self._state.text = (words.GOOD if account.ok else words.BAD).in_(language)
        self._state.classes(replace=f"chip {'to-home' if account.ok else 'to-native'}")
        reason = account.reason or ""
        if account.needs_captcha:
            reason = words.CAPTCHA.in_(language)
        elif account.needs_verification:
            reason = words.VERIFICATION.in_(language)
        self._reason.text = reason
        self._reason.set_visibility(not account.ok and bool(reason))
        age_s = account.pass_token_age_s
        if age_s is not None:
            hours = (account.service_token_age_s or 0) / 3600
            self._ages.text = words.AGES.in_(language, days=age_s / 86400, hours=hours)
        self._ages.set_visibility(age_s is not None)
        self._ends.set_visibility(age_s is not None and age_s > _REMIND_AFTER_S)

    def _again(self) -> None:
        self._console.link.publish(Login(), household=self._household)
        tell(words.AGAIN_SENT, self._console.language)
