"""Structured logs: constant event names with details as keys; coloured lines on a terminal, JSON elsewhere.

The turn's id and the speaker are bound with `structlog.contextvars` and follow every await.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from migpt_shared.settings.root import LogFormat, LogLevel

_LEVELS: dict[LogLevel, int] = {"quiet": logging.WARNING, "normal": logging.INFO, "debug": logging.DEBUG}
_MASK = "••••"
#: A shorter "secret" would mask innocent text.
_SHORTEST_SECRET = 6

#: Keys that hold what people said or what was answered; shown in full at debug level only.
_TEXT_KEYS = ("text", "query", "reply")
_TEXT_SHOWN = 12


class _MaskSecrets:
    """Last step of the chain: no line leaves with a secret in it, whoever put it there."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True))

    def __call__(self, logger: WrappedLogger, method: str, line: EventDict | str) -> EventDict | str:
        if isinstance(line, str):
            for secret in self._secrets:
                line = line.replace(secret, _MASK)
        return line


def _shorten_texts(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for key in _TEXT_KEYS:
        value = event.get(key)
        if isinstance(value, str) and len(value) > _TEXT_SHOWN:
            event[key] = f"{value[:_TEXT_SHOWN]}… ({len(value)})"
    return event


def set_up_logs(
    *, service: str, level: LogLevel, log_format: LogFormat, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Configure structlog and the standard library's logging for the whole process."""
    out = stream if stream is not None else sys.stderr
    on_terminal = log_format == "text" or (log_format == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if not on_terminal else "%H:%M:%S.%f", utc=not on_terminal),
    ]
    if level != "debug":
        shared.append(_shorten_texts)
    if on_terminal:
        ending: list[structlog.typing.Processor] = [
            structlog.dev.ConsoleRenderer(
                colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=28
            )
        ]
    else:
        ending = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    structlog.configure(
        processors=[*shared, *ending, _MaskSecrets(secrets)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    # Libraries log through the standard library; what matters of theirs is warnings and above.
    logging.basicConfig(level=logging.WARNING, stream=out, force=True, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    for name in ("miservice", "aiohttp", "aiomqtt", "mqtt", "httpx2", "openai"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
