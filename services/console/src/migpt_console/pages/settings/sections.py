"""The places of a section's values, and what stands there now; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from migpt_console.pages.settings.kinds import kind_of
from migpt_shared.editing import Path, field_at
from migpt_shared.settings import Settings


def section_paths(*section: str, without: tuple[str, ...] = ()) -> list[Path]:
    """The values of a section that a form can show, in the order of the settings class."""
    model = _model_at(section)
    names = [name for name in model.model_fields if name not in without and not name.endswith("_file")]
    paths = [(*section, name) for name in names]
    return [path for path in paths if (field := field_at(path)) is not None and kind_of(field) is not None]


def value_at(settings: Settings, path: Path) -> Any:
    """What is set there; the default where nothing is set, None where the section is not there."""
    here: Any = settings
    for step in path:
        if isinstance(here, Mapping):
            here = here.get(step)
        elif here is not None:
            here = getattr(here, step)
    return here


def _model_at(section: tuple[str, ...]) -> type[BaseModel]:
    """The settings class of a section; names of people's own choice are taken for granted."""
    from migpt_shared.settings import (
        ConsoleSettings,
        HearingSettings,
        HomeAssistantSettings,
        HouseholdSettings,
        LlmSettings,
        PresetSettings,
        RoutingSettings,
        SpeakerSettings,
        SpeechSettings,
    )

    match section:
        case ("households", _):
            return HouseholdSettings
        case ("households", _, "speakers", _):
            return SpeakerSettings
        case ("llm", "presets", _):
            return PresetSettings
    simple: dict[tuple[str, ...], type[BaseModel]] = {
        (): Settings,
        ("hearing",): HearingSettings,
        ("routing",): RoutingSettings,
        ("speech",): SpeechSettings,
        ("llm",): LlmSettings,
        ("home_assistant",): HomeAssistantSettings,
        ("console",): ConsoleSettings,
    }
    return simple[section]
