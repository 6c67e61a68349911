"""Phrases that control the assistant itself: stop, AI on and off, modes, presets, forgetting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from migpt_brain.word_lists import WordList, load_words
from migpt_shared.messages import Mode, Target
from migpt_shared.spoken_form import normalise


@dataclass(frozen=True, slots=True)
class StopTalking:
    """End the current answer."""


@dataclass(frozen=True, slots=True)
class SwitchAi:
    """Turn the AI switch on or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class SwitchMode:
    """Change the mode; a mode that asks the language model is meant to turn the AI switch on as well."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class SwitchPreset:
    """Change the preset to `preset`; None when none is called like what was `said`, which is empty without a name."""

    preset: str | None
    said: str


@dataclass(frozen=True, slots=True)
class ForgetTalk:
    """Forget the last exchange, the conversation, or all."""

    what: Literal["last", "conversation", "all"]


@dataclass(frozen=True, slots=True)
class CorrectRoute:
    """What was said before this should have gone there."""

    target: Target


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """No phrase of ours: whatever was said answers a question that a program had asked."""

    is_understood: bool


ControlAction = StopTalking | SwitchAi | SwitchMode | SwitchPreset | ForgetTalk | CorrectRoute | TakeAnswer


class _Fillers(WordList):
    leading: tuple[str, ...]
    trailing: tuple[str, ...]


class _Phrases(WordList):
    phrases: tuple[str, ...]


class _Preset(WordList):
    if_known: tuple[str, ...]
    always: tuple[str, ...]
    without_name: tuple[str, ...]
    names: dict[str, tuple[str, ...]]


class _ControlWords(WordList):
    fillers: _Fillers
    stop: _Phrases
    ai_on: _Phrases
    ai_off: _Phrases
    mode_ai: _Phrases
    mode_native: _Phrases
    mode_auto: _Phrases
    forget_last: _Phrases
    forget_conversation: _Phrases
    forget_all: _Phrases
    correct_llm: _Phrases
    correct_native: _Phrases
    preset: _Preset

    def by_action(self) -> Iterator[tuple[ControlAction, tuple[str, ...]]]:
        yield StopTalking(), self.stop.phrases
        yield SwitchAi(on=True), self.ai_on.phrases
        yield SwitchAi(on=False), self.ai_off.phrases
        yield SwitchMode("ai"), self.mode_ai.phrases
        yield SwitchMode("native"), self.mode_native.phrases
        yield SwitchMode("auto"), self.mode_auto.phrases
        yield ForgetTalk("last"), self.forget_last.phrases
        yield ForgetTalk("conversation"), self.forget_conversation.phrases
        yield ForgetTalk("all"), self.forget_all.phrases
        yield CorrectRoute("llm"), self.correct_llm.phrases
        yield CorrectRoute("native"), self.correct_native.phrases
        yield SwitchPreset(None, ""), self.preset.without_name


@cache
def _control_words() -> _ControlWords:
    return load_words("control_phrases.toml", _ControlWords)


#: No control phrase is longer, fillers included; longer utterances are not looked at.
_LONGEST = 60
_SAID_REPEATEDLY = re.compile(r"(.+?)\1+")


class ControlPhrases:
    """Recognises control phrases. `presets` are the names of the presets there are.

    Only whole utterances count, after `normalise` and without fillers ("小爱同学，请安静一下好吗" is "安静").
    """

    def __init__(self, presets: Iterable[str]) -> None:
        words = _control_words()
        self._leading = tuple(map(normalise, words.fillers.leading))
        self._trailing = tuple(map(normalise, words.fillers.trailing))
        self._actions: dict[str, ControlAction] = {
            normalise(phrase): action for action, phrases in words.by_action() for phrase in phrases
        }
        self._if_known = tuple(map(_template, words.preset.if_known))
        self._always = tuple(map(_template, words.preset.always))
        self._presets = _spoken_presets(presets, words.preset.names)

    def find(self, utterance: str) -> ControlAction | None:
        """What the utterance commands; None when it is no control phrase."""
        text = normalise(utterance)
        if not text or len(text) > _LONGEST:
            return None
        forms = tuple(self._without_fillers(text))
        for form in forms:
            if action := self._actions.get(form) or self._known_preset(form):
                return action
        return next((action for form in forms if (action := self._any_preset(form))), None)

    def _without_fillers(self, text: str) -> Iterator[str]:
        """The text, and what is left of it when fillers are taken away in any order."""
        forms = [text]
        if repeated := _SAID_REPEATEDLY.fullmatch(text):
            forms.append(repeated[1])
        for form in forms:  # grows while it is walked
            shorter = [form.removeprefix(filler) for filler in self._leading]
            shorter += [form.removesuffix(filler) for filler in self._trailing]
            forms += (new for new in dict.fromkeys(shorter) if new and new not in forms)
            yield form

    def _known_preset(self, form: str) -> ControlAction | None:
        for name in _names_in(form, (*self._if_known, *self._always)):
            if name in self._presets:
                return SwitchPreset(self._presets[name], name)
        return None

    def _any_preset(self, form: str) -> ControlAction | None:
        return next((SwitchPreset(None, name) for name in _names_in(form, self._always)), None)


@dataclass(frozen=True, slots=True)
class _Template:
    before: str
    after: str


def _template(text: str) -> _Template:
    before, after = text.split("{name}")
    return _Template(normalise(before), normalise(after))


def _names_in(form: str, templates: Iterable[_Template]) -> Iterator[str]:
    for template in templates:
        if form.startswith(template.before) and form.endswith(template.after):
            name = form[len(template.before) : len(form) - len(template.after)]
            if name and len(form) == len(template.before) + len(name) + len(template.after):
                yield name


def _spoken_presets(presets: Iterable[str], names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Presets by what people call them. A preset's own name goes before another's by-name."""
    known = tuple(presets)
    spoken = {normalise(by_name): preset for preset in known for by_name in names.get(preset, ())}
    return spoken | {normalise(preset): preset for preset in known if normalise(preset)}
