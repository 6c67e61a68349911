"""What a plain sentence means for the devices that the agent says it has operated; pure.

The agent answers "已打开" as soon as the command is on its way. Whether the device obeyed shows in its state, if it is
known what to look for.
"""

from __future__ import annotations

import re

from migpt_ha_bridge.home.caution import is_question
from migpt_ha_bridge.home.direct_commands import service_for

_ON = re.compile(r"打开|开启|启动|解锁|^开|turn (?:\w+ )*on|switch (?:\w+ )*on|\bopen\b|\bunlock\b", re.IGNORECASE)
_OFF = re.compile(
    r"关闭|关掉|关上|^关|锁上|上锁|锁好|turn (?:\w+ )*off|switch (?:\w+ )*off|\bclose\b|\block\b", re.IGNORECASE
)
#: Services after which one can look for a state.
_TELLING = frozenset({"light", "switch", "fan", "input_boolean", "cover", "lock", "valve", "humidifier", "siren"})


def intended_service(text: str, domain: str) -> str | None:
    """The service that the sentence means for an entity of the domain; None: it cannot be told."""
    is_on, is_off = _ON.search(text) is not None, _OFF.search(text) is not None
    if domain not in _TELLING or is_on == is_off or is_question(text):
        return None
    return service_for(domain, is_on=is_on).partition(".")[2]
