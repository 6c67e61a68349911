"""The card of one speaker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from migpt_console.console import Console
from migpt_console.house import Speaker
from migpt_console.pages.parts import speaker_words as words
from migpt_console.pages.parts.acting import act
from migpt_console.pages.parts.doctor_dialog import open_doctor
from migpt_console.pages.parts.marks import mark
from migpt_shared.messages import Command, Say, SetAi, SetMode, SetPersona, SetPreset, SetVolume, Stop, Wake
from migpt_shared.providers import usable_presets


class SpeakerCard:
    """Shows a speaker; `update` after it has changed. A switch that somebody turns goes out as a command, and stands
    where the owner of the speaker says it stands."""

    def __init__(self, console: Console, speaker: Speaker) -> None:
        self._console = console
        self._speaker = speaker
        self._is_showing = False
        with ui.element("article").classes("card").props(mark(f"speaker-{speaker.address.speaker}")):
            self._head()
            self._switches()
            self._voice()
            self._facts = ui.element("ul").classes("facts")
        self._shown_facts: list[str] = []
        self.update()

    def update(self) -> None:
        """Show how the speaker stands now."""
        self._is_showing = True
        try:
            self._show()
        finally:
            self._is_showing = False

    # -- building

    def _head(self) -> None:
        with ui.element("header"):
            self._name = ui.label().classes("name")
            self._online = ui.label().classes("chip")
            self._activity = ui.label().classes("activity")
        self._where = ui.label().classes("dim")

    def _switches(self) -> None:
        language = self._console.language
        with ui.element("div").classes("switches"):
            self._ai = ui.switch(words.AI.in_(language), on_change=self._on(lambda value: SetAi(value=value)))
            self._ai.props(mark("ai"))
            modes = {key: name.in_(language) for key, name in words.MODES.items()}
            self._mode = self._select(modes, words.MODE.in_(language), lambda value: SetMode(value=value), "mode")
            self._preset = self._select([], words.PRESET.in_(language), lambda value: SetPreset(value=value), "preset")
            self._persona = self._select(
                [], words.PERSONA.in_(language), lambda value: SetPersona(value=value), "persona"
            )
        with ui.element("div").classes("volume"):
            ui.icon("volume_up")
            self._volume = ui.slider(min=0, max=100).props(f'label aria-label="{words.VOLUME.in_(language)}"')
            self._volume.props(mark("volume")).on("change", self._set_volume)
            self._percent = ui.label().classes("dim")

    def _select(
        self, options: dict[str, str] | list[str], label: str, command: Callable[[str], Command], name_of_mark: str
    ) -> ui.select:
        select = ui.select(options, label=label, on_change=self._on(command))
        select.props("dense outlined options-dense").props(mark(name_of_mark))
        return select

    def _voice(self) -> None:
        language = self._console.language
        with ui.element("div").classes("voice"):
            self._text = ui.input(placeholder=words.SAY.in_(language)).props("dense outlined maxlength=2000")
            self._text.classes("say").props(mark("say")).on("keydown.enter", self._say)
            self._button(words.SAY_IT.in_(language), "record_voice_over", self._say, "say-it")
        with ui.element("div").classes("buttons"):
            self._button(words.TEST.in_(language), "hearing", self._test, "test")
            self._button(words.STOP.in_(language), "stop", self._stop, "stop")
            self._button(words.WAKE.in_(language), "notifications_active", self._wake, "wake")
            self._button(words.DOCTOR.in_(language), "medical_services", self._examine, "doctor")

    def _button(self, name: str, icon: str, do: Callable[[], object], name_of_mark: str) -> None:
        ui.button(name, icon=icon, on_click=do).props("flat dense no-caps").props(mark(name_of_mark))

    # -- acting

    def _on(self, command: Callable[[Any], Command]) -> Callable[[ValueChangeEventArguments[Any]], object]:
        async def changed(event: ValueChangeEventArguments[Any]) -> None:
            if self._is_showing or event.value is None:
                return
            if not await self._act(command(event.value)):
                self.update()  # it stands where it stood

        return changed

    async def _set_volume(self) -> None:
        if not await self._act(SetVolume(value=int(self._volume.value or 0))):
            self.update()

    async def _say(self) -> None:
        if text := (self._text.value or "").strip():
            self._text.value = ""
            if not await self._act(Say(text=text)):
                self._text.value = text

    async def _test(self) -> None:
        await self._act(Say(text=words.TEST_SENTENCE.in_(self._console.language, name=self._speaker.name)))

    async def _stop(self) -> None:
        await self._act(Stop())

    async def _wake(self) -> None:
        await self._act(Wake())

    def _examine(self) -> None:
        open_doctor(self._console, self._speaker)

    async def _act(self, command: Command) -> bool:
        return await act(self._console, command, self._speaker.address)

    # -- showing

    def _show(self) -> None:
        speaker, language = self._speaker, self._console.language
        info, brain, speech = speaker.info, speaker.brain, speaker.speech
        self._name.text = speaker.name
        area = f"{info.area} · " if info and info.area else ""
        self._where.text = f"{area}{speaker.address} · {info.hardware if info else ''}"
        online = {True: words.ONLINE, False: words.OFFLINE, None: words.UNKNOWN}[speaker.is_online]
        self._online.text = online.in_(language)
        self._online.classes(replace=f"chip {'to-home' if speaker.is_online else 'to-native'}")
        if speech is not None:
            waiting = words.WAITING.in_(language, count=speech.queue_length) if speech.queue_length else ""
            self._activity.text = words.ACTIVITIES[speech.activity].in_(language) + waiting
            self._activity.classes(replace=f"activity is-{speech.activity}")
            if speech.volume is not None:
                self._volume.value = speech.volume
                self._percent.text = f"{speech.volume}%"
        if brain is not None:
            self._ai.value = brain.ai
            self._mode.value = brain.mode
            self._choose(self._preset, usable_presets(self._console.settings.llm), brain.preset)
            self._choose(self._persona, tuple(self._console.settings.llm.personas), brain.persona)
            self._persona.set_visibility(bool(self._persona.options))
        facts = self._fact_lines()
        if facts != self._shown_facts:
            self._shown_facts = facts
            self._facts.clear()
            with self._facts:
                for fact in facts:
                    with ui.element("li"):
                        ui.label(fact)

    def _choose(self, select: ui.select, names: tuple[str, ...], current: str | None) -> None:
        options = list(names) if current is None or current in names else [*names, current]
        if options != select.options:
            select.set_options(options, value=current)
        else:
            select.value = current

    def _fact_lines(self) -> list[str]:
        speaker, language = self._speaker, self._console.language
        hearing, brain, speech = speaker.hearing, speaker.brain, speaker.speech
        lines: list[str] = []
        states = {"poller": hearing, "brain": brain, "speaker": speech}
        missing = [name for name, state in states.items() if state is None or state.owner is None]
        if missing:
            lines.append(words.UNSERVED.in_(language, names=", ".join(missing)))
        if speech is not None and speech.seconds_per_character:
            lines.append(words.RATE.in_(language, rate=f"{1 / speech.seconds_per_character:.1f}"))
        if speech is not None and speech.profile is not None:
            status = words.STATUS_GOOD if speech.profile.status_is_usable else words.STATUS_BAD
            lines.append(words.PROFILE.in_(language, path=speech.profile.tts_path, status=status.in_(language)))
        if hearing is not None:
            if hearing.interval_s:
                lines.append(words.INTERVAL.in_(language, interval=f"{hearing.interval_s:g}"))
            if hearing.transcript_delay_p50_s is not None:
                lines.append(words.DELAY.in_(language, delay=f"{hearing.transcript_delay_p50_s:.1f}"))
            if hearing.budget:
                lines.append(words.BUDGET.in_(language, used=hearing.requests_today, budget=hearing.budget))
        if brain is not None and brain.tokens_today:
            lines.append(words.TOKENS.in_(language, tokens=brain.tokens_today))
        if hearing is not None and hearing.last_heard:
            lines.append(words.LAST_HEARD.in_(language, text=hearing.last_heard))
        return lines
