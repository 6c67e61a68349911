"""The doctor: examines a speaker and shows each finding as it is made."""

from __future__ import annotations

from contextlib import aclosing

from nicegui import background_tasks, ui

from migpt_console.clouds import NoSuchHouseholdError, open_cloud
from migpt_console.console import Console
from migpt_console.house import Speaker
from migpt_console.pages.parts import speaker_words as words
from migpt_console.pages.parts.acting import complain
from migpt_console.pages.parts.marks import mark

_ICONS = {"good": ("check_circle", "positive"), "warning": ("error", "warning"), "bad": ("cancel", "negative")}


def open_doctor(console: Console, speaker: Speaker) -> None:
    """Show the dialog and begin. Closing it ends the examination."""
    language = console.language
    with ui.dialog() as dialog, ui.card().classes("doctor"):
        ui.label(words.DOCTOR_TITLE.in_(language, name=speaker.name)).classes("title")
        ui.label(words.DOCTOR_ABOUT.in_(language)).classes("dim")
        rows = ui.element("div").classes("findings")
        with ui.element("div").classes("buttons"):
            state = ui.label(words.DOCTOR_RUNNING.in_(language)).classes("dim").props(mark("doctor-state"))
            ui.button(words.CLOSE.in_(language), on_click=dialog.close).props("flat no-caps")

    async def run() -> None:
        from migpt_shared.doctor import Examination, examine
        from migpt_shared.doctor.findings import SUBJECTS

        if speaker.info is None:
            return
        delay_s = speaker.hearing.transcript_delay_p50_s if speaker.hearing else None
        try:
            async with open_cloud(console.settings, speaker.address.household) as cloud:
                findings = examine(cloud, Examination(speaker.info.uid, delay_s, language))
                async with aclosing(findings):
                    async for finding in findings:
                        icon, colour = _ICONS[finding.verdict]
                        with rows, ui.element("div").classes(f"finding is-{finding.verdict}"):
                            ui.icon(icon, color=colour)
                            ui.label(SUBJECTS[finding.subject].in_(language)).classes("subject")
                            ui.label(finding.in_(language))
        except NoSuchHouseholdError as error:
            with rows:
                complain(words.NO_CONFIG.in_(language, name=error))
        state.text = words.DOCTOR_DONE.in_(language)

    task = background_tasks.create(run(), name="doctor")

    def end() -> None:
        task.cancel()
        dialog.delete()

    dialog.on("hide", end)
    dialog.open()
