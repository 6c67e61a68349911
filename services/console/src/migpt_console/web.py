"""The web server: one port for pages, API, metrics and health."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from migpt_console.application import make_application
from migpt_console.console import Console
from migpt_shared.settings import Settings

log = structlog.get_logger(__name__)

_TRY_AGAIN_S = 5.0
#: Open WebSockets are closed by us, so this is only for what hangs.
_GRACE_S = 1
#: The runner gives 5 s for everything.
_STOP_WITHIN_S = 4.0


class _Server(uvicorn.Server):
    """Leaves the signals to the runner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Web:
    """Listens where the settings say, and tries again while the port is somebody else's."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._where = console.settings.console
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.is_up = asyncio.Event()
        self.problem = "not listening yet"

    async def run(self) -> None:
        """Serve until cancelled or stopped."""
        listener = await self._listener()
        application = make_application(self._console)
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=_GRACE_S,
            ws_max_size=1024 * 1024,
        )
        self._server = _Server(config)
        serving = self._serving = asyncio.create_task(self._server.serve([listener]), name="uvicorn")
        try:
            while not self._server.started and not serving.done():  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.01)
            self.problem = ""
            self.is_up.set()
            host, port = listener.getsockname()[:2]
            log.info("console_listening", url=_url(host, port))
            await serving
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            listener.close()

    async def stop(self) -> None:
        """Close every connection and end the pages in order; what takes too long is cut off with `run`."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait({self._serving}, timeout=_STOP_WITHIN_S)

    def reconfigure(self, settings: Settings) -> None:
        if (settings.console.host, settings.console.port) != (self._where.host, self._where.port):
            log.warning("console_address_changed", do="restart the console to listen there")

    async def _listener(self) -> socket.socket:
        host, port = self._where.host, self._where.port
        while True:
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                listener = socket.create_server((host, port), family=family, backlog=128)
            except OSError as error:
                reason = f"cannot listen on {host}:{port}: {error.strerror or error}"
                if reason != self.problem:
                    log.error("console_cannot_listen", reason=reason, do="change [console] host or port")
                self.problem = reason
                await asyncio.sleep(_TRY_AGAIN_S)
            else:
                return listener


def _url(host: str, port: int) -> str:
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
