"""The log lines of the services, as a person reads them: time, service, what happened, details."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rich.text import Text

_COLOURS = {
    "poller": "cyan",
    "brain": "magenta",
    "speaker": "green",
    "ha_bridge": "blue",
    "console": "bright_blue",
    "simulator": "yellow",
    "up": "bold",
}
_LEVEL_STYLES = {"warning": "yellow", "error": "bold red", "critical": "bold red", "debug": "dim"}
_NAME_WIDTH = 9
#: Shown elsewhere in the line, or known to the reader.
_NOT_DETAILS = frozenset({"timestamp", "level", "event", "service", "exception"})
_NOTHING: tuple[object, ...] = (None, [], {}, "")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line in its parts. A line that is no JSON is all `event`."""

    service: str
    event: str
    level: str = "info"
    time: str = ""
    details: tuple[tuple[str, str], ...] = ()
    trace: str = ""

    @property
    def is_trouble(self) -> bool:
        return self.level in ("warning", "error", "critical")


def read_line(service: str, line: str) -> LogEntry:
    """The parts of a line that a service wrote."""
    try:
        content = json.loads(line)
    except ValueError:
        return LogEntry(service, line)
    if not isinstance(content, dict) or "event" not in content:
        return LogEntry(service, line)
    details = tuple(
        (key, _shown(value)) for key, value in content.items() if key not in _NOT_DETAILS and value not in _NOTHING
    )
    return LogEntry(
        service=service,
        event=str(content["event"]),
        level=str(content.get("level", "info")),
        time=_clock(str(content.get("timestamp", ""))),
        details=details,
        trace=str(content.get("exception", "")),
    )


def rendered(entry: LogEntry) -> Text:
    """The line for the terminal."""
    text = Text(no_wrap=False)
    if entry.time:
        text.append(f"{entry.time} ", style="dim")
    text.append(f"{entry.service:<{_NAME_WIDTH}} ", style=_COLOURS.get(entry.service, "blue"))
    text.append(entry.event, style=_LEVEL_STYLES.get(entry.level, ""))
    for key, value in entry.details:
        text.append(f"  {key}=", style="dim")
        text.append(value)
    if entry.trace:
        text.append(f"\n{entry.trace}", style="red")
    return text


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _clock(timestamp: str) -> str:
    """Local wall time of an ISO timestamp, to the millisecond."""
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return timestamp
    return moment.astimezone().strftime("%H:%M:%S.%f")[:-3]
