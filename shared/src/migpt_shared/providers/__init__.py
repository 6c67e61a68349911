"""Providers of language models that are known without configuration, and presets with every value settled."""

from migpt_shared.providers.known import Provider, known_providers
from migpt_shared.providers.presets import (
    PresetError,
    PresetFault,
    ResolvedPreset,
    is_loopback,
    preset_names,
    preset_problem,
    proxy_for,
    resolve,
    usable_presets,
)

__all__ = [
    "PresetError",
    "PresetFault",
    "Provider",
    "ResolvedPreset",
    "is_loopback",
    "known_providers",
    "preset_names",
    "preset_problem",
    "proxy_for",
    "resolve",
    "usable_presets",
]
