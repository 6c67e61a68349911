"""The log lines of all services in one file: written by whoever runs them, read by the console."""

from __future__ import annotations

import json
import logging.handlers
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Two files of this size at most.
_LARGEST_BYTES = 4 * 1024 * 1024


def log_file(data_dir: Path) -> Path:
    """Where the lines are."""
    return data_dir / "logs" / "services.jsonl"


class LogFile:
    """Appends lines. The services have masked their secrets already; the file is its owner's alone all the same."""

    def __init__(self, data_dir: Path) -> None:
        file = log_file(data_dir)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        self._handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=_LARGEST_BYTES, backupCount=1, encoding="utf-8", delay=True
        )

    def line(self, service: str, line: str) -> None:
        """Keep a line that a service wrote; one that is no JSON is kept as what the service said."""
        text = line if line.startswith("{") else json.dumps({"service": service, "event": line}, ensure_ascii=False)
        self._handler.emit(logging.LogRecord(service, logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        self._handler.close()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line in its parts. `time`: ISO; empty when the line had none."""

    time: str
    service: str
    level: str
    event: str
    details: str


def last_lines(data_dir: Path, most: int) -> list[LogLine]:
    """The last lines, oldest first; empty when there is no file. Reads the file's end only."""
    try:
        with log_file(data_dir).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 600 * most))
            raw = file.read().splitlines()
    except OSError:
        return []
    return list(deque(_parsed(raw), maxlen=most))


def _parsed(raw: list[bytes]) -> Iterator[LogLine]:
    for line in raw:
        try:
            content = json.loads(line)
        except ValueError:
            continue  # cut off where reading began
        if isinstance(content, dict):
            time, service, level, event = (
                str(content.pop(key, default))
                for key, default in (("timestamp", ""), ("service", "?"), ("level", "info"), ("event", ""))
            )
            details = "  ".join(f"{key}={value}" for key, value in content.items() if value not in (None, "", [], {}))
            yield LogLine(time, service, level, event, details)
