"""Answers of language models over OpenAI-compatible APIs: presets, streaming, retry, fallback, failures."""

from migpt_brain.llm.answers import Answers
from migpt_brain.llm.failures import AnswerFailed, FailureKind, spoken_failure
from migpt_brain.llm.parts import AnswerPart, AnswerRequest, ChatMessage, Finished, TextDelta
from migpt_shared.providers import (
    PresetError,
    Provider,
    ResolvedPreset,
    known_providers,
    preset_names,
    preset_problem,
    resolve,
    usable_presets,
)

__all__ = [
    "AnswerFailed",
    "AnswerPart",
    "AnswerRequest",
    "Answers",
    "ChatMessage",
    "FailureKind",
    "Finished",
    "PresetError",
    "Provider",
    "ResolvedPreset",
    "TextDelta",
    "known_providers",
    "preset_names",
    "preset_problem",
    "resolve",
    "spoken_failure",
    "usable_presets",
]
