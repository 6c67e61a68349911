"""The simulator as one HTTP server on loopback: Xiaomi's hosts, the LLM and the control API on one port."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from .control import Control
from .home import SimulatedHome
from .live import LiveHome
from .llm import LlmSimulator
from .wire_account import AccountWire
from .wire_conversation import ConversationWire
from .wire_identity import IdentityWire
from .wire_mina import MinaWire
from .wire_miot import MiotWire

__all__ = ["Simulator"]


class Simulator:
    """`async with Simulator() as sim:` serves until the block ends.

    `sim.url` is the base URL of all four Xiaomi hosts, `sim.llm_url` of the LLM, `sim.control_url` of the control API;
    `sim.home` is the running home, `sim.llm` the LLM. With `tls_cert` and `tls_key` (PEM files) it speaks HTTPS.
    Raises OSError if the port is taken.
    """

    def __init__(
        self,
        home: SimulatedHome | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        if (tls_cert is None) != (tls_key is None):
            raise ValueError("TLS needs both a certificate and its key")
        self.llm = LlmSimulator()
        self._spec = home or SimulatedHome()
        self._host = host
        self._port = port
        self._tls = (tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
        self._home: LiveHome | None = None
        self._runner: web.AppRunner | None = None
        self._requests: set[asyncio.Task[None]] = set()

    @property
    def home(self) -> LiveHome:
        """The running home. Raises RuntimeError outside of the `async with` block."""
        if self._home is None:
            raise RuntimeError("the simulator does not run; use `async with`")
        return self._home

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{self._host}:{self._port}"

    @property
    def llm_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def control_url(self) -> str:
        return f"{self.url}/control"

    async def __aenter__(self) -> Self:
        home = LiveHome(self._spec)
        app = web.Application(middlewares=[self._remember])
        xiaomi = (AccountWire(home), IdentityWire(home), MinaWire(home), ConversationWire(home), MiotWire(home))
        for part in (*xiaomi, Control(home), self.llm):
            app.add_routes(part.routes())
        # Requests that hang or wait on purpose must not hold up the end.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port, ssl_context=self._tls_context())
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._home, self._runner = home, runner
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        # A request whose client has gone away goes on, as it would in a real cloud, and the server forgets it.
        for task in self._requests:
            task.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        if self._home is not None:
            self._home.close()

    @web.middleware
    async def _remember(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._requests.add(request.task)
        request.task.add_done_callback(self._requests.discard)
        return await handler(request)

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._tls)
        return context
