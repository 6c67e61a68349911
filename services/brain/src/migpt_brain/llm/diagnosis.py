"""What kind a failure of the openai SDK is, in our words and without anything secret."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from migpt_brain.llm.failures import FailureKind
from migpt_brain.llm.race import Failure

_LONGEST_DETAIL = 200
# Providers quote a wrong key, whole or with its middle blotted out.
_KEY_LIKE = re.compile(r"\b(?:sk|ak|gsk|bce-v3|AIza)[-_/][^\s,;\"']+|\S*\*{2,}\S*|Bearer\s+\S+")

_KINDS = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.REFUSED_KEY,
    402: FailureKind.REFUSED_KEY,  # DeepSeek, TokenHub: no balance, or the model is not enabled for the account
    403: FailureKind.REFUSED_KEY,
    404: FailureKind.BAD_REQUEST,  # the model or the path does not exist
    408: FailureKind.SERVER_ERROR,
    409: FailureKind.SERVER_ERROR,
    429: FailureKind.RATE_LIMITED,
}


def diagnose(error: Exception, secret: str) -> Failure:
    """The failure that an exception of the SDK means. `secret` is blotted out of its text."""
    match error:
        case APIStatusError():
            return _of_status(error, secret)
        case APITimeoutError():
            return Failure(FailureKind.TIMED_OUT, "no connection in time")
        case APIConnectionError() | httpx2.TransportError():
            cause = error.__cause__ if isinstance(error, APIConnectionError) else error
            return Failure(FailureKind.UNREACHABLE, without_keys(f"{type(cause or error).__name__}: {cause}", secret))
        case json.JSONDecodeError() | UnicodeDecodeError():
            return Failure(FailureKind.BAD_ANSWER, "the reply is not JSON")
        case APIError():
            # An error object inside the stream.
            return Failure(FailureKind.SERVER_ERROR, without_keys(error.message, secret))
        case _:
            return Failure(FailureKind.BAD_ANSWER, f"{type(error).__name__} while reading the reply")


def rejected_parameter(error: Exception, sent: Collection[str]) -> str | None:
    """The request field, one of `sent`, that the provider does not accept; None: it is about something else."""
    if not isinstance(error, APIStatusError) or error.status_code not in (400, 422):
        return None
    if error.param in sent:
        return error.param
    text = error.message
    return next((name for name in sent if re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)), None)


def without_keys(text: str, secret: str) -> str:
    """The text in one line, at most 200 characters, with everything that may be a key blotted out."""
    if secret:
        text = text.replace(secret, "***")
    text = _KEY_LIKE.sub("***", " ".join(text.split()))
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"


def _of_status(error: APIStatusError, secret: str) -> Failure:
    status = error.status_code
    kind = FailureKind.SERVER_ERROR if status >= 500 else _KINDS.get(status, FailureKind.BAD_REQUEST)
    if status == 429 and error.code == "insufficient_quota":
        kind = FailureKind.REFUSED_KEY
    # What a provider says about a key is not repeated at all.
    reason = "" if kind is FailureKind.REFUSED_KEY else _said(error)
    return Failure(kind, without_keys(f"HTTP {status} {reason}".strip(), secret), _retry_after(error))


def _said(error: APIStatusError) -> str:
    """The provider's own words, if they are meant for people; not the HTML page of a gateway."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return ""


def _retry_after(error: APIStatusError) -> float | None:
    for header, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(error.response.headers[header]) * scale
        except (KeyError, ValueError):
            continue
        if seconds >= 0:
            return seconds
    return None
