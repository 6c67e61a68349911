"""What all pages and the API share."""

from __future__ import annotations

import time
from pathlib import Path

from migpt_console.access.entrance import Entrance
from migpt_console.access.password import PasswordStore
from migpt_console.access.sessions import Sessions
from migpt_console.figures import Figures
from migpt_console.history.keeper import HistoryKeeper
from migpt_console.history.store import HistoryStore, history_file
from migpt_console.house import Change, House
from migpt_console.link import Link
from migpt_shared.language import Language
from migpt_shared.service import Context
from migpt_shared.settings import Settings


class Console:
    """The parts of one running console."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        folder = settings.data_dir / "console"
        self.settings = settings
        self.config: Path | None = context.config
        self.house = House()
        self.link = Link(context.bus, context.src)
        self.figures = Figures()
        self.history = HistoryKeeper(HistoryStore(history_file(settings.data_dir)), settings.console.history_days)
        self.password = PasswordStore(folder / "password")
        self.sessions = Sessions(folder / "sessions.json", time.time())
        self.entrance = Entrance(self.password, self.sessions, lambda: self.language)
        self.api_requests = 0
        self.started_at = time.time()

    @property
    def language(self) -> Language:
        return self.settings.language

    def reconfigure(self, settings: Settings) -> None:
        self.settings = settings
        self.history.days = settings.console.history_days
        self.house.feed.tell(Change("settings"))
