"""Where Home Assistant is, and how the speakers appear there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from migpt_shared.settings.base import Section, secret_from

_KEY = re.compile(r"[a-z0-9_]+")
_TOPIC = re.compile(r"[^/+#\0]+(/[^/+#\0]+)*")
_ENTITY_ID = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)?")


class HomeAssistantSettings(Section):
    """A household's Home Assistant. That the section is there is enough for the speakers to appear in it."""

    url: str | None = Field(
        default=None,
        description="base URL of Home Assistant, such as http://homeassistant.local:8123; needed to command the home",
    )
    token: SecretStr | None = Field(
        default=None, description="long-lived access token: in Home Assistant's profile page, under security"
    )
    token_file: Path | None = Field(default=None, description="a file that holds it, instead of token")
    agent_id: str = Field(
        default="", description="conversation agent, such as conversation.chatgpt; empty: Home Assistant's own"
    )
    language: str = Field(
        default="", description="language of the conversation, such as zh-cn; empty: zh-cn or en, by `language`"
    )
    confirm_domains: list[str] = Field(
        default_factory=lambda: ["lock", "alarm_control_panel", "valve", "cover.garage", "cover.gate"],
        description="what is only operated after a spoken yes: domains, or domain.device_class",
    )
    device_mapping: dict[str, str] = Field(
        default_factory=dict,
        description="spoken name to entity id; these names go before Home Assistant's, and their entities need not be"
        " exposed",
    )
    discovery: bool = Field(default=True, description="the speakers appear in Home Assistant by MQTT discovery")
    discovery_prefix: str = Field(
        default="homeassistant", description="the discovery prefix of Home Assistant's MQTT integration"
    )
    birth_topic: str = Field(
        default="homeassistant/status", description="where Home Assistant's MQTT integration says that it has started"
    )
    suggest_areas: bool = Field(
        default=True, description="propose each speaker's area; Home Assistant makes areas that it does not have"
    )
    console_url: str | None = Field(
        default=None, description="where a browser at home finds the web console; linked from the devices' pages"
    )
    leave_out: list[str] = Field(
        default_factory=list, description="entities that are not wanted, by the last part of their id, such as pause"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("token_file"):
            token = secret_from(values.get("token"), Path(values["token_file"]), "token")
            return {**values, "token": token, "token_file": None}
        return values

    @field_validator("url", "console_url")
    @classmethod
    def _is_base_url(cls, url: str | None) -> str | None:
        if not url:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be a base URL such as http://homeassistant.local:8123")
        return url.rstrip("/")

    @field_validator("confirm_domains")
    @classmethod
    def _are_kinds(cls, kinds: list[str]) -> list[str]:
        for kind in kinds:
            if not _KIND.fullmatch(kind):
                raise ValueError(f"{kind!r} is neither a domain such as lock nor a device class such as cover.garage")
        return kinds

    @field_validator("device_mapping")
    @classmethod
    def _are_entity_ids(cls, mapping: dict[str, str]) -> dict[str, str]:
        for name, entity_id in mapping.items():
            if not name.strip() or not _ENTITY_ID.fullmatch(entity_id):
                raise ValueError(f"{name!r} = {entity_id!r}: a name needs an entity id such as light.living_room")
        return mapping

    @field_validator("leave_out")
    @classmethod
    def _are_keys(cls, keys: list[str]) -> list[str]:
        for key in keys:
            if not _KEY.fullmatch(key):
                raise ValueError(f"{key!r} is no entity; give the last part of an entity's id, such as pause")
        return keys

    @field_validator("discovery_prefix", "birth_topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        if not _TOPIC.fullmatch(topic):
            raise ValueError("must be an MQTT topic without wildcards, such as homeassistant")
        return topic
