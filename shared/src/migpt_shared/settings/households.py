"""Xiaomi accounts and their speakers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from migpt_shared.messages import name_problem
from migpt_shared.settings.base import Section, secret_from
from migpt_shared.settings.home_assistant import HomeAssistantSettings


def _fits_topics(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise ValueError(problem)
    return name


#: The name of a household or speaker, as it stands in topics.
Name = Annotated[str, AfterValidator(_fits_topics)]


class EndpointSettings(Section):
    """Base URLs that replace Xiaomi's hosts; only to reach a simulator."""

    account: str | None = Field(default=None, description="instead of https://account.xiaomi.com")
    mina: str | None = Field(default=None, description="instead of https://api2.mina.mi.com")
    conversation: str | None = Field(default=None, description="instead of https://userprofile.mina.mi.com")
    miot: str | None = Field(default=None, description="instead of https://api.io.mi.com and https://sts.api.io.mi.com")

    @field_validator("*")
    @classmethod
    def _is_base_url(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must be a base URL such as http://127.0.0.1:9001")
        return url.rstrip("/") if url else None


class SpeakerSettings(Section):
    """One speaker. Say which device it is by `device_id`, or by the `name` it has in Xiaomi's app."""

    device_id: str | None = Field(default=None, min_length=1, description="Xiaomi's deviceID")
    name: str | None = Field(default=None, min_length=1, description="its name in Xiaomi's app")
    area: str | None = Field(default=None, description="the room it stands in")
    stand_in: str | None = Field(
        default=None, description="another speaker of the household that speaks when this one does not answer"
    )

    @model_validator(mode="after")
    def _is_identified(self) -> SpeakerSettings:
        if not self.device_id and not self.name:
            raise ValueError("say which speaker it is: device_id, or the name it has in Xiaomi's app")
        return self


class HouseholdSettings(Section):
    """One Xiaomi account. Without `speakers`, all speakers of the account are used."""

    account: str = Field(min_length=1, description="the numeric Xiaomi ID (not phone or mail)")
    password: SecretStr | None = Field(default=None, description="the account's password")
    password_file: Path | None = Field(default=None, description="a file that holds the password, instead of password")
    pass_token: SecretStr | None = Field(
        default=None,
        description="the cookie passToken of a browser logged in at Xiaomi; works where a password does not",
    )
    pass_token_file: Path | None = Field(default=None, description="a file that holds it, instead of pass_token")
    endpoints: EndpointSettings = Field(default_factory=EndpointSettings)
    speakers: dict[Name, SpeakerSettings] = Field(default_factory=dict)
    home_assistant: HomeAssistantSettings | None = Field(
        default=None, description="this household's Home Assistant, where there are several households"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = dict(values)
        for name in ("password", "pass_token"):
            file = values.pop(f"{name}_file", None)
            if file:
                values[name] = secret_from(values.get(name), Path(file), name)
        if isinstance(values.get("account"), int) and not isinstance(values.get("account"), bool):
            values["account"] = str(values["account"])
        return values

    @field_validator("speakers")
    @classmethod
    def _stand_ins_exist(cls, speakers: dict[str, SpeakerSettings]) -> dict[str, SpeakerSettings]:
        for name, speaker in speakers.items():
            if speaker.stand_in is not None and (speaker.stand_in not in speakers or speaker.stand_in == name):
                raise ValueError(
                    f"{name}.stand_in must name another speaker of this household, not {speaker.stand_in!r}"
                )
        return speakers
