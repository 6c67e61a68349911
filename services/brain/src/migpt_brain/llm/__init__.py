"""Answers of language models over OpenAI-compatible APIs: presets, streaming, retry, fallback, failures.

`Answers` itself is imported from `migpt_brain.llm.answers` by whoever asks a model: with it comes the SDK, which takes
half a second to import.
"""

from migpt_brain.llm.failures import AnswerFailed, FailureKind, spoken_failure
from migpt_brain.llm.parts import AnswerPart, AnswerRequest, ChatMessage, Finished, TextDelta
from migpt_brain.llm.tools import Choice, ChoiceRequest, TalkPart, Tool, ToolCall, ToolResult
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
    "ChatMessage",
    "Choice",
    "ChoiceRequest",
    "FailureKind",
    "Finished",
    "PresetError",
    "Provider",
    "ResolvedPreset",
    "TalkPart",
    "TextDelta",
    "Tool",
    "ToolCall",
    "ToolResult",
    "known_providers",
    "preset_names",
    "preset_problem",
    "resolve",
    "spoken_failure",
    "usable_presets",
]
