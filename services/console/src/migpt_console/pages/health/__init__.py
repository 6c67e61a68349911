"""The page 健康: what runs, what is wrong, how long things take, and what the services say."""

from __future__ import annotations

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.health.latency import Latency
from migpt_console.pages.health.lines import Lines
from migpt_console.pages.health.processes import Processes
from migpt_console.pages.health.state import State
from migpt_console.pages.parts.frame import frame


def add(console: Console) -> None:
    """Register the page."""

    @ui.page("/health")
    def health() -> None:
        with frame(console, "health", wide=True):
            State(console)
            Processes(console)
            Latency(console)
            Lines(console)
