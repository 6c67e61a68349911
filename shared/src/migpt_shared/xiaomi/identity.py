"""Xiaomi's identity verification: a code by text message or mail, typed in again."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

from migpt_shared.xiaomi.endpoints import ACCOUNT_URL
from migpt_shared.xiaomi.errors import LoginRejected, MalformedAnswer
from migpt_shared.xiaomi.transport import Answer, Transport, fields_of

#: Xiaomi's number for each way (`_flag`), and what its pages are called.
_WAYS = {"phone": (4, "Phone"), "email": (8, "Email")}
_MAX_REDIRECTS = 5


class WrongCodeError(LoginRejected):
    """The code is not the one that Xiaomi sent last."""


class Identity:
    """One verification under way, begun at the page that the login named."""

    def __init__(self, transport: Transport, headers: Mapping[str, str], url: str) -> None:
        self._transport = transport
        self._headers = headers
        self._url = url
        self._cookies: dict[str, str] = {}
        self._way = "phone"

    async def ways(self) -> tuple[str, ...]:
        """Where a code can be sent to, the usual one first. Raises MalformedAnswer when Xiaomi names none."""
        self._take(await self._send("GET", self._url))
        query = urlsplit(self._url).query
        answer = await self._send("GET", f"{ACCOUNT_URL}/identity/list?{query}")
        self._take(answer)
        fields = fields_of(answer)
        options = fields.get("options")
        flags = [fields.get("flag"), *(options if isinstance(options, list) else [])]
        found = dict.fromkeys(way for flag in flags for way, (number, _) in _WAYS.items() if flag == number)
        if not found:
            raise MalformedAnswer("Xiaomi offers no way to verify; log in by QR code instead")
        return tuple(found)

    async def send_code(self, way: str) -> None:
        """Let Xiaomi send a code. Raises LoginRejected when it refuses to."""
        flag, name = _WAYS[way]
        self._way = way
        self._take(await self._send("GET", f"{ACCOUNT_URL}/identity/auth/verify{name}?_flag={flag}&_json=true"))
        form = {"retry": "0", "icode": "", "_json": "true"}
        answer = await self._send("POST", f"{ACCOUNT_URL}/identity/auth/send{name}Ticket", form)
        fields = fields_of(answer)
        if fields.get("code") != 0:
            raise LoginRejected(f"Xiaomi sends no code ({fields.get('code')}); wait a while, or log in by QR code")

    async def confirm(self, code: str) -> SimpleCookie:
        """Answer with the code; the cookies that Xiaomi sets then. Raises WrongCodeError."""
        flag, name = _WAYS[self._way]
        form = {"_flag": str(flag), "ticket": code.strip(), "trust": "true", "_json": "true"}
        fields = fields_of(await self._send("POST", f"{ACCOUNT_URL}/identity/auth/verify{name}", form))
        location = fields.get("location")
        if fields.get("code") != 0 or not isinstance(location, str):
            raise WrongCodeError("that code is wrong or too old")
        found = SimpleCookie()
        url = urljoin(ACCOUNT_URL, location)
        for _ in range(_MAX_REDIRECTS):
            answer = await self._send("GET", url)
            found.update(answer.cookies)
            if answer.status not in (301, 302, 303, 307, 308) or "Location" not in answer.headers:
                break
            url = urljoin(url, answer.headers["Location"])
        return found

    async def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Answer:
        return await self._transport.send(method, url, data=form, cookies=self._cookies, headers=self._headers)

    def _take(self, answer: Answer) -> None:
        self._cookies |= {name: morsel.value for name, morsel in answer.cookies.items()}
