"""The description of a simulated home: accounts, speakers and settings, from code or from a TOML file."""

from __future__ import annotations

import tomllib
import uuid
import zlib
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .behaviour import SpeakerBehaviour
from .faults import FaultRates
from .models import model_of

__all__ = [
    "DEFAULT_ACCOUNT",
    "DEFAULT_PASSWORD",
    "AccountBehaviour",
    "ExpiredMiotAnswer",
    "HomeFileError",
    "NotificationForm",
    "SimulatedAccount",
    "SimulatedHome",
    "SimulatedSpeaker",
    "load_home",
]

DEFAULT_ACCOUNT = "1234567890"
DEFAULT_PASSWORD = "simulated-password"  # noqa: S105  # opens nothing but this simulator
_NAMESPACE = uuid.UUID("5f4f7c3a-6f0e-4c52-9a53-0f5a7a8d1f10")


class HomeFileError(ValueError):
    """A home file that cannot be used; the text names file, place and problem."""


class NotificationForm(StrEnum):
    """The seen forms of `notificationUrl`."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    FRONT_END = "front_end"


class ExpiredMiotAnswer(StrEnum):
    """How api.io.mi.com says that a service token is dead."""

    HTTP_401 = "http_401"
    CODE_2 = "code_2"
    CODE_3 = "code_3"
    MESSAGE = "message"


class AccountBehaviour(BaseModel):
    """How the account pages treat one account; every setting may change while the simulator runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs_captcha: bool = Field(False, description="a password is answered 87001 until the captcha is solved")
    needs_verification: bool = Field(False, description="a password from a device not verified yet meets 2FA")
    new_device_needs_verification: bool = Field(False, description="the same, but the first deviceId ever is trusted")
    notification_form: NotificationForm = NotificationForm.ABSOLUTE
    needs_consent: bool = Field(False, description="securityStatus 128: the cross-border page must be accepted")
    rejects_password: bool = Field(False, description="70016 although the password is right (risk control)")
    password_code: int | None = Field(None, description="answer every password with this code, e.g. 81003 or 22009")
    omitted_fields: tuple[str, ...] = Field(
        (), description="left out of a passToken login: passToken, nonce, ssecurity"
    )
    sts_status: int | None = Field(None, ge=400, le=599, description="HTTP status of the last login step, e.g. 401")
    service_token_life_s: float = Field(86_400.0, gt=0, description="users saw 10 to 24 hours")
    pass_token_life_s: float = Field(30 * 86_400.0, gt=0, description="users saw a week to six weeks")
    expired_miot_answer: ExpiredMiotAnswer = ExpiredMiotAnswer.HTTP_401

    def changed(self, changes: dict[str, object]) -> Self:
        """A validated copy with some settings changed. Raises pydantic's ValidationError naming the bad ones."""
        return type(self).model_validate({**self.model_dump(), **changes})


class SimulatedAccount(BaseModel):
    """A Xiaomi account; `account` is the numeric Xiaomi ID."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(DEFAULT_ACCOUNT, pattern=r"^[0-9]+$")
    password: str = Field(DEFAULT_PASSWORD, min_length=1, repr=False)
    behaviour: AccountBehaviour = Field(default_factory=AccountBehaviour)


class SimulatedSpeaker(BaseModel):
    """A speaker of the home. What is left out of the ids is made from the slug, the same each time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    hardware: str = "LX06"
    alias: str = ""
    account: str = DEFAULT_ACCOUNT
    device_id: str = ""
    miot_did: str = ""
    serial_number: str = ""
    rom: str = "1.88.51"
    is_online: bool = True
    volume: int = Field(40, ge=0, le=100)
    settings: dict[str, object] = Field(default_factory=dict, description="settings of its behaviour, over the model's")

    @model_validator(mode="before")
    @classmethod
    def _made_up_ids(cls, given: object) -> object:
        if not isinstance(given, dict) or not isinstance(given.get("slug"), str):
            return given
        slug = given["slug"]
        number = zlib.crc32(slug.encode())
        made = {
            "device_id": str(uuid.uuid5(_NAMESPACE, slug)),
            "miot_did": str(100_000_000 + number % 800_000_000),
            "serial_number": f"23948/{number:08X}",
        }
        return {**given, **{key: given.get(key) or value for key, value in made.items()}}

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        self.behaviour()
        return self

    def behaviour(self) -> SpeakerBehaviour:
        """The model's behaviour with this speaker's settings over it."""
        return SpeakerBehaviour.for_model(model_of(self.hardware)).changed(self.settings)


def _default_speakers() -> tuple[SimulatedSpeaker, ...]:
    return (
        SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", alias="小爱音箱Pro"),
        SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="L05C", alias="小爱音箱Play增强版"),
    )


class SimulatedHome(BaseModel):
    """All that a simulator serves. The default: one account, 客厅小爱 (LX06) and 卧室小爱 (L05C)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: tuple[SimulatedAccount, ...] = Field(default_factory=lambda: (SimulatedAccount(),), min_length=1)
    speakers: tuple[SimulatedSpeaker, ...] = Field(default_factory=_default_speakers)
    seed: int = Field(1, description="of everything left to chance")
    latency_s: float = Field(0.04, ge=0, description="whole handling time of a request; it takes effect at the end")
    faults: FaultRates = Field(default_factory=FaultRates)
    clock_skew_s: float = Field(0.0, description="> 0: the cloud's clock is ahead of this machine's")

    @model_validator(mode="after")
    def _references_fit(self) -> Self:
        known = {account.account for account in self.accounts}
        for what, values in (
            ("account", [account.account for account in self.accounts]),
            ("slug", [speaker.slug for speaker in self.speakers]),
            ("device_id", [speaker.device_id for speaker in self.speakers]),
            ("miot_did", [speaker.miot_did for speaker in self.speakers]),
        ):
            twice = {value for value in values if values.count(value) > 1}
            if twice:
                raise ValueError(f"the same {what} twice: {', '.join(sorted(twice))}")
        for speaker in self.speakers:
            if speaker.account not in known:
                raise ValueError(f"speaker {speaker.slug} belongs to account {speaker.account}, which is not described")
        return self


def load_home(path: Path) -> SimulatedHome:
    """The home described by a TOML file (tables `accounts.ID`, `speakers.SLUG`, `faults`). Raises HomeFileError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise HomeFileError(f"{path}: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise HomeFileError(f"{path}: {err}") from err
    for plural, key in (("accounts", "account"), ("speakers", "slug")):
        if plural not in tables:
            continue
        if not isinstance(tables[plural], dict) or not all(isinstance(row, dict) for row in tables[plural].values()):
            raise HomeFileError(f"{path}: {plural} must be tables such as [{plural}.NAME]")
        tables[plural] = tuple({**row, key: name} for name, row in tables[plural].items())
    try:
        return SimulatedHome.model_validate(tables)
    except ValidationError as err:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'home'}: {p['msg']}" for p in err.errors())
        raise HomeFileError(f"{path}: {problems}") from err
