"""Where the broker is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator, model_validator

from migpt_shared.bus import BrokerAddress
from migpt_shared.messages import DEFAULT_PREFIX, name_problem
from migpt_shared.settings.base import Section, secret_from


class MqttSettings(Section):
    url: SecretStr | None = Field(
        default=None,
        description="mqtt://user:password@host:1883, or mqtts:// for TLS; left out: `./migpt up` starts its own broker",
    )
    url_file: Path | None = Field(default=None, description="a file that holds the URL, instead of url")
    prefix: str = Field(default=DEFAULT_PREFIX, description="first level of all topics")

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("url_file"):
            url = secret_from(values.get("url"), Path(values["url_file"]), "url")
            return {**values, "url": url, "url_file": None}
        return values

    @field_validator("url")
    @classmethod
    def _url_is_usable(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            BrokerAddress.from_url(url.get_secret_value())
        return url

    @field_validator("prefix")
    @classmethod
    def _prefix_is_usable(cls, prefix: str) -> str:
        problem = name_problem(prefix)
        if problem:
            raise ValueError(problem)
        return prefix

    def address(self) -> BrokerAddress:
        """The broker's address. Raises ValueError when none is configured."""
        if self.url is None:
            raise ValueError("mqtt.url is missing: say where the MQTT broker is, as mqtt://user:password@host:1883")
        return BrokerAddress.from_url(self.url.get_secret_value())
