"""One connection to Home Assistant's WebSocket API: log in, ask, and follow what it tells."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog
from pydantic import SecretStr

from migpt_ha_bridge.home.errors import HomeAssistantError, HomeSlow, HomeUnreachable, NotAuthorised, Refused

log = structlog.get_logger(__name__)

#: To connect and log in, seconds.
_LOGIN_WITHIN_S = 10.0
_HEARTBEAT_S = 20.0
#: A registry of several thousand entities comes in one message.
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024

Event = dict[str, Any]


class Connection:
    """`async with Connection(url, token) as home:` is logged in; then `await home.request(…)`.

    Entering raises HomeUnreachable, HomeSlow or NotAuthorised. When the connection is lost, everything that waits and
    everything asked later raises HomeUnreachable, and `lost` returns.
    """

    def __init__(self, url: str, token: SecretStr) -> None:
        self._url = url
        self._token = token
        self._stack = contextlib.AsyncExitStack()
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Callable[[Event], None]] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self.version = ""

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_LOGIN_WITHIN_S):
                await self._log_in()
        except TimeoutError:
            await self._stack.aclose()
            raise HomeSlow(f"{self._url} did not let us in within {_LOGIN_WITHIN_S:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            await self._stack.aclose()
            raise _connecting_failed(self._url, error) from error
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._stack.aclose()

    async def request(self, kind: str, *, timeout_s: float = 10.0, **fields: object) -> Any:
        """The result of a command. Raises Refused, HomeSlow, HomeUnreachable."""
        return await self._ask(next(self._numbers), kind, timeout_s, fields)

    async def subscribe(self, kind: str, listener: Callable[[Event], None], **fields: object) -> int:
        """Hear of events until `unsubscribe` with the number returned. Raises as `request`."""
        number = next(self._numbers)
        self._listeners[number] = listener
        try:
            await self._ask(number, kind, 10.0, fields)
        except HomeAssistantError:
            del self._listeners[number]
            raise
        return number

    async def unsubscribe(self, number: int) -> None:
        """Hear no more of it. Raises as `request`."""
        if self._listeners.pop(number, None) is not None:
            await self.request("unsubscribe_events", subscription=number)

    async def lost(self) -> None:
        """Returns when the connection is gone."""
        if self._reader is not None:
            await asyncio.wait({self._reader})

    async def _log_in(self) -> None:
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        socket = await self._stack.enter_async_context(
            session.ws_connect(
                f"{self._url}/api/websocket", heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES, compress=0
            )
        )
        greeting = await socket.receive_json()
        if greeting.get("type") != "auth_required":
            raise ValueError("this is not Home Assistant")
        await socket.send_json({"type": "auth", "access_token": self._token.get_secret_value()})
        answer = await socket.receive_json()
        if answer.get("type") != "auth_ok":
            raise NotAuthorised(f"{self._url} refuses the access token")
        self.version = str(answer.get("ha_version", ""))
        self._socket = socket
        self._reader = asyncio.create_task(self._read(socket), name="home assistant")

    async def _ask(self, number: int, kind: str, timeout_s: float, fields: dict[str, object]) -> Any:
        if self._socket is None or self._reader is None or self._reader.done():
            raise HomeUnreachable("the connection to Home Assistant is lost")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.send_json({"id": number, "type": kind, **fields})
                return await future
        except TimeoutError:
            raise HomeSlow(f"no answer to {kind} within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise HomeUnreachable(f"the connection to Home Assistant is lost: {error}") from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    content = json.loads(message.data)
                    # Home Assistant may put several messages into one.
                    for item in content if isinstance(content, list) else [content]:
                        self._take(item)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.info("home_assistant_connection_broke", reason=str(error))
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(HomeUnreachable("the connection to Home Assistant is lost"))

    def _take(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if message.get("type") == "event" and number in self._listeners:
            self._listeners[number](message["event"])
            return
        future = self._waiting.get(number) if isinstance(number, int) else None
        if message.get("type") != "result" or future is None or future.done():
            return
        if message.get("success"):
            future.set_result(message.get("result"))
        else:
            error = message.get("error") or {}
            future.set_exception(Refused(str(error.get("code", "unknown")), str(error.get("message", ""))[:300]))


def _connecting_failed(url: str, error: Exception) -> HomeAssistantError:
    match error:
        case aiohttp.WSServerHandshakeError(status=401 | 403 as status):
            return NotAuthorised(f"{url} refuses us (HTTP {status}); it may have banned this machine's address")
        case aiohttp.WSServerHandshakeError(status=status):
            return HomeUnreachable(f"{url} answered HTTP {status} instead of Home Assistant's WebSocket API")
        case aiohttp.ClientError() | OSError():
            return HomeUnreachable(f"{url} cannot be reached: {error}")
        case _:
            return HomeUnreachable(f"{url}: {error}")
