"""A minimal client of the simulated hosts for contract tests: miservice's own classes, and raw requests beside them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from miservice import MiAccount, MiIOService, MiNAService
from yarl import URL

from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, SimulatedHome, Simulator

PREFIX = "&&&START&&&"


class RewritingSession:
    """Sends every request to the simulator instead of Xiaomi's hosts; the paths stay."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    def _here(self, url: str) -> URL:
        return URL(f"{self._base}/{url.split('/', 3)[3]}", encoded=True)

    def request(self, method: str, url: str, *, ssl: bool = True, **options: object) -> object:
        return self._session.request(method, self._here(url), **options)  # type: ignore[arg-type]

    def get(self, url: str, **options: object) -> object:
        return self._session.get(self._here(url), **options)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer read to its end."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    text: str

    def json(self) -> dict[str, object]:
        return dict(json.loads(self.text))

    def after_prefix(self) -> dict[str, object]:
        """The JSON of an account page."""
        assert self.text.startswith(PREFIX)
        return dict(json.loads(self.text[len(PREFIX) :]))


@dataclass(frozen=True, slots=True)
class Client:
    """One client of one running simulator."""

    sim: Simulator
    session: aiohttp.ClientSession
    _tokens: dict[str, str] = field(default_factory=dict)

    def account(self, password: str = DEFAULT_PASSWORD) -> MiAccount:
        return MiAccount(RewritingSession(self.session, self.sim.url), DEFAULT_ACCOUNT, password)

    def mina(self) -> MiNAService:
        return MiNAService(self.account())

    def miot(self) -> MiIOService:
        return MiIOService(self.account())

    async def send(
        self,
        method: str,
        path: str,
        *,
        cookies: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        body: object = None,
        follow: bool = True,
    ) -> Answer:
        """A raw request; `path` begins with a slash or is a whole URL of any host."""
        path = path if path.startswith("/") else "/" + path.split("/", 3)[3]
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        async with self.session.request(
            method,
            URL(self.sim.url + path, encoded=True).update_query(query or {}),
            headers=header,
            data=form,
            json=body,
            allow_redirects=follow,
        ) as response:
            values = {name: morsel.value for name, morsel in response.cookies.items()}
            return Answer(response.status, dict(response.headers), values, await response.text(errors="replace"))

    async def token(self, sid: str = "micoapi") -> str:
        """The service token of this client; it logs in once for each sid."""
        if sid not in self._tokens:
            account = self.account()
            assert await account.login(sid)
            self._tokens[sid] = str(account.token[sid][1])
        return self._tokens[sid]

    async def cookies(self, slug: str | None = None) -> dict[str, str]:
        """Cookies of a logged-in MiNA client, quoted as miservice does; a slug adds the history's `deviceId`."""
        cookies = {"userId": DEFAULT_ACCOUNT, "serviceToken": f'"{await self.token()}"'}
        if slug is not None:
            cookies["deviceId"] = self.sim.home.speaker(slug).spec.device_id
        return cookies


@asynccontextmanager
async def running(home: SimulatedHome | None = None) -> AsyncIterator[Client]:
    """A simulator without request latency (unless `home` says otherwise) and a client of it."""
    async with (
        Simulator(home or SimulatedHome(latency_s=0.0)) as sim,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield Client(sim, session)
