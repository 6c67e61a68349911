"""All of the console as one ASGI application."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from migpt_console.access.guard import Guard
from migpt_console.access.proxies import Network, ProxyHeaders
from migpt_console.api.door import ApiDoor
from migpt_console.console import Console

_STATIC = Path(__file__).parent / "static"


@contextmanager
def _left_out(*modules: str) -> Iterator[None]:
    """Pretend that they are not installed: socket.io loads them for clients, which we are not; 0.2 s (measured)."""
    absent = [module for module in modules if module not in sys.modules]
    for module in absent:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for module in absent:
            sys.modules.pop(module, None)


def make_application(console: Console) -> ASGIApp:
    """Pages, API, metrics and health, behind the guard. Once per process: NiceGUI keeps its pages in global state."""
    # NiceGUI looks for a folder of its own when it is imported; nothing of ours is ever written there.
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(console.settings.data_dir / "console" / "nicegui"))
    with _left_out("aiohttp", "requests", "websocket"):
        from nicegui import ui

    from migpt_console.pages import add_pages

    door = ApiDoor(console)
    application = FastAPI(title="migpt console", openapi_url=None, docs_url=None, redoc_url=None)
    application.add_route("/enter", console.entrance.show, methods=["GET"])
    application.add_route("/enter", console.entrance.enter, methods=["POST"])
    application.add_route("/leave", console.entrance.leave, methods=["POST"])

    async def healthz(request: Request) -> Response:
        is_well = console.link.is_connected
        return JSONResponse({"ok": is_well, "broker": is_well}, 200 if is_well else 503)

    async def metrics(request: Request) -> Response:
        from migpt_console.metrics import exposition

        text, content_type = exposition(console)
        return Response(text, media_type=content_type)

    application.add_route("/healthz", healthz, methods=["GET"])
    application.add_route("/metrics", metrics, methods=["GET"])
    application.mount("/v1", door)
    add_pages(console, application)
    ui.run_with(
        application,
        title="migpt",
        favicon=_STATIC / "favicon.svg",
        dark=None,
        language="zh-CN" if console.language == "zh" else "en-US",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=15.0,
        message_history_length=200,
        show_welcome_message=False,
    )

    def may_read_metrics(headers: Headers) -> bool:
        return door.has_key(headers)

    def trusted() -> tuple[Network, ...]:
        return tuple(
            ipaddress.ip_network(network, strict=False) for network in console.settings.console.trusted_proxies
        )

    return ProxyHeaders(Guard(application, console.password, console.sessions, may_read_metrics), trusted)
