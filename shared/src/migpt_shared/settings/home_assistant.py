"""Where Home Assistant is."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from migpt_shared.settings.base import Section


class HomeAssistantSettings(Section):
    url: str = Field(description="base URL of Home Assistant, such as http://homeassistant.local:8123")
    token: SecretStr | None = Field(default=None, description="long-lived access token")
    token_file: Path | None = Field(default=None, description="a file that holds it, instead of token")
    agent_id: str = Field(default="", description="conversation agent; empty: Home Assistant's default")
    device_mapping: dict[str, str] = Field(default_factory=dict, description="spoken name to entity id")
