"""What a light cannot do. Home Assistant leaves out silently what a light does not support, so it is asked before;
pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from migpt_ha_bridge.home.states import EntityState

Lack = Literal["colour", "colour_temperature", "brightness"]

_COLOUR_MODES = frozenset({"hs", "xy", "rgb", "rgbw", "rgbww"})
_COLOURS = frozenset({"color_name", "rgb_color", "hs_color", "xy_color", "rgbw_color", "rgbww_color"})
_TEMPERATURES = frozenset({"color_temp_kelvin", "color_temp", "kelvin"})
_BRIGHTNESSES = frozenset({"brightness", "brightness_pct", "brightness_step", "brightness_step_pct"})


def lack(domain: str, data: Mapping[str, Any], state: EntityState | None) -> Lack | None:
    """What is asked of a light that it does not have; None: nothing, or it does not tell."""
    if domain != "light" or state is None:
        return None
    modes = frozenset(state.attributes.get("supported_color_modes") or ())
    if not modes:
        return None
    asked = data.keys()
    if asked & _COLOURS and not modes & _COLOUR_MODES:
        return "colour"
    if asked & _TEMPERATURES and not modes & {*_COLOUR_MODES, "color_temp"}:
        return "colour_temperature"
    if asked & _BRIGHTNESSES and modes == {"onoff"}:
        return "brightness"
    return None
