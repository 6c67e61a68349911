"""Stands before every page and every WebSocket: nobody comes in without a session. The API has its own key."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from migpt_console.access.password import PasswordStore
from migpt_console.access.sessions import Sessions

COOKIE = "migpt_session"

#: Open to everybody: the way in, whether we live, what the framework draws pages with, and the API with its own key.
_OPEN_PAGES = frozenset({"/enter", "/healthz", "/favicon.ico"})

_PROTECTION = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    # Home Assistant shows us in a frame of its own origin; nobody else may.
    (b"content-security-policy", b"frame-ancestors 'self'"),
)


def session_token(headers: Headers) -> str | None:
    """The session's token in the cookie."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None


def is_same_origin(headers: Headers, host: str) -> bool:
    """Whether a request that changes something comes from a page of ours, by what browsers cannot be talked out of."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return origin != "null" and urlsplit(origin).netloc == host


class Guard:
    """Lets those in who have a session, and sends the others to `/enter`.

    `may_read_metrics`: whether a request has a key that opens /metrics instead of a session.
    """

    def __init__(
        self,
        app: ASGIApp,
        password: PasswordStore,
        sessions: Sessions,
        may_read_metrics: Callable[[Headers], bool],
    ) -> None:
        self._app = app
        self._password = password
        self._sessions = sessions
        self._may_read_metrics = may_read_metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        is_inside = self._password.is_set and self._sessions.is_open(session_token(headers), time.time())
        if scope["type"] == "websocket":
            if is_inside and is_same_origin(headers, scope["state"]["host"]):
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(scope, headers, path, is_inside=is_inside)
        answer = refusal or self._app
        await answer(scope, receive, _protecting(send) if not path.startswith("/v1/") else send)

    def _refusal(self, scope: Scope, headers: Headers, path: str, *, is_inside: bool) -> Response | None:
        is_api = path.startswith("/v1/")
        changes_something = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if not is_api and changes_something and not is_same_origin(headers, scope["state"]["host"]):
            return PlainTextResponse("this request comes from another site", 403)
        if is_inside or path in _OPEN_PAGES or is_api:
            return None
        if path.startswith("/_nicegui/") and "/ws" not in path and "/client/" not in path:
            return None
        if path == "/metrics" and self._may_read_metrics(headers):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse(f"{scope['state']['prefix']}/enter?to={quote(path)}", 303)
        return PlainTextResponse("log in first", 401)


def _protecting(send: Send) -> Send:
    async def protected(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_PROTECTION]  # type: ignore[misc]
        await send(message)

    return protected  # type: ignore[return-value]
