"""The web console and the OpenAI-compatible API."""

from __future__ import annotations

from pydantic import Field, SecretStr

from migpt_shared.settings.base import Section


class ConsoleSettings(Section):
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=5001, ge=0, le=65535, description="port to listen on")
    api_key: SecretStr | None = Field(default=None, description="key of the OpenAI-compatible API")
