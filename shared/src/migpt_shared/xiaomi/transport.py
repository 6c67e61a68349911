"""HTTP to Xiaomi: verified TLS, kept connections, time limits, one user agent, and every fault as a typed error."""

import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import aiohttp

from migpt_shared.xiaomi.endpoints import Endpoints
from migpt_shared.xiaomi.errors import CloudUnreachable, MalformedAnswer

KEEP_ALIVE_S = 45.0
"""Shorter than the minute after which web servers often close: no command goes into a dying connection."""

_MAX_REDIRECTS = 5
_MAX_BODY_BYTES = 4_000_000
_PREFIX = b"&&&START&&&"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end. `body` and `cookies` may hold secrets."""

    host: str
    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cookies: SimpleCookie = field(repr=False)

    def json(self) -> Any:
        """The body as JSON. Raises MalformedAnswer, which tells HTML from cut JSON but quotes nothing."""
        try:
            return json.loads(self.body)
        except ValueError:
            start = self.body.lstrip()[:1]
            what = "an empty body" if not start else "HTML" if start == b"<" else "something that is not JSON"
            raise MalformedAnswer(f"{self.host} answered HTTP {self.status} with {what}") from None


class Transport:
    """Connections to Xiaomi's hosts, or to what `endpoints` puts in their place. To be used as a context manager."""

    def __init__(self, endpoints: Endpoints, timeout_s: float) -> None:
        self._endpoints = endpoints
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._dates: dict[str, str] = {}

    def now_ms(self, url: str) -> int | None:
        """The clock of the host in `url` at its last answer, in whole seconds; None if it showed none."""
        try:
            return int(parsedate_to_datetime(self._dates[_host(url)]).timestamp() * 1000)
        except (KeyError, ValueError, TypeError):
            return None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=True,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Sends one request and reads the answer; redirects are not followed.

        `url` names Xiaomi's host. Raises CloudUnreachable (connection, time-out, HTTP 5xx and 429) or MalformedAnswer.
        """
        if self._session is None:
            raise RuntimeError("XiaomiCloud is used outside of its `async with`")
        host = _host(url)
        sent_headers = dict(headers or {})
        if cookies:
            # Written here, because a cookie jar sends nothing to bare addresses and puts quotes around base64 values.
            sent_headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        limit = self._timeout if timeout_s is None else aiohttp.ClientTimeout(total=timeout_s)
        # The causes are cut off: they name the whole address, and login addresses are secrets.
        try:
            async with self._session.request(
                method,
                self._endpoints.resolve(url),
                data=data,
                headers=sent_headers,
                allow_redirects=False,
                timeout=limit,
            ) as response:
                body = await _read(response)
                answer = Answer(host, response.status, body, response.headers, response.cookies)
                self._dates[host] = response.headers.get("Date", "")
        except TimeoutError:
            raise CloudUnreachable(f"{host} did not answer within {limit.total:g} s") from None
        except aiohttp.ClientConnectorCertificateError:
            raise CloudUnreachable(f"{host} could not prove who it is: its TLS certificate is not valid") from None
        except aiohttp.ClientConnectorError as error:
            raise CloudUnreachable(f"cannot connect to {host}: {error.os_error.strerror or 'no connection'}") from None
        except aiohttp.InvalidURL:
            raise MalformedAnswer(f"an address on {host} is not valid") from None
        except (aiohttp.ClientError, OSError, ssl.SSLError, CookieError, ValueError) as error:
            raise CloudUnreachable(f"the connection to {host} broke: {type(error).__name__}") from None
        if answer.status >= 500 or answer.status == 429:
            raise CloudUnreachable(f"{host} answered HTTP {answer.status}", code=answer.status)
        return answer


def fields_of(answer: Answer) -> dict[str, Any]:
    """The fields of a login page's answer, which stand behind a prefix. Raises MalformedAnswer."""
    fields = replace(answer, body=answer.body.removeprefix(_PREFIX)).json()
    if not isinstance(fields, dict):
        raise MalformedAnswer(f"{answer.host} answered with something that is no object")
    return fields


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise aiohttp.ClientPayloadError("too long")
    return bytes(body)


class LoginSession:
    """What miservice's login steps need of an aiohttp session, with their request for unverified TLS left out.

    The answer to `get` (the token swap) is the end of the redirect chain with the cookies of all its hops.
    """

    def __init__(self, transport: Transport, timeout_s: float) -> None:
        self._transport = transport
        self._timeout_s = timeout_s

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None,
        cookies: Mapping[str, str],
        headers: Mapping[str, str],
        ssl: object,
    ) -> AsyncIterator["LoginAnswer"]:
        yield LoginAnswer(
            await self._transport.send(
                method, url, data=data, cookies=cookies, headers=headers, timeout_s=self._timeout_s
            )
        )

    @contextlib.asynccontextmanager
    async def get(self, url: str) -> AsyncIterator["LoginAnswer"]:
        cookies = SimpleCookie()
        for _ in range(_MAX_REDIRECTS):
            answer = await self._transport.send("GET", url, timeout_s=self._timeout_s)
            cookies.update(answer.cookies)
            if answer.status not in (301, 302, 303, 307, 308) or "Location" not in answer.headers:
                break
            url = urljoin(url, answer.headers["Location"])
        yield LoginAnswer(answer, cookies)


class LoginAnswer:
    """The part of an aiohttp response that the login steps look at."""

    def __init__(self, answer: Answer, cookies: SimpleCookie | None = None) -> None:
        self._answer = answer
        self.status = answer.status
        self.cookies = answer.cookies if cookies is None else cookies

    async def read(self) -> bytes:
        """The body, always with the prefix that the login steps cut off unseen."""
        body = self._answer.body
        return body if body.startswith(_PREFIX) else _PREFIX + body

    async def text(self) -> str:
        """Asked for only when the token service sets an empty token, to be quoted in an error; quotes nothing."""
        raise MalformedAnswer("the token service answered with an empty token")
