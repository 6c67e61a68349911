"""What is remembered of an account between logins."""

import hashlib
import json
import random
import string
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from migpt_shared.xiaomi.errors import MalformedAnswer


class Sid(StrEnum):
    """The services that have a token of their own."""

    MINA = "micoapi"
    MIOT = "xiaomiio"


class FailureKind(StrEnum):
    """Why the last login failed."""

    CAPTCHA = "captcha"
    VERIFICATION = "verification"
    CONSENT = "consent"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"  # the password was sent and no usable answer came


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed login. `at`: Unix seconds. `count`: failures in a row. `mark`: with what it was tried, see `mark_of`."""

    kind: FailureKind
    at: float
    count: int
    mark: str
    reason: str
    code: int | None = None
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """Session of one service. `obtained_at`: Unix seconds."""

    service_token: str = field(repr=False)
    ssecurity: str = field(repr=False)
    obtained_at: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """All that the token file holds. `device_id` names this installation towards Xiaomi and never changes.

    A new id looks like a new phone to Xiaomi and brings up the SMS verification. `account` is the configured account
    that the rest belongs to; None in files written by other programs.
    """

    device_id: str
    account: str | None = None
    user_id: str | None = None
    pass_token: str | None = field(default=None, repr=False)
    pass_token_at: float | None = None
    mina: ServiceToken | None = None
    miot: ServiceToken | None = None
    failure: Failure | None = None

    def of(self, sid: Sid) -> ServiceToken | None:
        """The session of that service."""
        return self.mina if sid is Sid.MINA else self.miot

    def with_service(self, sid: Sid, token: ServiceToken) -> "Tokens":
        """These tokens with another session of that service; the other service's session stays."""
        return replace(self, mina=token) if sid is Sid.MINA else replace(self, miot=token)

    def belong_to(self, account: str) -> bool:
        """Whether they are of that account, as far as can be told."""
        if self.account is not None:
            return self.account == account
        return self.user_id is None or not account.isdigit() or self.user_id == account


def new_device_id() -> str:
    """A device id of the usual form: 16 upper-case letters and digits."""
    return "".join(random.SystemRandom().choices(string.ascii_uppercase + string.digits, k=16))


def mark_of(*tried: str | None) -> str:
    """Four hex digits that change, almost surely, when anything tried changes; too few to tell what it was."""
    text = "\0".join(item or "" for item in tried)
    return hashlib.sha256(text.encode()).hexdigest()[:4]


class _Notes(BaseModel):
    """Our own part of the file."""

    model_config = ConfigDict(extra="ignore")
    account: str | None = None
    pass_token_at: float | None = None
    obtained_at: dict[str, float] = Field(default_factory=dict)
    failure: Failure | None = None


class _File(BaseModel):
    """The file: the form that miservice writes, so that a file made elsewhere can be brought along, and our notes."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    deviceId: str = Field(min_length=1)  # noqa: N815 - the file's own word
    userId: int | str | None = None  # noqa: N815
    passToken: str | None = None  # noqa: N815
    micoapi: tuple[str, str] | None = None
    xiaomiio: tuple[str, str] | None = None
    migpt: _Notes = Field(default_factory=_Notes)


def tokens_from_json(content: bytes) -> Tokens:
    """The tokens in a file's content. Raises MalformedAnswer, which says what is wrong without quoting the content."""
    try:
        file = _File.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise MalformedAnswer(f"{place}: {first['type'].replace('_', ' ')}") from None
    notes = file.migpt

    def service(sid: Sid, pair: tuple[str, str] | None) -> ServiceToken | None:
        if pair is None or not pair[1]:
            return None
        return ServiceToken(ssecurity=pair[0], service_token=pair[1], obtained_at=notes.obtained_at.get(sid, 0.0))

    return Tokens(
        device_id=file.deviceId,
        account=notes.account,
        user_id=None if file.userId in (None, "") else str(file.userId),
        pass_token=file.passToken or None,
        pass_token_at=notes.pass_token_at,
        mina=service(Sid.MINA, file.micoapi),
        miot=service(Sid.MIOT, file.xiaomiio),
        failure=notes.failure,
    )


def tokens_to_json(tokens: Tokens) -> bytes:
    """The content of a file with these tokens."""
    sessions = {sid: session for sid in Sid if (session := tokens.of(sid))}
    user_id = tokens.user_id
    file = _File(
        deviceId=tokens.device_id,
        userId=int(user_id) if user_id and user_id.isdigit() else user_id,
        passToken=tokens.pass_token,
        **{sid.value: (session.ssecurity, session.service_token) for sid, session in sessions.items()},
        migpt=_Notes(
            account=tokens.account,
            pass_token_at=tokens.pass_token_at,
            obtained_at={sid.value: session.obtained_at for sid, session in sessions.items()},
            failure=tokens.failure,
        ),
    )
    fields: dict[str, Any] = file.model_dump(mode="json", exclude_none=True)
    return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()
