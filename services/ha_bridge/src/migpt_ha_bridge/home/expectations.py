"""When a service call has really happened, as far as the entity's state can tell; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migpt_ha_bridge.home.states import EntityState

#: The states that a service leads to; those on the way count, as a curtain takes its time.
_LEADS_TO: dict[str, frozenset[str]] = {
    "turn_on": frozenset({"on"}),
    "turn_off": frozenset({"off"}),
    "open_cover": frozenset({"open", "opening"}),
    "close_cover": frozenset({"closed", "closing"}),
    "open_valve": frozenset({"open", "opening"}),
    "close_valve": frozenset({"closed", "closing"}),
    "lock": frozenset({"locked", "locking"}),
    "unlock": frozenset({"unlocked", "unlocking", "open", "opening"}),
    "open": frozenset({"open", "opening", "unlocked"}),
    "alarm_disarm": frozenset({"disarmed"}),
    "alarm_arm_home": frozenset({"armed_home", "arming", "pending"}),
    "alarm_arm_away": frozenset({"armed_away", "arming", "pending"}),
    "alarm_arm_night": frozenset({"armed_night", "arming", "pending"}),
    "start": frozenset({"cleaning", "active", "mowing"}),
    "start_mowing": frozenset({"mowing"}),
    "return_to_base": frozenset({"returning", "docked"}),
    "media_play": frozenset({"playing", "buffering"}),
    "media_pause": frozenset({"paused", "idle"}),
    "media_stop": frozenset({"idle", "off", "paused", "standby"}),
}
#: Domains in which "on" is not called on.
_ON_IS: dict[str, frozenset[str]] = {
    "climate": frozenset({"heat", "cool", "heat_cool", "auto", "dry", "fan_only"}),
    "water_heater": frozenset({"eco", "electric", "performance", "high_demand", "heat_pump", "gas"}),
    "media_player": frozenset({"on", "idle", "playing", "paused", "buffering", "standby"}),
    "vacuum": frozenset({"cleaning"}),
}
#: Domains of things that only happen: their state is the time when they did.
_MOMENTS = frozenset({"scene", "button", "input_button", "event", "notify"})
#: What is asked for in the data and stands in a state or attribute of the same meaning afterwards.
_SETS: dict[str, str] = {
    "brightness": "brightness",
    "color_temp_kelvin": "color_temp_kelvin",
    "rgb_color": "rgb_color",
    "hs_color": "hs_color",
    "xy_color": "xy_color",
    "effect": "effect",
    "temperature": "temperature",
    "target_temp_high": "target_temp_high",
    "target_temp_low": "target_temp_low",
    "humidity": "humidity",
    "percentage": "percentage",
    "preset_mode": "preset_mode",
    "fan_mode": "fan_mode",
    "swing_mode": "swing_mode",
    "oscillating": "oscillating",
    "direction": "direction",
    "volume_level": "volume_level",
    "is_volume_muted": "is_volume_muted",
    "source": "source",
    "fan_speed": "fan_speed",
}
#: What becomes the state itself.
_BECOMES_STATE = {"set_value": "value", "select_option": "option", "set_hvac_mode": "hvac_mode"}

#: How far a value may be off: devices round, and convert from one scale to another.
_TOLERANCES = {
    "brightness": 8.0,
    "color_temp_kelvin": 200.0,
    "rgb_color": 40.0,
    "hs_color": 12.0,
    "xy_color": 0.06,
    "temperature": 0.5,
    "percentage": 20.0,
    "volume_level": 0.03,
    "humidity": 1.0,
}


def is_done(
    domain: str, service: str, data: Mapping[str, Any], before: EntityState | None, after: EntityState | None
) -> bool:
    """Whether the entity is as the call asked, or, where nobody can say what that is, whether it has changed.

    `before` is its state when the call went out. Being so already is done, too; a moment (a scene, a button) has to
    happen again. A value that the entity does not show at all cannot be told and does not count against it.
    """
    if after is None or not after.is_available:
        return False
    has_changed = before is None or after.changes != before.changes
    if domain in _MOMENTS:
        return has_changed
    if service == "toggle":
        return before is not None and after.state != before.state
    if service in _BECOMES_STATE:
        return _same(after.state, data.get(_BECOMES_STATE[service]), 0.01)
    if domain == "light" and _number(_asked(data).get("brightness")) == 0:
        return after.state == "off"
    checks = [_is_set(domain, name, value, after) for name, value in _asked(data).items() if name in _SETS]
    checks += [check for check in (_position(data, after),) if check is not None]
    if "hvac_mode" in data:
        checks.append(after.state == data["hvac_mode"])
    expected = _expected_states(domain, service)
    if expected is not None:
        # Light bulbs may be on at once and fade: the values have to follow.
        return after.state in expected and all(checks)
    return all(checks) if checks else has_changed


def _expected_states(domain: str, service: str) -> frozenset[str] | None:
    if service == "turn_on" and domain in _ON_IS:
        return _ON_IS[domain]
    if service == "turn_on" and domain in ("script", "automation"):
        return None  # a script may be over before anybody looks
    return _LEADS_TO.get(service)


def _asked(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data in the units of the attributes."""
    asked = dict(data)
    if (percent := _number(asked.pop("brightness_pct", None))) is not None:
        asked["brightness"] = percent * 255 / 100
    return asked


def _is_set(domain: str, name: str, value: object, after: EntityState) -> bool:
    shown = after.attributes.get(_SETS[name])
    if shown is None:
        # A light that is on shows its brightness and colour; a white tone may have become a colour.
        return domain != "light" or name not in ("brightness", "rgb_color", "hs_color", "xy_color")
    return _same(shown, value, _TOLERANCES.get(name, 0.01))


def _position(data: Mapping[str, Any], after: EntityState) -> bool | None:
    """A cover or valve on its way to the position counts."""
    if (position := _number(data.get("position"))) is None:
        return None
    shown = _number(after.attributes.get("current_position"))
    return after.state in ("opening", "closing") or shown is None or abs(shown - position) <= 5


def _same(shown: object, asked: object, tolerance: float) -> bool:
    if isinstance(shown, (list, tuple)) and isinstance(asked, (list, tuple)):
        return len(shown) == len(asked) and all(_same(a, b, tolerance) for a, b in zip(shown, asked, strict=True))
    if isinstance(shown, bool) or isinstance(asked, bool):
        return shown == asked
    left, right = _number(shown), _number(asked)
    if left is not None and right is not None:
        return abs(left - right) <= tolerance
    return str(shown) == str(asked)


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
