"""The web console and the OpenAI-compatible API."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from migpt_shared.settings.base import Section


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is no address or network such as 172.30.32.2 or 10.0.0.0/8") from None
    return value


Network = Annotated[str, AfterValidator(_network)]


class ConsoleSettings(Section):
    enabled: bool = Field(default=True, description="whether `./migpt up` starts the console")
    host: str = Field(
        default="127.0.0.1", description="address to listen on; 0.0.0.0: reachable from other machines of the network"
    )
    port: int = Field(default=5001, ge=0, le=65535, description="port to listen on; 0: any free one")
    api_key: SecretStr | None = Field(
        default=None, description="key of the OpenAI-compatible API; without one, the API refuses everybody"
    )
    requests_per_minute: int = Field(
        default=60, ge=1, le=100_000, description="requests to the API that one client may make in a minute"
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description='web pages that may use the API from a browser, such as ["https://chat.example.com"]'
    )
    trusted_proxies: tuple[Network, ...] = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="reverse proxies whose X-Forwarded-Prefix, X-Ingress-Path, X-Forwarded-Host and X-Forwarded-For are"
        " believed, by address or network",
    )
    history_days: float = Field(
        default=30.0, ge=0, le=3650, description="turns are kept so many days for the page 对话; 0: none are kept"
    )
