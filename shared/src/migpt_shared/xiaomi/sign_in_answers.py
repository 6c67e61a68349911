"""What Xiaomi's pages for QR code and identity verification answer. Pure: an answer in, its meaning out or an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any
from urllib.parse import urljoin

from migpt_shared.xiaomi.endpoints import ACCOUNT_URL
from migpt_shared.xiaomi.errors import CloudRefused, MalformedAnswer, WrongCode

_USUAL_QR_LIFE_S = 300.0
_LONGEST_QR_LIFE_S = 600.0
_WRONG_CODE = 70014
_LONGEST_HINT = 80


class VerificationChannel(IntEnum):
    """How Xiaomi sends a verification code; the values are its own."""

    PHONE = 4
    MAIL = 8


@dataclass(frozen=True, slots=True)
class QrCode:
    """A code to show. `content` is what it has to hold; `life_s`: seconds until Xiaomi no longer takes it."""

    content: str = field(repr=False)
    poll_url: str = field(repr=False)
    life_s: float


@dataclass(frozen=True, slots=True)
class PassTokenGrant:
    """A finished login: whose, and the token that every other session is made from."""

    user_id: str
    pass_token: str = field(repr=False)


def read_qr_code(answer: object) -> QrCode:
    """The meaning of `longPolling/loginUrl`."""
    fields = _fields(answer)
    _refuse_unless_ok(fields, "show a QR code")
    content, poll_url, life_s = fields.get("loginUrl"), fields.get("lp"), fields.get("timeout")
    if not isinstance(content, str) or not isinstance(poll_url, str) or not content or not poll_url:
        raise MalformedAnswer("the answer with the QR code lacks its addresses")
    if not isinstance(life_s, int | float) or isinstance(life_s, bool) or life_s <= 0:
        life_s = _USUAL_QR_LIFE_S
    return QrCode(content, poll_url, min(_LONGEST_QR_LIFE_S, life_s))


def read_scan(answer: object) -> PassTokenGrant | None:
    """The meaning of one answer to the poll; None: nobody has scanned and confirmed yet."""
    fields = _fields(answer)
    if fields.get("code") != 0:
        return None
    user_id, pass_token = _text(fields.get("userId")), _text(fields.get("passToken"))
    return PassTokenGrant(user_id, pass_token) if user_id and pass_token else None


def read_channels(answer: object) -> tuple[VerificationChannel, ...]:
    """The meaning of `identity/list`: how a code may be sent, the proposed way first."""
    fields = _fields(answer)
    _refuse_unless_ok(fields, "begin the verification")
    proposed, options = fields.get("flag"), fields.get("options")
    known = {channel.value for channel in VerificationChannel}
    numbers = [proposed, *(options if isinstance(options, list) else [])]
    found = tuple(dict.fromkeys(VerificationChannel(number) for number in numbers if number in known))
    if not found:
        raise MalformedAnswer("Xiaomi names no way to send a verification code")
    return found


def read_masked_address(answer: object) -> str:
    """The meaning of `verifyPhone` and `verifyEmail`: where a code would go, mostly asterisks; empty if not told."""
    fields = _fields(answer)
    return _text(fields.get("maskedPhone")) or _text(fields.get("maskedEmail")) or ""


def check_sent(answer: object) -> None:
    """The meaning of `sendPhoneTicket` and `sendEmailTicket`. Raises CloudRefused with Xiaomi's own hint."""
    _refuse_unless_ok(_fields(answer), "send a code")


def read_verified(answer: object) -> str:
    """The meaning of a posted code: the address that ends the verification. Raises WrongCode or CloudRefused."""
    fields = _fields(answer)
    if fields.get("code") == _WRONG_CODE:
        raise WrongCode(code=_WRONG_CODE)
    _refuse_unless_ok(fields, "take the code")
    location = _text(fields.get("location"))
    if location is None:
        raise MalformedAnswer("the code was taken, but the answer names no address to go on with")
    return urljoin(ACCOUNT_URL, location)


def _fields(answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise MalformedAnswer("Xiaomi's login page answered with something that is no record")
    return answer


def _refuse_unless_ok(fields: Mapping[str, Any], what: str) -> None:
    code = fields.get("code")
    if code == 0:
        return
    hint = _text(fields.get("tips")) or _text(fields.get("desc")) or _text(fields.get("description")) or "no reason"
    number = code if isinstance(code, int) and not isinstance(code, bool) else None
    raise CloudRefused(f"Xiaomi does not {what} ({number}): {hint[:_LONGEST_HINT]}", code=number)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
