"""What the account pages may answer to a login step, before it is put into their wire form."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "CaptchaWanted", "ConsentWanted", "LoggedIn", "LoginAnswer", "LoginForm", "LoginPage", "Rejected", "ServiceToken",
    "VerificationWanted", "WrongCredentials",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Step 1 without a valid session (code 70016): what step 2 must send back."""

    sid: str
    qs: str
    sign: str
    callback: str


@dataclass(frozen=True, slots=True)
class WrongCredentials:
    """Step 2: account, password or sign is wrong, or the account is under risk control (code 70016)."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Any other code; 81003 may carry a `notification_url`."""

    code: int
    notification_url: str | None = None


@dataclass(frozen=True, slots=True)
class CaptchaWanted:
    """Code 87001; `url` is the path of the picture. `was_wrong`: a code was sent and did not fit."""

    url: str
    was_wrong: bool


@dataclass(frozen=True, slots=True)
class VerificationWanted:
    """Code 0 without a user id: the person must prove who they are at `notification_url`."""

    notification_url: str


@dataclass(frozen=True, slots=True)
class ConsentWanted:
    """securityStatus 128: a page must be accepted in a browser."""

    url: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Code 0: what step 3 needs. `omitted` are the JSON fields that the server leaves out this time."""

    sid: str
    user_id: str
    c_user_id: str
    pass_token: str = field(repr=False)
    ssecurity: str = field(repr=False)
    psecurity: str = field(repr=False)
    nonce: int
    ticket: str = field(repr=False)
    device_id: str
    by_password: bool
    omitted: tuple[str, ...] = ()


LoginAnswer = LoginPage | WrongCredentials | Rejected | CaptchaWanted | VerificationWanted | ConsentWanted | LoggedIn


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What step 2 sends. `captcha_answer` and `captcha_key` (cookie `ick`) belong to a captcha."""

    sid: str
    qs: str
    sign: str
    callback: str
    user: str
    password_hash: str = field(repr=False)
    device_id: str
    captcha_answer: str = ""
    captcha_key: str = ""


@dataclass(slots=True)
class ServiceToken:
    """What a client is logged in with at one service; `ssecurity` signs MIoT calls."""

    account: str
    sid: str
    ssecurity: str = field(repr=False)
    expires_at: float
