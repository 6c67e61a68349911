"""The page `/enter`: the first visit sets the password, later ones ask for it. Plain HTML, as there is no session."""

from __future__ import annotations

import html
import ipaddress
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from migpt_console.access import enter_words as words
from migpt_console.access.attempts import Attempts
from migpt_console.access.guard import COOKIE, session_token
from migpt_console.access.password import SHORTEST_PASSWORD, PasswordStore
from migpt_console.access.sessions import SESSION_S, Sessions
from migpt_shared.language import Language, Phrase

log = structlog.get_logger(__name__)

#: Of one client, and of all together: a botnet has many addresses.
_TRIES = 5
_TRIES_PER_MINUTE = 2.0
_TRIES_OF_ALL = 20


class Entrance:
    """Handles GET and POST of `/enter`, and `/leave`."""

    def __init__(self, password: PasswordStore, sessions: Sessions, language: Callable[[], Language]) -> None:
        self._password = password
        self._sessions = sessions
        self._language = language
        self._attempts = Attempts(burst=_TRIES, per_minute=_TRIES_PER_MINUTE)
        self._attempts_of_all = Attempts(burst=_TRIES_OF_ALL, per_minute=_TRIES_OF_ALL)
        self._code: str | None = None

    async def show(self, request: Request) -> Response:
        return self._page(request)

    async def enter(self, request: Request) -> Response:
        """A filled-in form."""
        client = str(request.scope["state"]["client"])
        wait_s = max(
            self._attempts.wait_s(client, time.monotonic()), self._attempts_of_all.wait_s("", time.monotonic())
        )
        if wait_s > 0:
            log.warning("console_login_limited", client=client)
            return self._page(request, words.SLOWLY, 429, seconds=round(wait_s) + 1)
        form = await request.form()
        given = {name: value for name, value in form.items() if isinstance(value, str)}
        if not self._password.is_set:
            return await self._first_visit(request, given)
        if not await self._password.fits(given.get("password", "")):
            log.warning("console_login_refused", client=client)
            return self._page(request, words.WRONG, 403)
        self._attempts.forgive(client)
        return self._welcome(request)

    async def leave(self, request: Request) -> Response:
        """Log this browser out."""
        if token := session_token(request.headers):
            self._sessions.end(token)
        answer = RedirectResponse(f"{request.scope['state']['prefix']}/enter", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    async def _first_visit(self, request: Request, given: dict[str, str]) -> Response:
        password = given.get("password", "")
        if not _is_at_this_machine(request) and not secrets.compare_digest(
            given.get("code", "").strip().encode(), self._setup_code().encode()
        ):
            return self._page(request, words.WRONG_CODE, 403)
        if password != given.get("again", ""):
            return self._page(request, words.NOT_THE_SAME, 422)
        if len(password) < SHORTEST_PASSWORD:
            return self._page(request, words.TOO_SHORT, 422, least=SHORTEST_PASSWORD)
        try:
            await self._password.set(password)
        except ValueError:
            return self._page(request, words.TOO_LONG, 422)
        log.info("console_password_set")
        return self._welcome(request)

    def _welcome(self, request: Request) -> Response:
        state = request.scope["state"]
        to = request.query_params.get("to", "/")
        # A path of ours, never an address: `//evil.example` would lead away.
        target = to if to.startswith("/") and not to.startswith(("//", "/\\")) and not urlsplit(to).netloc else "/"
        answer = RedirectResponse(f"{state['prefix']}{target}", 303)
        is_https = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
        answer.set_cookie(
            COOKIE,
            self._sessions.begin(time.time()),
            max_age=int(SESSION_S),
            path="/",
            httponly=True,
            samesite="lax",
            secure=is_https,
        )
        return answer

    def _setup_code(self) -> str:
        if self._code is None:
            self._code = secrets.token_hex(4)
            log.warning("console_setup_code", code=self._code, do="type it on the page that sets the first password")
        return self._code

    def _page(self, request: Request, problem: Phrase | None = None, status: int = 200, **values: object) -> Response:
        language = self._language()
        is_first = not self._password.is_set
        needs_code = is_first and not _is_at_this_machine(request)
        if needs_code:
            self._setup_code()
        fields = [_field("password", words.PASSWORD.in_(language), "new-password" if is_first else "current-password")]
        if is_first:
            fields.append(_field("again", words.AGAIN.in_(language), "new-password"))
        if needs_code:
            fields.append(_field("code", words.CODE.in_(language), "off", kind="text"))
        text = words.PAGE.format(
            language="zh-CN" if language == "zh" else "en",
            about=(words.FIRST if is_first else words.LATER).in_(language, least=SHORTEST_PASSWORD),
            problem=f'<p role="alert">{html.escape(problem.in_(language, **values))}</p>' if problem else "",
            fields="".join(fields),
            button=(words.SET if is_first else words.ENTER).in_(language),
            to=html.escape(request.url.query and f"?{request.url.query}", quote=True),
            prefix=html.escape(request.scope["state"]["prefix"], quote=True),
        )
        return HTMLResponse(text, status, {"cache-control": "no-store"})


def _field(name: str, label: str, autocomplete: str, kind: str = "password") -> str:
    return (
        f'<label>{html.escape(label)}<input type="{kind}" name="{name}" autocomplete="{autocomplete}" required'
        f"{' autofocus' if name == 'password' else ''}></label>"
    )


def _is_at_this_machine(request: Request) -> bool:
    """The browser runs here and knows it: a page of the internet cannot pass for us by pointing its name at us."""
    state = request.scope["state"]
    host = urlsplit(f"//{state['host']}").hostname or ""
    return (
        not state["is_forwarded"] and _is_loopback(str(state["client"])) and (host == "localhost" or _is_loopback(host))
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
