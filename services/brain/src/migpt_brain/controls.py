"""What a control phrase brings about, and what is said to confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migpt_brain import phrases
from migpt_brain.control_phrases import (
    ControlAction,
    CorrectRoute,
    ForgetTalk,
    StopTalking,
    SwitchAi,
    SwitchMode,
    SwitchPreset,
    TakeAnswer,
)
from migpt_brain.switches import Switches
from migpt_shared.language import Language
from migpt_shared.messages import Target


@dataclass(frozen=True, slots=True)
class Effect:
    """`switches`: as they stand afterwards; `said`: the confirmation, empty for silence."""

    switches: Switches
    said: str = ""
    hush: bool = False
    """silence whatever the speaker plays"""
    forget: Literal["last", "conversation", "all"] | None = None
    """how much of the conversation to forget"""
    correct: Target | None = None
    """who should have answered what was said before"""


def effect_of(control: ControlAction, switches: Switches, presets: tuple[str, ...], language: Language) -> Effect:
    """The effect of a control phrase; `presets` are those that can be asked.

    Asking for advanced conversation switches the AI on as well.
    """
    match control:
        case StopTalking():
            return Effect(switches, hush=True)
        case SwitchAi(on):
            said = phrases.AI_ON if on else phrases.AI_OFF
            return Effect(switches.model_copy(update={"ai": on}), said.in_(language))
        case SwitchMode(mode):
            said = {"ai": phrases.MODE_AI, "auto": phrases.MODE_AUTO, "native": phrases.MODE_NATIVE}[mode]
            change = {"mode": mode} if mode == "native" else {"mode": mode, "ai": True}
            return Effect(switches.model_copy(update=change), said.in_(language))
        case SwitchPreset(preset=None, said=""):
            return Effect(switches, phrases.PRESETS_ARE.in_(language, names="、".join(presets)))
        case SwitchPreset(preset=None, said=name):
            return Effect(switches, phrases.PRESET_UNKNOWN.in_(language, name=name))
        case SwitchPreset(preset=preset) if preset not in presets:
            return Effect(switches, phrases.PRESET_WITHOUT_KEY.in_(language, name=preset))
        case SwitchPreset(preset=preset):
            return Effect(
                switches.model_copy(update={"preset": preset}), phrases.PRESET_CHOSEN.in_(language, name=preset)
            )
        case ForgetTalk(what):
            said = phrases.FORGOT_LAST if what == "last" else phrases.FORGOT_CONVERSATION
            return Effect(switches, said.in_(language), forget=what)
        case CorrectRoute(target):
            said = phrases.CORRECTED_LLM if target == "llm" else phrases.CORRECTED_NATIVE
            return Effect(switches, said.in_(language), correct=target)
        case TakeAnswer(is_understood):
            # Whoever asked goes on from here; only what leads nowhere is said to lead nowhere.
            return Effect(switches, "" if is_understood else phrases.NO_SUCH_CHOICE.in_(language))
