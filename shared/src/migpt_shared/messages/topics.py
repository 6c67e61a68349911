"""Where a message lives on the broker: channels (topic patterns), and the names that may stand in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from pydantic import StringConstraints

DEFAULT_PREFIX = "migpt"

#: Words that have a meaning of their own in a topic, and so name neither a household nor a speaker.
RESERVED_NAMES = frozenset({"all", "ha", "account", "do", "service", "reply"})

#: Addresses every speaker of a household, or every household.
EVERYBODY = "all"

#: Stands in an address for the household's home, which has a bridge as its owner as speakers have theirs.
HOME = "ha"

SLUG_PATTERN = r"^[a-z0-9_]+$"
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, min_length=1, max_length=64)]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def name_problem(name: str) -> str | None:
    """Why `name` cannot name a household or speaker, in words for the person who configured it; None if it can."""
    if name in RESERVED_NAMES:
        return f'"{name}" is a reserved word ({", ".join(sorted(RESERVED_NAMES))}); choose another name'
    if not re.match(SLUG_PATTERN, name) or len(name) > 64:
        return f'"{name}" must consist of a-z, 0-9 and _ only (at most 64 of them), as it becomes part of MQTT topics'
    return None


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """One speaker of one household, by their slugs."""

    household: str
    speaker: str

    def __str__(self) -> str:
        return f"{self.household}/{self.speaker}"


@dataclass(frozen=True)
class Channel:
    """How one kind of message travels: a topic pattern with `{placeholders}`, retained or not, and its expiry.

    All messages are QoS 1. `expires_s` is the broker's message expiry in seconds; None: never.
    """

    pattern: str
    retain: bool = False
    expires_s: int | None = None
    placeholders: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "placeholders", tuple(_PLACEHOLDER.findall(self.pattern)))

    def topic(self, prefix: str, **places: str) -> str:
        """The full topic. Raises ValueError when a placeholder is missing, unknown or not a single clean level."""
        if set(places) != set(self.placeholders):
            raise ValueError(f"{self.pattern} needs {self.placeholders}, got {tuple(places)}")
        for place, value in places.items():
            if not value or any(character in value for character in "/+#\0"):
                raise ValueError(f"{value!r} cannot stand for {{{place}}} in a topic")
        return f"{prefix}/{self.pattern.format(**places)}"

    def filter(self, prefix: str, **fixed: str) -> str:
        """A subscription filter: placeholders not given become `+`."""
        return f"{prefix}/" + _PLACEHOLDER.sub(lambda match: fixed.get(match.group(1), "+"), self.pattern)

    def parse(self, prefix: str, topic: str) -> dict[str, str] | None:
        """The placeholders' values, or None when the topic is not of this pattern."""
        if not topic.startswith(f"{prefix}/"):
            return None
        match = self._expression.fullmatch(topic, len(prefix) + 1)
        return match.groupdict() if match else None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        parts = _PLACEHOLDER.split(self.pattern)
        literals, names = parts[0::2], parts[1::2]
        expression = re.escape(literals[0])
        for name, literal in zip(names, literals[1:], strict=True):
            expression += f"(?P<{name}>[^/]+){re.escape(literal)}"
        return re.compile(expression)
