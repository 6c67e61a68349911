"""What a reverse proxy says about a request, believed from trusted proxies only. Works for HTTP and WebSocket."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = b"x-forwarded-prefix"
_INGRESS = b"x-ingress-path"
_FOR = b"x-forwarded-for"
_HOST = b"x-forwarded-host"
_SPOKEN_BY_PROXIES = frozenset({_PREFIX, _INGRESS, _FOR, _HOST})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether that address belongs to one of the networks; False for what is no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks)


def clean_prefix(value: str) -> str:
    """A path such as `/api/ingress/x`, or empty when it is anything else: it becomes part of pages."""
    path = "/" + value.strip().strip("/")
    is_plain = all((character.isalnum() and character.isascii()) or character in "/_-.~" for character in path)
    return path if path != "/" and is_plain and "//" not in path and ".." not in path else ""


class ProxyHeaders:
    """Puts `X-Ingress-Path` in the place of `X-Forwarded-Prefix`, and takes all of it away from whom nobody trusts.

    `scope["state"]` gets `client` (who asks, as far as that is known), `host` (as the browser wrote it), `prefix` and
    `is_forwarded`.
    """

    def __init__(self, app: ASGIApp, trusted: Callable[[], tuple[Network, ...]]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._settle(scope)
        await self._app(scope, receive, send)

    def _settle(self, scope: Scope) -> None:
        peer = scope["client"][0] if scope.get("client") else ""
        said: dict[bytes, str] = {}
        kept: list[tuple[bytes, bytes]] = []
        host = ""
        for name, value in scope["headers"]:
            if name in _SPOKEN_BY_PROXIES:
                said[name] = value.decode("latin-1")
            else:
                if name == b"host":
                    host = value.decode("latin-1")
                kept.append((name, value))
        trusted = self._trusted()
        if not is_within(peer, trusted):
            said = {}
        prefix = clean_prefix(said.get(_INGRESS) or said.get(_PREFIX) or "")
        if prefix:
            kept.append((_PREFIX, prefix.encode()))
        scope["headers"] = kept
        scope.setdefault("state", {})
        scope["state"] |= {
            "client": _first_stranger(said.get(_FOR, ""), peer, trusted),
            "host": said.get(_HOST, "").split(",")[0].strip() or host,
            "prefix": prefix,
            "is_forwarded": bool(said),
        }


def _first_stranger(forwarded_for: str, peer: str, trusted: Iterable[Network]) -> str:
    """The nearest address that is no proxy of ours: what is written before it, its sender may have made up."""
    for address in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        if not is_within(address, trusted):
            return address
    return peer
