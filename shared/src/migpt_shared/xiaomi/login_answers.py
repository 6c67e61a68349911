"""What the answers of Xiaomi's login pages mean. Pure: an answer in, its meaning out or a LoginFailed raised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from migpt_shared.xiaomi.endpoints import ACCOUNT_URL
from migpt_shared.xiaomi.errors import (
    CaptchaNeeded,
    ConsentNeeded,
    LoginRejected,
    MalformedAnswer,
    VerificationNeeded,
)

NO_SESSION = 70016
_CAPTCHA = 87001
_VERIFICATION = 81003
_CONSENT_STATUS = 128
_WRONG_PASSWORD = (20003, 70002, NO_SESSION)


@dataclass(frozen=True, slots=True)
class Granted:
    """Logged in. What the server left out is None: it does so at times for a login by passToken."""

    location: str = field(repr=False)
    nonce: str | None = field(repr=False)
    ssecurity: str | None = field(repr=False)
    pass_token: str | None = field(repr=False)
    user_id: str | None


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """Not logged in: what has to go back together with the password."""

    qs: str
    sid: str
    sign: str = field(repr=False)
    callback: str


def read_session_answer(answer: object) -> Granted | PasswordForm:
    """The meaning of step 1, `serviceLogin`. Its code 70016 only says that there is no session yet."""
    fields = _fields(answer)
    if fields.get("code") == 0:
        return _granted(fields)
    _raise_what_a_person_must_do(fields)
    form = [fields.get(key) for key in ("qs", "sid", "_sign", "callback")]
    if not all(isinstance(value, str) for value in form):
        raise MalformedAnswer("the login page's answer lacks the fields of the password form")
    qs, sid, sign, callback = (str(value) for value in form)
    return PasswordForm(qs, sid, sign, callback)


def read_password_answer(answer: object) -> Granted:
    """The meaning of step 2, `serviceLoginAuth2`: granted, or a LoginFailed raised that says why not."""
    fields = _fields(answer)
    code = fields.get("code")
    if code == 0:
        return _granted(fields)
    _raise_what_a_person_must_do(fields)
    if code in _WRONG_PASSWORD:
        raise LoginRejected(
            "Xiaomi refused account or password. Check both; the account must be the numeric Xiaomi ID. If they are "
            "right, Xiaomi distrusts this network: give this household the cookie passToken of a browser that is "
            "logged in (pass_token in the configuration).",
            code=code,
        )
    raise LoginRejected(f"Xiaomi refused the login with the unexplained code {code}; try again later", code=_code(code))


def _granted(fields: Mapping[str, Any]) -> Granted:
    _raise_what_a_person_must_do(fields)
    location = _text(fields.get("location"))
    if not location:
        raise MalformedAnswer("the login succeeded but names no address to fetch the token from")
    nonce = _text(fields.get("nonce")) or next(iter(parse_qs(urlsplit(location).query).get("nonce", ())), None)
    return Granted(
        location=location,
        nonce=nonce,
        ssecurity=_text(fields.get("ssecurity")),
        pass_token=_text(fields.get("passToken")),
        user_id=_text(fields.get("userId")),
    )


def _raise_what_a_person_must_do(fields: Mapping[str, Any]) -> None:
    code, location = fields.get("code"), _text(fields.get("location")) or ""
    if code == _CAPTCHA or fields.get("captchaUrl"):
        raise CaptchaNeeded(_page(fields.get("captchaUrl")), code=_code(code))
    if code == _VERIFICATION or fields.get("notificationUrl"):
        raise VerificationNeeded(_page(fields.get("notificationUrl")), code=_code(code))
    if fields.get("securityStatus") == _CONSENT_STATUS or urlsplit(location).path == "/pass2/redirect":
        raise ConsentNeeded(_page(location), code=_code(code))


def _fields(answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, dict) or _code(answer.get("code")) is None:
        raise MalformedAnswer("the login page answered without a code")
    return answer


def _page(url: object) -> str | None:
    """The address of a page, which may be given relative to the account host."""
    return urljoin(ACCOUNT_URL, url) if isinstance(url, str) and url else None


def _code(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    """Text as such, numbers (user id, 64-bit nonce) exactly as they were; None for anything else and for nothing."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
