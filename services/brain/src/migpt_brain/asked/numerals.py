"""Numbers as people say them, in digits; pure."""

from __future__ import annotations

import re

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_RUN = re.compile(f"[{''.join(_DIGITS)}{''.join(_UNITS)}]+")


def in_digits(text: str) -> str:
    """The text with Chinese numbers below ten thousand in digits: 第十二个 becomes 第12个, 二零二六 becomes 2026."""
    return _RUN.sub(lambda run: _digits(run[0]), text)


def _digits(run: str) -> str:
    if not any(character in _UNITS for character in run):
        return "".join(str(_DIGITS[character]) for character in run)
    total, digit = 0, None
    for character in run:
        if character in _UNITS:
            total += (1 if digit is None else digit) * _UNITS[character]
            digit = None
        else:
            digit = _DIGITS[character]
    return str(total + (digit or 0))
