"""The processes that are online, with what they count."""

from __future__ import annotations

import time

from nicegui import ui

from migpt_console.console import Console
from migpt_console.house import Process
from migpt_console.pages.health import words
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.parts.refresh import Refresh


class Processes:
    """A row each; drawn again when one comes, goes, or has something new to say."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: list[tuple[object, ...]] = []
        with ui.element("section").classes("form"):
            ui.label(words.PROCESSES.in_(console.language)).classes("title")
            self._rows = ui.element("div").classes("processes").props(mark("processes"))
        self._draw()
        Refresh(console.house.feed, lambda change: change.subject == "services", self._draw)
        ui.timer(5.0, self._draw)

    def _draw(self) -> None:
        living = self._console.house.living(time.monotonic())
        now = [(one.service, one.instance, one.presence.health, one.presence.counters, _age(one)) for one in living]
        if now == self._shown and now:
            return
        self._shown = list(now)
        self._rows.clear()
        with self._rows:
            if not living:
                ui.label(words.NO_PROCESSES.in_(self._console.language)).classes("error")
            for process in living:
                self._row(process)

    def _row(self, process: Process) -> None:
        health = process.presence.health
        with ui.element("div").classes(f"process {'is-good' if health.ok else 'is-bad'}"):
            ui.icon("check_circle" if health.ok else "error")
            ui.label(process.service).classes("subject")
            ui.label(process.instance).classes("dim")
            ui.label(words.RUNS_FOR.in_(self._console.language, time=_age(process))).classes("dim")
            counted = "  ".join(f"{kind} {number}" for kind, number in process.presence.counters.items() if number)
            ui.label(counted).classes("dim counters")
            if health.detail:
                ui.label(health.detail).classes("error")


def _age(process: Process) -> str:
    minutes = max(0, round(time.time() - process.presence.since / 1000)) // 60
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h" if days else f"{hours}h {minutes}m"
