"""The error bodies of an OpenAI-compatible API, worded as OpenAI words them."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

_STATUS_TEXTS = {
    401: "Incorrect API key provided: sk-si******************ated. You can find your API key at "
    "https://platform.openai.com/account/api-keys.",
    403: "You are not allowed to sample from this model",
    404: "The model does not exist or you do not have access to it.",
    429: "Rate limit reached for requests. Please try again later.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The engine is currently overloaded, please try again later",
}
_TYPES = {401: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error"}


def missing_key() -> web.Response:
    """401 for a request without a Bearer key."""
    message = (
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY)."
    )
    return _error(401, message, "invalid_request_error", None, None)


def wrong_key(key: str) -> web.Response:
    """401 for a key that is not accepted; the body shows the key's ends, as OpenAI's does."""
    shown = f"{key[:8]}{'*' * max(4, len(key) - 12)}{key[-4:]}"
    message = f"Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    return _error(401, message, "invalid_request_error", None, "invalid_api_key")


def bad_request(message: str, param: str | None, code: str | None = None) -> web.Response:
    """400, naming the parameter it is about."""
    return _error(400, message, "invalid_request_error", param, code)


def status_error(status: int, retry_after_s: float | None, code: str | None) -> web.Response:
    """The usual error of that status; with a Retry-After header where one is given."""
    message = _STATUS_TEXTS.get(status) or HTTPStatus(status).phrase
    response = _error(status, message, _TYPES.get(status, "invalid_request_error"), None, code)
    if retry_after_s is not None:
        response.headers["Retry-After"] = f"{retry_after_s:g}"
    return response


def html_page(status: int) -> web.Response:
    """What a gateway or a captive portal in between answers."""
    phrase = HTTPStatus(status).phrase
    page = f"<html><head><title>{status} {phrase}</title></head><body><center><h1>{phrase}</h1></center></body></html>"
    return web.Response(status=status, text=page, content_type="text/html")


def _error(status: int, message: str, kind: str, param: str | None, code: str | None) -> web.Response:
    return web.json_response({"error": {"message": message, "type": kind, "param": param, "code": code}}, status=status)
