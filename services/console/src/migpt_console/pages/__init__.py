"""The pages: one module each, what they have in common in `parts`."""

from __future__ import annotations

from fastapi import FastAPI

from migpt_console.console import Console


def add_pages(console: Console, application: FastAPI) -> None:
    """Register all pages, and what they let be downloaded."""
    from migpt_console.pages import health, history, login, settings, speakers, talk

    talk.add(console)
    history.add(console, application)
    speakers.add(console)
    settings.add(console)
    login.add(console)
    health.add(console)
