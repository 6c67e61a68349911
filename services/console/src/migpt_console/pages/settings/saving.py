"""Writes changes and says what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

from migpt_console.console import Console
from migpt_console.pages.parts.acting import complain, tell
from migpt_console.pages.parts.marks import mark
from migpt_console.pages.settings import words
from migpt_shared.editing import ChangedMeanwhileError, ConfigFile, Path, Shown
from migpt_shared.language import Phrase
from migpt_shared.settings import Settings, SettingsError


async def save(console: Console, changes: Mapping[Path, object | None], done: Phrase) -> bool:
    """Change those values in the files; they are in force at once here, and everywhere as soon as it is noticed."""
    return await _write(console, lambda file: file.change(changes), done)


async def save_text(console: Console, edited: Shown, done: Phrase) -> bool:
    """Write the whole of config.toml."""
    return await _write(console, lambda file: file.save(edited), done)


def ask_first(console: Console, question: Phrase, then: Callable[[], Awaitable[object]], **values: object) -> None:
    """Do it only after a second click."""
    language = console.language
    with ui.dialog() as dialog, ui.card().classes("doctor"):
        ui.label(question.in_(language, **values))

        async def go_on() -> None:
            dialog.close()
            await then()

        with ui.element("div").classes("buttons"):
            ui.button(words.CANCEL.in_(language), on_click=dialog.close).props("flat no-caps")
            ui.button(words.YES.in_(language), on_click=go_on).props("unelevated no-caps color=negative").props(
                mark("sure")
            )
    dialog.open()


async def _write(console: Console, write: Callable[[ConfigFile], Settings], done: Phrase) -> bool:
    language = console.language
    if console.config is None:
        complain(words.NO_FILE.in_(language))
        return False
    file = ConfigFile(console.config)
    try:
        settings = await asyncio.to_thread(write, file)
    except SettingsError as error:
        complain("\n".join(error.problems))
        return False
    except ChangedMeanwhileError:
        complain(words.CHANGED_MEANWHILE.in_(language))
        return False
    except OSError as error:
        complain(words.CANNOT_WRITE.in_(language, reason=error.strerror or error))
        return False
    console.reconfigure(settings)
    tell(done, language)
    return True
