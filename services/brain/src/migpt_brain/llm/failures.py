"""What can go wrong with an answer, told apart as far as somebody can act on it, and how it is said aloud."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import TypeAdapter


class FailureKind(StrEnum):
    """Why there is no answer, or no whole one."""

    UNREACHABLE = "unreachable"
    REFUSED_KEY = "refused_key"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    """The answer broke off: its beginning was sent, the rest is missing."""
    EMPTY = "empty"
    BAD_REQUEST = "bad_request"
    BAD_ANSWER = "bad_answer"
    UNKNOWN_PRESET = "unknown_preset"
    NO_KEY = "no_key"


class AnswerFailed(Exception):  # noqa: N818 - named for what happened
    """There is no answer, or only its beginning.

    The text is for logs and for the person who runs the service; it never holds a key. `preset` is the one that
    failed; `text_was_sent` says whether the beginning of the answer has been handed out.
    """

    def __init__(self, kind: FailureKind, preset: str, detail: str, *, text_was_sent: bool) -> None:
        super().__init__(f"{preset}: {kind.value}: {detail}")
        self.kind = kind
        self.preset = preset
        self.detail = detail
        self.text_was_sent = text_was_sent


@cache
def _phrases() -> dict[FailureKind, dict[Literal["zh", "en"], str]]:
    text = resources.files(__package__).joinpath("failure_phrases.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[FailureKind, dict[Literal["zh", "en"], str]]).validate_python(tomllib.loads(text))


def spoken_failure(kind: FailureKind, language: Literal["zh", "en"]) -> str:
    """One short sentence to speak instead of the answer, or after its beginning when the kind is STALLED."""
    return _phrases()[kind][language]
