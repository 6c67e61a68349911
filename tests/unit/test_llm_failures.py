"""Failures: told apart, without keys, and said aloud."""

from __future__ import annotations

import json
import re

import httpx2
import openai
import pytest

from migpt_brain.llm import FailureKind, spoken_failure
from migpt_brain.llm.diagnosis import diagnose, rejected_parameter, without_keys

KEY = "sk-very-secret-key-0123-abcdef"
_REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


def _status_error(status: int, message: str = "", headers: dict[str, str] | None = None, **error: object) -> Exception:
    body = {"message": message, **error}
    response = httpx2.Response(status, headers=headers, request=_REQUEST, json={"error": body})
    return openai.APIStatusError(message, response=response, body=body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.BAD_REQUEST),
        (401, FailureKind.REFUSED_KEY),
        (402, FailureKind.REFUSED_KEY),
        (403, FailureKind.REFUSED_KEY),
        (404, FailureKind.BAD_REQUEST),
        (422, FailureKind.BAD_REQUEST),
        (429, FailureKind.RATE_LIMITED),
        (500, FailureKind.SERVER_ERROR),
        (503, FailureKind.SERVER_ERROR),
        (529, FailureKind.SERVER_ERROR),
    ],
)
def test_kinds_of_http_errors(status: int, kind: FailureKind) -> None:
    assert diagnose(_status_error(status), KEY).kind is kind


def test_an_exhausted_account_is_not_a_busy_provider() -> None:
    assert diagnose(_status_error(429, code="insufficient_quota"), KEY).kind is FailureKind.REFUSED_KEY


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "1"}, 1.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-5"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert diagnose(_status_error(429, headers=headers), KEY).retry_after_s == expected


def test_other_errors() -> None:
    assert diagnose(openai.APITimeoutError(_REQUEST), KEY).kind is FailureKind.TIMED_OUT
    assert diagnose(openai.APIConnectionError(request=_REQUEST), KEY).kind is FailureKind.UNREACHABLE
    assert diagnose(httpx2.ReadError("cut"), KEY).kind is FailureKind.UNREACHABLE
    assert diagnose(json.JSONDecodeError("x", "y", 0), KEY).kind is FailureKind.BAD_ANSWER
    assert diagnose(openai.APIError("overloaded", _REQUEST, body=None), KEY).kind is FailureKind.SERVER_ERROR
    assert diagnose(TypeError("'NoneType' object"), KEY).kind is FailureKind.BAD_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}.",
        "Incorrect API key provided: sk-very****************cdef. You can find",
        "key ****cdef is invalid",
        "Authorization: Bearer abcdef",
        "bce-v3/ALTAK-secret/cdef failed",
    ],
)
def test_keys_are_blotted_out(text: str) -> None:
    shown = without_keys(text, KEY)
    assert "***" in shown
    assert not re.search(r"cdef|secret", shown)


def test_details_are_short_and_in_one_line() -> None:
    assert len(without_keys("a b\n" * 500, KEY)) == 200
    assert "\n" not in without_keys("a\nb", KEY)


def test_nothing_a_provider_says_about_a_key_is_repeated() -> None:
    assert diagnose(_status_error(401, "your key ending in cdef"), KEY).detail == "HTTP 401"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_status_error(400, "whatever", param="temperature"), "temperature"),
        (_status_error(400, "Unsupported parameter: 'max_tokens' is not supported"), "max_tokens"),
        (_status_error(400, "Unrecognized request argument supplied: enable_thinking"), "enable_thinking"),
        (_status_error(400, "context too long"), None),
        (_status_error(400, "thinking_budget is wrong"), None),
        (_status_error(500, "temperature"), None),
        (ValueError("temperature"), None),
    ],
)
def test_a_rejected_parameter_is_recognised(error: Exception, expected: str | None) -> None:
    sent = ["temperature", "max_tokens", "enable_thinking", "thinking"]
    assert rejected_parameter(error, sent) == expected


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_can_be_said_in_a_short_sentence(kind: FailureKind) -> None:
    chinese, english = spoken_failure(kind, "zh"), spoken_failure(kind, "en")
    assert 6 <= len(chinese) <= 30
    assert chinese.endswith("。")
    assert not re.search(r"[A-Za-z0-9]", chinese)
    assert 20 <= len(english) <= 90
    assert english.endswith(".")
