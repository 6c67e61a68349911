"""Plain commands to what the settings name: they need no agent, and work for entities that are not exposed; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from migpt_shared.spoken_form import normalise

_ON = "打开|开启|启动|开一下|开"
_OFF = "关闭|关掉|关上|关一下|关"
_POLITE = "(?:请|麻烦|帮我|给我|please)?"
_PATTERNS = (
    rf"{_POLITE}(?:(?P<on>{_ON}|turnon|switchon|open)|(?P<off>{_OFF}|turnoff|switchoff|close))(?:the)?(?P<name>.+?)",
    rf"{_POLITE}把?(?P<name>.+?)(?:给我)?(?:(?P<on>{_ON})|(?P<off>{_OFF}))",
    rf"{_POLITE}turn(?:the)?(?P<name>.+?)(?:(?P<on>on)|(?P<off>off))",
)
_ENDING = "(?:吧|了|一下|please)?"

#: What on and off are called where they have other names.
_SERVICES: dict[str, tuple[str, str]] = {
    "cover": ("cover.open_cover", "cover.close_cover"),
    "valve": ("valve.open_valve", "valve.close_valve"),
    "lock": ("lock.unlock", "lock.lock"),
    "vacuum": ("vacuum.start", "vacuum.return_to_base"),
    "button": ("button.press", "button.press"),
    "input_button": ("input_button.press", "input_button.press"),
}
_ONLY_ON = frozenset({"scene", "button", "input_button"})


@dataclass(frozen=True, slots=True)
class DirectCommand:
    service: str
    entity_id: str


def direct_command(text: str, mapping: Mapping[str, str]) -> DirectCommand | None:
    """The service call that `打开` or `关闭` and one of the settings' names mean; None: it is something else."""
    said = normalise(text)
    names = {normalise(name): entity_id for name, entity_id in mapping.items()}
    for pattern in _PATTERNS:
        match = re.fullmatch(pattern + _ENDING, said)
        if match is not None and (entity_id := names.get(match["name"])):
            return _command(entity_id, is_on=match["on"] is not None)
    return None


def in_home_assistants_words(text: str, names: Mapping[str, str]) -> str:
    """The sentence with the settings' names replaced by those that Home Assistant knows (`names`)."""
    for name in sorted(names, key=len, reverse=True):
        if name in text:
            # One name may be part of another: what was replaced is not looked at again.
            before, _, after = text.partition(name)
            return in_home_assistants_words(before, names) + names[name] + in_home_assistants_words(after, names)
    return text


def service_for(domain: str, *, is_on: bool) -> str:
    """What switching on or off is called in the domain."""
    on, off = _SERVICES.get(domain, (f"{domain}.turn_on", f"{domain}.turn_off"))
    return on if is_on else off


def _command(entity_id: str, *, is_on: bool) -> DirectCommand | None:
    domain = entity_id.partition(".")[0]
    if not is_on and domain in _ONLY_ON:
        return None
    return DirectCommand(service_for(domain, is_on=is_on), entity_id)
