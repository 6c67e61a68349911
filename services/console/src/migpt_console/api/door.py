"""The API behind its door: key, limits and CORS as the settings say now."""

from __future__ import annotations

import hashlib
import secrets
import time

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from migpt_console.access.attempts import Attempts
from migpt_console.api.errors import ApiError
from migpt_console.api.routes import make_api
from migpt_console.console import Console
from migpt_shared.settings import ConsoleSettings

_WRONG_KEYS_PER_MINUTE = 20
#: More than any conversation that still fits a model; enough for pictures that a preset may take.
_LARGEST_BODY = 8 * 1024 * 1024


class ApiDoor:
    """An ASGI application. What the settings say is applied to the next request."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._api = make_api(console)
        self._made_for: ConsoleSettings | None = None
        self._with_cors: ASGIApp = self._checked
        self._attempts = Attempts(burst=1, per_minute=1)
        self._wrong_keys = Attempts(burst=_WRONG_KEYS_PER_MINUTE, per_minute=_WRONG_KEYS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._console.settings.console
        if settings != self._made_for:
            self._apply(settings)
        await self._with_cors(scope, receive, send)

    def has_key(self, headers: Headers) -> bool:
        """Whether the request carries the configured key."""
        return self._key_problem(headers) is None

    def _apply(self, settings: ConsoleSettings) -> None:
        limit = settings.requests_per_minute
        if self._made_for is None or self._made_for.requests_per_minute != limit:
            self._attempts = Attempts(burst=limit, per_minute=limit)
        self._with_cors = CORSMiddleware(
            self._checked,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("authorization", "content-type"),
            expose_headers=("retry-after",),
        )
        self._made_for = settings

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return
        self._console.api_requests += 1
        try:
            self._admit(Request(scope))
        except ApiError as error:
            await error.response()(scope, receive, send)
            return
        await self._api(scope, receive, send)

    def _admit(self, request: Request) -> None:
        headers, now = request.headers, time.monotonic()
        client = str(request.scope["state"]["client"])
        if request.scope["path"].endswith("/openapi.json"):
            return
        if problem := self._key_problem(headers):
            if wait_s := self._wrong_keys.wait_s(client, now):
                raise ApiError(429, "too many wrong keys", code="rate_limit_exceeded", retry_after_s=wait_s)
            raise ApiError(401, problem, code="invalid_api_key")
        if wait_s := self._attempts.wait_s(client, now):
            raise ApiError(
                429,
                "too many requests ([console] requests_per_minute)",
                code="rate_limit_exceeded",
                retry_after_s=wait_s,
            )
        length = headers.get("content-length")
        if length is None and "transfer-encoding" in headers:
            raise ApiError(411, "say how long the body is", code="length_required")
        if length is not None and (not length.isdigit() or int(length) > _LARGEST_BODY):
            raise ApiError(413, "the body is too large", code="too_large")

    def _key_problem(self, headers: Headers) -> str | None:
        key = self._console.settings.console.api_key
        if key is None or not key.get_secret_value():
            return "the API has no key yet: set [console] api_key"
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not given.strip():
            return "no key: send it as Authorization: Bearer …"
        # Hashes have one length, so the comparison tells nothing about the key.
        digests = (hashlib.sha256(text.encode()).digest() for text in (given.strip(), key.get_secret_value()))
        return None if secrets.compare_digest(*digests) else "wrong key"
